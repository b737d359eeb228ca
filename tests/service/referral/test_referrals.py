"""Every step of the referral procedure: allowed, refused with the reason, wrong agency, wrong role, stale, repeated."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from services.referral_service.referrals import answers, commands
from shared.identity import Principal
from shared.rules import catalogue
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.referral import walking
from tests.service.referral.walking import NOBODY, STRANGERS, clocks, path, refusal
from tests.stages import stage

AT = "2026-09-09T13:00:00+08:00"


@stage
def reportable(desk: Desk) -> Any:
    """A referral ready for its report."""
    referral = journeys.referral_requested(desk)
    at = desk.clock.now.isoformat()
    report = {"report_received_at": at, "decision": "批准", "approver": "王局", "decision_at": at}
    desk.attach(OFFICER, path(referral), "crim_task_force", b"force", officers=["张甲", "李乙"])
    desk.attach(OFFICER, path(referral), "crim_internal_report", b"report", **report)
    return referral


@stage
def submitted(desk: Desk) -> Any:
    """A referral whose report lies before the head."""
    body = {"procedure_lawful": True, "evidence_lawful": True}
    return desk.post(OFFICER, path(reportable(desk), "submit-report"), body)


@stage
def sendable(desk: Desk) -> Any:
    """An approved referral with every document."""
    referral = journeys.approved_referral(desk)
    for document, details in journeys.DOCUMENTS.items():
        desk.attach(OFFICER, path(referral), document, document.encode(), **details)
    return referral


def asked(step: str, body: dict[str, str]) -> Callable[[Desk], Any]:
    """A received referral of which the police ask more."""
    return lambda desk: desk.post(POLICE, path(journeys.receipted_referral(desk), step), body)


@stage
def unnotified(desk: Desk) -> Any:
    """A filed referral whose decision was not notified yet."""
    return walking.decided(desk, journeys.receipted_referral(desk), "file", notified_at=None)


@stage
def with_items(desk: Desk) -> Any:
    """A filed referral with the record of its items."""
    referral = walking.filed(desk)
    desk.attach(OFFICER, path(referral), "crim_post_filing_items", b"r", handover_record="已办理", handed_at=AT)
    return referral


@stage
def contestable(desk: Desk) -> Any:
    """A non-filing with the documents of a reconsideration."""
    referral = walking.not_filed(desk)
    desk.attach(OFFICER, path(referral), "rec_application", b"application")
    desk.attach(OFFICER, path(referral), "rec_non_filing_notice", b"notice", received_at=AT)
    return referral


@stage
def supervisable(desk: Desk) -> Any:
    """A non-filing with the letter that suggests supervision."""
    referral = walking.not_filed(desk)
    walking.letter_of_supervision(desk, referral, "sup_police_decision")
    return referral


@dataclass(frozen=True, slots=True)
class Move:
    """A step over HTTP: how to get there, who takes it with which body, and where it leads."""

    address: str
    make: Callable[[Desk], Any]
    who: Principal
    body: dict[str, Any]
    state: str
    again: tuple[int, str] = (409, "step-refused")
    wrong: Principal = NOBODY


DECISION = {"decision_number": "苏公〔2026〕1号", "decided_at": AT}
DIGEST = {"receipt_number": "1", "manifest_digest": "@"}
RECEIVED = journeys.receipted_referral
DECIDED = (409, "already-decided")
MOVES = [
    Move(
        "submit-report",
        reportable,
        OFFICER,
        {"procedure_lawful": True, "evidence_lawful": True},
        "referral_report_submitted",
    ),
    Move("approve", submitted, HEAD, {}, "referral_approved", wrong=OFFICER),
    Move("refuse", submitted, HEAD, {"reasons": "证据不足"}, "referral_refused", wrong=OFFICER),
    Move("send", sendable, OFFICER, {"letter_number": "1"}, "handed_over"),
    Move("receipt", journeys.sent_referral, POLICE, DIGEST, "accepted", wrong=PROSECUTOR),
    Move(
        "acknowledge-copy", journeys.sent_referral, PROSECUTOR, {"acknowledged_at": "@now"}, "handed_over", wrong=POLICE
    ),
    Move("record-platform-entry", journeys.sent_referral, OFFICER, {"platform_entry_number": "P1"}, "handed_over"),
    Move(
        "request-correction", RECEIVED, POLICE, {"missing_materials": "勘验图"}, "correction_requested", wrong=OFFICER
    ),
    Move("correct", asked("request-correction", {"missing_materials": "图"}), OFFICER, {"note": "已补"}, "accepted"),
    Move(
        "request-supplement",
        RECEIVED,
        POLICE,
        {"outline": "日志"},
        "supplementary_investigation_by_agency",
        wrong=OFFICER,
    ),
    Move("supply", asked("request-supplement", {"outline": "日志"}), OFFICER, {"note": "已补"}, "accepted", (200, "")),
    Move("extend-clue-check", RECEIVED, POLICE, {"ground": "查证"}, "accepted", wrong=OFFICER),
    Move("extend-complex", RECEIVED, POLICE, {"ground": "复杂", "approver": "局长"}, "accepted", wrong=OFFICER),
    Move(
        "return",
        RECEIVED,
        POLICE,
        {"reasons": "非管辖", "confirmed_at": "@now"},
        "returned_not_police",
        DECIDED,
        OFFICER,
    ),
    Move("file", RECEIVED, POLICE, DECISION, "filed", DECIDED, OFFICER),
    Move("decline-filing", RECEIVED, POLICE, DECISION | {"reasons": "证据不足"}, "not_filed", DECIDED, OFFICER),
    Move("notify", unnotified, POLICE, {"notified_at": "@now"}, "filed", wrong=OFFICER),
    Move("hand-over-items", with_items, OFFICER, {"handed_at": "@now"}, "items_handed_over"),
    Move("request-reconsideration", contestable, OFFICER, {"grounds": "充分"}, "reconsideration_requested"),
    Move("suggest-supervision", supervisable, OFFICER, {"grounds": "应立"}, "not_filed", (200, "")),
    Move("close-not-filed", walking.not_filed, OFFICER, {"reason": "不再申请"}, "closed_not_filed"),
    Move(
        "withdraw",
        walking.filed,
        POLICE,
        {"reasons": "轻微", "decided_at": "@now"},
        "withdrawn_by_police",
        wrong=OFFICER,
    ),
    Move(
        "criminal-result",
        walking.items_handed,
        POLICE,
        {"result": "convicted", "decided_at": "@now"},
        "concluded",
        wrong=OFFICER,
    ),
]
every_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.address)


def ready(desk: Desk, move: Move) -> tuple[Any, dict[str, Any]]:
    """The subject before the step, and the step's body with its instants."""
    referral = move.make(desk)
    desk.clock.advance(minutes=30)
    if move.body is DECISION or "decision_number" in move.body:
        desk.clock.advance(days=3)
    now = desk.clock.now.isoformat()
    body = {name: now if value == "@now" else value for name, value in move.body.items()}
    if "manifest_digest" in body:
        body |= {"manifest_digest": referral["sent_manifest"], "accepted_at": now}
    return desk.get(OFFICER, path(referral)), body


