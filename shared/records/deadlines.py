"""Running clocks: a ledger of starts, pauses and extensions, and the projections a sweep and a board can read."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Index, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import iso, new_id, today
from shared.records import projections
from shared.records.db import Row, put, table_of, write
from shared.records.room import Room, room_of
from shared.rules.term_entries import Extension, Pause

OPEN_STATES = ("running", "paused")
OPEN = text("next_notice_at IS NOT NULL")


class Deadline(SQLModel, table=True):
    """One clock of one subject. `due_*`, `because`, `rungs` and `next_notice_at` are projections of the ledger.

    `due_at` is the instant the clock lapses (24:00 of the last day for terms in days).
    `awaits` lists parts still to come before it is met (衔接办法第六条 wants receipt and copy).
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        Index("ix_deadlines_next_notice", "next_notice_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_deadlines_subject", "subject", "term_id"),
        Index("ix_deadlines_party_due", "party", "state", "due_at"),
    )

    id: UUID = Field(primary_key=True)
    subject: str
    kind: str
    subject_id: UUID
    journey_id: UUID
    term_id: str
    term_on: date
    """Which dated text of the term holds: the one in force on the day of the step that started it."""
    party: str
    """The agency that must act."""
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    breached_at: datetime | None = None
    due_at: datetime
    due_on: date | None = None
    provisional: bool = False
    because: str = "[]"
    awaits: str = "[]"
    rungs: str = "[]"
    reached: str = "[]"
    next_notice_at: datetime | None = None


class DeadlineChange(SQLModel, table=True):
    """One line of a clock's ledger: a pause (with its end, once known) or an extension."""

    __tablename__ = "deadline_changes"

    id: UUID = Field(primary_key=True)
    deadline_id: UUID = Field(index=True, foreign_key="deadlines.id")
    kind: str
    at: datetime
    from_on: date | None = None
    to_on: date | None = None
    amount: int | None = None
    unit: str = ""
    to_total: bool = False
    ground: str = ""
    approved_by: str = ""


class Start(NamedTuple):
    """A clock to start: which term, from when, and which agency must act."""

    term_id: str
    started_at: datetime
    party: str


def start(session: Session, subject: Row, starts: Sequence[Start], *, now: datetime) -> list[dict[str, Any]]:
    """Start clocks for a subject, in one insert. Returns what the journal says of them."""
    return start_all(session, [(subject, starts)], now=now)[0]


def start_all(
    session: Session, starts: Sequence[tuple[Row, Sequence[Start]]], *, now: datetime
) -> list[list[dict[str, Any]]]:
    """Start clocks for many subjects, in one insert. Returns for each what the journal says of them."""
    room = room_of(session)
    rows = [[new_row(room, subject, wanted, now=now) for wanted in mine] for subject, mine in starts]
    write(session, Deadline, [row for mine in rows for row in mine])
    return [[_said("started", row) for row in mine] for mine in rows]


def new_row(room: Room, subject: Row, wanted: Start, *, now: datetime) -> dict[str, Any]:
    """Return the row of a clock that starts, with what it projects."""
    term_on = today(now)
    term = room.catalogue.term(wanted.term_id, on=term_on)
    return {
        "id": new_id(now),
        "subject": subject.ref,
        "kind": subject.kind,
        "subject_id": subject.id,
        "journey_id": subject.journey_id,
        "term_id": wanted.term_id,
        "term_on": term_on,
        "party": wanted.party,
        "state": "running",
        "started_at": wanted.started_at,
        "ended_at": None,
        "breached_at": None,
        "awaits": json.dumps(list(term.stops_on)) if len(term.stops_on) > 1 else "[]",
        "reached": "[]",
        **projections.projection(room, term, wanted.started_at, (), ()),
    }


def _said(what: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "clock": str(row["id"]),
        "term": row["term_id"],
        "what": what,
        "party": row["party"],
        "due_at": iso(row["due_at"]),
        "provisional": row["provisional"],
    }


def open_clocks(session: Session, subject: Row, term_ids: Sequence[str] | None = None) -> list[Deadline]:
    """Return a subject's clocks that still run or are paused, those of `term_ids` only if given."""
    statement = select(Deadline).where(Deadline.subject == subject.ref, col(Deadline.state).in_(OPEN_STATES))
    if term_ids is not None:
        statement = statement.where(col(Deadline.term_id).in_(list(term_ids)))
    return list(session.exec(statement.order_by(col(Deadline.due_at))))


