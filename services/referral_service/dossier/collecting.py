"""What goes into a dossier: manifest, items, custody, facts, verdicts, documents, journal extract, receipts."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services.referral_service.receipts import queries as receipts
from shared.dossier import names
from shared.dossier.chains import Line, extract
from shared.dossier.exact import exact
from shared.errors import StepRefused, Text
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence, subjects
from shared.records.db import relations_of
from shared.records.evidence import Manifest
from shared.records.journal import timeline
from shared.records.room import Room, room_of
from shared.rules.catalogue import UnknownEntry

INSIDERS = frozenset({"owner", "supervisor", "system"})
ENTRIES = 10_000
FACTS = (
    "facts",
    "conduct_on",
    "conditions",
    "basis",
    "stated",
    "suspected_offence",
    "enterprise_id",
    "enterprise_name",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A blob on its way into the bag: its path below `data/`, its item, hash and size."""

    path: str
    item: str
    sha256: str
    size: int


@dataclass(slots=True)
class Collected:
    """A dossier before it is written: small files by path, pieces of evidence, lines of its description."""

    subject: str
    digest: str
    """Digest of its manifest; empty: it has none."""
    files: dict[str, bytes] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    info: list[tuple[str, str]] = field(default_factory=list)


def collect(
    session: Session,
    subject: Between,
    manifest: Manifest | None,
    *,
    reader: Principal,
    without: Iterable[str] = (),
) -> Collected:
    """Gather what a reader may see of a subject; items in `without` are listed, but their bytes stay here.

    Without a manifest there is no evidence in it.
    """
    listed: list[dict[str, Any]] = json.loads(manifest.body)["items"] if manifest else []
    found = Collected(subject.ref, manifest.digest if manifest else "")
    left_out = set(without)
    found.pieces = [_piece(one) for one in listed if one["item"] not in left_out]
    found.files = {"manifest.json": manifest.body.encode()} if manifest else {}
    found.files |= {
        "facts.json": exact(_facts(subject)),
        "verdict.json": exact({"subject": subject.ref, "verdicts": subject.verdicts}),
        "custody.json": exact(_custody(session, subject, listed)),
        "documents/index.json": exact(_documents(room_of(session), listed)),
        "journal.ndjson": journal_extract(session, subject, reader=reader),
    }
    for row in receipts.receipts(session, subject):
        found.files[f"receipts/{row.kind}-{row.id}.json"] = row.document.encode()
    found.info = _info(room_of(session), subject, reader)
    return found


def manifest_for(session: Session, subject: Between, reader: Principal, *, now: datetime) -> Manifest:
    """Return the manifest a reader is given: insiders before the hand-over what is held now, else the last one.

    Raises StepRefused when there is nothing to give yet.
    """
    if relations_of(session, subject.kind, subject.id, reader) & INSIDERS and subject.sent_manifest is None:
        return evidence.freeze(session, subject, now=now)
    handed = handed_over(session, subject)
    if not handed:
        words = Text("尚未移交任何材料，没有可导出的案卷", "Nothing was handed over yet, so there is no dossier")
        raise StepRefused(words, subject=subject.ref)
    return handed[0]


def handed_over(session: Session, subject: Between) -> list[Manifest]:
    """Return the manifests of a subject that were handed over, newest first."""
    items = [item for item in evidence.items(session, subject) if item.shared_at is not None]
    shared = {str(item.id) for item in items} | {item.adopted_from for item in items}
    rows = select(Manifest).where(Manifest.subject == subject.ref).order_by(col(Manifest.frozen_at).desc())
    return [
        row
        for row in session.exec(rows)
        if {one["item"] for one in json.loads(row.body)["items"]} <= shared or row.digest == subject.sent_manifest
    ]


def _piece(listed: dict[str, Any]) -> Piece:
    path = f"evidence/{listed['item']}/{names.file_name(listed['name'])}"
    return Piece(path, listed["item"], listed["sha256"], listed["size"])


def _facts(subject: Between) -> dict[str, Any]:
    """Return the facts in machine-readable form."""
    said = subject.model_dump(mode="json")
    names_ = ("title", "summary", "state", "owner", "receiver", "division", "procedure_id", "procedure_version", *FACTS)
    return {"subject": subject.ref} | {name: said[name] for name in names_ if name in said}


def _custody(session: Session, subject: Between, listed: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return every act upon each item of a manifest, in order, by the id the manifest has for it."""
    wanted = {one["item"] for one in listed}
    found = {}
    for item in evidence.items(session, subject):
        name = str(item.id) if str(item.id) in wanted else item.adopted_from
        if name in wanted:
            found[name] = [
                {"act": row.act, "at": row.at.isoformat(), "agency": row.agency, "actor": row.actor, "note": row.note}
                for row in evidence.custody_of(session, item)
            ]
    return found


def _documents(room: Room, listed: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return which document of the law each item is, with names, article and where it lies in the bag."""
    found = []
    for one in listed:
        said: dict[str, Any] = {"document": one["document"], "item": one["item"], "path": f"data/{_piece(one).path}"}
        try:
            known = room.catalogue.document(one["document"])
            said |= {"name_zh": known.name_zh, "name_en": known.name_en, "cite": known.cite.zh}
        except UnknownEntry:
            pass
        found.append(said | {"name": one["name"], "media_type": one["media_type"], "details": one["details"]})
    return {"documents": found}


def journal_extract(session: Session, subject: Between, *, reader: Principal) -> bytes:
    """Return the whole chain; entries that are not for the reader are there by their hash only."""
    relations = relations_of(session, subject.kind, subject.id, reader)
    rows = timeline(session, subject.ref, limit=ENTRIES)
    shown = (subjects.shown_entry(session, row, relations, by=reader) for row in rows)
    return extract(Line(one.subject, one.seq, one.prev, one.hash, one.body) for one in shown)


def _info(room: Room, subject: Between, reader: Principal) -> list[tuple[str, str]]:
    owner = room.catalogue.agencies.get(subject.owner)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    return [
        ("Source-Organization", owner.name_zh if owner else subject.owner),
        ("External-Identifier", subject.ref),
        ("External-Description", f"{procedure.name_zh}: {subject.title}"),
        ("Bag-Group-Identifier", str(subject.journey_id)),
        ("Lianqin-Reader", reader.agency),
        ("Lianqin-Procedure", f"{subject.procedure_id} {subject.procedure_version}"),
    ]
