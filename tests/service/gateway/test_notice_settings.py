"""What people choose and agencies ask: who may set what, what is refused, and what stands in the journal."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlmodel import select

from gateway.notices.models import NoticeChannel
from shared.records.journal import Entry
from shared.records.room import Room
from tests.service.gateway.conftest import Template, TestClock, enter, sign_in, sign_in_now
from tests.service.gateway.serving import Toy, http_to
from tests.service.gateway.telling import raise_notice, set_mail, turn

WORDS = {"title_zh": "请看{title}", "title_en": "See {title}", "body_zh": "编号{ref}", "body_en": "No. {ref}"}
TEMPLATE = "/v1/notice-templates/eea-320500/notice:clue_received"


def headers_of(http: httpx.Client, template: Template, who: str) -> dict[str, str]:
    """Return the headers of a person by login, or of the police's program."""
    return enter(http, template.programs["psb"]) if who == "program" else sign_in(http, who)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Post as the worker does."""
    with http_to() as client:
        yield client


def journalled(room: Room, type_: str) -> int:
    """Count the journal's entries of a type."""
    with room.reading() as session:
        return len(session.exec(select(Entry).where(Entry.type == type_)).all())


class TestMatrix:
    @pytest.mark.parametrize(
        ("method", "path", "body", "allowed", "refused"),
        [
            ("GET", "/v1/notice-preferences", None, ("officer", "keeper"), {"program": 404}),
            ("PUT", "/v1/notice-preferences", {}, ("officer", "keeper"), {"program": 404}),
            ("GET", "/v1/notice-channels", None, ("officer",), {"program": 404}),
            (
                "GET",
                "/v1/notice-channels?agency=eea-320500",
                None,
                ("keeper", "province"),
                {"officer": 403, "neighbour": 404, "police": 404, "program": 403},
            ),
            (
                "PUT",
                "/v1/notice-mandates/eea-320500",
                {"urgent": ["mail"]},
                ("keeper", "province"),
                {"officer": 403, "neighbour": 404, "police": 404, "program": 403},
            ),
            (
                "GET",
                "/v1/notice-mandates/eea-320500",
                None,
                ("officer", "keeper", "province"),
                {"neighbour": 404, "police": 404, "program": 403},
            ),
            (
                "GET",
                "/v1/notice-templates/eea-320500",
                None,
                ("keeper", "province"),
                {"officer": 403, "neighbour": 404, "program": 403},
            ),
            ("PUT", TEMPLATE, WORDS, ("keeper", "province"), {"officer": 403, "neighbour": 404, "program": 403}),
            ("POST", f"{TEMPLATE}/reset", None, ("keeper",), {"officer": 403, "neighbour": 404, "program": 403}),
            ("GET", "/v1/notice-failures", None, ("keeper", "neighbour"), {"officer": 403, "program": 403}),
            ("GET", "/v1/calendar-feeds", None, ("officer",), {"program": 404}),
            ("POST", "/v1/calendar-feeds", {}, ("officer",), {"program": 404}),
            (
                "POST",
                "/v1/calendar-feeds",
                {"agency": "eea-320500"},
                ("keeper", "province"),
                {"officer": 403, "neighbour": 404, "program": 403},
            ),
        ],
    )
    def test_who_may(
        self,
        http: httpx.Client,
        template: Template,
        method: str,
        path: str,
        body: Any,
        allowed: tuple[str, ...],
        refused: dict[str, int],
    ) -> None:
        for who in allowed:
            answer = http.request(method, path, json=body, headers=headers_of(http, template, who))
            assert answer.status_code in (200, 201), (who, answer.text)
        for who, status in refused.items():
            answer = http.request(method, path, json=body, headers=headers_of(http, template, who))
            assert answer.status_code == status, (who, answer.text)
            assert answer.json()["title"]

    def test_nobody_sees_or_ends_what_is_another_persons(
        self, http: httpx.Client, room: Room, template: Template
    ) -> None:
        officer = sign_in(http, "officer")
        body = {"kind": "webhook", "label": "x", "url": "https://partner.example.com/hook"}
        channel = http.post("/v1/notice-channels", json=body, headers=officer).json()
        feed = http.post("/v1/calendar-feeds", json={}, headers=officer).json()
        raise_notice(room, "n")
        (item,) = http.get("/v1/notices", headers=officer).json()["items"]
        for who in ("keeper", "neighbour", "police", "program"):
            headers = headers_of(http, template, who)
            assert http.get(f"/v1/notices/{item['id']}/deliveries", headers=headers).status_code == 404
            for path in (
                f"/v1/notices/{item['id']}/acknowledge",
                f"/v1/notice-channels/{channel['id']}/end",
                f"/v1/calendar-feeds/{feed['id']}/end",
                f"/v1/calendar-feeds/{feed['id']}/rotate",
            ):
                assert http.post(path, headers=headers).status_code == 404, (who, path)


