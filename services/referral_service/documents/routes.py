"""Documents over HTTP: of a subject; and the kinds, numbers, files and templates of an agency."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session

from services.referral_service.documents import commands, opening, queries, replacing
from services.referral_service.documents.bodies import Format, Issue, Preview, Restore
from services.referral_service.documents.models import DocumentView, KindView, NumberView, TemplateView
from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals.models import Referral
from shared.clock import today
from shared.documents import templates
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.db import visible
from shared.records.room import Room
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep, act
from shared.web.paging import Page

T = TypeVar("T", bound=Between)
MODELS: tuple[type[Between], ...] = (Referral, Supervision, Consultation)
KindPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="Kind of document")]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
BINARY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


def subject_routes(model: type[T]) -> APIRouter:
    """Return the document routes of a kind of subject."""
    router = APIRouter(prefix=f"/v1/{model.kind}s", tags=["documents"])
    issue: Callable[..., Any] = commands.issue

    @router.get("/{subject_id}/documents", name=f"list_{model.kind}_documents")
    def list_documents(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[DocumentView]:
        """List its documents with number, version and hashes; superseded ones too."""
        found = visible(session, model, subject_id, by=by)
        return Page(items=[DocumentView.model_validate(one) for one in queries.documents_for(session, found, by=by)])

    @router.post(
        "/{subject_id}/documents", name=f"issue_{model.kind}_document", response_model=DocumentView, status_code=201
    )
    def issue_document(subject_id: UUID, body: Issue, call: CallDep) -> Response:
        """Issue a document: filled from what the desk knows, numbered, printed, kept as evidence."""
        return call(issue, model, subject_id, body=body, view=DocumentView, status=201)

    @router.post(
        "/{subject_id}/documents/preview",
        name=f"preview_{model.kind}_document",
        response_class=Response,
        responses=PDF,
    )
    def preview(subject_id: UUID, body: Preview, session: ReadDep, by: PrincipalDep, room: RoomDep) -> Response:
        """Look at the draft as PDF: marked 草稿, with what is still to be filled in; nothing is stored."""
        content = commands.preview(session, model, subject_id, body, by=by, now=room.clock())
        return Response(content, media_type="application/pdf")

    return router


router = APIRouter(prefix="/v1/documents", tags=["documents"])


@router.get("/kinds")
def list_kinds(room: RoomDep, _by: PrincipalDep) -> Page[KindView]:
    """List the kinds of document, with their articles and what each states."""
    kinds = queries.kinds_of(room).on(today(room.clock()))
    return Page(items=[opening.kind_view(kind) for kind in kinds])


@router.get("/numbers")
def list_numbers(
    session: ReadDep,
    room: RoomDep,
    by: PrincipalDep,
    kind: Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{0,59}$")],
    year: Annotated[int | None, Query(ge=2001, le=9999)] = None,
) -> Page[NumberView]:
    """List your agency's numbers of a kind and year in order; a number left out stands there with the reason."""
    on = today(room.clock())
    wanted = queries.kind_of(room, kind, on)
    return Page(items=queries.register(session, room, wanted, year or on.year, by=by))


@router.get("/{document_id}/files/{format}", response_class=Response)
def open_file(document_id: UUID, format: Format, room: RoomDep, by: PrincipalDep) -> Response:
    """Open a document's file, also of a version that was superseded; the opening is written into custody."""
    file, chunks = act(room, partial(_opened, document_id, format, by))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file['name'])}",
        "Digest": f"sha-256={file['sha256']}",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(chunks, media_type=file["media_type"], headers=headers)


@router.get("/templates/{kind}")
def list_templates(kind: KindPath, session: ReadDep, room: RoomDep, by: PrincipalDep) -> Page[TemplateView]:
    """List the templates of a kind: the packaged ones and every version of your agency's own."""
    return Page(items=replacing.versions(session, kind, by=by, now=room.clock()))


@router.get("/templates/{kind}/{format}/{version}", response_class=Response)
def open_template(
    kind: KindPath,
    format: Format,
    version: Annotated[int, Path(ge=0, le=1_000_000)],
    session: ReadDep,
    room: RoomDep,
    by: PrincipalDep,
) -> Response:
    """Fetch a version of a template; 0 is the packaged one, a start for your own."""
    content = replacing.content(session, kind, format, version, by=by, now=room.clock())
    media_type = "text/plain; charset=utf-8" if format == "pdf" else commands.MEDIA_TYPES["docx"]
    return Response(content, media_type=media_type)


@router.put("/templates/{kind}/{format}", response_model=TemplateView, openapi_extra=BINARY)
async def replace_template(
    kind: KindPath, format: Format, request: Request, room: RoomDep, by: PrincipalDep
) -> Response:
    """Replace a template for your agency: the body is the file (typst text for `pdf`, a .docx for `docx`).

    It is tried with examples first; one that does not print, or leaves out what the article wants, is refused with
    the line, and the template in use stays.
    """
    return await run_sync(_replaced, room, kind, format, await request.body(), by)


@router.post("/templates/{kind}/{format}/restore", response_model=TemplateView)
def restore_template(kind: KindPath, format: Format, body: Restore, room: RoomDep, by: PrincipalDep) -> TemplateView:
    """Go back to the packaged template; your own versions stay in the list."""
    return act(room, lambda session, now: replacing.restore(session, kind, format, body, by=by, now=now))


ROUTERS = (*(subject_routes(model) for model in MODELS), router)


def _replaced(room: Room, kind_id: str, format: Format, content: bytes, by: Principal) -> Response:
    with room.reading() as session:
        kind = replacing.replaceable(session, kind_id, by=by, now=room.clock())
    templates.tried(kind, format, content)
    view = act(room, lambda session, now: replacing.replace(session, kind_id, format, content, by=by, now=now))
    return Response(orjson.dumps(view.model_dump(mode="json")), media_type="application/json")


def _opened(document_id: UUID, format: Format, by: Principal, session: Session, now: datetime) -> Any:
    return opening.opened(session, {model.kind: model for model in MODELS}, document_id, format, by=by, now=now)
