"""What a case's other referrals do to it, what comes back from others, and that nobody else writes into it."""

from typing import Any

import pytest

from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import HEAD, OFFICER
from tests.service.case.referring import (
    ELSEWHERE,
    MARKET,
    PROVINCE,
    case_path,
    drafted,
    handed_back,
    investigated,
    news,
    opened_about,
    received,
    sent,
    take,
)
from tests.service.referral import walking
from tests.service.referral.walking import ALL_ROLES, clocks


class TestReferOtherwise:
    def test_the_case_and_its_evidence_go_into_the_draft(self, desk: Desk) -> None:
        case = investigated(desk)
        referral = drafted(desk, case)
        assert (referral["state"], referral["about"], referral["receiver"]) == ("drafting", case["ref"], "mra-320500")
        assert (referral["journey_id"], referral["owner"]) == (case["journey_id"], case["owner"])
        held = desk.get(OFFICER, f"/v1/referrals/{referral['id']}/evidence")["items"]
        assert {item["document"] for item in held} == {"clue_slice", "crim_records"}
        there = desk.get(OFFICER, case_path(case, "evidence"))["items"]
        assert {item["sha256"] for item in held} == {item["sha256"] for item in there}
        assert referral["facts"]["over_packaging"]["value"] is True
        assert desk.get(OFFICER, case_path(case))["state"] == "investigating"

    @pytest.mark.parametrize(
        ("procedure", "parties", "receiver"),
        [
            ("police_detention_referral", {}, "psb-320500"),
            ("public_security_referral", {}, "psb-320500"),
            ("pil_administrative", {}, "pro-320500"),
            ("pil_civil", {}, "pro-320500"),
            ("department_referral", {"receiver": ["wat-320500"]}, "wat-320500"),
            ("jurisdiction_transfer", {"receiver": ["eea-320100"]}, "eea-320100"),
        ],
    )
    def test_every_procedure_that_starts_from_a_case(
        self, desk: Desk, procedure: str, parties: dict[str, Any], receiver: str
    ) -> None:
        case = investigated(desk)
        referral = drafted(desk, case, procedure, parties=parties)
        assert (referral["procedure_id"], referral["receiver"]) == (procedure, receiver)
        assert news(desk, case) == [(procedure, "draft_from_case")]

    @pytest.mark.parametrize("procedure", ["police_criminal_referral", "consultation", "reverse_referral_police", "x"])
    def test_no_other_procedure_does(self, desk: Desk, procedure: str) -> None:
        case = investigated(desk)
        refused = desk.post(OFFICER, case_path(case, "refer-otherwise"), {"procedure": procedure}, expect=422)
        assert "pil_civil" in refused["known"]
        assert procedure not in refused["known"]

    @pytest.mark.parametrize(
        ("parties", "code"),
        [
            ({}, "missing"),
            ({"receiver": ["psb-320500"]}, "wrong_kind_of_agency"),
            ({"receiver": ["wat-999999"]}, "unknown_agency"),
            ({"nobody": ["wat-320500"]}, "unknown_relation"),
        ],
    )
    def test_parties_that_do_not_fit(self, desk: Desk, parties: dict[str, Any], code: str) -> None:
        case = investigated(desk)
        body = {"procedure": "department_referral", "parties": parties}
        refused = desk.post(OFFICER, case_path(case, "refer-otherwise"), body, expect=422)
        assert refused["errors"][0]["code"] == code

    def test_who_may_not(self, desk: Desk) -> None:
        case = investigated(desk)
        body = {"procedure": "pil_civil"}
        desk.post(officer(journeys.EEA, "liaison"), case_path(case, "refer-otherwise"), body, expect=403)
        desk.post(PROVINCE, case_path(case, "refer-otherwise"), body, expect=403)
        desk.post(ELSEWHERE, case_path(case, "refer-otherwise"), body, expect=404)

    def test_its_progress_is_written_into_the_case(self, desk: Desk) -> None:
        case = investigated(desk)
        referral = sent(desk, drafted(desk, case))
        received(desk, MARKET, referral)
        at = desk.clock.advance(days=1).isoformat()
        take(desk, MARKET, referral, "decline_filing", decided_at=at, reasons="轻微")
        take(desk, MARKET, referral, "report_result")
        steps = ["draft_from_case", "send", "receive", "decline_filing", "report_result"]
        assert news(desk, case) == [("market_regulation_referral", step) for step in steps]
        assert desk.get(OFFICER, case_path(case))["state"] == "investigating"


