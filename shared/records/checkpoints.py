"""The daily checkpoint: the heads of a day's chains, signed, told to the supervising partner, stamped."""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Text as LongText
from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, and_, col, func, select

from shared.clock import ZONE, new_id, today
from shared.dossier.signatures import digest_of
from shared.dossier.statements import Statement, state
from shared.events import Origin, envelope
from shared.records.db import one_at_a_time, table_of, write
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import Entry, canonical
from shared.records.keyring import keyring_of
from shared.records.room import Room, room_of

GRACE = timedelta(minutes=10)
"""How long after midnight a day is closed: until then a transaction that began before it may still commit."""
MOST_DAYS = 31
"""How many days are caught up with in one transaction."""
NOBODY = "desk"
"""Who signs where no agency is named to run the desk."""
EVENT = "checkpoint.published"
Publish = Callable[[Session, dict[str, Any]], None]


class Checkpoint(SQLModel, table=True):
    """One day of a room: `statement` is the signed statement, byte for byte; `stamp` the RFC 3161 answer in base64."""

    __tablename__ = "checkpoints"

    day: date = Field(primary_key=True)
    chains: int
    entries: int
    digest: str
    """SHA-256 of the statement's body; the next day names it."""
    statement: str = Field(sa_type=LongText)
    made_at: datetime
    stamp: str = Field(default="", sa_type=LongText)


def to_gateway(session: Session, event: dict[str, Any]) -> None:
    """Queue an event for the gateway, which passes it on to the agencies it is addressed to."""
    room = room_of(session)
    line, message_id = str(event["subject"]), UUID(event["id"])
    values = parcel_values(message_id, EVENT, canonical(event), line=line, receiver="gateway", now=room.clock())
    queue(session, [values])


def make_due(session: Session, *, now: datetime, publish: Publish = to_gateway) -> list[Checkpoint]:
    """Make the checkpoint of every day that is over and has none yet, oldest first, and publish each."""
    one_at_a_time(session, "checkpoints")
    made = []
    for day in _days(session, now):
        previous = session.exec(select(Checkpoint.digest).order_by(col(Checkpoint.day).desc()).limit(1)).first()
        found = _made(session, day, previous or "", now=now)
        write(session, Checkpoint, [found.model_dump()])
        publish(session, _event(session, found, now=now))
        made.append(found)
    return made


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether a day is over that has no checkpoint."""
    return next(_days(session, now), None) is not None


def _days(session: Session, now: datetime) -> Iterator[date]:
    last_over = today(now - GRACE) - timedelta(days=1)
    newest = session.exec(select(func.max(Checkpoint.day))).one()
    if newest is None:
        first = session.exec(select(Entry.at).order_by(col(Entry.id)).limit(1)).first()
        if first is None:
            return
        day = today(first)
    else:
        day = newest + timedelta(days=1)
    for number in range(MOST_DAYS):
        if day + timedelta(days=number) <= last_over:
            yield day + timedelta(days=number)


def _made(session: Session, day: date, previous: str, *, now: datetime) -> Checkpoint:
    room = room_of(session)
    begins = datetime.combine(day, time.min, tzinfo=ZONE)
    within = and_(col(Entry.at) >= begins, col(Entry.at) < begins + timedelta(days=1))
    newest = select(Entry.subject, func.max(Entry.seq).label("seq")).where(within).group_by(Entry.subject).subquery()
    same = and_(newest.c.subject == Entry.subject, newest.c.seq == Entry.seq)
    heads = session.exec(select(Entry.subject, Entry.seq, Entry.hash).join(newest, same).order_by(Entry.subject)).all()
    entries = session.exec(select(func.count()).select_from(Entry).where(within)).one()
    agency = room.settings.desk_agency or NOBODY
    said = {
        "type": "checkpoint",
        "room": room.name,
        "agency": agency,
        "on": day.isoformat(),
        "at": now.isoformat(),
        "previous": previous,
        "entries": entries,
        "heads": [list(head) for head in heads],
    }
    statement = state(said, keyring_of(room).signer(agency, now=now), at=now)
    return Checkpoint(
        day=day,
        chains=len(heads),
        entries=entries,
        digest=Statement(statement).digest,
        statement=statement.decode(),
        made_at=now,
    )


def _event(session: Session, found: Checkpoint, *, now: datetime) -> dict[str, Any]:
    """Return the event that tells the supervising partner: the signature names the digest of the whole statement."""
    room = room_of(session)
    statement = Statement(found.statement.encode())
    signature: Mapping[str, Any] = {
        "agency": statement.signature.agency,
        "suite": statement.signature.suite,
        "key": statement.signature.key,
        "signed_at": statement.signature.signed_at.isoformat(),
        "digest": digest_of(statement.body.encode(), statement.signature.suite),
        "value": base64.b64encode(statement.signature.value).decode(),
    }
    data = {
        "room": room.name,
        "on": found.day.isoformat(),
        "digest": found.digest,
        "previous": statement.said["previous"],
        "chains": found.chains,
        "entries": found.entries,
        "signature": signature,
    }
    runs = room.catalogue.agencies.get(room.settings.desk_agency)
    message_id = new_id(now)
    recipients = (runs.superior,) if runs is not None and runs.superior else ()
    origin = Origin(room.name, f"checkpoint:{room.name}:{found.day}", message_id, recipients=recipients)
    return envelope(EVENT, data, origin, message_id=message_id, now=now)


def unstamped(session: Session) -> list[Checkpoint]:
    """Return the newest checkpoints that have no stamp."""
    statement = select(Checkpoint).where(Checkpoint.stamp == "").order_by(col(Checkpoint.day).desc())
    return list(session.exec(statement.limit(MOST_DAYS)))


def keep_stamp(session: Session, day: date, token: bytes) -> None:
    """Keep the stamp over a checkpoint's statement."""
    table = table_of(Checkpoint)
    session.execute(update(table).where(table.c.day == day).values(stamp=base64.b64encode(token).decode()))


def all_of(session: Session) -> list[Checkpoint]:
    """Return every checkpoint of a room, oldest first."""
    return list(session.exec(select(Checkpoint).order_by(col(Checkpoint.day))))


def stamp_of(found: Checkpoint) -> bytes:
    """Return the raw stamp; empty where there is none."""
    return base64.b64decode(found.stamp)


def tend(room: Room, *, publish: Publish = to_gateway) -> int:
    """Make what is due, in a transaction of its own. Returns how many checkpoints were made."""
    now = room.clock()
    with room.reading() as session:
        if not is_due(session, now=now):
            return 0
    with room.transaction() as session:
        return len(make_due(session, now=now, publish=publish))
