"""The watch over running clocks: raises each reminder once and writes down a breach; cost follows what is due."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.clock import ZONE
from shared.errors import Text
from shared.records import journal, notices, projections
from shared.records.db import Row, table_of
from shared.records.deadlines import Deadline
from shared.records.notices import Telling
from shared.records.room import Room, room_of
from shared.rules.notices import Audience, Rung, ladder
from shared.rules.term_entries import Due, Term

BATCH = 200


def sweep(room: Room) -> int:
    """Raise what is due in one transaction of at most 200 clocks. Returns how many clocks were looked at.

    Nothing is written, and no writer kept waiting, when nothing is due.
    """
    with room.reading() as session:
        if (
            session.exec(select(Deadline.id).where(col(Deadline.next_notice_at) <= room.clock()).limit(1)).first()
            is None
        ):
            return 0
    with room.transaction() as session:
        now = room.clock()
        due_now = (
            select(Deadline)
            .where(col(Deadline.next_notice_at) <= now)
            .order_by(col(Deadline.next_notice_at))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        clocks = session.exec(due_now).all()
        for clock in clocks:
            remind(session, clock, now=now)
        return len(clocks)


def remind(session: Session, clock: Deadline, *, now: datetime) -> None:
    """Raise every reminder of one clock that has come, note a breach, and set the next moment."""
    room = room_of(session)
    subject = session.get(room.subjects[clock.kind], clock.subject_id, populate_existing=True)
    assert subject is not None
    term = room.catalogue.term(clock.term_id, on=clock.term_on)
    reached: list[str] = json.loads(clock.reached)
    rungs = _rungs(room, term, clock)
    come = [rung for rung in rungs if rung.at <= now and projections.rung_key(rung.name, clock.due_at) not in reached]
    tellings = [telling for rung in come for telling in _tellings(room, subject, clock, term, rung)]
    reached += [projections.rung_key(rung.name, clock.due_at) for rung in come]
    ahead = [rung.at for rung in rungs if rung.at > now]
    values: dict[str, Any] = {"reached": json.dumps(reached), "next_notice_at": min(ahead, default=None)}
    if now >= clock.due_at and clock.breached_at is None and term.verified and term.binds:
        values["breached_at"] = clock.due_at
        _breach(session, subject, clock, room, now=now)
    table = table_of(Deadline)
    session.execute(update(table).where(table.c.id == clock.id).values(**values))
    notices.raise_notices(session, subject, tellings, now=now)


def _rungs(room: Room, term: Term, clock: Deadline) -> tuple[Rung, ...]:
    """Return the clock's reminders as they were projected, with texts from the catalogue."""
    at = clock.due_at.astimezone(ZONE)
    projected = Due(on=None, at=at, provisional=clock.provisional)
    moments = {name: datetime.fromisoformat(when) for name, when in json.loads(clock.rungs)}
    rungs = ladder(room.catalogue, term, projected, clock.started_at.astimezone(ZONE), room.calendar)
    return tuple(rung for rung in rungs if rung.name in moments)


def _breach(session: Session, subject: Row, clock: Deadline, room: Room, *, now: datetime) -> None:
    data = {"clock": str(clock.id), "term": clock.term_id, "party": clock.party, "due_at": clock.due_at.isoformat()}
    moved = ({"clock": str(clock.id), "term": clock.term_id, "what": "breached", "party": clock.party},)
    fact = journal.Fact("deadline.breached", data, clocks=moved)
    journal.record(session, subject, fact, by=room.itself, now=now)


def _tellings(room: Room, subject: Row, clock: Deadline, term: Term, rung: Rung) -> list[Telling]:
    values = _words(room, subject, clock, term)
    mark_zh, mark_en = _mark(term)
    key = f"{clock.id}:{projections.rung_key(rung.name, clock.due_at)}"
    is_late = rung.at >= clock.due_at and term.binds
    return [
        Telling(
            key=f"{key}:{audience.agency}",
            type="deadline.breached" if is_late else "deadline.approaching",
            level="urgent" if is_late else "reminder",
            agencies=_agencies(room, clock.party, audience),
            roles=(role,),
            title=Text(mark_zh + rung.title_zh.format_map(values), mark_en + rung.title_en.format_map(values)),
            body=Text(rung.zh.format_map(values), rung.en.format_map(values)),
            in_hours=term.unit == "hours",
            template=f"ladder:{term.ladder}:{rung.name}",
            values=values | {"mark_zh": mark_zh, "mark_en": mark_en},
        )
        for audience in rung.audience
        for role in audience.roles
        if term.verified or audience.agency == "obligated"
    ]


def _mark(term: Term) -> tuple[str, str]:
    """Return what stands before a reminder of a term that binds nobody: not verified, or only agreed."""
    if not term.verified:
        return "〔条文未核验，仅供提示〕", "[Text not verified, for information only] "
    if term.authority == "agreement":
        return "〔协议期限，非法定〕", "[Agreed between agencies, not law] "
    return "", ""


def _agencies(room: Room, party: str, audience: Audience) -> tuple[str, ...]:
    """Return the agencies an audience means for a clock's party."""
    if audience.agency == "obligated":
        return (party,)
    known = room.catalogue.agencies.get(party)
    if audience.agency == "superior":
        return (known.superior,) if known and known.superior else ()
    procuratorate = room.catalogue.supervising_procuratorate(party)
    return (procuratorate.id,) if procuratorate else ()


def _words(room: Room, subject: Row, clock: Deadline, term: Term) -> dict[str, str]:
    party = room.catalogue.agencies.get(clock.party)
    return {
        "ref": str(getattr(subject, "title", "") or subject.ref),
        "term_zh": term.name_zh,
        "term_en": term.name_en,
        "lapses_at": clock.due_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M"),
        "agency_zh": party.name_zh if party else clock.party,
        "agency_en": party.name_en if party else clock.party,
    }
