"""The law over HTTP: directory, catalogue as of a day, calculator, dry run, and the published pages."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from gateway.desk.law import KINDS
from shared.rules.catalogue import default
from shared.rules.packing import unpack
from tests.service.gateway.conftest import sign_in


@pytest.fixture
def officer(http: httpx.Client) -> dict[str, str]:
    """Sign the case officer of Suzhou in."""
    return sign_in(http, "officer")


class TestCatalogue:
    def test_the_directory(self, http: httpx.Client, officer: dict[str, str]) -> None:
        found = {agency["id"]: agency for agency in http.get("/v1/agencies", headers=officer).json()}
        assert len(found) == 182
        assert found["psb-320500"]["superior"] == "psb-320000"

    def test_every_kind_and_every_entry(self, http: httpx.Client, officer: dict[str, str]) -> None:
        for kind in KINDS:
            listed = http.get(f"/v1/catalogue/{kind}", headers=officer).json()
            assert listed["items"], kind
            first = listed["items"][0]
            name = first.get("id") or first["referral_type"]
            assert http.get(f"/v1/catalogue/{kind}/{name}", headers=officer).json()["entry"] == first

    def test_as_it_stood_on_a_day(self, http: httpx.Client, officer: dict[str, str]) -> None:
        def on(day: str) -> set[str]:
            listed = http.get("/v1/catalogue/standards", params={"on": day}, headers=officer).json()
            return {item["id"] for item in listed["items"]}

        assert on("2024-01-01") != on("2026-11-23")

    def test_is_not_sent_again_to_one_who_has_it(self, http: httpx.Client, officer: dict[str, str]) -> None:
        etag = http.get("/v1/catalogue/terms", headers=officer).headers["etag"]
        again = http.get("/v1/catalogue/terms", headers={**officer, "if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")

    def test_what_it_does_not_have(self, http: httpx.Client, officer: dict[str, str]) -> None:
        assert http.get("/v1/catalogue/wishes", headers=officer).status_code == 404
        assert http.get("/v1/catalogue/terms/nothing", headers=officer).status_code == 404
        assert http.get("/v1/catalogue/terms?on=yesterday", headers=officer).status_code == 422


class TestCalculator:
    def ask(self, http: httpx.Client, officer: dict[str, str], **body: object) -> httpx.Response:
        """Ask for the seven days of filing an administrative penalty case."""
        question = {"term": "announcement_service_civil", "started_at": "2026-09-01T10:00:00+08:00", **body}
        return http.post("/v1/calculator/due", json=question, headers=officer)

    def test_says_when_and_why(self, http: httpx.Client, officer: dict[str, str]) -> None:
        answer = self.ask(http, officer).json()
        assert answer["due_on"] >= "2026-10-01"
        assert answer["lapses_at"].startswith(answer["because"][-1]["on"][:7])
        assert all(step["zh"] and step["en"] for step in answer["because"])
        assert (answer["cite"]["zh"][0], "art." in answer["cite"]["en"]) == ("《", True)
        assert answer["provisional"] is False

    def test_a_pause_lengthens(self, http: httpx.Client, officer: dict[str, str]) -> None:
        pause = {"from_on": "2026-09-05", "to_on": "2026-09-25", "ground": "检测"}
        longer = self.ask(http, officer, pauses=[pause]).json()["due_on"]
        assert longer > self.ask(http, officer).json()["due_on"]

    def test_an_extension_the_law_does_not_know(self, http: httpx.Client, officer: dict[str, str]) -> None:
        extension = {"amount": 10, "unit": "natural_days", "approved_by": "agency_head"}
        (verdict,) = self.ask(http, officer, extensions=[extension]).json()["extensions"]
        assert verdict["allowed"] is False
        assert verdict["reasons"][0]["code"] == "no_extension"

    def test_beyond_the_published_calendar_it_is_provisional(self, http: httpx.Client, officer: dict[str, str]) -> None:
        assert self.ask(http, officer, started_at="2027-01-04T00:00:00+08:00").json()["provisional"] is True

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"term": "nothing"}, 404),
            ({"started_at": "2026-09-01"}, 422),
            ({"started_at": "9999-12-31T00:00:00+08:00"}, 422),
            ({"pauses": [{"from_on": "2026-09-05", "to_on": "2026-09-01"}]}, 422),
            ({"extensions": [{"amount": 5, "unit": "fortnights"}]}, 422),
            ({"unknown": 1}, 422),
        ],
    )
    def test_what_cannot_be_computed(
        self, http: httpx.Client, officer: dict[str, str], change: dict[str, object], status: int
    ) -> None:
        answer = self.ask(http, officer, **change)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


class TestDryRun:
    def test_without_facts_nothing_is_met(self, http: httpx.Client, officer: dict[str, str]) -> None:
        body = {"facts": {}, "conduct_on": "2026-11-01"}
        answer = http.post("/v1/dry-run/standards", json=body, headers=officer).json()
        outcomes = {verdict["outcome"] for verdict in answer["verdicts"]}
        assert outcomes == {"unknown"}
        assert all(verdict["facts_lacking"] for verdict in answer["verdicts"])

    def test_names_facts_nobody_asks_for(self, http: httpx.Client, officer: dict[str, str]) -> None:
        body = {
            "facts": {"the_weather": {"value": "rain"}},
            "conduct_on": "2026-11-01",
            "target": "public_security_organ",
        }
        answer = http.post("/v1/dry-run/standards?language=en", json=body, headers=officer).json()
        assert answer["unknown_facts"] == ["the_weather"]
        assert {verdict["target_agency"] for verdict in answer["verdicts"]} == {"public_security_organ"}

    def test_any_value_is_answered(self, http: httpx.Client, officer: dict[str, str]) -> None:
        fields = http.get("/v1/catalogue/fields", headers=officer).json()["items"]
        values: list[object] = ["text", "", -1, 1.5, 10**30, True, None, ["a"]]
        for value in values:
            facts = {field["id"]: {"value": value} for field in fields}
            body = {"facts": facts, "conduct_on": "2026-11-01"}
            answer = http.post("/v1/dry-run/standards", json=body, headers=officer)
            assert answer.status_code == 200, value
        nested = {"facts": {"x": {"value": {"a": 1}}}, "conduct_on": "2026-11-01"}
        refused = http.post("/v1/dry-run/standards", json=nested, headers=officer)
        assert refused.status_code == 422
        for value in ('"\\ud800"', "NaN", "1e400"):
            content = f'{{"facts": {{"conduct": {{"value": {value}}}}}, "conduct_on": "2026-11-01"}}'
            headers = officer | {"content-type": "application/json"}
            assert http.post("/v1/dry-run/standards", content=content, headers=headers).status_code == 422


class Links(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts, style sheets and images."""
        self.fetched += [value or "" for name, value in attrs if name == "src" or (tag == "link" and name == "href")]