class TestChannels:
    @pytest.mark.parametrize(
        "said",
        [
            {"kind": "bot", "url": "mailto://u:p@example.com"},
            {"kind": "bot", "url": "json://10.0.0.1/x"},
            {"kind": "bot", "url": "jsons://169.254.169.254/latest"},
            {"kind": "bot", "url": "file:///etc/passwd"},
            {"kind": "bot", "url": "wecombot://"},
            {"kind": "bot", "url": "wecombot://key?verify=no"},
            {"kind": "bot", "url": "dbus://session"},
            {"kind": "bot", "url": "syslog://localhost"},
            {"kind": "webhook", "url": "http://10.0.0.1/x"},
            {"kind": "webhook", "url": "https://u:p@example.com/x"},
            {"kind": "webhook", "url": "https://xn--/x"},
            {"kind": "webhook", "url": "https://a..example.com/x"},
            {"kind": "webhook", "url": f"https://{'a' * 64}.com/x"},
            {"kind": "pager", "url": "https://example.com/x"},
            {"kind": "webhook", "url": "https://example.com/x", "levels": []},
        ],
    )
    def test_what_leads_elsewhere_is_refused_and_nothing_is_stored(
        self, http: httpx.Client, room: Room, said: dict[str, Any]
    ) -> None:
        answer = http.post("/v1/notice-channels", json={"label": "x", **said}, headers=sign_in(http, "officer"))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]
        with room.reading() as session:
            assert session.exec(select(NoticeChannel)).all() == []

    @pytest.mark.parametrize("url", ["wecombot://0123abcd", "dingtalk://SECRET@0123abcd", "feishu://0123", "lark://01"])
    def test_bots_are_taken_and_their_address_is_sealed(self, http: httpx.Client, room: Room, url: str) -> None:
        body = {"kind": "bot", "label": "值班群", "url": url}
        answer = http.post("/v1/notice-channels", json=body, headers=sign_in(http, "officer"))
        assert answer.status_code == 201, answer.text
        assert "0123" not in answer.text
        with room.reading() as session:
            (row,) = session.exec(select(NoticeChannel)).all()
        assert "01" not in row.label
        assert url not in row.target
        assert journalled(room, "notices.channel_added") == 1

    def test_an_agencys_bot_gets_each_notice_once_whatever_roles_are_told(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, client: httpx.Client
    ) -> None:
        body = {"kind": "bot", "label": "群", "url": f"{rooms.replace('http', 'json')}/bot", "agency": "eea-320500"}
        assert http.post("/v1/notice-channels", json=body, headers=sign_in(http, "keeper")).status_code == 201
        for role in ("case_officer", "administrator", "liaison"):
            raise_notice(room, "same", role=role)
        raise_notice(room, "private", person="person:018f0000-0000-7000-8000-000000000000")
        turn(room, client)
        got = [seen for seen in toy.seen if seen.target == "/bot"]
        assert len(got) == 1
        assert "立案期限将于明日届满".encode() in got[0].body or b"\\u7acb" in got[0].body

    def test_an_ended_channel_is_used_no_more(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, client: httpx.Client
    ) -> None:
        officer = sign_in(http, "officer")
        body = {"kind": "webhook", "label": "x", "url": f"{rooms}/phone"}
        made = http.post("/v1/notice-channels", json=body, headers=officer).json()
        assert http.post(f"/v1/notice-channels/{made['id']}/end", headers=officer).json()["ended_at"]
        raise_notice(room, "n")
        turn(room, client)
        assert toy.seen == []
        assert http.get("/v1/notice-channels", headers=officer).json() == []


