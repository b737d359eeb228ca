"""Evidence: items over content-addressed bytes, custody for every act, manifests frozen at hand-over."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import new_id
from shared.errors import EvidenceMismatch, Gone, NotVisible, NotYourStep, Stale, Text
from shared.identity import Principal
from shared.records.blobs import Stored
from shared.records.db import Row, relations_of, table_of, write
from shared.records.journal import Fact, canonical, record, record_view
from shared.records.room import room_of
from shared.rules.requirements import Held

T = TypeVar("T", bound=Row)
KEEPERS = frozenset({"case_officer", "clue_officer", "evidence_keeper", "liaison"})


class Item(SQLModel, table=True):
    """One piece of evidence of a subject. `document` is the requirement's document id it answers, if any."""

    __tablename__ = "items"

    id: UUID = Field(primary_key=True)
    subject: str = Field(index=True)
    document: str
    name: str
    media_type: str
    sha256: str
    size: int = Field(sa_type=BigInteger)
    details: str = "{}"
    state: str = "held"
    added_at: datetime
    added_by: str
    adopted_from: str = ""
    shared_at: datetime | None = None
    """When it was handed over: from then on the other parties see it."""


class Custody(SQLModel, table=True):
    """One act upon an item: added, opened, adopted, withdrawn, found changed."""

    __tablename__ = "custody"

    id: UUID = Field(primary_key=True)
    item_id: UUID = Field(index=True)
    act: str
    at: datetime
    agency: str
    actor: str
    note: str = ""


class Manifest(SQLModel, table=True):
    """The frozen list of what was handed over; its digest is the SHA-256 of `body`."""

    __tablename__ = "manifests"

    subject: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    body: str
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class Description:
    """What an uploader says of an item: the document it is, a name, a media type, and required details."""

    document: str
    name: str
    media_type: str
    details: Mapping[str, Any]


def attach(
    session: Session, subject: Row, stored: Stored, described: Description, *, by: Principal, now: datetime
) -> Item:
    """Add stored bytes to a subject as an item of evidence, with custody and a journal entry."""
    item = Item(
        id=new_id(now),
        subject=subject.ref,
        document=described.document,
        name=described.name,
        media_type=described.media_type,
        sha256=stored.sha256,
        size=stored.size,
        details=json.dumps(dict(described.details), ensure_ascii=False, sort_keys=True),
        added_at=now,
        added_by=f"{by.agency}/{by.actor}",
    )
    write(session, Item, [item.model_dump()])
    custody(session, [item.id], "added", by=by, now=now)
    data = {
        "item": str(item.id),
        "document": item.document,
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size,
    }
    record(session, subject, Fact("evidence.added", data, step="attach"), by=by, now=now)
    return item


def custody(
    session: Session, item_ids: Sequence[UUID], act: str, *, by: Principal, now: datetime, note: str = ""
) -> None:
    """Write who did what to items, and when."""
    rows = [
        {
            "id": new_id(now),
            "item_id": item,
            "act": act,
            "at": now,
            "agency": by.agency,
            "actor": by.actor,
            "note": note,
        }
        for item in item_ids
    ]
    if rows:
        write(session, Custody, rows)


def items(session: Session, subject: Row) -> list[Item]:
    """Return every item of a subject, withdrawn ones too, oldest first."""
    return list(session.exec(select(Item).where(Item.subject == subject.ref).order_by(col(Item.id))))


def items_for(session: Session, subject: Row, *, by: Principal) -> list[Item]:
    """Return the items a principal may see: the owner's side all of them, other parties what was handed over."""
    found = items(session, subject)
    if relations_of(session, subject.kind, subject.id, by) & {"owner", "supervisor", "system"}:
        return found
    return [one for one in found if one.shared_at is not None]


def share(session: Session, subject: Row, *, now: datetime) -> int:
    """Hand every held item over to the other parties. Returns how many are shared now."""
    table = table_of(Item)
    held_now = (table.c.subject == subject.ref) & (table.c.state == "held")
    session.execute(update(table).where(held_now, table.c.shared_at.is_(None)).values(shared_at=now))
    return len(session.exec(select(Item.id).where(Item.subject == subject.ref, Item.state == "held")).all())


def item(session: Session, subject: Row, item_id: UUID, *, by: Principal) -> Item:
    """Return one item of a subject that the principal may see. Raises NotVisible."""
    found = session.get(Item, item_id, populate_existing=True)
    if found is None or found.id not in {one.id for one in items_for(session, subject, by=by)}:
        raise NotVisible(Text("该事项下没有这份证据", "The subject has no such item of evidence"))
    return found


def custody_of(session: Session, found: Item) -> list[Custody]:
    """Return every act upon an item, in order."""
    return list(session.exec(select(Custody).where(Custody.item_id == found.id).order_by(col(Custody.id))))


