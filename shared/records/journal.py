"""The journal: one append-only, hash-chained row per step; audit trail, timeline, version and lock at once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Index, UniqueConstraint, func, update
from sqlalchemy import select as core_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import new_id
from shared.errors import Stale
from shared.identity import Principal
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


@dataclass(frozen=True, slots=True)
class Fact:
    """What an entry says: its type, its step and states, and its data."""

    type: str
    data: Mapping[str, Any]
    step: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    clocks: tuple[Mapping[str, Any], ...] = ()
    procedure: str | None = None
    """The procedure whose step it is."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where a chain does not hold."""

    subject: str
    seq: int
    why: str


def canonical(value: Mapping[str, Any]) -> str:
    """Return the one text of a JSON object that is hashed and stored: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str).decode()


def entry_values(
    subject: str, seq: int, prev: str, fact: Fact, *, journey_id: UUID, by: Principal, now: datetime
) -> dict[str, Any]:
    """Return the row of a new entry, hashed over its body."""
    body = canonical(
        {
            "subject": subject,
            "seq": seq,
            "prev": prev,
            "journey": str(journey_id),
            "type": fact.type,
            "at": now.isoformat(),
            "by": {"agency": by.agency, "actor": by.actor, "name": by.name, "roles": sorted(by.roles)},
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
        "body": body,
        "prev": prev,
        "hash": hashlib.sha256(body.encode()).hexdigest(),
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
    try:
        write(session, Entry, [dict(entry)])
    except IntegrityError as taken:
        raise Stale(subject=entry["subject"]) from taken


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


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored entry as verification reads it: its place, the text that was hashed, and the columns beside it."""

    subject: str
    seq: int
    prev: str
    hash: str
    body: str
    type: str
    agency: str
    actor: str
    journey_id: UUID
    at: datetime


def verify(rows: Iterable[Stored]) -> tuple[int, list[Broken]]:
    """Check chains given in the order of subject and seq.

    Returns how many entries were read and every place that does not hold: a text without its hash, a break in the
    chain, a column that says something else than the text.
    """
    count, broken = 0, []
    subject, seq, head = "", 0, ""
    for row in rows:
        count += 1
        if row.subject != subject:
            subject, seq, head = row.subject, 0, ""
        seq += 1
        if not _plainly_holds(row, seq, head):
            problem = _problem(row, seq, head)
            if problem:
                broken.append(Broken(row.subject, row.seq, problem))
        seq, head = row.seq, row.hash
    return count, broken


def _plainly_holds(row: Stored, seq: int, head: str) -> bool:
    """Whether an entry holds, seen at a glance: what this cannot tell, `_problem` looks at in full."""
    text = row.body.encode()
    back = text[text.rfind(b',"journey":"') + 12 :]
    quote = text.find(b'"', 7)
    return (
        row.seq == seq
        and row.prev == head
        and hashlib.sha256(text).hexdigest() == row.hash
        and back.startswith(_journey(row.journey_id.int))
        and back.startswith(head.encode() + b'"', 46)
        and back.endswith(_type(row.type))
        and _place(seq) in back
        and (seq > 1 or _subject(row.subject) in back)  # the chain ties what follows to the first entry
        and text.startswith(_by(row.actor, row.agency), quote + 2)
        and text.startswith(b"+08:00", quote - 6)
        and datetime.fromisoformat(text[7 : quote - 6].decode() + "+00:00") == row.at + _AHEAD
    )


_AHEAD = timedelta(hours=8)


@lru_cache(maxsize=1024)
def _journey(identifier: int) -> bytes:
    return f'{UUID(int=identifier)}","prev":"'.encode()


@lru_cache(maxsize=256)
def _type(name: str) -> bytes:
    return f'"type":"{name}"}}'.encode()


def _problem(row: Stored, expected: int, head: str) -> str:
    if row.seq != expected:
        return f"expected entry {expected}"
    text = row.body.encode()
    if hashlib.sha256(text).hexdigest() != row.hash:
        return "the text does not have its hash"
    if row.prev != head:
        return "does not continue the entry before it"
    return _disagreement(row, text)


def _disagreement(row: Stored, text: bytes) -> str:
    """Where the text says something else than the columns beside it.

    The text is canonical: `at` and `by` come first, and after `data` nothing but `from` and the fixed end, so that
    only its two ends need to be looked at, however long the data are. No string in them can hold a bare quote.
    """
    back = text[text.rfind(b',"journey":"') + len(b',"journey":"') :]
    if not back.startswith(b'","prev":"%b",' % row.prev.encode(), UUID_LENGTH):
        return "does not continue the entry before it"
    begun = text[7 : text.find(b'"', 7)]
    is_same = (
        text.startswith(_by(row.actor, row.agency), len(begun) + 9)
        and back.endswith(b'"type":"%b"}' % row.type.encode())
        and _place(row.seq) in back
        and (row.seq > 1 or _subject(row.subject) in back)  # the chain ties what follows to the first entry
        and _is_identifier(back[:UUID_LENGTH], row.journey_id)
        and datetime.fromisoformat(begun.decode()) == row.at
    )
    return "" if is_same else "a column says something else than the text"


UUID_LENGTH = 36


def _is_identifier(text: bytes, identifier: UUID) -> bool:
    try:
        return int(text.replace(b"-", b""), 16) == identifier.int
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _place(seq: int) -> bytes:
    return f',"seq":{seq},"step":'.encode()


@lru_cache(maxsize=1024)
def _subject(ref: str) -> bytes:
    return f',"subject":"{ref}","to":'.encode()


@lru_cache(maxsize=1024)
def _by(actor: str, agency: str) -> bytes:
    return b'"by":{"actor":%b,"agency":%b,"name":' % (orjson.dumps(actor), orjson.dumps(agency))


def verify_room(session: Session, subjects: Mapping[str, type[Row]]) -> tuple[int, list[Broken]]:
    """Verify every chain of a room, and that each subject's head and version are the chain's last."""
    table = table_of(Entry)
    chain = table.c
    columns = (chain.subject, chain.seq, chain.prev, chain.hash, chain.body)
    statement = core_select(*columns, chain.type, chain.agency, chain.actor, chain.journey_id, chain.at)
    rows = session.execute(statement.order_by(chain.subject, chain.seq).execution_options(yield_per=1000))
    count, broken = verify(Stored(*row) for row in rows)
    lengths = core_select(chain.subject, func.max(chain.seq)).group_by(chain.subject)
    newest = {subject: int(seq) for subject, seq in session.execute(lengths)}
    for kind, model in subjects.items():
        for subject_id, version in session.exec(select(model.id, model.version)):
            ref = f"{kind}:{subject_id}"
            if newest.get(ref, 0) != version:
                broken.append(Broken(ref, version, "the subject's version is not the chain's length"))
    return count, broken
