"""Counting open clocks anew when days off change: only those the days touch, in batches, journalled, their people told.

A batch is one transaction: new dates, an entry in each subject's journal, one notice per agency and role. To do it
again changes nothing, so a worker that is killed simply begins again.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, not_, or_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from shared.clock import ZONE
from shared.records import calendars, deadlines, moved_clocks, projections
from shared.records.calendars import CalendarNotice
from shared.records.db import table_of
from shared.records.deadlines import OPEN_STATES, Deadline, DeadlineChange
from shared.records.moved_clocks import Clock, Moved
from shared.records.room import Room
from shared.rules.term_entries import Due, Extension, Pause, Term

BATCH = 5000
Ledger = tuple[tuple[Pause, ...], tuple[Extension, ...]]
AHEAD = timedelta(hours=8)
"""Of the zone before UTC, in which instants are read: the day a clock began on is that of the zone."""
SETTLING = timedelta(minutes=1)
"""How long after the first count the clocks are looked at once more, for what other processes began meanwhile."""


@dataclass(slots=True)
class Count:
    """What a run has done so far; `memo` holds dates by term and day of the start, for clocks without a ledger."""

    looked_at: int = 0
    moved: int = 0
    memo: dict[tuple[str, date, date | datetime], tuple[Term, Due, dict[str, Any]]] = field(default_factory=dict)
    in_hours: dict[tuple[str, date], bool] = field(default_factory=dict)


def tend(room: Room) -> int:
    """Apply one notice that waits, or settle one; the worker's chore. Returns how many clocks got another date."""
    with room.reading() as session:
        waiting = [one for one in calendars.known(session) if one.settled_at is None]
    now = room.clock()
    for notice in waiting:
        if notice.applied_at is None or now >= notice.applied_at + SETTLING:
            room.looked_at = float("-inf")
            return apply(room, notice).moved
    return 0


def apply(room: Room, notice: CalendarNotice) -> Count:
    """Count every open clock anew that a notice touches, and note that it was done."""
    count, after = Count(), UUID(int=0)
    while True:
        with room.transaction() as session:
            clocks = _touched(session, notice, after)
            if clocks:
                _batch(session, room, notice, clocks, count)
            if len(clocks) < BATCH:
                _done(session, room, notice, count)
                return count
        after = clocks[-1].id


def _done(session: Session, room: Room, notice: CalendarNotice, count: Count) -> None:
    table, now = table_of(CalendarNotice), room.clock()
    values: dict[str, Any] = {"moved": table.c.moved + count.moved}
    values |= {"applied_at": now, "looked_at": count.looked_at} if notice.applied_at is None else {"settled_at": now}
    session.execute(update(table).where(table.c.id == notice.id).values(**values))


def _touched(session: Session, notice: CalendarNotice, after: UUID) -> list[Clock]:
    """Return the next open clocks whose time and the changed days meet; others cannot get another date."""
    clock = table_of(Deadline).c
    first = datetime.combine(notice.first_on, time.min, tzinfo=ZONE)
    last = datetime.combine(notice.last_on + timedelta(days=1), time.min, tzinfo=ZONE)
    is_past = and_(clock.started_at < first, clock.due_at < first)
    is_ahead = and_(clock.started_at > last, clock.due_at > last)
    columns = [clock[name] for name in Clock._fields]
    statement = core_select(*columns).where(
        clock.state.in_(OPEN_STATES), not_(or_(is_past, is_ahead)), clock.id > after
    )
    rows = session.execute(statement.order_by(clock.id).limit(BATCH).with_for_update())
    return [Clock(*row) for row in rows]


def _batch(session: Session, room: Room, notice: CalendarNotice, clocks: Sequence[Clock], count: Count) -> None:
    now = room.clock()
    ledgers = _ledgers(session, clocks)
    count.looked_at += len(clocks)
    confirmed: list[dict[str, Any]] = []
    written: list[dict[str, Any]] = []
    moved: list[Moved] = []
    for clock in clocks:
        values = _anew(room, clock, ledgers.get(clock.id), count, now)
        if values["due_at"] != clock.due_at:
            was_early = clock.breached_at is not None and values["due_at"] > now
            written.append({"clock_id": clock.id, **values, "breached_at": None if was_early else clock.breached_at})
            moved.append(Moved(clock, values["due_at"], values["provisional"]))
        elif values["provisional"] != clock.provisional:
            confirmed.append({"clock_id": clock.id, **{name: values[name] for name in ("provisional", "because")}})
    _write(session, confirmed)
    _write(session, written)
    moved_clocks.tell(session, room, notice, moved, now=now)
    count.moved += len(moved)


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        table = table_of(Deadline)
        statement = update(table).where(table.c.id == bindparam("clock_id"))
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "clock_id"}
        session.connection().execute(statement.values(values), rows)


def _anew(room: Room, clock: Clock, ledger: Ledger | None, count: Count, now: datetime) -> dict[str, Any]:
    """Return what is stored of a clock from now on; reminders only of one whose date moves.

    Without pauses and extensions the date is computed once for all that began on one day.
    """
    if ledger is not None:
        return projections.projected(room, clock, *ledger, now=now)
    term, result, values = _counted(room, clock, count)
    if values["due_at"] == clock.due_at:
        return values
    rungs = projections.rungs_of(room, term, clock.started_at, result)
    return values | projections.ahead(rungs, clock.reached, values["due_at"], now=now)


def _counted(room: Room, clock: Clock, count: Count) -> tuple[Term, Due, dict[str, Any]]:
    text = (clock.term_id, clock.term_on)
    if text not in count.in_hours:
        count.in_hours[text] = room.catalogue.term(clock.term_id, on=clock.term_on).unit == "hours"
    began = clock.started_at if count.in_hours[text] else (clock.started_at + AHEAD).date()
    place = (*text, began)
    if place not in count.memo:
        term = room.catalogue.term(clock.term_id, on=clock.term_on)
        result = projections.counted(room, term, clock.started_at)
        count.memo[place] = (term, result, projections.lapse(result))
    return count.memo[place]


def _ledgers(session: Session, clocks: Sequence[Clock]) -> dict[UUID, Ledger]:
    """Return the ledgers of those clocks that have one; the clocks stand in the order of their ids."""
    lines: dict[UUID, list[DeadlineChange]] = defaultdict(list)
    among = col(DeadlineChange.deadline_id).between(clocks[0].id, clocks[-1].id)
    for line in session.exec(select(DeadlineChange).where(among).order_by(col(DeadlineChange.id))):
        lines[line.deadline_id].append(line)
    return {clock_id: deadlines.read_ledger(found) for clock_id, found in lines.items()}