class TestReverseReferral:
    def test_filed_by_the_bureau_it_resumes_the_case_it_is_about(self, desk: Desk) -> None:
        referral = walking.filed(desk)
        case = walking.case_of(desk, referral)
        assert case["state"] == "with_police"
        desk.clock.advance(days=20)
        back = handed_back(desk, case["ref"])
        received_on = desk.clock.now
        assert walking.case_of(desk, referral)["state"] == "with_police"
        at = desk.clock.advance(days=3).isoformat()
        take(desk, HEAD, back, "file", decided_at=at, decision_number="苏环立9")
        assert walking.case_of(desk, referral)["state"] == "investigating"
        # filed on 2026-09-07, ninety days: 12-06; referred on 09-07, received back on 09-29: 22 days are not counted
        assert received_on.date().isoformat() == "2026-09-29"
        limit = clocks(desk, case_path(case))["eep_case_limit"]
        assert (limit["state"], limit["due_on"]) == ("running", "2026-12-28")
        assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1

    def test_about_no_case_it_opens_one(self, desk: Desk) -> None:
        body = {"procedure": "reverse_referral_police", "title": "轻微案件", "summary": "略", "division": "320500"}
        police = officer("psb-320500", *ALL_ROLES)
        back = desk.post(police, "/v1/referrals", body | {"enterprise_name": "示例厂"}, expect=201)
        desk.attach(police, f"/v1/referrals/{back['id']}", "rev_pol_case", b"file")
        back = received(desk, OFFICER, take(desk, police, back, "send", letter_number="1"))
        assert desk.get(OFFICER, "/v1/cases")["items"] == []
        take(desk, HEAD, back, "file", decided_at=desk.clock.now.isoformat())
        (case,) = desk.get(OFFICER, "/v1/cases")["items"]
        assert (case["state"], case["owner"], case["referral_ref"]) == ("discovered", journeys.EEA, back["ref"])
        assert (case["journey_id"], case["enterprise_name"]) == (back["journey_id"], "示例厂")

    def test_about_a_case_the_bureau_is_working_on_it_opens_no_second_one(self, desk: Desk) -> None:
        case = investigated(desk)
        back = handed_back(desk, case["ref"])
        take(desk, HEAD, back, "file", decided_at=desk.clock.now.isoformat())
        assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1
        assert desk.get(OFFICER, case_path(case))["state"] == "investigating"
        assert ("reverse_referral_police", "file") in news(desk, case)

    def test_about_a_case_that_is_closed_it_opens_a_new_one(self, desk: Desk) -> None:
        case = journeys.opened_case(desk)
        desk.post(HEAD, case_path(case, "decline-filing"), {"reason": "情节轻微"})
        desk.post(HEAD, case_path(case, "close"), {"result": "unfounded"})
        back = handed_back(desk, case["ref"])
        take(desk, HEAD, back, "file", decided_at=desk.clock.now.isoformat())
        states = {one["id"]: one["state"] for one in desk.get(OFFICER, "/v1/cases")["items"]}
        assert states.pop(case["id"]) == "closed"
        assert list(states.values()) == ["discovered"]

    def test_the_case_hears_of_it_only_once_the_bureau_has_it(self, desk: Desk) -> None:
        case = investigated(desk)
        police = officer("psb-320500", *ALL_ROLES)
        back = opened_about(desk, police, "reverse_referral_police", case["ref"])
        desk.drain()
        assert news(desk, case) == []
        desk.attach(police, f"/v1/referrals/{back['id']}", "rev_pol_case", b"file")
        take(desk, police, back, "send", letter_number="1")
        assert news(desk, case) == [("reverse_referral_police", "send")]

    @pytest.mark.parametrize("step", ["decline", "extend_filing"])
    def test_not_filed_it_opens_and_resumes_nothing(self, desk: Desk, step: str) -> None:
        referral = walking.filed(desk)
        back = handed_back(desk, referral["case_ref"])
        stated = (
            {"reasons": "略"} if step == "decline" else {"extension_days": 5, "ground": "略", "approved_by": "局长"}
        )
        take(desk, HEAD, back, step, **stated)
        assert walking.case_of(desk, referral)["state"] == "with_police"
        assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1


class TestNobodyWritesIntoAnothersCase:
    @pytest.mark.parametrize("procedure", ["pil_civil", "department_referral", "jurisdiction_transfer"])
    def test_by_naming_it(self, desk: Desk, procedure: str) -> None:
        case = investigated(desk)
        before = desk.get(OFFICER, case_path(case))["version"]
        parties = {"department_referral": {"receiver": ["wat-320100"]}, "jurisdiction_transfer": {}}.get(procedure, {})
        foreign = opened_about(desk, ELSEWHERE, procedure, case["ref"], parties=parties)
        desk.drain()
        assert desk.get(OFFICER, case_path(case))["version"] == before
        assert foreign["journey_id"] != case["journey_id"]
        assert desk.call(ELSEWHERE, "GET", case_path(case)).status_code == 404

    def test_by_sending_its_bureau_something_about_it(self, desk: Desk) -> None:
        case = investigated(desk)
        before = desk.get(OFFICER, case_path(case))["version"]
        parties = {"receiver": [journeys.EEA]}
        foreign = opened_about(desk, ELSEWHERE, "jurisdiction_transfer", case["ref"], parties=parties)
        desk.attach(ELSEWHERE, f"/v1/referrals/{foreign['id']}", "xj_case", b"file")
        take(desk, ELSEWHERE, foreign, "send", letter_number="1")
        assert desk.get(OFFICER, case_path(case))["version"] == before

    def test_by_handing_it_back_to_another_bureau(self, desk: Desk) -> None:
        """The case stays as it is; the bureau that filed what it was handed opens one of its own."""
        referral = walking.filed(desk)
        case = walking.case_of(desk, referral)
        police = officer("psb-320100", *ALL_ROLES)
        back = opened_about(desk, police, "reverse_referral_police", case["ref"])
        assert back["receiver"] == "eea-320100"
        desk.attach(police, f"/v1/referrals/{back['id']}", "rev_pol_case", b"file")
        back = received(desk, ELSEWHERE, take(desk, police, back, "send", letter_number="1"))
        take(desk, ELSEWHERE, back, "file", decided_at=desk.clock.now.isoformat())
        assert walking.case_of(desk, referral)["version"] == case["version"]
        (theirs,) = desk.get(ELSEWHERE, "/v1/cases")["items"]
        assert (theirs["owner"], theirs["state"]) == ("eea-320100", "discovered")

    @pytest.mark.parametrize("about", ["case:" + "-" * 36, "case:" + "0" * 36, "case:x", "conference:" + "0" * 36])
    def test_by_naming_what_cannot_be_a_case(self, desk: Desk, about: str) -> None:
        body = {"procedure": "pil_civil", "title": "略", "summary": "略", "division": "320500", "about": about}
        refused = desk.post(OFFICER, "/v1/referrals", body, expect=422)
        assert refused["errors"][0]["field"] == "body.about"
