"""A notice as it leaves: one letter for whatever channel carries it, its delivery, and who has which channels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from gateway.identity.models import Person
from gateway.notices.models import MAIL, NoticeChannel, NoticeSending
from gateway.notices.quiet import breaks_through
from shared.config import Settings
from shared.records.deliveries import parcel_values
from shared.records.room import room_of

CARRIERS = {"mail": "mail", "bot": "bot", "webhook": "hook"}


@dataclass(frozen=True, slots=True)
class Way:
    """A channel as a delivery needs it: its kind, and the mail address or the label that is shown."""

    kind: str
    address: str


def letter(said: Mapping[str, Any], language: str) -> str:
    """Return the text of a notice row as a letter, whatever carries it."""
    words = {
        "title": said[f"title_{language}"],
        "body": said[f"body_{language}"],
        "subject": said["subject"],
        "level": said["level"],
        "language": language,
    }
    words |= {"calendar": said["calendar"]} if said.get("calendar") else {}
    return json.dumps(words, ensure_ascii=False)


def patience(settings: Settings, level: str, *, in_hours: bool) -> timedelta:
    """Return how long a channel has before the next one is used."""
    if breaks_through(level, in_hours=in_hours):
        return timedelta(minutes=settings.notice_urgent_minutes)
    return timedelta(hours=settings.notice_other_hours)


def parcel(sending: NoticeSending, way: Way, *, now: datetime) -> dict[str, Any]:
    """Return the delivery of a sending; notices of one subject keep their order on a channel."""
    said = json.loads(sending.letter)
    if sending.rank:
        said |= {"rank": sending.rank}
    return parcel_values(
        sending.message_id,
        f"notice.{way.kind}",
        json.dumps(said, ensure_ascii=False),
        line=f"notice:{said['subject']}",
        receiver=sending.receiver,
        now=now,
        carrier=CARRIERS[way.kind],
        address=way.address,
    )


def ways_of_people(session: Session, people: Sequence[Person]) -> dict[UUID, dict[str, Way]]:
    """Return the channels of many people, each by name, mail first and then oldest first."""
    found: dict[UUID, dict[str, Way]] = {person.id: {} for person in people}
    if room_of(session).settings.smtp_host:
        for person in people:
            if person.email:
                found[person.id][MAIL] = Way("mail", person.email)
    statement = select(NoticeChannel).where(
        col(NoticeChannel.person_id).in_(list(found)), col(NoticeChannel.ended_at).is_(None)
    )
    for row in session.exec(statement.order_by(col(NoticeChannel.id))):
        if row.person_id is not None:
            found[row.person_id][row.name] = Way(row.kind, row.label)
    return found


def ways_of_agency(session: Session, agency: str, level: str) -> dict[str, Way]:
    """Return the agency's own channels that carry a level."""
    statement = select(NoticeChannel).where(
        NoticeChannel.agency == agency,
        col(NoticeChannel.person_id).is_(None),
        col(NoticeChannel.ended_at).is_(None),
    )
    rows = session.exec(statement.order_by(col(NoticeChannel.id)))
    return {row.name: Way(row.kind, row.label) for row in rows if level in row.levels.split(",")}
