"""Notices to people: into the inbox of every person of the agency who has the role, and to their mail address."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.exchange.models import NoticeView, PersonNotice
from gateway.identity.models import Person
from gateway.identity.queries import with_roles
from shared.clock import new_id
from shared.errors import NotVisible, Stale
from shared.events import NoticeRaised
from shared.identity import Principal
from shared.records.db import table_of
from shared.records.deliveries import parcel_values, queue
from shared.records.room import room_of


def tell(session: Session, notice: NoticeRaised, *, now: datetime, by_mail: bool = True) -> int:
    """Put a notice into the inboxes it is for, once per key and person. Returns how many people were told.

    Raises Stale when the same notice is being taken elsewhere at this moment.
    """
    people = with_roles(session, notice.agency, notice.role)
    told = set(session.exec(select(PersonNotice.person_id).where(PersonNotice.key == notice.key)))
    fresh = [person for person in people if person.id not in told]
    rows = [_row(notice, person, now) for person in fresh]
    if not rows:
        return 0
    try:
        session.execute(insert(table_of(PersonNotice)), rows)
    except IntegrityError as twin:
        raise Stale(key=notice.key) from twin
    if by_mail and room_of(session).settings.smtp_host:
        pairs = zip(fresh, rows, strict=True)
        queue(session, [_mail(person, row, now) for person, row in pairs if person.email])
    return len(rows)


def _row(notice: NoticeRaised, person: Person, now: datetime) -> dict[str, Any]:
    said = notice.model_dump(include={"key", "agency", "type", "level", "subject"})
    texts = notice.model_dump(include={"title_zh", "title_en", "body_zh", "body_en"})
    return {"id": new_id(now), "person_id": person.id, "at": now, "acknowledged_at": None, **said, **texts}


def _mail(person: Person, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    letter = {
        "to": person.email,
        "title": row[f"title_{person.language}"],
        "body": row[f"body_{person.language}"],
        "subject": row["subject"],
        "level": row["level"],
        "language": person.language,
    }
    return parcel_values(
        row["id"],
        "notice.mail",
        json.dumps(letter, ensure_ascii=False),
        line=f"notice:{row['id']}",
        receiver=f"mail:{person.id}",
        now=now,
        carrier="mail",
        address=person.email,
    )


def of_person(session: Session, *, by: Principal, before: UUID | None, limit: int, unread: bool) -> list[PersonNotice]:
    """Return a person's own notices, newest first; a program has none."""
    statement = select(PersonNotice).where(PersonNotice.person_id == _person_id(by))
    if unread:
        statement = statement.where(col(PersonNotice.acknowledged_at).is_(None))
    if before is not None:
        statement = statement.where(col(PersonNotice.id) < before)
    return list(session.exec(statement.order_by(col(PersonNotice.id).desc()).limit(limit)))


def acknowledge(session: Session, notice_id: UUID, *, by: Principal, now: datetime) -> PersonNotice:
    """Note that a person has read a notice; a second time changes nothing. Raises NotVisible."""
    found = session.get(PersonNotice, notice_id)
    if found is None or found.person_id != _person_id(by):
        raise NotVisible()
    if found.acknowledged_at is None:
        found.acknowledged_at = now
        session.add(found)
    return found


def view(notice: PersonNotice, language: str) -> NoticeView:
    """Return a notice in one language."""
    title, body = (notice.title_en, notice.body_en) if language == "en" else (notice.title_zh, notice.body_zh)
    return NoticeView.model_validate(notice.model_dump() | {"title": title, "body": body})


def _person_id(by: Principal) -> UUID:
    kind, _, person_id = by.actor.partition(":")
    return UUID(person_id) if kind == "person" else UUID(int=0)
