"""Issue documents: filled from what the desk knows, numbered, printed, kept by hash, journalled, made evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.referral_service.documents import filling, queries
from services.referral_service.documents.bodies import Issue, Preview
from services.referral_service.documents.filling import Scene
from services.referral_service.documents.models import Document
from shared.clock import new_id, today
from shared.documents.numbers import number, order_in
from shared.documents.printing import printed
from shared.documents.sheet import Heading, sheet
from shared.documents.stated import Stated, details, require, stated
from shared.documents.templates import Format
from shared.errors import NotYourStep, Stale, Text, wrong
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence
from shared.records.db import one_at_a_time, relations_of, table_of, visible, write
from shared.records.evidence import Description, Item
from shared.records.journal import Fact, record
from shared.records.perform import expect
from shared.records.room import room_of

T = TypeVar("T", bound=Between)
MEDIA_TYPES: Mapping[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a document is to be issued: its formats, a number of its own, its legal day."""

    formats: tuple[Format, ...] = ("pdf",)
    number: str | None = None
    number_reason: str = ""
    issued_on: date | None = None


@dataclass(slots=True)
class _Paper:
    """A document on its way: what it states, under which number, and the files it becomes."""

    scene: Scene
    texts: dict[str, Stated]
    heading: Heading
    version: int
    place: tuple[int, int] | None
    files: list[dict[str, Any]] = field(default_factory=list)


def issue(session: Session, model: type[T], subject_id: UUID, body: Issue, *, by: Principal, now: datetime) -> Document:
    """Issue a document about a subject the principal sees."""
    subject = visible(session, model, subject_id, by=by, is_alone=True)
    expect(session, subject)
    formats: tuple[Format, ...] = ("pdf", "docx") if body.format == "both" else (body.format,)
    wanted = Wanted(formats, body.number, body.number_reason, body.issued_on)
    return produce(session, subject, body.kind, body.fields, by=by, now=now, wanted=wanted)


def produce(
    session: Session,
    subject: Between,
    kind_id: str,
    fields: Mapping[str, Any],
    *,
    by: Principal,
    now: datetime,
    wanted: Wanted | None = None,
) -> Document:
    """Issue a document: its number and version are taken, its files stored and attached, its hash journalled.

    `fields` overrides what the desk knows. Raises NotYourStep, BodyInvalid, and EvidenceMissing naming what the
    article makes mandatory and nobody stated; then nothing is kept.
    """
    wanted = wanted or Wanted()
    scene = _scene(session, subject, kind_id, by=by, now=now)
    issued_on = wanted.issued_on or today(now)
    if issued_on > today(now):
        raise wrong("issued_on", "in_the_future", "落款日期晚于今天", "the day of the document lies ahead")
    texts = stated(scene.kind, filling.known(scene) | dict(fields))
    require(scene.kind, texts)
    given, place = _number(scene, wanted, issued_on)
    before = queries.newest(session, subject, scene.maker, scene.kind.id)
    paper = _Paper(scene, texts, _heading(scene, given, issued_on), before.version + 1 if before else 1, place)
    for format in wanted.formats:
        _print(paper, format, by=by)
    if before is not None:
        _supersede(scene, before, paper.version, by=by)
    return _kept(paper, wanted, before, by=by)


def preview(
    session: Session, model: type[T], subject_id: UUID, body: Preview, *, by: Principal, now: datetime
) -> bytes:
    """Return the draft of a document as PDF: marked as such, open where something is still to be filled in."""
    subject = visible(session, model, subject_id, by=by)
    scene = _scene(session, subject, body.kind, by=by, now=now)
    texts = stated(scene.kind, filling.known(scene) | body.fields)
    own, _version = _template(scene, "pdf")
    heading, fonts = _heading(scene, "", today(now)), scene.room.settings.document_fonts
    return printed(scene.kind, heading, texts, at=now, template=own, fonts=fonts, is_draft=True)


