"""A law change is played: the conduct's day chooses the standard, the step's day the procedure and its clocks."""

from datetime import datetime
from typing import Any

import pytest

from shared.clock import ZONE
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import EEA, HEAD, OFFICER

FALSIFIED = {
    "actor_permit_class": {"value": "key_discharging_unit"},
    "conduct": {"value": "tamper_auto_monitoring_data"},
    "discharged_pollutant": {"value": "NOx"},
}
OLD, NEW = "crim338_auto_monitoring_falsification_2023", "crim338_auto_monitoring_falsification"
POLICE = officer("psb-320500", "liaison")


def at(desk: Desk, year: int, month: int, day: int, hour: int = 9) -> None:
    """Let it be a certain day."""
    desk.clock.now = datetime(year, month, day, hour, tzinfo=ZONE)


def case_of(desk: Desk, conduct_on: str, facts: dict[str, Any]) -> str:
    """File a case with these facts and return its address."""
    path = f"/v1/cases/{journeys.filed_case(desk)['id']}"
    desk.attach(OFFICER, path, "crim_records", f"记录 {conduct_on}".encode())
    desk.post(OFFICER, f"{path}/record", {"facts": facts, "conduct_on": conduct_on})
    return path


def met(desk: Desk, path: str) -> set[str]:
    """Return the standards a case's facts meet."""
    return {one["standard_id"] for one in desk.get(OFFICER, f"{path}/verdicts") if one["outcome"] == "met"}


class TestTheInterpretationOf20260330:
    def test_conduct_of_the_day_before_keeps_the_older_text_through_every_later_step(self, desk: Desk) -> None:
        at(desk, 2026, 3, 29)
        path = case_of(desk, "2026-03-29", FALSIFIED)
        assert OLD in met(desk, path)
        assert NEW not in met(desk, path)
        at(desk, 2026, 4, 7)  # the steps are taken after the change
        assert OLD in met(desk, path)
        desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})
        desk.drain()
        (referral,) = desk.get(OFFICER, "/v1/referrals")["items"]
        assert OLD in {one["standard_id"] for one in referral["verdicts"]}
        law = desk.get(OFFICER, f"/v1/referrals/{referral['id']}/law")
        (older,) = [one for one in law["standards"] if one["id"] == OLD]
        assert (older["is_newest"], older["newer_from"]) == (False, "2026-03-30")

    def test_conduct_of_the_day_itself_meets_the_new_text_which_one_source_alone_does_not_let_decide(
        self, desk: Desk
    ) -> None:
        at(desk, 2026, 4, 7)
        personnel = {"actor_permit_class": {"value": "pollution_permit_key_management_unit_personnel"}}
        path = case_of(desk, "2026-03-30", FALSIFIED | personnel)
        assert NEW in met(desk, path)
        assert OLD not in met(desk, path)
        refused = desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"}, expect=409)
        assert {reason["code"] for reason in refused["reasons"]} == {"no_standard_met"}
        judged = {"manual_legal_judgement": {"value": [NEW]}}
        desk.post(OFFICER, f"{path}/record", {"facts": judged})
        desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})


class TestTheCodeOf20260815:
    @pytest.mark.parametrize(
        ("conduct_on", "ground", "other"),
        [
            ("2026-08-14", "det_epl63_3", "det_fd1108_evasion_discharge"),
            ("2026-08-15", "det_fd1108_evasion_discharge", "det_epl63_3"),
        ],
    )
    def test_detention_rests_on_the_law_of_the_conduct_whenever_the_steps_are_taken(
        self, desk: Desk, conduct_on: str, ground: str, other: str
    ) -> None:
        at(desk, 2026, 8, 17)
        body: dict[str, Any] = {"procedure": "police_detention_referral", "title": "逃避监管排放", "summary": "暗管"}
        body |= {"division": "320500", "conduct_on": conduct_on, "facts": {"method": {"value": "hidden_pipe"}}}
        referral = desk.post(OFFICER, "/v1/referrals", body, expect=201)
        path = f"/v1/referrals/{referral['id']}"
        approval = {"approver": "王局", "approved_at": "2026-08-17T09:00:00+08:00"}
        desk.attach(OFFICER, path, "det_approval", b"approval", **approval)
        found = {one["standard_id"]: one for one in desk.post(OFFICER, f"{path}/check")["standards"]}
        assert found[ground]["outcome"] == "met"
        assert other not in found
        at(desk, 2026, 9, 7)
        after = {one["standard_id"] for one in desk.post(OFFICER, f"{path}/check")["standards"]}
        assert after == set(found)


class TestStepsOnBothSides:
    def test_a_procedure_can_be_opened_from_its_first_day_on(self, desk: Desk) -> None:
        body = {"procedure": "public_security_referral", "title": "破坏监测设施", "summary": "略", "division": "320500"}
        at(desk, 2025, 12, 31, 23)
        refused = desk.post(OFFICER, "/v1/referrals", body, expect=422)
        assert "public_security_referral" in refused["known"]
        at(desk, 2026, 1, 1, 0)
        desk.post(OFFICER, "/v1/referrals", body, expect=201)

    def test_a_clock_started_before_a_change_keeps_the_text_of_its_day(self, desk: Desk) -> None:
        at(desk, 2026, 8, 14)
        case = journeys.filed_case(desk)
        before = desk.get(HEAD, f"/v1/cases/{case['id']}/deadlines")["items"]
        at(desk, 2026, 8, 20)
        assert desk.get(HEAD, f"/v1/cases/{case['id']}/deadlines")["items"] == before
        law = desk.get(OFFICER, f"/v1/cases/{case['id']}/law")
        assert {term["held_since"] for term in law["terms"]} == {"2026-08-14"}
        assert case["owner"] == EEA