class TestPreferences:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"urgent": ["mail", "018f0000-0000-7000-8000-000000000000"]}, "urgent"),
            ({"quiet_from": 17}, "quiet_from"),
            ({"quiet_to": 10}, "quiet_from"),
            ({"quiet_from": 10, "quiet_to": 16}, "quiet_from"),
            ({"digest_hour": 24}, "digest_hour"),
            ({"digest_hour": "9"}, "digest_hour"),
            ({"urgent": ["pager"]}, "urgent"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, http: httpx.Client, room: Room, said: dict[str, Any], field: str
    ) -> None:
        officer = sign_in(http, "officer")
        answer = http.put("/v1/notice-preferences", json=said, headers=officer)
        assert answer.status_code == 422, answer.text
        assert any(field in error["field"] for error in answer.json()["errors"])
        assert http.get("/v1/notice-preferences", headers=officer).json()["quiet_from"] == 20
        assert journalled(room, "person.notices_chosen") == 0


class TestMandate:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        """Name a mail server, so that mail is a channel."""
        return {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_from": "desk@eea.example"}

    def test_binds_choices_made_before_and_after(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, client: httpx.Client, clock: TestClock
    ) -> None:
        set_mail(room, "officer", "officer@example.com")
        officer, keeper = sign_in(http, "officer"), sign_in(http, "keeper")
        body = {"kind": "webhook", "label": "x", "url": f"{rooms}/phone"}
        made = http.post("/v1/notice-channels", json=body, headers=officer).json()
        assert http.put("/v1/notice-preferences", json={"urgent": ["mail"]}, headers=officer).status_code == 200
        asked = {"urgent": ["webhook"], "quiet_from": 22, "quiet_to": 6, "digest": False}
        assert http.put("/v1/notice-mandates/eea-320500", json=asked, headers=keeper).json() == asked
        assert journalled(room, "notices.mandated") == 1
        raise_notice(room, "u", level="urgent")
        clock.now = clock.now.replace(hour=21)
        raise_notice(room, "r", level="reminder", subject="case:9")
        turn(room, client)
        officer = sign_in_now(http, "officer")
        items = http.get("/v1/notices", headers=officer).json()["items"]
        (item,) = [one for one in items if one["level"] == "reminder"]
        (urgent,) = [one for one in items if one["type"] == "deadline.approaching" and one["level"] == "urgent"]
        used = http.get(f"/v1/notices/{urgent['id']}/deliveries", headers=officer).json()
        assert {one["channel"] for one in used} == {"mail", made["id"]}
        (waits,) = http.get(f"/v1/notices/{item['id']}/deliveries", headers=officer).json()
        assert waits["held"] == "", "nine in the evening is no longer quiet"
        for said in ({"urgent": ["mail"]}, {"digest_hour": 9, "quiet_from": 22, "quiet_to": 6}):
            refused = http.put("/v1/notice-preferences", json=said, headers=officer)
            assert refused.status_code == 422
            assert "mandated" in {error["code"] for error in refused.json()["errors"]}
        fits = {"urgent": ["mail", made["id"]], "quiet_from": 23, "quiet_to": 5}
        assert http.put("/v1/notice-preferences", json=fits, headers=officer).status_code == 200

    @pytest.mark.parametrize("said", [{"urgent": ["pager"]}, {"quiet_from": 24}, {"quiet_to": -1}, {"more": 1}])
    def test_bad_input_changes_nothing(self, http: httpx.Client, said: dict[str, Any]) -> None:
        keeper = sign_in(http, "keeper")
        assert http.put("/v1/notice-mandates/eea-320500", json=said, headers=keeper).status_code == 422
        assert http.get("/v1/notice-mandates/eea-320500", headers=keeper).json()["urgent"] == []