def _scene(session: Session, subject: Between, kind_id: str, *, by: Principal, now: datetime) -> Scene:
    """Return what a document is issued from. Raises NotYourStep for somebody who may not issue that kind."""
    kind = queries.kind_of(room_of(session), kind_id, today(now))
    relations = relations_of(session, subject.kind, subject.id, by)
    may = "system" in relations or any(
        actor.relation in relations
        and actor.agency_kind in (None, by.kind)
        and (not actor.roles or by.roles & set(actor.roles))
        for actor in kind.made_by
    )
    if not may:
        words = Text(
            f"{kind.name_zh}不由您的单位或岗位制作", f"'{kind.name_en}' is not for your agency or role to issue"
        )
        raise NotYourStep(words, made_by=[{"relation": one.relation, "roles": list(one.roles)} for one in kind.made_by])
    return Scene(session, subject, kind, subject.owner if by.is_system else by.agency, now)


def _heading(scene: Scene, given: str, issued_on: date) -> Heading:
    room, kind = scene.room, scene.kind
    addressee = filling.agency_of(scene, kind.addressee) if kind.addressee else ""
    copies = [agency for copied in kind.copies if (agency := filling.agency_of(scene, copied))]
    return Heading(
        filling.name_of(room, scene.maker),
        issued_on,
        given,
        filling.name_of(room, addressee) if addressee else "",
        tuple(filling.name_of(room, copied) for copied in copies),
    )


def _number(scene: Scene, wanted: Wanted, issued_on: date) -> tuple[str, tuple[int, int] | None]:
    """Return the number, and its place in the agency's order. Others of the same order wait until this commits."""
    session, maker, kind = scene.session, scene.maker, scene.kind
    name = filling.name_of(scene.room, maker)
    one_at_a_time(session, f"document-number:{maker}:{kind.id}")
    if wanted.number is None:
        return _next_number(scene, name, issued_on.year)
    if queries.is_taken(session, maker, wanted.number):
        zh, en = f"文号 {wanted.number} 已经使用", f"the number {wanted.number} is taken"
        raise wrong("number", "taken", zh, en)
    place = order_in(wanted.number, name, kind.symbol)
    if place is None:
        return wanted.number, None
    expected = queries.last_ordinal(session, maker, kind.id, place[0]) + 1
    if place[1] > expected and not wanted.number_reason.strip():
        zh = f"{wanted.number} 之前的文号未使用（下一号为 {expected}），请在 number_reason 说明原因"
        en = f"numbers before {wanted.number} are not used (the next is {expected}); say why in number_reason"
        raise wrong("number_reason", "gap", zh, en)
    return wanted.number, place


def _next_number(scene: Scene, name: str, year: int) -> tuple[str, tuple[int, int]]:
    """Return the first number after the last; one that stands already, stated for another kind, is passed over."""
    ordinal = queries.last_ordinal(scene.session, scene.maker, scene.kind.id, year) + 1
    given = number(name, scene.kind.symbol, year, ordinal)
    while queries.is_taken(scene.session, scene.maker, given):
        ordinal += 1
        given = number(name, scene.kind.symbol, year, ordinal)
    return given, (year, ordinal)


def _print(paper: _Paper, format: Format, *, by: Principal) -> None:
    """Print one file, store it, attach it as evidence; other parties see at once what is not the owner's."""
    scene = paper.scene
    template, version = _template(scene, format)
    fonts, kind = scene.room.settings.document_fonts, scene.kind
    content = printed(kind, paper.heading, paper.texts, at=scene.now, format=format, template=template, fonts=fonts)
    kept = scene.room.blobs.put([content])
    name = f"{kind.name_zh}（{paper.heading.number}）.{format}"
    document_id, said = _answered(scene, paper.texts)
    described = Description(document_id, name, MEDIA_TYPES[format], said | {"number": paper.heading.number})
    item = evidence.attach(scene.session, scene.subject, kept, described, by=by, now=scene.now)
    if scene.maker != scene.subject.owner:
        _show(scene, item)
    paper.files.append(
        {
            "format": format,
            "item": str(item.id),
            "name": name,
            "media_type": MEDIA_TYPES[format],
            "sha256": kept.sha256,
            "size": kept.size,
            "template_version": version,
        }
    )


