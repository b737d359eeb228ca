"""What was held back, sent when its hour has come: one by one in the morning, or all in the day's one digest."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from gateway.exchange.models import PersonNotice
from gateway.identity.models import Person
from gateway.notices import letters
from gateway.notices.models import NoticeSending
from shared.clock import ZONE, new_id
from shared.records.deliveries import queue
from shared.records.room import Room, room_of

BATCH = 200
TITLES = {"zh": "每日提醒汇总（{on}）：{count} 条", "en": "Daily digest of {on}: {count} notices"}


def send_held(room: Room) -> int:
    """Send what was held back until now. Returns how many were looked at; nothing is written when none is due."""
    with room.reading() as session:
        if session.exec(_due(room.clock()).limit(1)).first() is None:
            return 0
    with room.transaction() as session:
        now = room.clock()
        found = list(session.exec(_due(now).limit(BATCH).with_for_update(skip_locked=True)))
        quiet = [one for one in found if one.held == "quiet"]
        whole = {(one.whom, one.channel) for one in found if one.held == "digest"}
        for sending in _needed(session, quiet):
            _send(session, [sending], now=now)
        for whom, channel in sorted(whole):
            _send_digest(session, whom, channel, now=now)
        return len(found)


def _due(now: datetime) -> Any:
    statement = select(NoticeSending).where(col(NoticeSending.send_at) <= now)
    return statement.order_by(col(NoticeSending.send_at), col(NoticeSending.message_id))


def _send_digest(session: Session, whom: str, channel: str, *, now: datetime) -> None:
    mine = _due(now).where(NoticeSending.whom == whom, NoticeSending.channel == channel, NoticeSending.held == "digest")
    items = _needed(session, list(session.exec(mine.with_for_update(skip_locked=True))))
    if not items:
        return
    said = [json.loads(one.letter) for one in items]
    language = said[0]["language"]
    lines = [f"{number}. {one['title']}\n   {one['body']}" for number, one in enumerate(said, 1)]
    title = TITLES[language].format(on=now.astimezone(ZONE).date().isoformat(), count=len(items))
    digest = {"title": title, "body": "\n".join(lines), "subject": f"digest:{whom}", "level": "info"}
    message_id = new_id(now)
    for one in items:
        one.letter = json.dumps(digest | {"language": language}, ensure_ascii=False)
        one.message_id = message_id
    _send(session, items, now=now)


def _needed(session: Session, sendings: Sequence[NoticeSending]) -> list[NoticeSending]:
    """Return what nobody acknowledged meanwhile; the rest is noted as not needed."""
    read = acknowledged(session, sendings)
    for one in sendings:
        if one.notice_id in read:
            one.send_at, one.outcome = None, "not_needed"
            session.add(one)
    return [one for one in sendings if one.notice_id not in read]


def acknowledged(session: Session, sendings: Sequence[NoticeSending]) -> set[UUID]:
    """Return which of the notices sent were acknowledged."""
    ids = [one.notice_id for one in sendings if one.notice_id is not None]
    statement = select(PersonNotice.id).where(
        col(PersonNotice.id).in_(ids), col(PersonNotice.acknowledged_at).is_not(None)
    )
    return set(session.exec(statement))


def way_of(session: Session, whom: str, channel: str, level: str) -> letters.Way | None:
    """Return a channel as it is now; None when it is no longer there."""
    return ways_of(session, whom, level).get(channel)


def ways_of(session: Session, whom: str, level: str) -> dict[str, letters.Way]:
    """Return the channels that a person or an agency has now."""
    kind, _, name = whom.partition(":")
    if kind == "agency":
        return letters.ways_of_agency(session, name, level)
    person = session.get(Person, UUID(name))
    return letters.ways_of_people(session, [person])[person.id] if person is not None and person.active else {}


def _send(session: Session, items: Sequence[NoticeSending], *, now: datetime) -> None:
    """Queue one delivery for all items, which share a message; a channel that is gone passes them on at once."""
    first = items[0]
    way = way_of(session, first.whom, first.channel, first.level)
    wait = letters.patience(room_of(session).settings, first.level, in_hours=False)
    for one in items:
        one.send_at, one.pass_at = None, now + wait if way is not None else now
        session.add(one)
    session.flush()
    if way is not None:
        queue(session, [letters.parcel(first, way, now=now)])
