"""The journal: one append-only, hash-chained row per step; audit trail, timeline, version and lock at once."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Index, UniqueConstraint, update
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import iso, new_id
from shared.errors import Stale
from shared.identity import Principal
from shared.records.contested import contested
from shared.records.db import Row, put, table_of, write


class Entry(SQLModel, table=True):
    """One entry. `body` is the exact text that was hashed; `hash` is SHA-256 of it; the body names `prev`."""

    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("subject", "seq"), Index("ix_entries_journey_at", "journey_id", "at"))

    id: UUID = Field(primary_key=True)
    subject: str
    seq: int
    journey_id: UUID
    type: str
    at: datetime
    agency: str
    actor: str
    body: str
    prev: str
    hash: str


class Fact(NamedTuple):
    """What an entry says: its type, its step and states, and its data."""

    type: str
    data: Mapping[str, Any]
    step: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    clocks: tuple[Mapping[str, Any], ...] = ()
    procedure: str | None = None
    """The procedure whose step it is."""


def canonical(value: Mapping[str, Any]) -> str:
    """Return the one text of a JSON object that is hashed and stored: sorted keys, no spaces, UTF-8."""
    return _canonical(value).decode()


def _canonical(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)


@lru_cache(maxsize=256)
def _signature(by: Principal) -> orjson.Fragment:
    """Return who acts as an entry says it; it stands in every entry of a request."""
    said = {"agency": by.agency, "actor": by.actor, "name": by.name, "roles": sorted(by.roles)}
    return orjson.Fragment(_canonical(said))


def entry_values(
    subject: str, seq: int, prev: str, fact: Fact, *, journey_id: UUID, by: Principal, now: datetime
) -> dict[str, Any]:
    """Return the row of a new entry, hashed over its body."""
    body = _canonical(
        {
            "subject": subject,
            "seq": seq,
            "prev": prev,
            "journey": journey_id,
            "type": fact.type,
            "at": iso(now),
            "by": _signature(by),
            "procedure": fact.procedure,
            "step": fact.step,
            "from": fact.from_state,
            "to": fact.to_state,
            "clocks": list(fact.clocks),
            "data": dict(fact.data),
        }
    )
    return {
        "id": new_id(now),
        "subject": subject,
        "seq": seq,
        "journey_id": journey_id,
        "type": fact.type,
        "at": now,
        "agency": by.agency,
        "actor": by.actor,
        "body": body.decode(),
        "prev": prev,
        "hash": hashlib.sha256(body).hexdigest(),
    }


def record(session: Session, subject: Row, fact: Fact, *, by: Principal, now: datetime) -> dict[str, Any]:
    """Append an entry to a stored subject's chain, moving its version, and return the entry's row.

    Raises Stale when somebody else appended first.
    """
    entry = entry_values(
        subject.ref, subject.version + 1, subject.head, fact, journey_id=subject.journey_id, by=by, now=now
    )
    table = table_of(type(subject))
    moved = session.execute(
        update(table)
        .where(table.c.id == subject.id, table.c.version == subject.version)
        .values(version=entry["seq"], head=entry["hash"], updated_at=now)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]  # a cursor result has it
        raise Stale(subject=subject.ref)
    append(session, entry)
    put(subject, {"version": entry["seq"], "head": entry["hash"], "updated_at": now})
    return entry


def append(session: Session, entry: Mapping[str, Any]) -> None:
    """Insert a prepared entry. Raises Stale when its place in the chain is taken."""
    append_all(session, [entry])


def append_all(session: Session, entries: Sequence[Mapping[str, Any]]) -> None:
    """Insert prepared entries. Raises Stale when the place of one in its chain is taken."""
    with contested(subject=entries[0]["subject"]):
        write(session, Entry, entries)


def chain(session: Session, ref: str, fact: Fact, *, journey_id: UUID, by: Principal, now: datetime) -> dict[str, Any]:
    """Append to a chain that has no subject row of its own (`view:…`, `person:…`). Raises Stale when beaten to it."""
    newest = session.exec(
        select(Entry.seq, Entry.hash).where(Entry.subject == ref).order_by(col(Entry.seq).desc()).limit(1)
    ).first()
    seq, prev = newest or (0, "")
    entry = entry_values(ref, seq + 1, prev, fact, journey_id=journey_id, by=by, now=now)
    append(session, entry)
    return entry


def record_view(session: Session, subject: Row, what: str, *, by: Principal, now: datetime) -> None:
    """Journal that a protected record was read, under `view:<ref>`, without moving the subject's version."""
    fact = Fact("record.viewed", {"what": what})
    chain(session, f"view:{subject.ref}", fact, journey_id=subject.journey_id, by=by, now=now)


def timeline(session: Session, subject: str, *, after: int = 0, limit: int = 200) -> list[Entry]:
    """Return a chain's entries in order, after a sequence number."""
    statement = select(Entry).where(Entry.subject == subject, Entry.seq > after)
    return list(session.exec(statement.order_by(col(Entry.seq)).limit(limit)))
