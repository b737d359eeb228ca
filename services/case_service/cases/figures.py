"""Days and sums that follow from what a case states: limitation, hearing, service, remedies, payment, surcharge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from shared.clock import ZONE, today
from shared.records.room import Room
from shared.records.views import EARLIEST_YEAR
from shared.rules.catalogue import NotInForce
from shared.rules.term_entries import Due, Term
from shared.rules.terms import due

Known = Mapping[str, Any]
"""What is known of a case by name, typed: days as date, instants as datetime, sums in whole yuan."""

COMPUTED = (
    "limitation_ends_on",
    "limitation_term",
    "is_time_barred",
    "hearing_request_by",
    "hearing_notice_by",
    "deemed_served_on",
    "payment_due_on",
    "remedies_end_on",
    "is_execution_suspended",
)


def computed(room: Room, known: Known) -> dict[str, Any]:
    """Return every figure of COMPUTED that can be told from what is known; one that cannot is left out."""
    found = _limitation(room, known)
    asked = known.get("informed_at") if known.get("is_hearing_offered") else None
    found["hearing_request_by"] = _end(room, "hearing_request", asked)
    found["hearing_notice_by"] = _end(room, "hearing_notice", known.get("hearing_on"))
    found["deemed_served_on"] = _end(room, "announcement_service_civil", known.get("announced_at"))
    served = known.get("served_at") or found["deemed_served_on"]
    paid_by = _end(room, "fine_payment", served if known.get("fine_yuan") else None)
    found["payment_due_on"] = known.get("payment_until_on") or paid_by
    found["remedies_end_on"] = _remedies_end(room, known, served)
    found["is_execution_suspended"] = _is_suspended(known)
    return {name: value for name, value in found.items() if value is not None}


def _limitation(room: Room, known: Known) -> dict[str, Any]:
    """Return until when the conduct had to be discovered (行政处罚法第三十六条; 法典第一千零五十四条).

    Counted from the day the conduct ended; conduct that goes on is not yet counted. The law of that day chooses the
    period. The agency plans on the day not yet moved off rest days.
    """
    began, ended = known.get("conduct_on"), known.get("conduct_ended_on")
    since: date | None = ended or (None if known.get("is_continuing") else began)
    if since is None:
        return {}
    term = _period(room, known, since)
    if since.year < EARLIEST_YEAR:
        return {"limitation_term": term.id, "is_time_barred": True}  # before the calendar: older than any period
    last = due(term, _instant(since), calendar=room.calendar).unrolled_on
    discovered = known.get("discovered_at")
    late = last is not None and isinstance(discovered, datetime) and today(discovered) > last
    return {"limitation_ends_on": last, "limitation_term": term.id, "is_time_barred": late}


def _period(room: Room, known: Known, since: date) -> Term:
    has_harm = bool(known.get("has_harm"))
    try:
        return room.catalogue.term("fd_limitation_harm" if has_harm else "fd_limitation_other", on=since)
    except NotInForce:
        is_longer = has_harm and bool(known.get("concerns_health_safety"))
        return room.catalogue.term("penalty_limitation_health_safety" if is_longer else "penalty_limitation_general")


def _remedies_end(room: Room, known: Known, served: date | datetime | None) -> date | None:
    """Return when the party can no longer ask for reconsideration or sue; None while a remedy goes on."""
    if served is None:
        return None
    last: date | None
    if known.get("litigation_began_at"):
        ended = known.get("litigation_ended_at")
        last = today(ended) if ended else None
    elif known.get("reconsideration_asked_at"):
        last = _end(room, "litigation_after_reconsideration", known.get("reconsideration_ended_at"))
    else:
        ends = (_end(room, term, served) for term in ("reconsideration_application", "litigation_direct"))
        last = max(end for end in ends if end is not None)
    deferred = known.get("payment_until_on")
    return max(last, deferred) if last and deferred else last


def _is_suspended(known: Known) -> bool:
    began, ended = known.get("execution_suspended_at"), known.get("execution_resumed_at")
    return began is not None and (ended is None or ended < began)


def _end(room: Room, term_id: str, start: date | datetime | None) -> date | None:
    if start is None:
        return None
    begins = _instant(start)
    answer: Due = due(room.catalogue.term(term_id, on=today(begins)), begins, calendar=room.calendar)
    return answer.on


def _instant(start: date | datetime) -> datetime:
    if isinstance(start, datetime):
        return start.astimezone(ZONE)
    return datetime.combine(start, time.min, tzinfo=ZONE)


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A surcharge on a fine: days that count, days that do not, and the sum in yuan, never above the fine."""

    due_on: date
    through: date
    days: int
    uncounted_days: int
    yuan: Decimal
    is_capped: bool


def surcharge(
    fine: int, percent: int, due_on: date, through: date, uncounted: Iterable[tuple[date, date]]
) -> Surcharge:
    """Return what is added for each day after `due_on` through `through` (行政处罚法第七十二、七十三条).

    `fine` in yuan, `percent` of it a day, `uncounted` stretches of days (both ends included) of a reconsideration or
    a lawsuit.
    """
    stretches = list(uncounted)
    late = [due_on + timedelta(days=number) for number in range(1, max(0, (through - due_on).days) + 1)]
    counted = [day for day in late if not any(first <= day <= last for first, last in stretches)]
    wanted = Decimal(fine) * percent * len(counted) / 100
    capped = min(wanted, Decimal(fine))
    return Surcharge(due_on, through, len(counted), len(late) - len(counted), capped, wanted > fine)


def surcharge_of(room: Room, known: Known, on: date) -> Surcharge | None:
    """Return the surcharge of a case as of a day: none where there is no fine, or nothing is late."""
    fine, due_on = known.get("fine_yuan"), known.get("payment_due_on")
    if not fine or not isinstance(due_on, date):
        return None
    paid_at, paid = known.get("paid_at"), int(known.get("paid_yuan") or 0)
    through = today(paid_at) if paid_at is not None and paid >= fine else on
    rate = room.catalogue.rates["penalty_surcharge"]
    found = surcharge(int(fine), rate.percent_a_day, due_on, through, _remedies(known, on))
    return found if found.days or found.uncounted_days else None


def _remedies(known: Known, on: date) -> list[tuple[date, date]]:
    pairs = (("reconsideration_asked_at", "reconsideration_ended_at"), ("litigation_began_at", "litigation_ended_at"))
    return [
        (today(known[began]), today(known[ended]) if known.get(ended) else on)
        for began, ended in pairs
        if known.get(began)
    ]
