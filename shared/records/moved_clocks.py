"""What is written and who is told when days off give open clocks another date."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from shared.clock import ZONE, new_id
from shared.events import Origin, envelope
from shared.records import journal
from shared.records.calendars import CalendarNotice
from shared.records.db import table_of, write
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import Entry, Fact
from shared.records.notices import Notice
from shared.records.room import Room
from shared.records.words import short_ref

ROLES = ("case_officer", "liaison")
SHOWN = 100
"""How many clocks a notice names; the board of deadlines has them all."""


class Clock(NamedTuple):
    """The columns of an open clock that its date depends on, and whose it is."""

    id: UUID
    subject: str
    kind: str
    term_id: str
    term_on: date
    party: str
    state: str
    started_at: datetime
    due_at: datetime
    provisional: bool
    reached: str
    breached_at: datetime | None


class Moved(NamedTuple):
    """A clock and its new date."""

    clock: Clock
    due_at: datetime
    provisional: bool


def tell(session: Session, room: Room, notice: CalendarNotice, moved: Sequence[Moved], *, now: datetime) -> None:
    """Journal every moved date in its subject's chain, and tell each agency that must act, once."""
    for kind in sorted({one.clock.kind for one in moved}):
        _record(session, room, kind, notice, [one for one in moved if one.clock.kind == kind], now=now)
    by_agency: dict[str, list[Moved]] = defaultdict(list)
    for one in moved:
        by_agency[one.clock.party].append(one)
    rows = [_notice(room, notice, agency, role, mine, now) for agency, mine in by_agency.items() for role in ROLES]
    write(session, Notice, rows)
    queue(session, [_parcel(room, row, now) for row in rows])


def _record(
    session: Session, room: Room, kind: str, notice: CalendarNotice, moved: list[Moved], *, now: datetime
) -> None:
    """Append one entry per subject and move the subjects' versions, in three statements."""
    table = table_of(room.subjects[kind])
    mine = {ref: list(group) for ref, group in groupby(sorted(moved, key=_subject), key=_subject)}
    heads = _heads(session, table, [_id(ref) for ref in mine])
    entries, versions = [], []
    for ref, group in mine.items():
        version, head, journey = heads[_id(ref)]
        fact = Fact("deadline.moved", {"calendar_notice": notice.digest}, clocks=tuple(_said(one) for one in group))
        entry = journal.entry_values(ref, version + 1, head, fact, journey_id=journey, by=room.itself, now=now)
        entries.append(entry)
        versions.append({"subject_id": _id(ref), "to_version": entry["seq"], "to_head": entry["hash"]})
    write(session, Entry, entries)
    statement = update(table).where(table.c.id == bindparam("subject_id"))
    values = {"version": bindparam("to_version"), "head": bindparam("to_head"), "updated_at": now}
    session.connection().execute(statement.values(values), versions)


def _heads(session: Session, table: Any, ids: list[UUID]) -> dict[UUID, tuple[int, str, UUID]]:
    """Return version, head and journey of subjects, which wait for this transaction."""
    found: dict[UUID, tuple[int, str, UUID]] = {}
    columns = (table.c.id, table.c.version, table.c.head, table.c.journey_id)
    for start in range(0, len(ids), 500):
        wanted = table.c.id.in_(ids[start : start + 500])
        rows = session.execute(core_select(*columns).where(wanted).with_for_update())
        found |= {row[0]: (row[1], row[2], row[3]) for row in rows}
    return found


def _id(ref: str) -> UUID:
    return UUID(ref.partition(":")[2])


def _subject(one: Moved) -> str:
    return one.clock.subject


def _said(one: Moved) -> dict[str, Any]:
    return {
        "clock": str(one.clock.id),
        "term": one.clock.term_id,
        "what": "moved",
        "party": one.clock.party,
        "due_at": one.due_at.isoformat(),
        "was_due_at": one.clock.due_at.astimezone(ZONE).isoformat(),
        "provisional": one.provisional,
    }


def _notice(
    room: Room, notice: CalendarNotice, agency: str, role: str, moved: list[Moved], now: datetime
) -> dict[str, Any]:
    """Return the notice of one agency: what moved earlier comes first, and makes it urgent."""
    earlier = sum(one.due_at < one.clock.due_at for one in moved)
    named = sorted(moved, key=lambda one: (one.due_at >= one.clock.due_at, one.due_at))[:SHOWN]
    lines = [_line(room, one) for one in named]
    rest = len(moved) - len(named)
    more = (f"\n另有 {rest} 项,见期限看板。", f"\n{rest} more: see the board of deadlines.") if rest else ("", "")
    return {
        "key": f"calendar:{notice.digest[:16]}:{moved[0].clock.id}",
        "agency": agency,
        "role": role,
        "id": new_id(now),
        "subject": moved[0].clock.subject,
        "type": "deadline.moved",
        "level": "urgent" if earlier else "info",
        "at": now,
        "title_zh": f"放假安排变动:{len(moved)} 项期限改变,其中 {earlier} 项提前",
        "title_en": f"Days off changed: {len(moved)} time limits moved, {earlier} of them to an earlier date",
        "body_zh": "\n".join(line[0] for line in lines) + more[0],
        "body_en": "\n".join(line[1] for line in lines) + more[1],
    }


def _line(room: Room, one: Moved) -> tuple[str, str]:
    term = room.catalogue.term(one.clock.term_id, on=one.clock.term_on)
    was, becomes = (f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" for at in (one.clock.due_at, one.due_at))
    ref = short_ref(one.clock.subject)
    is_earlier = one.due_at < one.clock.due_at
    return (
        f"{ref} “{term.name_zh}”:{was} → {becomes}{'(提前)' if is_earlier else ''}",
        f"{ref} '{term.name_en}': {was} → {becomes}{' (earlier)' if is_earlier else ''}",
    )


def _parcel(room: Room, row: dict[str, Any], now: datetime) -> dict[str, Any]:
    names = ("key", "agency", "role", "type", "level", "title_zh", "title_en", "body_zh", "body_en", "subject")
    origin = Origin(room=room.name, subject=row["subject"], journey_id=row["id"])
    event = envelope("notice.raised", {name: row[name] for name in names}, origin, message_id=row["id"], now=now)
    line = f"notice:{row['subject']}"
    body = journal.canonical(event)
    return parcel_values(row["id"], "notice.raised", body, line=line, receiver="gateway", now=now)
