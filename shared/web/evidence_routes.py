"""Evidence over HTTP: streamed in with its hash on the way, opened with custody, withdrawn but never deleted."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from shared.errors import BodyInvalid, EvidenceMismatch, Text
from shared.identity import Principal
from shared.records import evidence
from shared.records.blobs import CHUNK_BYTES, Incoming, Stored
from shared.records.db import Row, visible
from shared.records.media import HEAD_BYTES, media_type
from shared.records.perform import expect
from shared.records.room import Room
from shared.records.views import Body, LongWords, storable
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep, act
from shared.web.paging import Page

T = TypeVar("T", bound=Row)
UPLOAD_LIMIT_BYTES = 4 * 1024**3


class ItemView(BaseModel):
    """One item of evidence; `details` states what its kind must state (拍摄人, 拍摄时间 …)."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject: str
    document: str
    name: str
    media_type: str
    sha256: str
    size: int
    details: dict[str, Any]
    state: str
    added_at: AwareDatetime
    added_by: str

    @model_validator(mode="before")
    @classmethod
    def _read_details(cls, value: Any) -> Any:
        if isinstance(value, evidence.Item):
            return value.model_dump() | {"details": json.loads(value.details)}
        return value


class CustodyView(BaseModel):
    """One act upon an item."""

    model_config = ConfigDict(from_attributes=True)

    act: str
    at: AwareDatetime
    agency: str
    actor: str
    note: str


class Withdraw(Body):
    """Why the item no longer counts."""

    reason: LongWords


class Label(BaseModel):
    """What an uploader says of a file, in the query."""

    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(pattern="^[a-z0-9_]{1,60}$", description="Document id of the requirement")]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]
    details: Annotated[str, Field(max_length=4000, description="JSON object: what this kind must state")] = "{}"
    sha256: Annotated[str | None, Field(pattern="^[0-9a-fA-F]{64}$", description="SHA-256 you expect")] = None


BINARY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


def evidence_routes(router: APIRouter, model: type[T]) -> None:
    """Add the evidence routes of a kind of subject to its router."""

    @router.get("/{subject_id}/evidence", name=f"list_{model.kind}_evidence")
    def list_evidence(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[ItemView]:
        """List the items, withdrawn ones too."""
        found = visible(session, model, subject_id, by=by)
        return Page(items=[ItemView.model_validate(item) for item in evidence.items_for(session, found, by=by)])

    @router.post(
        "/{subject_id}/evidence",
        name=f"attach_{model.kind}_evidence",
        response_model=ItemView,
        status_code=201,
        max_body_size=UPLOAD_LIMIT_BYTES,
        openapi_extra=BINARY,
    )
    async def attach(
        subject_id: UUID, request: Request, room: RoomDep, by: PrincipalDep, label: Annotated[Label, Query()]
    ) -> Response:
        """Upload an item: the body is the file. The hash is computed on the way and must match when you give one."""
        stated = _details(label.details)
        await run_sync(_may_attach, room, model, subject_id, by)
        stored, kind = await _take(request, room, label.sha256)
        described = evidence.Description(label.document, label.name, kind, stated)
        view = await run_sync(_attach, room, model, subject_id, stored, described, by)
        return Response(orjson.dumps(view.model_dump(mode="json")), status_code=201, media_type="application/json")

    @router.get("/{subject_id}/evidence/{item_id}/content", name=f"open_{model.kind}_evidence", response_class=Response)
    def open_item(subject_id: UUID, item_id: UUID, room: RoomDep, by: PrincipalDep) -> Response:
        """Open an item: its bytes are verified first, and the opening is written into custody."""
        return _opened(room, model, subject_id, item_id, by)

    @router.get("/{subject_id}/evidence/{item_id}/custody", name=f"read_{model.kind}_custody")
    def read_custody(subject_id: UUID, item_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[CustodyView]:
        """Read every act upon an item, in order."""
        found = evidence.item(session, visible(session, model, subject_id, by=by), item_id, by=by)
        return Page(items=[CustodyView.model_validate(row) for row in evidence.custody_of(session, found)])

    @router.post("/{subject_id}/evidence/{item_id}/withdraw", name=f"withdraw_{model.kind}_evidence")
    def withdraw(subject_id: UUID, item_id: UUID, body: Withdraw, call: CallDep) -> ItemView:
        """Withdraw an item: it stays, with its custody, but no longer counts."""

        def withdrawn(session: Session, now: datetime) -> ItemView:
            session.info["if_match"] = call.if_match
            found = evidence.keepable(
                session, visible(session, model, subject_id, by=call.by, is_alone=True), by=call.by
            )
            expect(session, found)
            item = evidence.item(session, found, item_id, by=call.by)
            return ItemView.model_validate(
                evidence.withdraw(session, found, item, reason=body.reason, by=call.by, now=now)
            )

        return act(call.room, withdrawn)


def _details(text: str) -> dict[str, Any]:
    try:
        stated = storable(json.loads(text))
    except (ValueError, RecursionError) as broken:
        raise _bad_details() from broken
    if not isinstance(stated, dict):
        raise _bad_details()
    return stated


def _bad_details() -> BodyInvalid:
    words = Text("details 必须是 JSON 对象", "details must be a JSON object")
    return BodyInvalid(words, errors=[{"field": "details", "code": "not_an_object", "message": words}])


async def _take(request: Request, room: Room, expected: str | None) -> tuple[Stored, str]:
    """Write the body into the blob store as it comes; nothing is kept when anything is wrong."""
    incoming = await run_sync(room.blobs.incoming)
    head, kind = b"", ""
    try:
        async for chunk in _in_pieces(request.stream()):
            if not kind:
                head = chunk[:HEAD_BYTES]
                kind = media_type(head, request.headers.get("content-type", ""))
            await run_sync(incoming.write, chunk)
        if not kind:
            raise BodyInvalid(Text("文件内容为空", "The file is empty"))
        return await run_sync(incoming.finish, expected), kind
    finally:
        await run_sync(Incoming.discard, incoming)


async def _in_pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather small network chunks into pieces worth a thread's while."""
    waiting = bytearray()
    async for chunk in stream:
        waiting += chunk
        if len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _may_attach(room: Room, model: type[T], subject_id: UUID, by: Principal) -> None:
    with room.reading() as session:
        evidence.keepable(session, visible(session, model, subject_id, by=by), by=by)


def _attach(
    room: Room, model: type[T], subject_id: UUID, stored: Stored, described: evidence.Description, by: Principal
) -> ItemView:
    def attached(session: Session, now: datetime) -> ItemView:
        found = evidence.keepable(session, visible(session, model, subject_id, by=by, is_alone=True), by=by)
        return ItemView.model_validate(evidence.attach(session, found, stored, described, by=by, now=now))

    return act(room, attached)


def _opened(room: Room, model: type[T], subject_id: UUID, item_id: UUID, by: Principal) -> Response:
    def opened(session: Session, now: datetime) -> tuple[evidence.Item, Iterator[bytes]]:
        found = visible(session, model, subject_id, by=by, is_alone=True)
        item = evidence.item(session, found, item_id, by=by)
        try:
            return item, evidence.open_item(session, found, item, by=by, now=now)
        except EvidenceMismatch:
            evidence.freeze_changed(session, found, item, by=by, now=now)
            session.commit()
            raise

    item, chunks = act(room, opened)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name)}",
        "Digest": f"sha-256={item.sha256}",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(chunks, media_type=item.media_type, headers=headers)
