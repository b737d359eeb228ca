"""Channels of people and agencies: added, ended, seen failing, and tried again once the cause is mended."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic import Field as Said
from sqlalchemy import case, func, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from gateway.exchange.guard import check_address
from gateway.identity import queries as identity
from gateway.identity.models import Body, Line, Person
from gateway.identity.sealing import Seal
from gateway.notices import bots
from gateway.notices.models import NoticeChannel
from gateway.notices.preferences import note, own
from shared.clock import new_id
from shared.errors import NotVisible, StepRefused, Text
from shared.identity import Principal
from shared.records.deliveries import Delivery, try_again
from shared.records.journal import Fact, chain
from shared.records.room import room_of
from shared.signing import new_secret

MOST = 20
"""How many channels one person or agency may have."""
TROUBLED = 3
"""After so many attempts in vain a channel is called failing."""
Level = Literal["urgent", "reminder", "info"]
Levels = Annotated[list[Level], Said(min_length=1, max_length=3), AfterValidator(lambda levels: sorted(set(levels)))]


class NewChannel(Body):
    """A bot or a webhook to add: one's own, or with `agency` that of an agency one administers."""

    kind: Literal["bot", "webhook"]
    label: Line
    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]
    agency: Line | None = None
    levels: Levels = Said(default=["info", "reminder", "urgent"])


class ChannelView(BaseModel):
    """A channel without its address, which stays sealed."""

    id: UUID
    agency: str
    personal: bool
    kind: str
    label: str
    levels: list[str]
    created_at: datetime
    ended_at: datetime | None


class NewChannelView(ChannelView):
    """A new channel; for a webhook the key to verify with, shown this once."""

    verification_key: str | None = None


class Failing(BaseModel):
    """A channel on which notices do not arrive: how many wait or stopped, since when, and the newest answer."""

    receiver: str
    kind: str
    agency: str
    holder: str
    label: str
    waiting: int
    stopped: int
    since: datetime
    last_error: str


class Retry(Body):
    """The receiver of a failing channel, as the list of them names it."""

    receiver: Annotated[str, StringConstraints(pattern=r"^(mail|channel):[0-9a-f-]{36}$")]


def add(
    session: Session, body: NewChannel, seal: Seal, *, by: Principal, now: datetime
) -> tuple[NoticeChannel, str | None]:
    """Add a channel; returns it and for a webhook its key. Raises BodyInvalid, NotYourStep, NotVisible, StepRefused."""
    person = own(session, by) if body.agency is None else None
    agency = person.agency if person is not None else str(body.agency)
    if person is None:
        identity.check_governs(session, by, agency)
    is_production = room_of(session).settings.environment == "production"
    if body.kind == "bot":
        bots.check_bot(body.url, is_production=is_production)
    else:
        check_address(body.url, is_production=is_production)
    if len(_in_use(session, agency, person)) >= MOST:
        raise StepRefused(Text(f"渠道至多 {MOST} 个，请先停用不用的", f"At most {MOST} channels: end one first"))
    key = new_secret() if body.kind == "webhook" else None
    row = NoticeChannel(
        id=new_id(now),
        agency=agency,
        person_id=person.id if person is not None else None,
        kind=body.kind,
        label=body.label,
        target=seal.close(body.url),
        keys=json.dumps([seal.close(key)] if key else []),
        levels=",".join(body.levels),
        created_at=now,
    )
    session.add(row)
    said = {"channel": str(row.id), "kind": row.kind, "label": row.label, "levels": row.levels}
    _record(session, row, person, Fact("notices.channel_added", said), by=by, now=now)
    return row, key


def end(session: Session, channel_id: UUID, *, by: Principal, now: datetime) -> NoticeChannel:
    """End one's own channel, or one of an agency one administers. Raises NotVisible or NotYourStep."""
    row = session.get(NoticeChannel, channel_id)
    if row is None or (row.person_id is not None and f"person:{row.person_id}" != by.actor):
        raise NotVisible()
    if row.person_id is None:
        identity.check_governs(session, by, row.agency)
    if row.ended_at is None:
        row.ended_at = now
        session.add(row)
        person = session.get(Person, row.person_id) if row.person_id else None
        _record(session, row, person, Fact("notices.channel_ended", {"channel": str(row.id)}), by=by, now=now)
    return row