def _template(scene: Scene, format: Format) -> tuple[bytes | None, int]:
    """Return the agency's own template with its version; (None, 0) is the packaged one."""
    own = queries.template(scene.session, scene.maker, scene.kind.id, format)
    return (scene.room.blobs.read(own.sha256), own.version) if own is not None else (None, 0)


def _answered(scene: Scene, texts: Mapping[str, Stated]) -> tuple[str, dict[str, Any]]:
    """Return the required document this is in the subject's procedure, and what the requirement wants it to state."""
    catalogue, subject = scene.room.catalogue, scene.subject
    procedure = catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    asked = {one for step in procedure.steps.values() for one in step.documents}
    sets = {step.requirement_set for step in procedure.steps.values() if step.requirement_set}
    asked |= {one.id for name in sets for one in catalogue.requirement_set(name).documents}
    document_id = next((one for one in scene.kind.satisfies if one in asked), None)
    if document_id is None:
        return scene.kind.id, {}
    return document_id, details(catalogue.document(document_id), texts)


def _show(scene: Scene, item: Item) -> None:
    """Let the other parties see what one of them issued: it is addressed to them."""
    table = table_of(Item)
    scene.session.execute(update(table).where(table.c.id == item.id).values(shared_at=scene.now))


def _supersede(scene: Scene, before: Document, version: int, *, by: Principal) -> None:
    """Mark the version before; its files no longer count as evidence unless they were handed over already."""
    session, table = scene.session, table_of(Document)
    session.execute(update(table).where(table.c.id == before.id).values(superseded_at=scene.now))
    for file in before.files:
        item = session.get(Item, UUID(file["item"]), populate_existing=True)
        if item is not None and item.state == "held" and item.shared_at is None:
            reason = f"由第 {version} 版替代 / superseded by version {version}"
            evidence.withdraw(session, scene.subject, item, reason=reason, by=by, now=scene.now)


def _kept(paper: _Paper, wanted: Wanted, before: Document | None, *, by: Principal) -> Document:
    """Write the document and its journal entry. Raises Stale when somebody took its number or version first."""
    scene, heading = paper.scene, paper.heading
    year, ordinal = paper.place or (None, None)
    document = Document(
        id=new_id(scene.now),
        subject=scene.subject.ref,
        kind=scene.kind.id,
        version=paper.version,
        agency=scene.maker,
        number=heading.number,
        year=year,
        ordinal=ordinal,
        number_reason=wanted.number_reason.strip() if wanted.number else "",
        title=scene.kind.name_zh,
        issued_on=heading.issued_on,
        issued_at=scene.now,
        issued_by=by.actor,
        said=sheet(scene.kind, heading, paper.texts, is_draft=False),
        files=paper.files,
    )
    try:
        write(scene.session, Document, [document.model_dump()])
    except IntegrityError as twin:
        raise Stale(subject=scene.subject.ref) from twin
    record(scene.session, scene.subject, _issued(document, before), by=by, now=scene.now)
    return document


def _issued(document: Document, before: Document | None) -> Fact:
    files: Sequence[Mapping[str, Any]] = [
        {name: file[name] for name in ("format", "item", "sha256", "size", "template_version")}
        for file in document.files
    ]
    said = {
        "document": str(document.id),
        "kind": document.kind,
        "title": document.title,
        "number": document.number,
        "version": document.version,
        "agency": document.agency,
        "issued_on": document.issued_on.isoformat(),
        "supersedes": str(before.id) if before else None,
        "files": files,
    }
    return Fact("document.issued", said, step="issue_document")
