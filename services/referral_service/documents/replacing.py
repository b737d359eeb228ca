"""Templates an agency brings: tried first, kept as versions, journalled; the packaged one can be taken again."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.referral_service.documents import queries
from services.referral_service.documents.bodies import Restore
from services.referral_service.documents.models import Template, TemplateView
from shared.clock import new_id, today
from shared.documents import templates
from shared.documents.templates import Format
from shared.errors import NotVisible, NotYourStep, Stale, StepRefused, Text
from shared.identity import Principal
from shared.records.blobs import Stored
from shared.records.db import one_at_a_time, write
from shared.records.journal import Fact, chain
from shared.records.room import room_of
from shared.rules.document_kinds import DocumentKind

KEEPER = "administrator"


def replaceable(session: Session, kind_id: str, *, by: Principal, now: datetime) -> DocumentKind:
    """Return a kind whose template the principal may replace. Raises NotYourStep, BodyInvalid."""
    kind = queries.kind_of(room_of(session), kind_id, today(now))
    if KEEPER not in by.roles:
        raise NotYourStep(Text("文书模板由本单位管理员维护", "Templates are kept by the agency's administrator"))
    if not any(actor.agency_kind in (None, by.kind) for actor in kind.made_by):
        raise NotYourStep(Text(f"{kind.name_zh}不由您的单位制作", f"Your agency does not issue '{kind.name_en}'"))
    return kind


def replace(
    session: Session, kind_id: str, format: Format, content: bytes, *, by: Principal, now: datetime
) -> TemplateView:
    """Take an agency's template. It was tried before; the one in use is left alone when the bytes are the same."""
    replaceable(session, kind_id, by=by, now=now)
    kept = room_of(session).blobs.put([content])
    known = _versions(session, kind_id, format, by=by)
    if known and known[-1].sha256 == kept.sha256:
        return view(known[-1], is_current=True)
    return _added(session, kind_id, format, kept, "", known, by=by, now=now)


def restore(
    session: Session, kind_id: str, format: Format, body: Restore, *, by: Principal, now: datetime
) -> TemplateView:
    """Take the packaged template again; the agency's own stays in the list of versions."""
    replaceable(session, kind_id, by=by, now=now)
    known = _versions(session, kind_id, format, by=by)
    if not known or not known[-1].sha256:
        raise StepRefused(Text("正在使用随系统提供的模板", "The packaged template is in use already"))
    return _added(session, kind_id, format, Stored("", 0), body.reason, known, by=by, now=now)


def versions(session: Session, kind_id: str, *, by: Principal, now: datetime) -> list[TemplateView]:
    """Return the templates of a kind for the principal's agency: the packaged ones first, then its own by version."""
    queries.kind_of(room_of(session), kind_id, today(now))
    known = queries.templates_of(session, by.agency, kind_id)
    listed = []
    formats: tuple[Format, ...] = ("pdf", "docx")
    for format in formats:
        own = [one for one in known if one.format == format]
        is_packaged = not own or not own[-1].sha256
        listed.append(_packaged(kind_id, format, is_current=is_packaged))
        listed += [view(one, is_current=one is own[-1] and not is_packaged) for one in own]
    return listed


def content(session: Session, kind_id: str, format: Format, version: int, *, by: Principal, now: datetime) -> bytes:
    """Return a version of a template; 0 is the packaged one, a start for one's own. Raises NotVisible."""
    queries.kind_of(room_of(session), kind_id, today(now))
    if version == 0:
        return templates.packaged(kind_id, format)
    found = {one.version: one for one in queries.templates_of(session, by.agency, kind_id, format)}
    if version not in found:
        raise NotVisible(Text("本单位没有这一版模板", "Your agency has no such version of the template"))
    sha256 = found[version].sha256
    return room_of(session).blobs.read(sha256) if sha256 else templates.packaged(kind_id, format)


def view(row: Template, *, is_current: bool) -> TemplateView:
    """Return a version as it is shown."""
    return TemplateView(**row.model_dump(exclude={"id", "agency"}), is_packaged=not row.sha256, is_current=is_current)


def _versions(session: Session, kind_id: str, format: Format, *, by: Principal) -> list[Template]:
    one_at_a_time(session, _ref(by.agency, kind_id, format))
    return queries.templates_of(session, by.agency, kind_id, format)


def _added(
    session: Session,
    kind_id: str,
    format: Format,
    kept: Stored,
    reason: str,
    known: list[Template],
    *,
    by: Principal,
    now: datetime,
) -> TemplateView:
    """Write the next version and its journal entry. Raises Stale when somebody was faster."""
    row = Template(
        id=new_id(now),
        agency=by.agency,
        kind=kind_id,
        format=format,
        version=known[-1].version + 1 if known else 1,
        sha256=kept.sha256,
        size=kept.size,
        reason=reason,
        added_at=now,
        added_by=by.actor,
    )
    try:
        write(session, Template, [row.model_dump()])
    except IntegrityError as twin:
        raise Stale(subject=_ref(by.agency, kind_id, format)) from twin
    said = {"version": row.version, "sha256": row.sha256, "size": row.size, "reason": reason}
    fact = Fact("template.replaced" if kept.sha256 else "template.restored", said)
    ref = _ref(by.agency, kind_id, format)
    chain(session, ref, fact, journey_id=uuid5(NAMESPACE_URL, ref), by=by, now=now)
    return view(row, is_current=True)


def _packaged(kind_id: str, format: Format, *, is_current: bool) -> TemplateView:
    return TemplateView(
        kind=kind_id,
        format=format,
        version=0,
        is_packaged=True,
        is_current=is_current,
        sha256="",
        size=len(templates.packaged(kind_id, format)),
        reason="",
        added_at=None,
        added_by="",
    )


def _ref(agency: str, kind_id: str, format: str) -> str:
    return f"template:{agency}/{kind_id}/{format}"