def keepable(session: Session, subject: T, *, by: Principal) -> T:
    """Return a subject whose evidence the principal may add to or withdraw. Raises NotYourStep.

    Evidence is kept by the owner's officers, and by a room that acts for them.
    """
    relations = relations_of(session, subject.kind, subject.id, by)
    if "system" in relations or ("owner" in relations and by.roles & KEEPERS):
        return subject
    raise NotYourStep(Text("证据由经办单位的办案人员或证据保管员管理", "Evidence is kept by the owner's officers"))


def held(session: Session, subject: Row) -> tuple[Held, ...]:
    """Return what a subject holds, in the form the law's requirements ask about."""
    return tuple(
        Held(found.document, str(found.id), json.loads(found.details))
        for found in items(session, subject)
        if found.state == "held"
    )


def open_item(session: Session, subject: Row, found: Item, *, by: Principal, now: datetime) -> Iterator[bytes]:
    """Return an item's verified bytes and write who opened it. A mismatch freezes the item and is journalled."""
    if found.state == "withdrawn":
        raise Gone(Text("该证据已撤回", "The item was withdrawn"))
    room = room_of(session)
    chunks = room.blobs.open(found.sha256)
    custody(session, [found.id], "opened", by=by, now=now)
    record_view(session, subject, f"item:{found.id}", by=by, now=now)
    return chunks


def freeze_changed(session: Session, subject: Row, found: Item, *, by: Principal, now: datetime) -> None:
    """Write down that an item's bytes no longer have their hash: it is frozen, in custody and in the journal."""
    table = table_of(Item)
    session.execute(update(table).where(table.c.id == found.id).values(state="frozen"))
    custody(session, [found.id], "found_changed", by=by, now=now)
    record(session, subject, Fact("evidence.mismatch", {"item": str(found.id), "sha256": found.sha256}), by=by, now=now)


def withdraw(session: Session, subject: Row, found: Item, *, reason: str, by: Principal, now: datetime) -> Item:
    """Withdraw an item: it stays, with its custody, but no longer counts. Raises Gone when it was before."""
    if found.state == "withdrawn":
        raise Gone(Text("该证据已撤回", "The item was withdrawn"))
    table = table_of(Item)
    session.execute(update(table).where(table.c.id == found.id).values(state="withdrawn"))
    custody(session, [found.id], "withdrawn", by=by, now=now, note=reason)
    record(session, subject, Fact("evidence.withdrawn", {"item": str(found.id), "reason": reason}), by=by, now=now)
    found.state = "withdrawn"
    return found


def freeze(session: Session, subject: Row, *, now: datetime) -> Manifest:
    """Freeze the list of what a subject holds now; the same list has the same digest.

    Raises Stale when somebody freezes it at this moment.
    """
    listed = [
        {
            "item": str(found.id),
            "document": found.document,
            "name": found.name,
            "media_type": found.media_type,
            "sha256": found.sha256,
            "size": found.size,
            "details": json.loads(found.details),
            "added_at": found.added_at.isoformat(),
            "added_by": found.added_by,
        }
        for found in items(session, subject)
        if found.state == "held"
    ]
    body = canonical({"subject": subject.ref, "items": listed})
    digest = hashlib.sha256(body.encode()).hexdigest()
    known = session.get(Manifest, (subject.ref, digest))
    if known is not None:
        return known
    manifest = Manifest(subject=subject.ref, digest=digest, body=body, frozen_at=now)
    try:
        write(session, Manifest, [manifest.model_dump()])
    except IntegrityError as twin:
        raise Stale(subject=subject.ref) from twin
    return manifest


def adopt(session: Session, subject: Row, manifest: Mapping[str, Any], *, by: Principal, now: datetime) -> int:
    """Take over the items of a manifest from another room: rows repeat, bytes do not. Items held already are left.

    Raises EvidenceMismatch when the manifest's text does not have its digest.
    """
    if hashlib.sha256(str(manifest["body"]).encode()).hexdigest() != manifest["digest"]:
        raise EvidenceMismatch(expected=manifest["digest"])
    listed = json.loads(manifest["body"])
    known = {found.adopted_from for found in items(session, subject)}
    fresh = [one for one in listed["items"] if one["item"] not in known]
    rows = [_adopted(subject, one, by=by, now=now) for one in fresh]
    if rows:
        write(session, Item, rows)
        custody(session, [row["id"] for row in rows], "adopted", by=by, now=now, note=str(manifest["digest"]))
    return len(rows)


def _adopted(subject: Row, listed: Mapping[str, Any], *, by: Principal, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "subject": subject.ref,
        "document": listed["document"],
        "name": listed["name"],
        "media_type": listed["media_type"],
        "sha256": listed["sha256"],
        "size": listed["size"],
        "details": json.dumps(listed["details"], ensure_ascii=False, sort_keys=True),
        "state": "held",
        "added_at": now,
        "added_by": f"{by.agency}/{by.actor}",
        "adopted_from": listed["item"],
        "shared_at": None,
    }
