"""Reads of documents, of an agency's register of numbers, and of its templates."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.referral_service.documents.models import Document, NumberView, Template
from shared.documents import templates
from shared.documents.numbers import number
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence
from shared.records.db import Row, visible
from shared.records.room import Room
from shared.rules import document_kinds
from shared.rules.catalogue import Catalogue, NotInForce, UnknownEntry
from shared.rules.document_kinds import DocumentKind, DocumentKinds

_imported: dict[tuple[Path, str], DocumentKinds] = {}
"""Kinds of imported laws, by folder and digest."""
LONGEST_GAP = 200
"""How many missing numbers a register spells out one by one."""


def kinds_of(room: Room) -> DocumentKinds:
    """Return the kinds of document of the room's law; a law without any has those of the project."""
    folder = room.settings.law_folder
    if folder is None or not (folder / "documents").is_dir():
        return document_kinds.default()
    return _loaded(folder, room.catalogue)


def kind_of(room: Room, kind_id: str, on: date) -> DocumentKind:
    """Return a kind in force on a day. Raises BodyInvalid naming the kinds there are."""
    kinds = kinds_of(room)
    try:
        return kinds.kind(kind_id, on)
    except (UnknownEntry, NotInForce) as unknown:
        words = Text(f"没有文书种类 {kind_id}", f"There is no kind of document '{kind_id}'")
        errors = [{"field": "kind", "code": "unknown_kind", "message": words}]
        raise BodyInvalid(words, errors=errors, known=[kind.id for kind in kinds.on(on)]) from unknown


def documents_for(session: Session, subject: Row, *, by: Principal) -> list[Document]:
    """Return the documents of a subject that a principal may see, oldest first: those whose files it may open."""
    seen = {str(item.id) for item in evidence.items_for(session, subject, by=by)}
    statement = (
        select(Document).where(Document.subject == subject.ref).order_by(col(Document.issued_at), col(Document.id))
    )
    return [one for one in session.exec(statement) if one.agency == by.agency or _is_seen(one, seen)]


def document(
    session: Session, subjects: Mapping[str, type[Between]], document_id: UUID, *, by: Principal
) -> tuple[Between, Document]:
    """Return a document and its subject, when the principal may see both. Raises NotVisible."""
    found = session.get(Document, document_id)
    if found is None:
        raise NotVisible(Text("没有这份文书", "There is no such document"))
    kind, _, subject_id = found.subject.partition(":")
    subject = visible(session, subjects[kind], UUID(subject_id), by=by, is_alone=True)
    if found not in documents_for(session, subject, by=by):
        raise NotVisible(Text("没有这份文书", "There is no such document"))
    return subject, found


def newest(session: Session, subject: Between, agency: str, kind_id: str) -> Document | None:
    """Return the latest version of a kind that an agency issued about a subject."""
    statement = select(Document).where(
        Document.subject == subject.ref, Document.agency == agency, Document.kind == kind_id
    )
    return session.exec(statement.order_by(col(Document.version).desc()).limit(1)).first()


def last_ordinal(session: Session, agency: str, kind_id: str, year: int) -> int:
    """Return the highest number an agency took in the order of a kind and year; 0 when none."""
    statement = select(func.max(Document.ordinal)).where(
        Document.agency == agency, Document.kind == kind_id, Document.year == year
    )
    return session.exec(statement).one() or 0


def is_taken(session: Session, agency: str, given: str) -> bool:
    """Whether an agency has a document of that number."""
    statement = select(Document.id).where(Document.agency == agency, Document.number == given)
    return session.exec(statement).first() is not None


def register(session: Session, room: Room, kind: DocumentKind, year: int, *, by: Principal) -> list[NumberView]:
    """Return an agency's numbers of a kind and year in order; numbers left out stand there with the reason given."""
    statement = select(Document).where(Document.agency == by.agency, Document.kind == kind.id)
    rows = list(session.exec(statement.where(Document.year == year).order_by(col(Document.ordinal))))
    known = room.catalogue.agencies.get(by.agency)
    name = known.name_zh if known is not None else by.agency
    other = session.exec(statement.where(col(Document.year).is_(None)).order_by(col(Document.issued_at)))
    return [*_with_gaps(rows, kind, name), *(_numbered(one) for one in other if one.issued_on.year == year)]


def _with_gaps(rows: list[Document], kind: DocumentKind, name: str) -> Iterator[NumberView]:
    """Yield the numbers in order; one left out stands there with the reason of the next that gave one."""
    before = 0
    for index, row in enumerate(rows):
        ordinal = row.ordinal or 0
        reason = next((one.number_reason for one in rows[index:] if one.number_reason), "")
        for missing in range(before + 1, min(ordinal, before + 1 + LONGEST_GAP)):
            yield _left_out(missing, number(name, kind.symbol, row.year or 0, missing), reason)
        before = ordinal
        yield _numbered(row)


def _left_out(ordinal: int, given: str, reason: str) -> NumberView:
    gap = {"document": None, "subject": None, "version": None, "issued_on": None}
    return NumberView(ordinal=ordinal, number=given, reason=reason, **gap)


def _numbered(row: Document) -> NumberView:
    return NumberView(
        ordinal=row.ordinal,
        number=row.number,
        document=row.id,
        subject=row.subject,
        version=row.version,
        issued_on=row.issued_on,
        reason=row.number_reason,
    )


def template(session: Session, agency: str, kind_id: str, format: templates.Format) -> Template | None:
    """Return the template an agency uses in place of the packaged one, if any."""
    found = templates_of(session, agency, kind_id, format)
    return found[-1] if found and found[-1].sha256 else None


def templates_of(session: Session, agency: str, kind_id: str, format: str | None = None) -> list[Template]:
    """Return every version of an agency's templates of a kind, oldest first."""
    statement = select(Template).where(Template.agency == agency, Template.kind == kind_id)
    if format is not None:
        statement = statement.where(Template.format == format)
    return list(session.exec(statement.order_by(col(Template.format), col(Template.version))))


def _loaded(folder: Path, law: Catalogue) -> DocumentKinds:
    known = _imported.get((folder, law.digest))
    if known is None:
        known = _imported[folder, law.digest] = document_kinds.load(folder, law)
    return known


def _is_seen(found: Document, items: set[str]) -> bool:
    return any(file["item"] in items for file in found.files)