@every_move
class TestEveryStep:
    def test_allowed_and_said_so_before(self, desk: Desk, move: Move):
        referral, body = ready(desk, move)
        offered = {
            step["step"]: step for step in desk.get(move.who, path(referral, "steps"))["steps"] if step["allowed"]
        }
        moved = desk.post(move.who, path(referral, move.address), body)
        assert moved["state"] == move.state
        entries = desk.get(OFFICER, path(referral, "journal"))["items"]
        taken = [json.loads(entry["body"])["step"] for entry in entries if entry["seq"] > referral["version"]]
        assert taken[0] in offered, f"{taken[0]} was taken though not offered"

    def test_wrong_agency(self, desk: Desk, move: Move):
        referral, body = ready(desk, move)
        for stranger in STRANGERS:
            assert refusal(desk, stranger, path(referral, move.address), body) == (404, "not-visible")
        assert desk.get(OFFICER, path(referral))["version"] == referral["version"]

    def test_wrong_role(self, desk: Desk, move: Move):
        referral, body = ready(desk, move)
        for nobody in {NOBODY, move.wrong}:
            assert refusal(desk, nobody, path(referral, move.address), body) == (403, "not-your-step")
        assert desk.get(OFFICER, path(referral))["version"] == referral["version"]

    def test_stale(self, desk: Desk, move: Move):
        referral, body = ready(desk, move)
        headers = {"if-match": f'"{referral["version"] - 1}"'}
        refused = refusal(desk, move.who, path(referral, move.address), body, headers=headers)
        assert refused == (412, "precondition-failed")
        assert desk.get(OFFICER, path(referral))["version"] == referral["version"]

    def test_repeated(self, desk: Desk, move: Move):
        referral, body = ready(desk, move)
        headers = {"idempotency-key": "k1"}
        first = desk.post(move.who, path(referral, move.address), body, headers=headers)
        assert desk.post(move.who, path(referral, move.address), body, headers=headers) == first
        if move.again[0] != 200:
            assert refusal(desk, move.who, path(referral, move.address), body) == move.again
            assert desk.get(OFFICER, path(referral))["version"] == first["version"]


