"""Manifests: the frozen list of what was handed over, and its adoption by the room that receives it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from shared.clock import new_id
from shared.errors import EvidenceMismatch
from shared.identity import Principal
from shared.records.contested import contested
from shared.records.custody import custody
from shared.records.db import Row, write
from shared.records.exhibits import Exhibit, exhibit_values, position
from shared.records.items import Item, items
from shared.records.journal import canonical
from shared.records.room import room_of
from shared.rules.evidence_kinds import implied, retention_of


class Manifest(SQLModel, table=True):
    """The frozen list of what was handed over; its digest is the SHA-256 of `body`."""

    __tablename__ = "manifests"

    subject: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    body: str
    frozen_at: datetime


def freeze(session: Session, subject: Row, *, now: datetime) -> Manifest:
    """Freeze the list of what a subject holds now; the same list has the same digest.

    Raises Stale when somebody freezes it at this moment.
    """
    exhibits = exhibits_of(session, subject)
    listed = [_listed(found, exhibits.get(found.id)) for found in items(session, subject) if found.state == "held"]
    body = canonical({"subject": subject.ref, "items": listed})
    digest = hashlib.sha256(body.encode()).hexdigest()
    known = session.get(Manifest, (subject.ref, digest))
    if known is not None:
        return known
    manifest = Manifest(subject=subject.ref, digest=digest, body=body, frozen_at=now)
    with contested(subject=subject.ref):
        write(session, Manifest, [manifest.model_dump()])
    return manifest


def frozen(session: Session, subject: Row, digest: str | None) -> list[dict[str, Any]]:
    """Return the items of a subject's manifest as they were frozen; none for a digest it never froze."""
    known = session.get(Manifest, (subject.ref, digest)) if digest else None
    listed: list[dict[str, Any]] = json.loads(known.body)["items"] if known is not None else []
    return listed


def adopt(session: Session, subject: Row, manifest: Mapping[str, Any], *, by: Principal, now: datetime) -> int:
    """Take over the items of a manifest from another room: rows repeat, bytes do not. Items held already are left.

    Raises EvidenceMismatch when the manifest's text does not have its digest.
    """
    if hashlib.sha256(str(manifest["body"]).encode()).hexdigest() != manifest["digest"]:
        raise EvidenceMismatch(expected=manifest["digest"])
    listed = json.loads(manifest["body"])
    known = {found.adopted_from for found in items(session, subject)}
    fresh = [one for one in listed["items"] if one["item"] not in known]
    rows = [_adopted(session, subject, one, by=by, now=now) for one in fresh]
    write(session, Item, rows)
    custody(session, [row["id"] for row in rows], "adopted", by=by, now=now, note=str(manifest["digest"]))
    things = [
        exhibit_values(row["id"], subject, one["exhibit"])
        for row, one in zip(rows, fresh, strict=True)
        if one.get("exhibit")
    ]
    write(session, Exhibit, things)
    return len(rows)


def exhibits_of(session: Session, subject: Row) -> dict[Any, Exhibit]:
    """Return where the exhibits of a subject are, by item."""
    found = session.exec(select(Exhibit).where(Exhibit.subject == subject.ref).order_by(col(Exhibit.item_id)))
    return {one.item_id: one for one in found}


def _listed(found: Item, thing: Exhibit | None) -> dict[str, Any]:
    listed = {
        "item": str(found.id),
        "document": found.document,
        "kind": found.kind,
        "name": found.name,
        "media_type": found.media_type,
        "sha256": found.sha256,
        "size": found.size,
        "details": json.loads(found.details),
        "added_at": found.added_at.isoformat(),
        "added_by": found.added_by,
    }
    return listed | ({"exhibit": position(thing)} if thing is not None else {})


def _adopted(
    session: Session, subject: Row, listed: Mapping[str, Any], *, by: Principal, now: datetime
) -> dict[str, Any]:
    law = room_of(session).catalogue
    kind = law.evidence_kinds.get(listed.get("kind", "")) or implied(law.evidence_kinds, listed["document"])
    kept = retention_of(law.retention, kind, subject.kind)
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
        "kind": kind.id if kind else "",
        "retention": kept.id if kept else "",
        "last_verified_at": None,
    }
