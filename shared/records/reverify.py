"""Stored evidence is hashed again by a schedule: the longest unverified first, so many bytes a run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.errors import EvidenceMismatch, NotVisible, Stale
from shared.records.custody import freeze_changed, note_verified
from shared.records.db import visible
from shared.records.items import Item
from shared.records.room import Room

BATCH = 200
TRIES = 4
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Changed:
    """An item whose bytes no longer have their hash; `why`: changed, or missing from the store."""

    room: str
    subject: str
    item: UUID
    name: str
    sha256: str
    why: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one run verified: how many blobs and bytes, and every item whose bytes changed."""

    blobs: int
    size: int
    changed: tuple[Changed, ...]


def run(room: Room, *, before: datetime, most_bytes: int | None = None, progress: Progress | None = None) -> Run:
    """Verify the blobs of a room that were last verified before a moment, longest ago first.

    Stops past `most_bytes` (None: never), after at least one. A blob that changed freezes every item with it: custody,
    journal, and its keeper is told. Raises RoomUnavailable when the store does not answer: that freezes nothing.
    """
    seen: set[str] = set()
    size, changed = 0, list[Changed]()
    for one in _due(room, before):
        if one.sha256 in seen:
            continue
        if seen and most_bytes is not None and size + one.size > most_bytes:
            break
        seen.add(one.sha256)
        size += one.size
        changed += verify(room, one.sha256)
        if progress is not None:
            progress(one.size)
    return Run(len(seen), size, tuple(changed))


def verify(room: Room, sha256: str) -> list[Changed]:
    """Hash one blob again while no transaction waits, and write down what was found."""
    try:
        room.blobs.verify(sha256)
    except EvidenceMismatch:
        return _found_changed(room, sha256, "changed")
    except NotVisible:
        return _found_changed(room, sha256, "missing")
    with room.transaction() as session:
        note_verified(session, sha256, now=room.clock())
    return []


def waiting(room: Room, before: datetime) -> int:
    """Return how many bytes were last verified before a moment."""
    with room.reading() as session:
        statement = select(Item.sha256, Item.size).where(Item.state == "held")
        known = col(Item.last_verified_at)
        found = session.exec(statement.where(or_(known.is_(None), known < before)).distinct()).all()
    return sum(size for _sha256, size in found)


def _due(room: Room, before: datetime) -> Iterator[Item]:
    """Yield held items not verified since a moment: those never verified, then the longest ago."""
    known, order = col(Item.last_verified_at), (col(Item.last_verified_at), col(Item.id))
    held = select(Item).where(Item.state == "held").order_by(*order)
    last: UUID | None = None
    while found := _page(room, held.where(known.is_(None), *((col(Item.id) > last,) if last else ()))):
        yield from found
        last = found[-1].id
    place: Item | None = None
    while found := _page(room, held.where(known < before, *_beyond(place))):
        yield from found
        place = found[-1]


def _beyond(place: Item | None) -> tuple[ColumnElement[bool], ...]:
    if place is None:
        return ()
    known, same = col(Item.last_verified_at), place.last_verified_at
    return (or_(known > same, and_(known == same, col(Item.id) > place.id)),)


def _page(room: Room, statement: SelectOfScalar[Item]) -> list[Item]:
    with room.reading() as session:
        return list(session.exec(statement.limit(BATCH)))


def _found_changed(room: Room, sha256: str, why: str) -> list[Changed]:
    """Freeze every item of the room with these bytes. Returns those frozen now."""
    with room.reading() as session:
        items = session.exec(select(Item).where(Item.sha256 == sha256).order_by(col(Item.id))).all()
    return [
        Changed(room.name, one.subject, one.id, one.name, one.sha256, why) for one in items if _frozen(room, one, why)
    ]


def _frozen(room: Room, found: Item, why: str) -> bool:
    """Freeze one item in a transaction of its own, again when somebody else was faster. Returns whether it was now."""
    for attempt in range(TRIES):
        try:
            with room.transaction() as session:
                return _freeze(session, room, found, why)
        except Stale:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _freeze(session: Session, room: Room, found: Item, why: str) -> bool:
    kind, _, subject_id = found.subject.partition(":")
    subject = visible(session, room.subjects[kind], UUID(subject_id), by=room.itself, is_alone=True)
    fresh = session.get(Item, found.id, populate_existing=True)
    assert fresh is not None
    return freeze_changed(session, subject, fresh, by=room.itself, now=room.clock(), note=why)
