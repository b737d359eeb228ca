"""A full penalty case under a frozen clock: referral, suspension, hearing, extension, decision, payment, archive.

Every clock is compared with a date counted by hand (`ninety_days.yaml`: the day, the article, how it was counted).
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from shared.clock import ZONE
from shared.identity import Principal
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import EEA, HEAD, OFFICER
from tests.service.clue.visits import known_visit
from tests.service.referral import walking

TABLE = yaml.safe_load(Path(__file__).with_name("ninety_days.yaml").read_text(encoding="utf-8"))
BY_HAND = {row["point"]: row["clocks"] for row in TABLE}
REVIEWER = officer(EEA, "legal_reviewer")
LONGER = {"ground": "案情复杂", "approved_by": "王局"}


class Case:
    """One case, its address, and the points of the table that were compared."""

    def __init__(self, desk: Desk, case: Any) -> None:
        self.desk, self.id = desk, case["id"]
        self.path = f"/v1/cases/{self.id}"
        self.compared: list[str] = []

    def at(self, month: int, day: int, *, year: int = 2026, hour: int = 12) -> str:
        """Move the clock to a day and return that instant."""
        self.desk.clock.now = datetime(year, month, day, hour, tzinfo=ZONE)
        self.desk.sweep()
        return self.desk.clock.now.isoformat()

    def take(self, who: Principal, step: str, **stated: Any) -> Any:
        """Take a step."""
        return self.desk.post(who, f"{self.path}/steps/{step}", {"stated": stated})

    def refused(self, who: Principal, step: str, **stated: Any) -> tuple[int, set[str]]:
        """Try a step in vain; returns the status and why."""
        answer = self.desk.call(who, "POST", f"{self.path}/steps/{step}", json={"stated": stated})
        said = answer.json()
        assert said["detail"]
        assert said["next"]
        return answer.status_code, {one["code"] for one in (*said.get("reasons", ()), *said.get("errors", ()))}

    def compare(self, point: str) -> None:
        """Compare the newest clock of each term with what was counted by hand."""
        self.compared.append(point)
        newest = walking.clocks(self.desk, self.path)
        for term, wanted in BY_HAND[point].items():
            clock = newest[term]
            assert clock["due_on"] == str(wanted["last"]), (point, term, clock["due_on"], wanted["counted"])
            assert clock["state"] == wanted.get("state", "running"), (point, term)
            assert wanted["cite"] in clock["cite_zh"], (point, term, clock["cite_zh"])
            assert clock["breached_at"] is None, (point, term)


def test_a_case_over_its_ninety_days(desk: Desk) -> None:
    sent = journeys.receipted_referral(desk)
    case = Case(desk, walking.case_of(desk, sent))
    case.compare("referred")
    assert case.refused(HEAD, "decide", decision="penalty", decision_number="1", reason="x")[0] == 409
    walking.decided(desk, sent, "decline-filing", reasons="证据不足")
    case.compare("given_back")
    _investigated(case)
    _heard(case)
    _decided(case)
    _paid(case)
    assert case.compared == [row["point"] for row in TABLE]


def _investigated(case: Case) -> None:
    at = case.at(9, 10)
    pause = {"suspended_at": at, "approved_by": "王局"}
    assert case.refused(HEAD, "suspend_investigation", **pause) == (422, {"missing"})
    assert case.refused(HEAD, "suspend_investigation", suspension_ground="busy", **pause) == (422, {"literal_error"})
    other = case.refused(HEAD, "suspend_investigation", suspension_ground="other", **pause)
    assert other == (409, {"guard_grounds"})
    case.take(HEAD, "suspend_investigation", suspension_ground="awaits_interpretation", **pause)
    case.compare("suspended")
    case.take(OFFICER, "resume_investigation", resumed_at=case.at(9, 20))
    case.compare("resumed")
    case.at(9, 21)
    case.take(
        OFFICER,
        "record_inspection",
        inspected_at=case.desk.clock.now.isoformat(),
        inspection_ref=known_visit(case.desk),
        **journeys.INSPECTION,
    )
    case.take(OFFICER, "state_conduct_time", is_continuing=False, has_harm=True)
    case.take(OFFICER, "conclude_investigation", finding="violation", proposal="罚款")
    case.at(9, 22)
    assert case.refused(REVIEWER, "review_case", reviewer="张甲", opinion="同意")[1] == {"guard_reviewer"}
    case.take(REVIEWER, "review_case", reviewer="赵丙", opinion="同意")
    told = {"intended_penalty": "罚款十万元", "intended_kind": "fine", "intended_fine_yuan": 100_000, "is_major": True}
    case.take(OFFICER, "inform", informed_at=case.at(9, 23), is_hearing_offered=True, needs_legal_review=True, **told)
    case.compare("informed")


def _heard(case: Case) -> None:
    early = case.refused(HEAD, "decide", decision="penalty", decision_number="1", reason="x")
    assert early[1] == {"guard_hearing_request", "guard_is_legal_review_passed", "guard_deliberated_at"}
    at = case.at(9, 29)
    case.take(OFFICER, "record_statement", statement="情节轻微", statement_review="不成立", is_adopted=False)
    case.take(OFFICER, "request_hearing", hearing_requested_at=at)
    case.compare("hearing_asked")
    case.at(10, 9)
    where = {"hearing_place": "三楼会议室", "hearing_host": "钱丁", "is_hearing_public": True}
    assert (
        case.refused(OFFICER, "schedule_hearing", hearing_on="2026-10-15", **where | {"hearing_host": "李乙"})[0] == 409
    )
    case.take(OFFICER, "schedule_hearing", hearing_on="2026-10-15", **where)
    case.compare("scheduled_too_early")
    now = case.desk.clock.now.isoformat()
    late = case.refused(OFFICER, "notify_hearing", hearing_notified_at=now)
    assert late == (409, {"guard_hearing_notified_at"})
    case.take(OFFICER, "schedule_hearing", hearing_on="2026-10-22", **where)
    case.compare("scheduled")
    unheard = case.refused(OFFICER, "hold_hearing", hearing_held_at=now, hearing_record="笔录")
    assert unheard == (409, {"guard_hearing_notified_at", "guard_hearing_held_at"})
    case.take(OFFICER, "notify_hearing", hearing_notified_at=now)
    case.compare("hearing_notified")
    case.take(OFFICER, "hold_hearing", hearing_held_at=case.at(10, 22), hearing_record="听证笔录")
    began = "2026-10-22T09:00:00+08:00"
    excluded = {"excluded_ground": "hearing", "began_at": began, "ended_at": case.at(10, 23)}
    case.take(OFFICER, "record_excluded_time", **excluded)
    assert walking.clocks(case.desk, case.path)["eep_case_limit"]["due_on"] == "2026-12-18"


def _decided(case: Case) -> None:
    case.at(11, 30)
    assert case.refused(HEAD, "extend_case_limit", extension_days=31, **LONGER)[0] == 409
    case.take(HEAD, "extend_case_limit", extension_days=30, **LONGER)
    case.compare("extended")
    assert case.refused(HEAD, "extend_case_limit", extension_days=31, **LONGER)[0] == 409
    case.take(HEAD, "extend_case_limit", extension_days=30, ground="仍不能决定", approved_by="负责人集体讨论")
    case.compare("extended_again")
    assert case.refused(HEAD, "extend_case_limit", extension_days=1, **LONGER)[0] == 409
    case.take(REVIEWER, "legal_review", is_legal_review_passed=False, opinion="裁量理由不足")
    at = case.at(12, 10)
    case.take(HEAD, "deliberate", deliberated_at=at, deliberation_record="一致同意")
    penalty = {"decision": "penalty", "decision_number": "苏环罚〔2026〕1号", "reason": "偷排", "penalty_kind": "fine"}
    unfit = case.refused(HEAD, "decide", fine_yuan=100_001, **penalty)
    assert unfit[1] == {"guard_is_legal_review_passed", "guard_fine_yuan"}
    case.take(REVIEWER, "legal_review", is_legal_review_passed=True, opinion="同意")
    case.take(HEAD, "decide", fine_yuan=100_000, **penalty)
    case.compare("decided")
    assert case.refused(OFFICER, "close", result="penalised")[1] == {"guard_decision_not_served"}
    at = case.at(12, 14)
    assert case.refused(OFFICER, "serve_decision", service_way="electronic", served_at=at)[0] == 409
    case.take(OFFICER, "serve_decision", service_way="direct", served_at=at)
    case.compare("served")
    case.take(OFFICER, "publish_decision", published_at=case.at(12, 15))


def _paid(case: Case) -> None:
    at = case.at(1, 4, year=2027)
    figures = case.desk.get(OFFICER, f"{case.path}/figures")
    # 12-30, 12-31 and four days of January: six days of three percent of 100 000
    assert (figures["surcharge"]["days"], figures["surcharge"]["yuan"]) == (6, "18000")
    assert (figures["payment_due_on"], figures["unpaid_yuan"]) == ("2026-12-29", 100_000)
    # conduct of 2026-09-01 with harm: five years under the code
    assert (figures["limitation_ends_on"], figures["limitation_term"]) == ("2031-09-01", "fd_limitation_harm")
    assert case.refused(OFFICER, "record_payment", paid_at=at, paid_yuan=99_999) == (409, {"guard_paid_yuan"})
    case.take(OFFICER, "record_payment", paid_at=at, paid_yuan=100_000, surcharge_paid_yuan=18_000)
    case.compare("paid")
    case.at(2, 4, year=2027)
    assert case.desk.get(OFFICER, f"{case.path}/figures")["surcharge"]["yuan"] == "18000"
    case.take(OFFICER, "close", result="penalised")
    case.compare("closed")
    case.take(OFFICER, "archive", archive_number="2027-001", archived_at=case.at(2, 5, year=2027))
    listed = case.desk.get(OFFICER, f"{case.path}/deadlines")["items"]
    assert {one["state"] for one in listed} <= {"met", "cancelled"}
