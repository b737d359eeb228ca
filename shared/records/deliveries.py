"""Facts on their way to a machine: rows written with the step, claimed under a lease, sent at least once, in order."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, Update, bindparam, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from shared.records.db import table_of, write
from shared.records.room import Room

MAX_ATTEMPTS = 30
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)
RETRIED_STATUSES = frozenset({408, 425, 429})
PENDING = text("state = 'pending'")
SERIAL: Any = BigInteger().with_variant(Integer(), "sqlite")


class Delivery(SQLModel, table=True):
    """One message for one receiver. `due_at` is schedule, lease and back-off in one.

    `line` names what keeps its order (a subject); within (line, receiver) nothing overtakes.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_due",
            "due_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_deliveries_line", "line", "receiver", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    line: str
    receiver: str
    carrier: str
    address: str = ""
    message_id: UUID
    type: str
    body: str
    state: str = "pending"
    due_at: datetime
    attempts: int = 0
    token: int = 0
    last_error: str = ""
    created_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: an HTTP-like status (0 when it could not be reached) and a few words."""

    status: int
    words: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery, free of its session."""

    id: int
    token: int
    line: str
    receiver: str
    carrier: str
    address: str
    message_id: UUID
    type: str
    body: str
    attempts: int


Carrier = Callable[[Parcel, datetime], Answer]
Stopped = Callable[[Session, Parcel, Answer], None]


def parcel_values(
    message_id: UUID, type_: str, body: str, *, line: str, receiver: str, now: datetime, **extra: Any
) -> dict[str, Any]:
    """Return the row of a new delivery; `extra` may name `carrier` and `address`."""
    return {
        "line": line,
        "receiver": receiver,
        "carrier": extra.get("carrier", "room"),
        "address": extra.get("address", ""),
        "message_id": message_id,
        "type": type_,
        "body": body,
        "state": "pending",
        "due_at": now,
        "attempts": 0,
        "token": 0,
        "last_error": "",
        "created_at": now,
    }


def queue(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write deliveries in the step's own transaction."""
    write(session, Delivery, rows)


def next_attempt(answer: Answer, attempts: int, *, now: datetime, jitter: float) -> tuple[str, datetime]:
    """Return the state and the next moment after an answer: a pure function.

    Network errors, 5xx, 408, 425 and 429 are tried again with doubling waits of at most an hour;
    410 and other 4xx stop the line and call a human, and so do thirty attempts.
    """
    if answer.taken:
        return "delivered", now
    lasting = 400 <= answer.status < 500 and answer.status not in RETRIED_STATUSES
    if lasting or attempts >= MAX_ATTEMPTS:
        return "stopped", now
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return "pending", now + wait * (1 + 0.2 * jitter)


def claim(session: Session, *, now: datetime, lease: timedelta, limit: int = 50) -> list[Parcel]:
    """Take due deliveries for the time of the lease, at most one per line and receiver, oldest first.

    PostgreSQL skips rows another worker holds; SQLite has one writer, so nobody else can claim meanwhile.
    A stopped delivery holds its line: nothing behind it is claimed.
    """
    earlier = table_of(Delivery).alias("earlier")
    waiting = (
        select(earlier.c.id)
        .where(earlier.c.line == Delivery.line, earlier.c.receiver == Delivery.receiver)
        .where(earlier.c.id < col(Delivery.id), earlier.c.state != "delivered")
        .exists()
    )
    statement = (
        select(Delivery)
        .where(Delivery.state == "pending", Delivery.due_at <= now, ~waiting)
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [_parcel(row) for row in session.exec(statement)]
    if found:
        taken = [
            {"parcel": one.id, "token": one.token, "attempts": one.attempts, "due_at": now + lease} for one in found
        ]
        session.connection().execute(_taking(), taken)
    return found


@cache
def _taking() -> Update:
    """The update of a claim, run for many parcels in one round trip."""
    table = table_of(Delivery)
    names = ("token", "attempts", "due_at")
    return update(table).where(table.c.id == bindparam("parcel")).values({name: bindparam(name) for name in names})


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether a claim would find something to look at: asked first, so that an idle worker writes nothing."""
    pending = select(Delivery.id).where(Delivery.state == "pending", Delivery.due_at <= now).limit(1)
    return session.exec(pending).first() is not None


def _parcel(row: Delivery) -> Parcel:
    assert row.id is not None
    return Parcel(
        id=row.id,
        token=row.token + 1,
        line=row.line,
        receiver=row.receiver,
        carrier=row.carrier,
        address=row.address,
        message_id=row.message_id,
        type=row.type,
        body=row.body,
        attempts=row.attempts + 1,
    )


def settle(session: Session, parcel: Parcel, answer: Answer, *, now: datetime, jitter: float) -> str:
    """Write down what became of a claimed delivery, and return its state.

    A worker whose lease passed to another changes nothing and is told `taken_over`.
    """
    state, due_at = next_attempt(answer, parcel.attempts, now=now, jitter=jitter)
    table = table_of(Delivery)
    values = {
        "state": state,
        "due_at": due_at,
        "last_error": "" if answer.taken else f"{answer.status} {answer.words}"[:500],
        "done_at": now if state != "pending" else None,
    }
    mine = (table.c.id == parcel.id) & (table.c.token == parcel.token)
    settled = session.execute(update(table).where(mine).values(values))
    return state if settled.rowcount else "taken_over"  # type: ignore[attr-defined]  # a cursor result has it


def claim_due(room: Room, *, limit: int) -> list[Parcel]:
    """Claim in a transaction of its own what is due; nothing is written when nothing is."""
    with room.reading() as session:
        if not is_any_due(session, now=room.clock()):
            return []
    lease = timedelta(seconds=room.settings.lease_seconds)
    with room.transaction() as session:
        return claim(session, now=room.clock(), lease=lease, limit=limit)


def deliver_due(
    room: Room, carriers: dict[str, Carrier], *, on_stopped: Callable[[Session, Parcel, Answer], None]
) -> int:
    """Claim, send and settle what is due now. Returns how many were tried."""
    parcels = claim_due(room, limit=50)
    answers = [(parcel, carriers[parcel.carrier](parcel, room.clock())) for parcel in parcels]
    if not answers:
        return 0
    with room.transaction() as session:
        for parcel, answer in answers:
            state = settle(session, parcel, answer, now=room.clock(), jitter=random.random())
            if state == "stopped":
                on_stopped(session, parcel, answer)
    return len(answers)


def try_again(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """Put a stopped delivery back in its line, after a human mended the cause."""
    table = table_of(Delivery)
    again = update(table).where(table.c.id == delivery_id, table.c.state == "stopped")
    moved = session.execute(again.values(state="pending", due_at=now, attempts=0, done_at=None))
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # a cursor result has it
