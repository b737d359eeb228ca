"""Custody: every act upon an item is a row; bytes are verified when opened, and frozen when they changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import new_id
from shared.errors import EvidenceMismatch, Gone, NotVisible, StepRefused, Text
from shared.identity import Principal
from shared.records import changes, notices
from shared.records.blobs import BlobStore
from shared.records.db import Row, put, table_of, write
from shared.records.items import Item
from shared.records.journal import Fact, record, record_view
from shared.records.room import room_of


class Custody(SQLModel, table=True):
    """One act upon an item: added, opened, exported, adopted, withdrawn, found changed, or done to an exhibit."""

    __tablename__ = "custody"

    id: UUID = Field(primary_key=True)
    item_id: UUID = Field(index=True)
    act: str
    at: datetime
    agency: str
    actor: str
    note: str = ""
    stated: str = "{}"
    """What was stated of the act: the seal's number, the new place, the receiver …"""


def custody(
    session: Session,
    item_ids: Sequence[UUID],
    act: str,
    *,
    by: Principal,
    now: datetime,
    note: str = "",
    stated: Mapping[str, Any] | None = None,
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
            "stated": json.dumps(dict(stated or {}), ensure_ascii=False, sort_keys=True),
        }
        for item in item_ids
    ]
    write(session, Custody, rows)


def custody_of(session: Session, found: Item) -> list[Custody]:
    """Return every act upon an item, in order."""
    return list(session.exec(select(Custody).where(Custody.item_id == found.id).order_by(col(Custody.id))))


def sound_bytes(blobs: BlobStore, found: Item) -> Iterator[bytes]:
    """Return an item's bytes after verifying all of them. Raises Gone, or EvidenceMismatch when they changed or went.

    What was handed over stays open to those who were given it, also when it is withdrawn afterwards.
    Takes no session: large files are verified while no transaction waits.
    """
    if found.state == "withdrawn" and found.shared_at is None:
        raise Gone(Text("该证据已撤回", "The item was withdrawn"))
    try:
        return blobs.open(found.sha256)
    except NotVisible as missing:
        words = Text("证据文件不在存储中", "The evidence bytes are not in the store")
        raise EvidenceMismatch(words, expected=found.sha256) from missing


def note_opened(session: Session, subject: Row, found: Item, *, by: Principal, now: datetime) -> None:
    """Write that somebody opened an item whose bytes were found sound."""
    custody(session, [found.id], "opened", by=by, now=now)
    record_view(session, subject, f"item:{found.id}", by=by, now=now)
    note_verified(session, found.sha256, now=now)


def note_verified(session: Session, sha256: str, *, now: datetime) -> None:
    """Write on every item of this room with these bytes when they were last found to have their hash."""
    table = table_of(Item)
    session.execute(update(table).where(table.c.sha256 == sha256).values(last_verified_at=now))


def open_item(session: Session, subject: Row, found: Item, *, by: Principal, now: datetime) -> Iterator[bytes]:
    """Return an item's verified bytes and write who opened it. Raises EvidenceMismatch; `freeze_changed` follows."""
    chunks = sound_bytes(room_of(session).blobs, found)
    note_opened(session, subject, found, by=by, now=now)
    return chunks


def freeze_changed(
    session: Session, subject: Row, found: Item, *, by: Principal, now: datetime, note: str = ""
) -> bool:
    """Freeze an item whose bytes no longer have their hash: custody, journal, and its keeper is told, once.

    Returns whether it was frozen now (False: it was before, or is withdrawn).
    """
    if found.state != "held":
        return False
    _set_state(session, found, "frozen")
    custody(session, [found.id], "found_changed", by=by, now=now, note=note)
    data = {"item": str(found.id), "name": found.name, "sha256": found.sha256}
    entry = record(session, subject, Fact("evidence.mismatch", data), by=by, now=now)
    changes.tell(session, subject, entry, [_change(found, "item_frozen", note)], by=by, now=now)
    notices.raise_for_entry(session, subject, Fact("evidence.mismatch", data), str(entry["id"]), now=now)
    return True


def withdraw(session: Session, subject: Row, found: Item, *, reason: str, by: Principal, now: datetime) -> Item:
    """Withdraw an item: it stays, with its custody, but no longer counts. Raises Gone when it was before."""
    if found.state == "withdrawn":
        raise Gone(Text("该证据已撤回", "The item was withdrawn"))
    _set_state(session, found, "withdrawn")
    custody(session, [found.id], "withdrawn", by=by, now=now, note=reason)
    data = {"item": str(found.id), "reason": reason}
    entry = record(session, subject, Fact("evidence.withdrawn", data), by=by, now=now)
    changes.tell(session, subject, entry, [_change(found, "item_withdrawn", reason)], by=by, now=now)
    return found


def reinstate(session: Session, subject: Row, found: Item, *, reason: str, by: Principal, now: datetime) -> Item:
    """Count a frozen item again, after its bytes were restored and verified. Raises StepRefused, EvidenceMismatch."""
    if found.state != "frozen":
        words = Text("只有已冻结的证据需要恢复", "Only a frozen item is reinstated")
        raise StepRefused(words, item=str(found.id), state=found.state)
    sound_bytes(room_of(session).blobs, found)
    _set_state(session, found, "held")
    note_verified(session, found.sha256, now=now)
    custody(session, [found.id], "reinstated", by=by, now=now, note=reason)
    data = {"item": str(found.id), "reason": reason}
    entry = record(session, subject, Fact("evidence.reinstated", data), by=by, now=now)
    changes.tell(session, subject, entry, [_change(found, "item_reinstated", reason)], by=by, now=now)
    return found


def _set_state(session: Session, found: Item, state: str) -> None:
    table = table_of(Item)
    session.execute(update(table).where(table.c.id == found.id).values(state=state))
    put(found, {"state": state})


def _change(found: Item, what: str, reason: str) -> changes.Change:
    return changes.of_item(found, what, reason=reason)
