"""Private calendar addresses: a random token in the address, of which only the digest is stored; renewed and ended."""

import secrets
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session, col, select

from gateway.identity import queries as identity
from gateway.identity.models import Body, Line, Person
from gateway.identity.sealing import digest
from gateway.notices.models import CalendarFeed
from gateway.notices.preferences import note, own
from shared.clock import new_id
from shared.errors import NotVisible, StepRefused, Text
from shared.identity import Principal
from shared.records.journal import Fact, chain
from shared.records.room import room_of

MOST = 10
"""How many addresses one person or agency may have at a time."""


class NewFeed(Body):
    """A calendar address to make: one's own, or with `agency` that of an agency one administers."""

    agency: Line | None = None


class FeedView(BaseModel):
    """A calendar address, without the token."""

    id: UUID
    agency: str
    personal: bool
    created_at: datetime
    ended_at: datetime | None


class FeedAddress(FeedView):
    """A new or renewed address: the only time it is shown. Whoever has it reads the clocks."""

    url: str


def add(session: Session, agency: str | None, *, by: Principal, now: datetime) -> tuple[CalendarFeed, str]:
    """Make an address; returns the row and the token. Raises NotVisible, NotYourStep or StepRefused."""
    person = own(session, by) if agency is None else None
    if person is None:
        identity.check_governs(session, by, str(agency))
    if len(listed(session, by=by, agency=agency)) >= MOST:
        raise StepRefused(
            Text(f"日历地址至多 {MOST} 个，请先撤销不用的", f"At most {MOST} addresses: revoke one first")
        )
    token = secrets.token_urlsafe(32)
    row = CalendarFeed(
        id=new_id(now),
        digest=digest(token),
        agency=person.agency if person is not None else str(agency),
        person_id=person.id if person is not None else None,
        created_at=now,
    )
    session.add(row)
    _record(session, row, "notices.calendar_added", by=by, now=now)
    return row, token


def rotate(session: Session, feed_id: UUID, *, by: Principal, now: datetime) -> tuple[CalendarFeed, str]:
    """Give an address a new token; the old one opens nothing from now on. Raises NotVisible or NotYourStep."""
    row = _administered(session, feed_id, by)
    if row.ended_at is not None:
        raise NotVisible()
    token = secrets.token_urlsafe(32)
    row.digest = digest(token)
    session.add(row)
    _record(session, row, "notices.calendar_rotated", by=by, now=now)
    return row, token


def end(session: Session, feed_id: UUID, *, by: Principal, now: datetime) -> CalendarFeed:
    """Revoke an address. Raises NotVisible or NotYourStep."""
    row = _administered(session, feed_id, by)
    if row.ended_at is None:
        row.ended_at = now
        session.add(row)
        _record(session, row, "notices.calendar_ended", by=by, now=now)
    return row


def listed(session: Session, *, by: Principal, agency: str | None) -> list[CalendarFeed]:
    """Return the addresses in use, one's own or an administered agency's. Raises NotVisible or NotYourStep."""
    statement = select(CalendarFeed).where(col(CalendarFeed.ended_at).is_(None))
    if agency is not None:
        identity.check_governs(session, by, agency)
        statement = statement.where(CalendarFeed.agency == agency, col(CalendarFeed.person_id).is_(None))
    else:
        statement = statement.where(CalendarFeed.person_id == own(session, by).id)
    return list(session.exec(statement.order_by(col(CalendarFeed.id))))


def holder(session: Session, token: str) -> Principal:
    """Return who reads by a token: the person with the roles of today, or the agency. Raises NotVisible."""
    row = session.exec(select(CalendarFeed).where(CalendarFeed.digest == digest(token))).first()
    agency = room_of(session).catalogue.agencies.get(row.agency) if row is not None else None
    if row is None or row.ended_at is not None or agency is None:
        raise NotVisible()
    if row.person_id is None:
        return Principal(agency.id, agency.kind, f"calendar:{row.id}", frozenset(), agency.name_zh)
    person = session.get(Person, row.person_id)
    if person is None or not person.active or person.agency != row.agency:
        raise NotVisible()
    return Principal(agency.id, agency.kind, person.ref, person.role_set, person.name)


def view(row: CalendarFeed) -> FeedView:
    """Return what is shown of an address."""
    shown = row.model_dump(include={"id", "agency", "created_at", "ended_at"})
    return FeedView(personal=row.person_id is not None, **shown)


def address(row: CalendarFeed, token: str, base: str) -> FeedAddress:
    """Return an address with its token."""
    return FeedAddress(**view(row).model_dump(), url=f"{base.rstrip('/')}/v1/calendar/{token}.ics")


def _administered(session: Session, feed_id: UUID, by: Principal) -> CalendarFeed:
    row = session.get(CalendarFeed, feed_id)
    if row is None or (row.person_id is not None and f"person:{row.person_id}" != by.actor):
        raise NotVisible()
    if row.person_id is None:
        identity.check_governs(session, by, row.agency)
    return row


def _record(session: Session, row: CalendarFeed, type_: str, *, by: Principal, now: datetime) -> None:
    fact = Fact(type_, {"calendar": str(row.id)})
    if row.person_id is None:
        note(session, row.agency, fact, by=by, now=now)
    else:
        said = Fact(type_, {"agency": row.agency, **fact.data})
        chain(session, f"person:{row.person_id}", said, journey_id=row.person_id, by=by, now=now)
