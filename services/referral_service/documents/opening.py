"""Open the file of an issued document, whatever its version; and show what a kind of document is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.referral_service.documents import queries
from services.referral_service.documents.models import FieldView, KindView
from shared.errors import EvidenceMismatch, NotVisible, Text
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence
from shared.records.evidence import Item
from shared.records.journal import record_view
from shared.records.room import room_of
from shared.rules.document_kinds import DocumentField, DocumentKind


def opened(
    session: Session,
    models: Mapping[str, type[Between]],
    document_id: UUID,
    format: str,
    *,
    by: Principal,
    now: datetime,
) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Return a document's file with its verified bytes, and write who opened it.

    Bytes that changed freeze the item, which is journalled, and raise EvidenceMismatch.
    """
    subject, found = queries.document(session, models, document_id, by=by)
    file = next((one for one in found.files if one["format"] == format), None)
    if file is None:
        raise NotVisible(Text(f"该文书没有 {format} 文件", f"The document has no {format} file"))
    item = UUID(file["item"])
    try:
        chunks = room_of(session).blobs.open(file["sha256"])
    except EvidenceMismatch:
        kept = session.get(Item, item)
        assert kept is not None, "a document's files are items of evidence"
        evidence.freeze_changed(session, subject, kept, by=by, now=now)
        session.commit()
        raise
    evidence.custody(session, [item], "opened", by=by, now=now)
    record_view(session, subject, f"item:{item}", by=by, now=now)
    return file, chunks


def kind_view(kind: DocumentKind) -> KindView:
    """Return a kind as it is shown."""
    makers = [
        {"relation": one.relation, "agency_kind": one.agency_kind, "roles": list(one.roles)} for one in kind.made_by
    ]
    return KindView(
        id=kind.id,
        name_zh=kind.name_zh,
        name_en=kind.name_en,
        cite_zh=kind.cite.zh,
        cite_en=kind.cite.en,
        symbol=kind.symbol,
        made_by=makers,
        addressee=kind.addressee,
        copies=list(kind.copies),
        satisfies=list(kind.satisfies),
        fields=[_field_view(kind, wanted) for wanted in kind.fields],
    )


def _field_view(kind: DocumentKind, wanted: DocumentField) -> FieldView:
    cite = (wanted.cite or kind.cite) if wanted.mandatory == "law" else None
    return FieldView(
        id=wanted.id,
        label_zh=wanted.label_zh,
        label_en=wanted.label_en,
        type=wanted.type,
        mandatory=wanted.mandatory,
        is_known=bool(wanted.source),
        cite_zh=cite.zh if cite else "",
        cite_en=cite.en if cite else "",
        columns=[{"id": one.id, "label_zh": one.label_zh, "label_en": one.label_en} for one in wanted.columns],
    )
