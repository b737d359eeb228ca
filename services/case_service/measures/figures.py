"""Days and sums of a measure: how long a violation went on after it was ordered to stop, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlmodel import Session

from services.case_service.cases.models import Case
from services.case_service.measures.models import Measure
from shared.clock import ZONE, today
from shared.records import deadlines
from shared.records.room import Room, room_of
from shared.rules.terms import due

COUNT = "daily_penalty_count"
CODE = "eco_code"


@dataclass(frozen=True, slots=True)
class Count:
    """Days of one round by both texts: from the day after the order was served, and from the day after it was made."""

    by_measures: int
    by_code: int


def count(room: Room, ordered_at: datetime, served_at: datetime, rechecked_at: datetime) -> Count:
    """Count the days of a round through the re-inspection (按日连续处罚办法第十七条; 法典第一千零六十条)."""
    return Count(_days(room, served_at, rechecked_at), _days(room, ordered_at, rechecked_at))


def _days(room: Room, since: datetime, until: datetime) -> int:
    begins = datetime.combine(today(since), time.min, tzinfo=ZONE)
    term = room.catalogue.term(COUNT, on=today(until))
    return due(term, begins, calendar=room.calendar, end_on=today(until)).day_count or 0


def computed(
    session: Session, measure: Measure, step_id: str, known: Mapping[str, Any], case: Case | None
) -> dict[str, Any]:
    """Return the figures a step leads to; `known` is what was stated so far with what this step states."""
    if measure.procedure_id == "production_restriction":
        return _restriction(session, measure)
    if measure.procedure_id != "correction_daily_penalty":
        return {}
    found = _original(case)
    if step_id == "recheck_continues":
        found |= _round(room_of(session), known)
    days = int(found.get("counted_days") or known.get("counted_days") or 0)
    fine = found.get("original_fine_yuan")
    return found | ({"daily_fine_yuan": int(fine) * days} if fine else {})


def _original(case: Case | None) -> dict[str, Any]:
    """Return the fine the days multiply: that of the case's own decision (按日连续处罚办法第十九条)."""
    fine = (case.stated if case else {}).get("fine_yuan")
    if case is None or case.decision != "penalty" or not fine:
        return {}
    return {"original_fine_yuan": fine, "original_decision_number": case.decision_number}


def _round(room: Room, known: Mapping[str, Any]) -> dict[str, Any]:
    found = count(room, known["ordered_at"], known["order_served_at"], known["rechecked_at"])
    by_measures = int(known.get("days_by_measures") or 0) + found.by_measures
    by_code = int(known.get("days_by_code") or 0) + found.by_code
    code_holds = room.catalogue.instruments[CODE].in_force.holds(today(known["rechecked_at"]))
    return {
        "is_counting": True,
        "round": int(known.get("round") or 0) + 1,
        "days_by_measures": by_measures,
        "days_by_code": by_code,
        "counted_days": by_code if code_holds else by_measures,
    }


def _restriction(session: Session, measure: Measure) -> dict[str, Any]:
    clocks = deadlines.open_clocks(session, measure, ["production_restriction_duration"])
    return {"restriction_until_on": clocks[0].due_on.isoformat()} if clocks and clocks[0].due_on else {}