def meet(session: Session, clock: Deadline, *, part: str | None = None, at: datetime) -> dict[str, Any]:
    """Meet a clock, or one part of it; the last part ends it. `at` is when it was really done."""
    awaits = json.loads(clock.awaits)
    if part in awaits:
        awaits.remove(part)
    if awaits and part is not None:
        return _change(session, clock, "part_done", awaits=json.dumps(awaits))
    return _end(session, clock, "met", at=at)


def cancel(session: Session, clock: Deadline, *, at: datetime) -> dict[str, Any]:
    """End a clock that no longer binds anybody."""
    return _end(session, clock, "cancelled", at=at)


def _end(session: Session, clock: Deadline, state: str, *, at: datetime) -> dict[str, Any]:
    within = at < clock.due_at if clock.due_on else at <= clock.due_at
    term = room_of(session).catalogue.term(clock.term_id, on=clock.term_on)
    is_late = state == "met" and not within and term.binds and term.verified
    breached_at = clock.breached_at or (clock.due_at if is_late else None)
    ended = {"state": state, "ended_at": at, "next_notice_at": None, "awaits": "[]", "breached_at": breached_at}
    return _change(session, clock, state, **ended)


def pause(session: Session, clock: Deadline, *, from_on: date, ground: str, now: datetime) -> dict[str, Any]:
    """Stop counting from a day on, on a legal ground; the days until `resume` lengthen the term."""
    change = {"kind": "pause", "from_on": from_on, "to_on": None, "ground": ground}
    _write(session, clock, change, now=now)
    return _change(session, clock, "paused", state="paused", **reproject(session, clock, now=now))


def resume(session: Session, clock: Deadline, *, to_on: date, now: datetime) -> dict[str, Any]:
    """Count on: the open pause ends on this day."""
    table = table_of(DeadlineChange)
    open_pause = (table.c.deadline_id == clock.id) & (table.c.kind == "pause") & table.c.to_on.is_(None)
    session.execute(update(table).where(open_pause).values(to_on=to_on))
    return _change(session, clock, "resumed", state="running", **reproject(session, clock, now=now))


def extend(session: Session, clock: Deadline, extension: Extension, *, now: datetime) -> dict[str, Any]:
    """Add an approved extension to a clock."""
    change = {"kind": "extension", "amount": extension.amount, "unit": extension.unit, "to_total": extension.to_total}
    _write(session, clock, change | {"ground": extension.ground, "approved_by": extension.approved_by}, now=now)
    return _change(session, clock, "extended", **reproject(session, clock, now=now))


def ledger(session: Session, deadline_id: UUID) -> tuple[tuple[Pause, ...], tuple[Extension, ...]]:
    """Return a clock's pauses and extensions in the order they were written."""
    statement = select(DeadlineChange).where(DeadlineChange.deadline_id == deadline_id)
    return read_ledger(session.exec(statement.order_by(col(DeadlineChange.id))))


def read_ledger(lines: Iterable[DeadlineChange]) -> tuple[tuple[Pause, ...], tuple[Extension, ...]]:
    """Return the pauses and extensions that ledger lines in their order hold."""
    pauses, extensions = [], []
    for line in lines:
        if line.kind == "pause" and line.from_on is not None:
            pauses.append(Pause(line.from_on, line.to_on, line.ground))
        elif line.amount is not None:
            extensions.append(Extension(line.amount, line.unit, line.ground, line.approved_by, line.to_total))
    return tuple(pauses), tuple(extensions)


def _write(session: Session, clock: Deadline, change: dict[str, Any], *, now: datetime) -> None:
    write(session, DeadlineChange, [{"id": new_id(now), "deadline_id": clock.id, "at": now, **change}])


def reproject(session: Session, clock: Deadline, *, now: datetime) -> dict[str, Any]:
    """Recompute from the ledger what is stored of a clock; reminders of a date that moved are given again."""
    return projections.projected(room_of(session), clock, *ledger(session, clock.id), now=now)


def _change(session: Session, clock: Deadline, what: str, **values: Any) -> dict[str, Any]:
    table = table_of(Deadline)
    session.execute(update(table).where(table.c.id == clock.id).values(**values))
    put(clock, values)
    return _said(
        what,
        {
            "id": clock.id,
            "term_id": clock.term_id,
            "party": clock.party,
            "due_at": clock.due_at,
            "provisional": clock.provisional,
        },
    )
