"""Notices of days off that arrive while clocks run: every room keeps them, and counts with them from then on."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Text as LongText
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import new_id
from shared.errors import BodyInvalid, Text
from shared.events import CalendarChanged, Event
from shared.records.journal import canonical
from shared.records.room import Room, room_of
from shared.rules.calendar import Calendar, CalendarError


class CalendarNotice(SQLModel, table=True):
    """A notice of days off, and what became of it here: `applied_at` every clock was counted anew, `settled_at` also
    those that another process started meanwhile; `looked_at` clocks were counted, `moved` of them got another date.
    """

    __tablename__ = "calendar_notices"

    id: UUID = Field(primary_key=True)
    taken_at: datetime
    digest: str = Field(unique=True)
    source: str
    days: str = Field(sa_type=LongText)
    """The notice as canonical JSON: year, papers, days, and `adjusts` where it changes single days."""
    first_on: date
    last_on: date
    applied_at: datetime | None = None
    settled_at: datetime | None = None
    looked_at: int = 0
    moved: int = 0


def take(session: Session, event: Event) -> CalendarNotice | None:
    """Keep a notice the gateway passed on; one that is known, or changes nothing here, is None."""
    told = CalendarChanged.model_validate(event.data)
    if current(session).with_changes(told.notice).differs_from(current(session)) is None:
        return None
    return keep(session, told.notice, source=told.source, now=room_of(session).clock())


def keep(session: Session, notice: Mapping[str, Any], *, source: str, now: datetime) -> CalendarNotice | None:
    """Keep a notice. Returns None when it is known already. Raises BodyInvalid for one that cannot be read."""
    room = room_of(session)
    digest = digest_of(notice)
    if session.exec(select(CalendarNotice).where(CalendarNotice.digest == digest)).first() is not None:
        return None
    span = changed_days(current(session), notice)
    found = CalendarNotice(
        id=new_id(now),
        taken_at=now,
        digest=digest,
        source=source,
        days=canonical(notice),
        first_on=span[0],
        last_on=span[1],
    )
    session.add(found)
    room.looked_at = float("-inf")
    return found


def digest_of(notice: Mapping[str, Any]) -> str:
    """Return what a notice is known by: SHA-256 of its canonical JSON."""
    return hashlib.sha256(canonical(notice).encode()).hexdigest()


def changed_days(calendar: Calendar, notice: Mapping[str, Any]) -> tuple[date, date]:
    """Return the first and last day a notice changes. Raises BodyInvalid when it cannot be read or changes nothing."""
    try:
        span = calendar.with_changes(notice).differs_from(calendar)
    except CalendarError as broken:
        words = Text("放假安排格式有误", "The notice of days off cannot be read")
        errors = [{"field": "notice", "code": "not_a_notice", "message": str(broken)}]
        raise BodyInvalid(words, errors=errors) from broken
    if span is None:
        words = Text("与现行放假安排相同，无须更新", "The notice changes no day of the calendar in use")
        raise BodyInvalid(words, errors=[{"field": "notice", "code": "changes_nothing", "message": words}])
    return span


def known(session: Session) -> list[CalendarNotice]:
    """Return the notices taken here, in the order they came."""
    return list(session.exec(select(CalendarNotice).order_by(col(CalendarNotice.taken_at), col(CalendarNotice.id))))


def current(session: Session) -> Calendar:
    """Return the calendar with every notice taken here, also those this process has not looked at yet."""
    return _with(room_of(session).base, known(session))


def look(room: Room) -> None:
    """Let a room count with the notices its database holds."""
    with room.database.reading({"room": room}) as session:
        found = known(session)
    digests = tuple(one.digest for one in found)
    if digests != room.notices_seen:
        room.calendar, room.notices_seen = _with(room.base, found), digests


def _with(calendar: Calendar, notices: list[CalendarNotice]) -> Calendar:
    for one in notices:
        calendar = calendar.with_changes(orjson.loads(one.days))
    return calendar