def test_every_step_of_the_procedure_has_a_way_over_http():
    (procedure,) = catalogue.default().procedures["police_criminal_referral"]
    sources = inspect.getsource(answers) + inspect.getsource(commands)
    assert [step for step in procedure.steps if f'"{step}"' not in sources] == ["draft_from_case"]


class TestRefuse:
    def test_the_case_goes_on_and_may_ask_again(self, desk):
        referral = submitted(desk)
        desk.post(HEAD, path(referral, "refuse"), {"reasons": "证据不足"})
        desk.drain()
        case = walking.case_of(desk, referral)
        assert (case["state"], case["reason"]) == ("investigating", "证据不足")
        desk.post(OFFICER, f"/v1/cases/{case['id']}/refer", {"suspected_offence": "污染环境罪"})
        desk.drain()
        again = walking.case_of(desk, referral)
        assert (again["state"], again["referral_ref"] != case["referral_ref"]) == ("referral_requested", True)


class TestExtend:
    def test_seven_then_thirty_days_from_the_receipt(self, desk):
        referral = journeys.receipted_referral(desk)
        desk.post(POLICE, path(referral, "extend-clue-check"), {"ground": "查证"})
        assert clocks(desk, path(referral))["police_filing_decision_clue_check"]["due_on"] == "2026-09-14"
        desk.post(POLICE, path(referral, "extend-complex"), {"ground": "复杂", "approver": "局长"})
        ended = clocks(desk, path(referral))
        # 30 days from 2026-09-07 end on 2026-10-07, the last day of the National Day holiday: the 8th is a workday
        assert ended["police_filing_decision_complex"]["due_on"] == "2026-10-08"
        assert ended["police_filing_decision_clue_check"]["state"] == "cancelled"
        assert ended["police_filing_decision"]["state"] == "cancelled"


class TestNotify:
    def test_after_the_items_it_ends_the_clock_of_the_police(self, desk):
        referral = unnotified(desk)
        desk.attach(OFFICER, path(referral), "crim_post_filing_items", b"r", handover_record="已办理", handed_at=AT)
        desk.post(OFFICER, path(referral, "hand-over-items"), {"handed_at": desk.clock.now.isoformat()})
        desk.post(POLICE, path(referral, "notify"), {"notified_at": desk.clock.now.isoformat()})
        ended = clocks(desk, path(referral))
        assert ended["police_notify_filing_result"]["state"] == "met"
        assert "transfer_case_items_after_filing" not in ended


def test_the_province_watches_but_takes_no_step(desk):
    referral = submitted(desk)
    province = officer("eea-320000", *walking.ALL_ROLES)
    assert desk.get(province, path(referral))["state"] == "referral_report_submitted"
    assert refusal(desk, province, path(referral, "approve"), {}) == (403, "not-your-step")
