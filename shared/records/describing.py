"""Is an item of evidence well described: of a known kind, stating what its kind must state, not here already."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from shared.errors import BodyInvalid, DuplicateEvidence, Text, wrong
from shared.records.blobs import Stored
from shared.records.items import Description, Item
from shared.records.room import room_of
from shared.rules.evidence_kinds import EvidenceKind, ill_stated, implied, labels, lacking

SITE_RECORD = "site_record"
"""The document that is a record of a visit (现场检查笔录)."""
SITE_KIND = "inspection_record"
"""The kind of evidence a record of a visit is; a paper of no other name that is called so is one as well."""

SPAN = ("began_at", "ended_at")
"""What a record of a visit states of its time."""


def kind_of(session: Session, described: Description) -> EvidenceKind | None:
    """Return the kind an item is called, else the one its document is by itself. Raises BodyInvalid."""
    kinds = room_of(session).catalogue.evidence_kinds
    if not described.kind:
        return implied(kinds, described.document)
    if described.kind not in kinds:
        words = Text(f"没有证据种类“{described.kind}”", f"There is no kind of evidence '{described.kind}'")
        errors = [{"field": "kind", "code": "unknown_kind", "message": words}]
        raise BodyInvalid(words, errors=errors, known=sorted(kinds))
    return kinds[described.kind]


def check(session: Session, described: Description, *, now: datetime) -> EvidenceKind | None:
    """Return the kind of an item once it states what its kind must state. Raises BodyInvalid with what is missing."""
    kind = kind_of(session, described)
    if kind is None:
        return None
    missing = lacking(kind.fields, described.details)
    if missing:
        zh, en = labels(missing)
        errors = [
            {
                "field": f"details.{one.field}",
                "code": "missing",
                "message": Text(one.label_zh, one.label_en),
                "basis": one.basis,
                "cite": Text(one.cite.zh, one.cite.en) if one.cite else None,
            }
            for one in missing
        ]
        raise BodyInvalid(Text(f"{kind.name_zh}须载明：{zh}", f"{kind.name_en} must state: {en}"), errors=errors)
    wrong = ill_stated(kind.fields, described.details, now=now)
    if wrong:
        errors = [
            {"field": f"details.{one.field}", "code": "ill_stated", "message": Text(one.zh, one.en)} for one in wrong
        ]
        raise BodyInvalid(Text(wrong[0].zh, wrong[0].en), errors=errors)
    return kind


def is_site_record(session: Session, described: Description) -> bool:
    """Whether an item is a record of a visit, by its document or by the kind it is called."""
    if described.document == SITE_RECORD:
        return True
    kind = kind_of(session, described)
    return kind is not None and kind.id == SITE_KIND and described.document not in kind.documents


def span_of(described: Description) -> tuple[datetime, datetime]:
    """Return from when to when the record of a visit says somebody was there. Raises BodyInvalid naming both."""
    began, ended = (_instant(described.details.get(name)) for name in SPAN)
    if began is None or ended is None:
        words = Text(
            "检查笔录须写明起止时刻，如 2026-01-31T09:30:00+08:00",
            "The record of a visit says when it began and ended, as 2026-01-31T09:30:00+08:00",
        )
        lacking_ones = [name for name, at in zip(SPAN, (began, ended), strict=True) if at is None]
        errors = [{"field": f"details.{name}", "code": "no_instant", "message": words} for name in lacking_ones]
        raise BodyInvalid(words, errors=errors)
    if ended < began:
        zh, en = "检查笔录的结束时刻早于开始时刻", "The record of a visit ends before it begins"
        raise wrong("details.ended_at", "out_of_order", zh, en)
    return began, ended


def _instant(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def refuse_twin(known: Sequence[Item], stored: Stored, described: Description, *, seen: Sequence[Item]) -> None:
    """Refuse the same bytes as the same document; as another document they are marked, not refused.

    The item that is there is named only to who may see it.
    """
    same = [one for one in known if one.sha256 == stored.sha256 and one.state != "withdrawn"]
    twin = next((one for one in same if one.document == described.document), None)
    if twin is not None and twin.id not in {one.id for one in seen}:
        raise DuplicateEvidence(Text("相同内容已在本事项中", "The same bytes are held here already"))
    if twin is not None:
        words = Text(f"相同内容已作为“{twin.name}”在本事项中", f"The same bytes are held here as '{twin.name}'")
        raise DuplicateEvidence(words, item=str(twin.id), sha256=stored.sha256)
