"""Evidence: items over content-addressed bytes, custody for every act, manifests frozen at hand-over.

This file adds items and hands them over; the rows stand in `items.py`, acts in `custody.py`, hand-over lists in
`manifests.py`, things in `exhibits.py`. What other rooms of the house use of them is named here.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, select

from shared.clock import new_id
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records import changes, describing, exhibits
from shared.records.blobs import Stored
from shared.records.custody import (
    Custody,
    custody,
    custody_of,
    freeze_changed,
    note_opened,
    open_item,
    reinstate,
    sound_bytes,
    withdraw,
)
from shared.records.db import Row, table_of, write
from shared.records.exhibits import Deed, Exhibit
from shared.records.exhibits import do as act_upon
from shared.records.items import KEEPERS, Description, Item, held, item, items, items_for, keepable, twins
from shared.records.journal import Fact, canonical, record
from shared.records.manifests import Manifest, adopt, exhibits_of, freeze, frozen
from shared.records.room import room_of
from shared.rules.evidence_kinds import retention_of

__all__ = [
    "KEEPERS",
    "Custody",
    "Deed",
    "Description",
    "Exhibit",
    "Item",
    "Manifest",
    "act_upon",
    "adopt",
    "attach",
    "custody",
    "custody_of",
    "exhibits_of",
    "freeze",
    "freeze_changed",
    "frozen",
    "held",
    "item",
    "items",
    "items_for",
    "keepable",
    "note_opened",
    "open_item",
    "reinstate",
    "share",
    "sound_bytes",
    "take_exhibit",
    "twins",
    "withdraw",
]

EXHIBIT_DOCUMENT = "exhibit"


def attach(
    session: Session, subject: Row, stored: Stored, described: Description, *, by: Principal, now: datetime
) -> Item:
    """Add stored bytes to a subject as an item of evidence, with custody and a journal entry.

    Raises BodyInvalid where its kind must state more, DuplicateEvidence where the same bytes are held already as the
    same document.
    """
    kind = describing.check(session, described, now=now)
    describing.refuse_twin(items(session, subject), stored, described, seen=items_for(session, subject, by=by))
    kept = retention_of(room_of(session).catalogue.retention, kind, subject.kind)
    found = Item(
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
        kind=kind.id if kind else "",
        retention=kept.id if kept else "",
        last_verified_at=now,
    )
    write(session, Item, [found.model_dump()])
    custody(session, [found.id], "added", by=by, now=now)
    said = {name: getattr(found, name) for name in ("document", "kind", "name", "sha256", "size")}
    data = {"item": str(found.id), **said}
    entry = record(session, subject, Fact("evidence.added", data, step="attach"), by=by, now=now)
    changes.tell(session, subject, entry, [changes.of_item(found, "item_added")], by=by, now=now)
    return found


def take_exhibit(
    session: Session, subject: Row, name: str, said: Mapping[str, Any], *, by: Principal, now: datetime
) -> Item:
    """Take a physical exhibit: its description is an item, hashed and stored like a file; where it is, a row beside.

    `said` states quantity, unit, features, storage place, who took it when and where; a seal; photographs by item id.
    """
    photos = [str(one) for one in said.get("photos") or ()]
    known = {str(one.id): one for one in items(session, subject)}
    unknown = [one for one in photos if one not in known or known[one].state != "held"]
    if unknown:
        words = Text("所附照片不是本事项的有效证据", "A photograph is no held item of this subject")
        raise BodyInvalid(words, errors=[{"field": "photos", "code": "unknown_evidence", "items": unknown}])
    kind = next((one.id for one in room_of(session).catalogue.evidence_kinds.values() if one.form == "exhibit"), "")
    described = Description(EXHIBIT_DOCUMENT, name, "application/json", said, kind)
    describing.check(session, described, now=now)
    card = canonical({"name": name, "taken": now.isoformat(), "subject": subject.ref, **said}).encode()
    found = attach(session, subject, room_of(session).blobs.put([card]), described, by=by, now=now)
    exhibits.keep(session, subject, found, said, by=by, now=now)
    return found


def share(session: Session, subject: Row, *, now: datetime) -> int:
    """Hand every held item over to the other parties. Returns how many are shared now."""
    table = table_of(Item)
    held_now = (table.c.subject == subject.ref) & (table.c.state == "held")
    session.execute(update(table).where(held_now, table.c.shared_at.is_(None)).values(shared_at=now))
    return len(session.exec(select(Item.id).where(Item.subject == subject.ref, Item.state == "held")).all())
