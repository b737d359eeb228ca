"""How punctual agencies are: per agency, leg and rule, what was met in time, how late, and how long it was paused.

The figures come from the clocks, which are written with the journal's entries in one transaction; the tests count the
journal itself and find the same.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, exists
from sqlalchemy import select as core_select
from sqlmodel import Session

from shared.clock import ZONE, today
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records.db import Party, table_of
from shared.records.deadlines import Deadline, DeadlineChange
from shared.records.room import Room, room_of

EARLIEST_DAY, LATEST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""The days the calendar reaches."""


class Lateness(BaseModel):
    """By how many hours clocks were passed: of those met late, and of those still open and overdue, until now."""

    median: float
    worst: float
    total: float


class TimelinessRow(BaseModel):
    """The clocks of one rule that bound one agency in one leg (clue, case, measure, referral …).

    `binds`: letting it pass is a breach; `authority` tells law from agreement. `paused_days` are calendar days of all
    pauses, an open one until today; `cancelled` clocks ended because they no longer bound anybody.
    """

    agency: str
    leg: str
    term: str
    name_zh: str
    name_en: str
    cite_zh: str
    cite_en: str
    authority: str
    binds: bool
    met_in_time: int = 0
    met_late: int = 0
    running: int = 0
    overdue: int = 0
    paused: int = 0
    cancelled: int = 0
    extended: int = 0
    paused_days: int = 0
    late_hours: Lateness | None = None


class Timeliness(BaseModel):
    """The figures of one room."""

    rows: list[TimelinessRow]


@dataclass(frozen=True, slots=True)
class Span:
    """Which clocks are counted: those that began on these days (both included), of one agency or of all seen."""

    begun_from: date | None = None
    begun_to: date | None = None
    agency: str | None = None


class Ended(NamedTuple):
    """What of a clock is counted."""

    id: UUID
    party: str
    kind: str
    term_id: str
    term_on: date
    state: str
    due_at: datetime
    ended_at: datetime | None
    breached_at: datetime | None


def timeliness(session: Session, span: Span, *, by: Principal) -> Timeliness:
    """Return the figures over every clock of a subject the principal's agency may see."""
    if span.begun_from and span.begun_to and span.begun_from > span.begun_to:
        words = Text("起始日期晚于截止日期", "begun_from lies after begun_to")
        raise BodyInvalid(words, errors=[{"field": "begun_from", "code": "out_of_order", "message": words}])
    room = room_of(session)
    wanted = _wanted(span, by)
    groups: dict[tuple[str, str, str], list[Ended]] = defaultdict(list)
    clock = table_of(Deadline).c
    for row in session.execute(core_select(*(clock[name] for name in Ended._fields)).where(wanted)):
        found = Ended(*row)
        groups[found.party, found.kind, found.term_id].append(found)
    pauses, extended = _ledger(session, wanted, on=today(room.clock()))
    return Timeliness(rows=[_row(room, place, groups[place], pauses, extended) for place in sorted(groups)])


def _wanted(span: Span, by: Principal) -> ColumnElement[bool]:
    clock, party = table_of(Deadline).c, table_of(Party).c
    mine = (party.agency == by.agency) & (party.kind == clock.kind) & (party.subject_id == clock.subject_id)
    wanted: ColumnElement[bool] = exists().where(mine)
    if span.begun_from is not None:
        wanted &= clock.started_at >= datetime.combine(span.begun_from, time.min, tzinfo=ZONE)
    if span.begun_to is not None:
        wanted &= clock.started_at < datetime.combine(span.begun_to + timedelta(days=1), time.min, tzinfo=ZONE)
    if span.agency is not None:
        wanted &= clock.party == span.agency
    return wanted


def _ledger(session: Session, wanted: ColumnElement[bool], *, on: date) -> tuple[dict[UUID, int], set[UUID]]:
    """Return the days each clock was paused, and the clocks that were extended."""
    line, clock = table_of(DeadlineChange).c, table_of(Deadline).c
    days: dict[UUID, int] = defaultdict(int)
    extended: set[UUID] = set()
    columns = (line.deadline_id, line.kind, line.from_on, line.to_on)
    for clock_id, kind, from_on, to_on in session.execute(
        core_select(*columns)
        .join_from(table_of(DeadlineChange), table_of(Deadline), line.deadline_id == clock.id)
        .where(wanted)
    ):
        if kind == "pause":
            days[clock_id] += max(((to_on or on) - from_on).days, 0)
        else:
            extended.add(clock_id)
    return days, extended


def _row(
    room: Room, place: tuple[str, str, str], clocks: list[Ended], pauses: dict[UUID, int], extended: set[UUID]
) -> TimelinessRow:
    agency, leg, term_id = place
    term = room.catalogue.term(term_id, on=max(clock.term_on for clock in clocks))
    now = room.clock()
    late = [_late(clock, now) for clock in clocks]
    states = [_state(clock, is_late=passed is not None) for clock, passed in zip(clocks, late, strict=True)]
    counted: dict[str, Any] = {name: states.count(name) for name in STATES}
    return TimelinessRow(
        agency=agency,
        leg=leg,
        term=term_id,
        name_zh=term.name_zh,
        name_en=term.name_en,
        cite_zh=term.cite.zh,
        cite_en=term.cite.en,
        authority=term.authority,
        binds=term.binds and term.verified,
        extended=sum(clock.id in extended for clock in clocks),
        paused_days=sum(pauses.get(clock.id, 0) for clock in clocks),
        late_hours=_lateness(hours for hours in late if hours is not None),
        **counted,
    )


STATES = ("met_in_time", "met_late", "running", "overdue", "paused", "cancelled")


def _late(clock: Ended, now: datetime) -> float | None:
    """Return by how many hours a clock was passed, or None. A paused or cancelled one is not late."""
    if clock.state not in ("met", "running") or (clock.state == "met" and clock.breached_at is None):
        return None
    passed = ((clock.ended_at or now) - clock.due_at).total_seconds() / 3600
    return passed if passed >= 0 else None


def _state(clock: Ended, *, is_late: bool) -> str:
    if clock.state == "met":
        return "met_late" if is_late else "met_in_time"
    if clock.state == "running":
        return "overdue" if is_late else "running"
    return clock.state


def _lateness(hours: Iterable[float]) -> Lateness | None:
    found = sorted(hours)
    if not found:
        return None
    median, worst, total = statistics.median(found), found[-1], sum(found)
    return Lateness(median=round(median, 2), worst=round(worst, 2), total=round(total, 2))
