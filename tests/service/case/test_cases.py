"""Every step of a case: allowed, refused with the reason, wrong agency, wrong role, stale, repeated."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from services.case_service.cases import commands, doors, notes, progress
from services.case_service.measures import commands as measures
from shared.identity import Principal
from shared.rules import catalogue
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import CITY, HEAD, OFFICER, POLICE
from tests.service.referral import walking
from tests.service.referral.walking import ALL_ROLES, NOBODY, STRANGERS, clocks, refusal
from tests.stages import stage

REVIEWER = officer(journeys.EEA, "legal_reviewer")
PENALTY = {"decision": "penalty", "decision_number": "苏环罚〔2026〕1号", "reason": "超标排放"}
VIOLATION = {"finding": "violation", "proposal": "罚款"}


def path(case: Any, step: str = "") -> str:
    """The address of a case or of one of its steps."""
    return f"/v1/cases/{case['id']}" + (f"/{step}" if step else "")


@stage
def concluded(desk: Desk, finding: str = "violation") -> Any:
    """A case whose investigation is concluded."""
    return desk.post(OFFICER, path(journeys.filed_case(desk), "conclude"), VIOLATION | {"finding": finding})


def unfounded(desk: Desk) -> Any:
    """A case concluded without a violation."""
    return concluded(desk, "no_violation")


@stage
def informed(desk: Desk) -> Any:
    """A concluded case whose party was told what is intended."""
    return journeys.informed_case(desk, concluded(desk))


@stage
def penalised(desk: Desk) -> Any:
    """A case whose penalty is decided and served."""
    case = desk.post(HEAD, path(informed(desk), "decide"), PENALTY)
    at = desk.clock.now.isoformat()
    return journeys.take_case(desk, OFFICER, case, "serve_decision", service_way="direct", served_at=at)


@stage
def referable(desk: Desk) -> Any:
    """A case whose facts meet a standard."""
    case = journeys.filed_case(desk)
    return desk.post(OFFICER, path(case, "record"), {"facts": journeys.FACTS, "conduct_on": "2026-09-01"})


def referred(desk: Desk) -> Any:
    """A case that lies with the police undecided."""
    return walking.case_of(desk, journeys.receipted_referral(desk))


@stage
def with_more(desk: Desk) -> Any:
    """A case that lies with the police, to which evidence came since."""
    case = referred(desk)
    desk.attach(OFFICER, path(case), "crim_other", b"found since")
    return walking.case_of(desk, {"case_ref": case["ref"]})


def with_police(desk: Desk) -> Any:
    """A case the police filed."""
    return walking.case_of(desk, walking.filed(desk))


@dataclass(frozen=True, slots=True)
class Move:
    """A step over HTTP: how to get there, who takes it with which body, and where it leads."""

    address: str
    make: Callable[[Desk], Any]
    who: Principal
    body: dict[str, Any]
    state: str
    again: int = 409
    name: str = ""


LONGER = {"extension_days": 15, "ground": "案情复杂", "approved_by": "王局"}
MOVES = [
    Move("file", journeys.opened_case, HEAD, {"case_no": "1", "officers": ["张甲", "李乙"]}, "investigating"),
    Move("decline-filing", journeys.opened_case, HEAD, {"reason": "情节轻微"}, "not_filed"),
    Move("extend-filing", journeys.opened_case, HEAD, LONGER, "discovered"),
    Move("record", journeys.filed_case, OFFICER, {"facts": journeys.FACTS}, "investigating", again=200),
    Move("conclude", journeys.filed_case, OFFICER, VIOLATION, "concluded"),
    Move("reopen", concluded, REVIEWER, {"reason": "事实不清"}, "investigating"),
    Move("extend-limit", journeys.filed_case, HEAD, LONGER | {"extension_days": 30}, "investigating", again=200),
    Move("refer", referable, OFFICER, {"suspected_offence": "污染环境罪"}, "referral_requested"),
    Move("supplement", with_more, OFFICER, {"note": "补充"}, "referred"),
    Move("resume", with_police, HEAD, {"reason": "撤案"}, "investigating"),
    Move("resume", referred, HEAD, {"reason": "公安退回"}, "investigating", name="resume-undecided"),
    Move("decide", informed, HEAD, PENALTY, "decided"),
    Move("close", unfounded, HEAD, {"result": "unfounded"}, "closed", name="close-unfounded"),
    Move("close", penalised, OFFICER, {"result": "penalised"}, "closed", name="close-penalised"),
    Move("close", with_police, OFFICER, {"result": "criminal_liability"}, "closed", name="close-after-judgment"),
]
every_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name or move.address)


@every_move
class TestEveryStep:
    def test_allowed_and_said_so_before(self, desk: Desk, move: Move):
        case = move.make(desk)
        steps = desk.get(move.who, path(case, "steps"))["steps"]
        offered = {step["step"] for step in steps if step["allowed"]}
        assert desk.post(move.who, path(case, move.address), move.body)["state"] == move.state
        entries = desk.get(OFFICER, path(case, "journal"))["items"]
        taken = [json.loads(entry["body"])["step"] for entry in entries if entry["seq"] > case["version"]]
        assert taken[0] in offered

    def test_wrong_agency(self, desk: Desk, move: Move):
        case = move.make(desk)
        for stranger in (*STRANGERS, POLICE):
            assert refusal(desk, stranger, path(case, move.address), move.body) == (404, "not-visible")
        assert desk.get(OFFICER, path(case))["version"] == case["version"]

    def test_wrong_role(self, desk: Desk, move: Move):
        case = move.make(desk)
        for nobody in (NOBODY, officer("eea-320000", *ALL_ROLES)):
            assert refusal(desk, nobody, path(case, move.address), move.body) == (403, "not-your-step")
        assert desk.get(OFFICER, path(case))["version"] == case["version"]

    def test_stale(self, desk: Desk, move: Move):
        case = move.make(desk)
        headers = {"if-match": f'"{case["version"] - 1}"'}
        refused = refusal(desk, move.who, path(case, move.address), move.body, headers=headers)
        assert refused == (412, "precondition-failed")
        assert desk.get(OFFICER, path(case))["version"] == case["version"]

    def test_repeated(self, desk: Desk, move: Move):
        case = move.make(desk)
        headers = {"idempotency-key": "k1"}
        first = desk.post(move.who, path(case, move.address), move.body, headers=headers)
        assert desk.post(move.who, path(case, move.address), move.body, headers=headers) == first
        if move.again == 409:
            assert refusal(desk, move.who, path(case, move.address), move.body) == (409, "step-refused")
            assert desk.get(OFFICER, path(case))["version"] == first["version"]


def test_every_step_of_the_procedure_has_a_way():
    (procedure,) = catalogue.default().procedures["administrative_penalty"]
    sources = "".join(inspect.getsource(module) for module in (commands, notes, progress, measures))
    declared = catalogue.default().step_fields
    ways = {
        step.id: step.id in doors.STEPS
        or f'"{step.id}"' in sources
        or (all(name in declared for name in step.body_fields) and any(by.relation == "owner" for by in step.by))
        for step in procedure.steps.values()
    }
    assert [step for step, is_there in ways.items() if not is_there] == []


DISCOVERY = {
    "title": "现场检查发现偷排",
    "summary": "暗管",
    "division": CITY,
    "enterprise_id": "E",
    "enterprise_name": "厂",
}


class TestOpen:
    def test_the_filing_clock_runs_from_discovery(self, desk):
        body = DISCOVERY | {"discovered_at": (desk.clock.now - timedelta(days=2)).isoformat()}
        case = desk.post(OFFICER, "/v1/cases", body, expect=201)
        desk.drain()
        # 15 days from 5 September end on Sunday the 20th, which the holiday notice makes a workday
        assert clocks(desk, path(case))["eep_filing_decision"]["due_on"] == "2026-09-20"

    def test_refused(self, desk):
        body = DISCOVERY | {"discovered_at": (desk.clock.now + timedelta(seconds=1)).isoformat()}
        assert refusal(desk, OFFICER, "/v1/cases", body) == (422, "body-invalid")
        body = DISCOVERY | {"discovered_at": desk.clock.now.isoformat()}
        assert refusal(desk, POLICE, "/v1/cases", body) == (403, "not-your-step")
        assert refusal(desk, HEAD, "/v1/cases", body) == (403, "not-your-step")


class TestExtend:
    def test_the_filing_is_extended_once_by_fifteen_days(self, desk):
        case = journeys.opened_case(desk)
        too_long = LONGER | {"extension_days": 16}
        assert refusal(desk, HEAD, path(case, "extend-filing"), too_long) == (409, "step-refused")
        desk.post(HEAD, path(case, "extend-filing"), LONGER)
        assert clocks(desk, path(case))["eep_filing_decision"]["due_on"] == "2026-10-08"  # 7 October is a holiday
        assert refusal(desk, HEAD, path(case, "extend-filing"), LONGER) == (409, "step-refused")

    def test_the_limit_is_extended_twice_by_thirty_days(self, desk):
        case, body = journeys.filed_case(desk), LONGER | {"extension_days": 30}
        for due_on in ("2027-01-05", "2027-02-04"):
            desk.post(HEAD, path(case, "extend-limit"), body)
            assert clocks(desk, path(case))["eep_case_limit"]["due_on"] == due_on
        assert refusal(desk, HEAD, path(case, "extend-limit"), body) == (409, "step-refused")


class TestRecord:
    def test_a_fact_rests_on_evidence_of_this_case(self, desk):
        case = journeys.filed_case(desk)
        other = desk.attach(OFFICER, f"/v1/clues/{journeys.receive_clue(desk, title='另一')['id']}", "clue_slice", b"x")
        body = {"facts": {"conduct": {"value": "dump", "evidence": [other["id"]]}}}
        assert refusal(desk, OFFICER, path(case, "record"), body) == (422, "body-invalid")

    def test_a_fact_named_again_replaces_the_older(self, desk):
        case = referable(desk)
        body = {"facts": {"hazardous_waste_mass": {"value": 1, "unit": "tonne"}}}
        facts = desk.post(OFFICER, path(case, "record"), body)["facts"]
        assert (facts["hazardous_waste_mass"]["value"], facts["conduct"]["value"]) == (1, "dump")


class TestRefer:
    def test_not_without_a_standard_that_is_met(self, desk):
        case = journeys.filed_case(desk)
        body = {"suspected_offence": "污染环境罪"}
        assert refusal(desk, OFFICER, path(case, "refer"), body) == (409, "step-refused")


class TestDecide:
    @pytest.mark.parametrize("make", [referred, with_police])
    def test_not_while_the_police_have_it(self, desk, make):
        case = make(desk)
        answer = desk.call(HEAD, "POST", path(case, "decide"), json=PENALTY, headers={"accept-language": "en"})
        assert answer.status_code == 409
        assert any("pending" in reason["text"] for reason in answer.json()["reasons"])

    def test_not_without_a_violation(self, desk):
        assert refusal(desk, HEAD, path(unfounded(desk), "decide"), PENALTY) == (409, "step-refused")

    def test_not_dated_ahead(self, desk):
        ahead = PENALTY | {"decided_at": (desk.clock.now + timedelta(days=1)).isoformat()}
        assert refusal(desk, HEAD, path(informed(desk), "decide"), ahead) == (422, "body-invalid")


class TestClose:
    @pytest.mark.parametrize(
        ("make", "result"), [(unfounded, "penalised"), (penalised, "criminal_liability"), (with_police, "unfounded")]
    )
    def test_the_result_is_one_the_state_can_have(self, desk, make, result):
        assert refusal(desk, HEAD, path(make(desk), "close"), {"result": result}) == (409, "step-refused")

    @pytest.mark.parametrize(("make", "result"), [(unfounded, "unfounded"), (penalised, "penalised")])
    def test_the_clue_hears_the_result_and_no_clock_runs_on(self, desk, make, result):
        case = make(desk)
        desk.post(HEAD, path(case, "close"), {"result": result})
        desk.drain()
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert (clue["state"], clue["outcome"]) == ("closed", result)
        assert {clock["state"] for clock in clocks(desk, path(case)).values()} <= {"met", "cancelled"}

    def test_what_was_not_filed_is_closed_too(self, desk):
        case = journeys.opened_case(desk)
        desk.post(HEAD, path(case, "decline-filing"), {"reason": "情节轻微"})
        desk.post(OFFICER, path(case, "close"), {"result": "no_penalty"})
        desk.drain()
        assert desk.get(OFFICER, "/v1/clues")["items"][0]["outcome"] == "no_penalty"


class TestResume:
    def test_from_the_day_the_officer_names(self, desk):
        case = with_police(desk)
        told = desk.clock.advance(days=10)
        desk.clock.advance(days=3)
        body = {"reason": "撤案", "outcome_at": told.isoformat()}
        desk.post(HEAD, path(case, "resume"), body)
        # filed 2026-09-07; referred on the 7th, given back on the 19th: 12 days not counted, 2026-12-06 + 12
        assert clocks(desk, path(case))["eep_case_limit"]["due_on"] == "2026-12-18"

    @pytest.mark.parametrize("days", [-30, 1])
    def test_not_before_the_hand_over_nor_ahead(self, desk, days):
        case = with_police(desk)
        body = {"reason": "撤案", "outcome_at": (desk.clock.now + timedelta(days=days)).isoformat()}
        assert refusal(desk, HEAD, path(case, "resume"), body) == (422, "body-invalid")

    def test_what_the_police_do_later_stops_no_line(self, desk):
        referral = journeys.receipted_referral(desk)
        case = walking.case_of(desk, referral)
        desk.post(HEAD, path(case, "resume"), {"reason": "先行恢复"})
        desk.post(POLICE, walking.path(referral, "request-correction"), {"missing_materials": "勘验图"})
        desk.drain()
        types = [entry["type"] for entry in desk.get(OFFICER, path(case, "journal"))["items"]]
        assert types[-1] == "case.referral_news"
