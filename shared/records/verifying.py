"""Verification of the journal: does every text have its hash, follow the one before, and say what its columns say."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, select

from shared.records.db import Row, exact_bytes, table_of
from shared.records.journal import Entry


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where a chain does not hold."""

    subject: str
    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored entry as verification reads it: its place, the bytes that were hashed, and the columns beside them."""

    subject: str
    seq: int
    prev: str
    hash: str
    body: bytes
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


def _plainly_holds(row: Stored, seq: int, head: str, sha256: Callable[[bytes], Any] = hashlib.sha256) -> bool:
    """Whether an entry holds, seen at a glance: what this cannot tell, `_problem` looks at in full.

    Its place in time is written to the second, or to the microsecond; every other part is found from its end.
    """
    text = row.body
    tail = text.rfind(b',"journey":"')
    told = 33 if text[26:27] == b"." else 26
    return (
        row.seq == seq
        and row.prev == head
        and sha256(text).hexdigest() == row.hash
        and text.startswith(_journey(row.journey_id.int), tail)
        and text.startswith(head.encode() + b'"', tail + PREV_AT)
        and text.find(_place(seq), tail + PREV_AT) > 0
        and text.endswith(_type(row.type))
        and text.startswith(_begun_by(row.actor, row.agency), told)
        and datetime.fromisoformat(text[7:told].decode() + "+00:00") == row.at + _AHEAD
        and (seq > 1 or text.find(_subject(row.subject), tail) > 0)  # the chain ties what follows to the first entry
    )


_AHEAD = timedelta(hours=8)
PREV_AT = len(b',"journey":"') + 36 + len(b'","prev":"')
"""From the last `,"journey":` to the hash of the entry before."""


@lru_cache(maxsize=1024)
def _journey(identifier: int) -> bytes:
    return f',"journey":"{UUID(int=identifier)}","prev":"'.encode()


@lru_cache(maxsize=256)
def _type(name: str) -> bytes:
    return f'"type":"{name}"}}'.encode()


def _problem(row: Stored, expected: int, head: str) -> str:
    if row.seq != expected:
        return f"expected entry {expected}"
    text = row.body
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


@lru_cache(maxsize=1024)
def _begun_by(actor: str, agency: str) -> bytes:
    return b'+08:00",' + _by(actor, agency)


def verify_room(session: Session, subjects: Mapping[str, type[Row]]) -> tuple[int, list[Broken]]:
    """Verify every chain of a room, and that each subject's head and version are the chain's last."""
    table = table_of(Entry)
    chain = table.c
    columns = (chain.subject, chain.seq, chain.prev, chain.hash, exact_bytes(session, chain.body))
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
