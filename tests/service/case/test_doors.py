"""One door for every step of a case: who may come through it, and what the figures of a case say."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.case_service.cases import doors
from services.case_service.cases.figures import surcharge
from services.case_service.measures.figures import count
from shared.rules import catalogue
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import HEAD, OFFICER, POLICE, take_case
from tests.service.case import test_cases as cases
from tests.service.referral.walking import ALL_ROLES, NOBODY, STRANGERS

LAW = catalogue.default()
CASE = LAW.procedure("administrative_penalty")
PEOPLES = [step for step in CASE.steps.values() if any(by.relation == "owner" for by in step.by)]
AFTER_BEGINNING = [step for step in PEOPLES if CASE.initial not in step.from_states]


def attempt(desk: Desk, who: Any, case: Any, step: str, stated: dict[str, Any] | None = None) -> tuple[int, str]:
    """Try a step; returns the status and the code."""
    answer = desk.call(who, "POST", f"/v1/cases/{case['id']}/steps/{step}", json={"stated": stated or {}})
    return answer.status_code, answer.json().get("code", "")


def test_who_may_not_come_through_any_door(desk: Desk) -> None:
    case = journeys.filed_case(desk)
    roles = {role for step in PEOPLES for by in step.by for role in by.roles}
    for step in AFTER_BEGINNING:
        assert attempt(desk, STRANGERS[0], case, step.id) == (404, "not-visible"), step.id
        assert attempt(desk, POLICE, case, step.id) == (404, "not-visible"), step.id
        assert attempt(desk, NOBODY, case, step.id) == (403, "not-your-step"), step.id
        assert attempt(desk, officer("eea-320000", *ALL_ROLES), case, step.id) == (403, "not-your-step"), step.id
        allowed = {role for by in step.by for role in by.roles}
        others = officer(journeys.EEA, *sorted(roles - allowed))
        assert attempt(desk, others, case, step.id) == (403, "not-your-step"), step.id
    assert desk.get(OFFICER, f"/v1/cases/{case['id']}")["version"] == case["version"]


def test_what_the_desk_does_itself_nobody_does(desk: Desk) -> None:
    case = journeys.filed_case(desk)
    for step in CASE.steps.values():
        if all(by.relation == "system" for by in step.by):
            assert attempt(desk, OFFICER, case, step.id) == (403, "not-your-step"), step.id
    assert attempt(desk, OFFICER, case, "nothing") == (422, "body-invalid")


def test_every_step_says_what_it_asks_for(desk: Desk) -> None:
    case = cases.informed(desk)
    steps = {one["step"]: one for one in desk.get(OFFICER, f"/v1/cases/{case['id']}/steps")["steps"]}
    assert [one["id"] for one in steps["record_statement"]["states"]] == ["statement", "statement_review", "is_adopted"]
    assert not steps["reopen_investigation"].get("states")  # the published document describes its body
    assert set(doors.STEPS) <= set(CASE.steps)


def test_a_step_by_its_door_is_the_step_by_its_address(desk: Desk) -> None:
    case = journeys.opened_case(desk)
    body = {"case_no": "1", "officers": ["张甲", "李乙"]}
    assert take_case(desk, HEAD, case, "file_case", **body)["state"] == "investigating"
    assert attempt(desk, HEAD, case, "file_case", body) == (409, "step-refused")
    unfit = desk.call(HEAD, "POST", f"/v1/cases/{case['id']}/steps/extend_case_limit", json={"stated": {"x": 1}})
    assert "stated.x" in {one["field"] for one in unfit.json()["errors"]}


@pytest.mark.parametrize(
    ("conduct_on", "ended_on", "harm", "health", "last", "term"),
    [
        ("2024-09-07", None, False, False, "2026-09-07", "penalty_limitation_general"),
        ("2024-09-06", None, False, False, "2026-09-06", "penalty_limitation_general"),
        ("2021-10-01", "2024-09-08", False, False, "2026-09-08", "penalty_limitation_general"),
        ("2021-09-08", None, True, True, "2026-09-08", "penalty_limitation_health_safety"),
        ("2021-09-08", None, True, False, "2023-09-08", "penalty_limitation_general"),
        ("2026-08-15", None, False, False, "2028-08-15", "fd_limitation_other"),
        ("2024-01-01", "2026-08-20", True, False, "2031-08-20", "fd_limitation_harm"),
    ],
)
def test_the_limitation_counts_from_the_end_of_the_conduct(
    desk: Desk, conduct_on: str, ended_on: str | None, harm: bool, health: bool, last: str, term: str
) -> None:
    case = journeys.filed_case(desk)
    take_case(desk, OFFICER, case, "record_investigation", conduct_on=conduct_on)
    stated = {"conduct_ended_on": ended_on, "is_continuing": False, "has_harm": harm, "concerns_health_safety": health}
    take_case(desk, OFFICER, case, "state_conduct_time", **{k: v for k, v in stated.items() if v is not None})
    figures = desk.get(OFFICER, f"/v1/cases/{case['id']}/figures")
    assert (figures["limitation_ends_on"], figures["limitation_term"]) == (last, term)
    assert figures["is_time_barred"] == (last < "2026-09-07")  # the day it was discovered
    take_case(desk, OFFICER, case, "conclude_investigation", finding="violation", proposal="罚款")
    journeys.informed_case(desk, case)
    expected = (409, "step-refused") if figures["is_time_barred"] else (200, "")
    assert attempt(desk, HEAD, case, "decide", cases.PENALTY) == expected


def test_conduct_that_goes_on_is_not_yet_counted(desk: Desk) -> None:
    case = journeys.filed_case(desk)
    take_case(desk, OFFICER, case, "record_investigation", conduct_on="2020-01-01")
    take_case(desk, OFFICER, case, "state_conduct_time", is_continuing=True, has_harm=False)
    assert desk.get(OFFICER, f"/v1/cases/{case['id']}/figures")["limitation_ends_on"] is None


def test_conduct_before_the_calendar_is_out_of_time(desk: Desk) -> None:
    case = journeys.filed_case(desk)
    take_case(desk, OFFICER, case, "record_investigation", conduct_on="1990-01-01")
    figures = desk.get(OFFICER, f"/v1/cases/{case['id']}/figures")
    assert (figures["limitation_ends_on"], figures["is_time_barred"]) == (None, True)
    take_case(desk, OFFICER, case, "conclude_investigation", finding="violation", proposal="罚款")
    journeys.informed_case(desk, case)
    assert attempt(desk, HEAD, case, "decide", cases.PENALTY) == (409, "step-refused")


def test_no_penalty_may_be_decided_out_of_time(desk: Desk) -> None:
    case = journeys.filed_case(desk)
    take_case(desk, OFFICER, case, "record_investigation", conduct_on="2020-01-01")
    take_case(desk, OFFICER, case, "conclude_investigation", finding="violation", proposal="略")
    done = take_case(desk, HEAD, case, "decide", decision="no_penalty", decision_number="1", reason="已过时效")
    assert done["state"] == "decided"


def test_the_party_lets_its_time_pass_and_no_agency_is_late(desk: Desk) -> None:
    case = cases.informed(desk)
    take_case(desk, HEAD, case, "decide", **cases.PENALTY, fine_yuan=100)
    take_case(desk, OFFICER, case, "serve_decision", service_way="direct", served_at=desk.clock.now.isoformat())
    desk.clock.advance(days=20)
    desk.sweep()
    desk.drain()
    clocks = {one["term_id"]: one for one in desk.get(OFFICER, f"/v1/cases/{case['id']}/deadlines")["items"]}
    assert clocks["fine_payment"]["breached_at"] is None
    entries = desk.get(OFFICER, f"/v1/cases/{case['id']}/journal?limit=100")["items"]
    assert "deadline.breached" not in {one["type"] for one in entries}
    figures = desk.get(OFFICER, f"/v1/cases/{case['id']}/figures")
    # due on 09-22, today is 09-27: five days of three yuan
    assert (figures["surcharge"]["days"], figures["surcharge"]["yuan"]) == (5, "15")
    take_case(desk, OFFICER, case, "note_reconsideration", reconsideration_asked_at=desk.clock.now.isoformat())
    desk.clock.advance(days=30)
    figures = desk.get(OFFICER, f"/v1/cases/{case['id']}/figures")
    # the day it was asked for and those after do not count
    assert (figures["surcharge"]["days"], figures["surcharge"]["uncounted_days"]) == (4, 31)


class TestSums:
    def test_a_surcharge_never_exceeds_the_fine(self, desk: Desk) -> None:
        day = desk.clock.now.date()
        found = [surcharge(1000, 3, day, day + timedelta(days=late), []) for late in (0, 1, 33, 34, 400)]
        assert [one.yuan for one in found] == [Decimal(0), Decimal(30), Decimal(990), Decimal(1000), Decimal(1000)]
        assert [one.is_capped for one in found] == [False, False, False, True, True]
        assert surcharge(1001, 3, day, day + timedelta(days=1), []).yuan == Decimal("30.03")

    def test_days_go_by_both_texts(self, desk: Desk) -> None:
        ordered = desk.clock.now
        found = count(desk.rooms["case"], ordered, ordered + timedelta(days=2), ordered + timedelta(days=19))
        assert (found.by_measures, found.by_code) == (17, 19)


def test_a_case_that_is_open_is_not_opened_again(desk):
    case = journeys.filed_case(desk)
    for step in ("open_case", "open_from_clue"):
        refused = desk.post(OFFICER, f"/v1/cases/{case['id']}/steps/{step}", {"stated": {}}, expect=409)
        assert refused["step"] == step