def listed(session: Session, *, by: Principal, agency: str | None) -> list[NoticeChannel]:
    """Return one's own channels in use, or those of an agency one administers. Raises NotVisible or NotYourStep."""
    if agency is not None:
        identity.check_governs(session, by, agency)
        return _in_use(session, agency, None)
    person = own(session, by)
    return _in_use(session, person.agency, person)


def failing(session: Session, *, by: Principal) -> list[Failing]:
    """Return the channels of the administered agencies on which notices do not arrive. Raises NotYourStep."""
    identity.check_administrator(by)
    agencies = identity.governed(room_of(session).catalogue.agencies, by)
    found = [_failing(session, row) for row in session.execute(_troubled())]
    return [one for one in found if one is not None and one.agency in agencies]


def again(session: Session, receiver: str, *, by: Principal, now: datetime) -> int:
    """Send again what stopped on a channel, in its order. Returns how many. Raises NotYourStep or NotVisible."""
    identity.check_administrator(by)
    holder = _holder(session, receiver)
    if holder is None:
        raise NotVisible()
    identity.check_governs(session, by, holder[0])
    wanted = rows_of(Delivery.id).where(
        Delivery.receiver == receiver, Delivery.state == "stopped", col(Delivery.type).like("notice.%")
    )
    moved = [one for one in session.exec(wanted) if one is not None and try_again(session, one, now=now)]
    note(session, holder[0], Fact("notices.sent_again", {"receiver": receiver, "count": len(moved)}), by=by, now=now)
    return len(moved)


def view(row: NoticeChannel) -> ChannelView:
    """Return what is shown of a channel."""
    return ChannelView(
        personal=row.person_id is not None,
        levels=row.levels.split(","),
        **row.model_dump(include={"id", "agency", "kind", "label", "created_at", "ended_at"}),
    )


def _in_use(session: Session, agency: str, person: Person | None) -> list[NoticeChannel]:
    whose = NoticeChannel.person_id == person.id if person is not None else col(NoticeChannel.person_id).is_(None)
    statement = rows_of(NoticeChannel).where(
        NoticeChannel.agency == agency, whose, col(NoticeChannel.ended_at).is_(None)
    )
    return list(session.exec(statement.order_by(col(NoticeChannel.id))))


def _troubled() -> Any:
    """The statement that counts, by receiver, what stopped or was tried often without arriving."""
    stuck = (col(Delivery.state) == "stopped") | (
        (col(Delivery.state) == "pending") & (col(Delivery.attempts) >= TROUBLED)
    )
    stopped = func.sum(case((col(Delivery.state) == "stopped", 1), else_=0))
    return (
        select(
            col(Delivery.receiver),
            func.count(),
            stopped,
            func.min(col(Delivery.created_at)),
            func.max(col(Delivery.last_error)),
        )
        .where(stuck, col(Delivery.type).in_(("notice.mail", "notice.bot", "notice.webhook")))
        .group_by(col(Delivery.receiver))
        .order_by(func.min(col(Delivery.created_at)))
    )


def _failing(session: Session, row: Any) -> Failing | None:
    receiver, count, stopped, since, last_error = row
    holder = _holder(session, receiver)
    if holder is None:
        return None
    agency, name, kind, label = holder
    return Failing(
        receiver=receiver,
        kind=kind,
        agency=agency,
        holder=name,
        label=label,
        waiting=int(count) - int(stopped),
        stopped=int(stopped),
        since=since,
        last_error=last_error,
    )


def _holder(session: Session, receiver: str) -> tuple[str, str, str, str] | None:
    """Return the agency, the name, the kind and the label of a receiver's channel."""
    kind, _, name = receiver.partition(":")
    try:
        key = UUID(name)
    except ValueError:
        return None
    if kind == "mail":
        person = session.get(Person, key)
        return None if person is None else (person.agency, person.name, "mail", person.email)
    row = session.get(NoticeChannel, key)
    if row is None:
        return None
    person = session.get(Person, row.person_id) if row.person_id else None
    return row.agency, person.name if person is not None else row.agency, row.kind, row.label


def _record(
    session: Session, row: NoticeChannel, person: Person | None, fact: Fact, *, by: Principal, now: datetime
) -> None:
    if person is None:
        note(session, row.agency, fact, by=by, now=now)
    else:
        said = Fact(fact.type, {"agency": row.agency, **fact.data})
        chain(session, person.ref, said, journey_id=person.id, by=by, now=now)