class TestPages:
    def test_the_document_is_published_without_a_token(self, http: httpx.Client) -> None:
        document = http.get("/v1/openapi.json").json()
        assert document["openapi"] == "3.1.0"
        assert {"/v1/cases", "/v1/clues", "/v1/referrals", "/v1/inbound", "/oauth/token"} <= set(document["paths"])

    @pytest.mark.parametrize("path", ["/docs", "/docs/errors"])
    def test_pages_fetch_nothing(self, http: httpx.Client, path: str) -> None:
        page = http.get(path)
        links = Links()
        links.feed(page.text)
        assert links.fetched == []
        assert page.headers["content-type"].startswith("text/html")

    def test_every_refusal_points_to_its_place_on_the_page(self, http: httpx.Client) -> None:
        kind = http.get("/v1/me").json()["type"]
        path, _, anchor = kind.partition("#")
        assert f'id="{anchor}"' in http.get(path).text

    def test_in_the_readers_language(self, http: httpx.Client) -> None:
        assert "未登录" in http.get("/docs/errors", headers={"accept-language": "zh"}).text
        assert "Not signed in" in http.get("/docs/errors").text


class TestChangesAndExport:
    def test_what_changed_between_two_days(self, http: httpx.Client, officer: dict[str, str]) -> None:
        asked = {"since": "2026-03-29", "until": "2026-03-30", "language": "en"}
        answer = http.get("/v1/catalogue-changes", params=asked, headers=officer).json()
        assert {one["id"]: one["what"] for one in answer["changes"]}["crim229_2023"] == "went"
        assert http.get("/v1/catalogue-changes?since=2026-03-29", headers=officer).status_code == 422
        assert http.get("/v1/catalogue-changes", params=asked).status_code == 401

    def test_the_whole_catalogue_is_taken_with_its_digest(
        self, http: httpx.Client, officer: dict[str, str], tmp_path: Path
    ) -> None:
        answer = http.get("/v1/catalogue-export", headers=officer)
        (tmp_path / "law.zip").write_bytes(answer.content)
        found = unpack(tmp_path / "law.zip", tmp_path / "law", current=default())
        assert answer.headers["etag"] == f'"{found.digest}"'


class TestDryRunOfAReferral:
    BODY: ClassVar[dict[str, Any]] = {
        "procedure": "police_criminal_referral",
        "conduct_on": "2026-09-01",
        "on": "2026-09-03",
        "facts": {
            "conduct": {"value": "dump"},
            "illegal": {"value": True},
            "hazardous_waste_mass": {"value": 5200, "unit": "kilogram"},
        },
        "documents": [{"document": "crim_records"}, {"document": "crim_transfer_letter", "details": {"contact": "1"}}],
    }

    def try_it(self, http: httpx.Client, officer: dict[str, str], **changes: Any) -> httpx.Response:
        """Try a referral on what is held."""
        return http.post("/v1/dry-run/referral", json=self.BODY | changes, headers=officer)

    def test_says_what_is_met_lacking_allowed_and_what_would_run(
        self, http: httpx.Client, officer: dict[str, str]
    ) -> None:
        answer = self.try_it(http, officer).json()
        assert "crim338_hazardous_waste_3t" in answer["rests_on"]
        status = {one["document_id"]: one["status"] for one in answer["documents"]}
        assert status["crim_records"] == "present"
        assert status["crim_transfer_letter"] == "lacks_metadata"
        assert status["crim_investigation_report"] == "missing"
        assert answer["ready"] is False
        assert all(one["cite"] for one in answer["documents"])
        (submit,) = answer["steps"]
        assert submit["step_id"] == "submit_report"
        assert [clock["term_id"] for clock in submit["starts"]] == ["criminal_referral_approval"]

    def test_the_same_for_the_receiver_and_in_another_state(self, http: httpx.Client, officer: dict[str, str]) -> None:
        answer = self.try_it(http, officer, state="accepted", relations=["receiver"]).json()
        file = next(one for one in answer["steps"] if one["step_id"] == "file")
        assert file["allowed"] is False
        assert {reason["kind"] for reason in file["reasons"]} == {"actor"}

    @pytest.mark.parametrize(
        "changes", [{"procedure": "wish"}, {"state": "heaven"}, {"relations": ["friend"]}, {"documents": [{"x": 1}]}]
    )
    def test_what_does_not_fit_is_refused(
        self, http: httpx.Client, officer: dict[str, str], changes: dict[str, Any]
    ) -> None:
        assert self.try_it(http, officer, **changes).status_code == 422
