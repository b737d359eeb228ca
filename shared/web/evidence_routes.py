"""Evidence over HTTP: streamed in with its hash on the way, opened with custody, withdrawn but never deleted."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from shared.errors import BodyInvalid, EvidenceMismatch, Text
from shared.identity import Principal
from shared.records import describing, evidence
from shared.records.blobs import Stored
from shared.records.db import Row, visible
from shared.records.perform import expect
from shared.records.room import Room
from shared.records.views import storable
from shared.web.deps import Call, CallDep, PrincipalDep, ReadDep, RoomDep, act
from shared.web.evidence_views import Act, CustodyView, ItemView, TakeExhibit, Withdraw, shown
from shared.web.paging import Page
from shared.web.uploads import taken

T = TypeVar("T", bound=Row)
UPLOAD_LIMIT_BYTES = 4 * 1024**3


class Label(BaseModel):
    """What an uploader says of a file, in the query."""

    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(pattern="^[a-z0-9_]{1,60}$", description="Document id of the requirement")]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]
    kind: Annotated[str, Field(pattern="^[a-z_]{0,40}$", description="Kind of evidence; empty: the document's own")] = (
        ""
    )
    details: Annotated[str, Field(max_length=4000, description="JSON object: what this kind must state")] = "{}"
    sha256: Annotated[str | None, Field(pattern="^[0-9a-fA-F]{64}$", description="SHA-256 you expect")] = None


BINARY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
AS_A_FILE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
"""Content is saved, never run: whatever it claims to be, it is no page of ours."""


Check = Callable[[Session, Row, evidence.Description, Principal], None]
"""What a room refuses of an upload beyond what the law says of its kind: session, subject, description, who."""
MayAdd = Callable[[Session, Row, Principal], None]
"""Refuses who may not add an item to a subject: session, subject, who."""


@dataclass(frozen=True, slots=True)
class Adding:
    """What a room asks of an upload: by whom, and of what."""

    may_add: MayAdd
    check: Check


ADMINISTRATION = "ecological_environment_authority"
"""The kind of agency whose every visit is approved here."""


def no_site_record(session: Session, _subject: Row, described: evidence.Description, by: Principal) -> None:
    """Refuse a record of a visit: it is kept only where the approved visit behind it is known.

    The police and the procuratorate inspect under laws of their own: theirs are refused by the document's name only.
    """
    if described.document == describing.SITE_RECORD or (
        by.kind == ADMINISTRATION and describing.is_site_record(session, described)
    ):
        words = Text("现场检查笔录不在此登记", "A record of a visit is not kept here")
        next_step = Text(
            "在检查、线索、案件或者措施中登记", "Keep it in the inspection, the clue, the case or the measure"
        )
        errors = [{"field": "document", "code": "site_record", "message": words}]
        raise BodyInvalid(words, errors=errors, next=next_step)


def keepers(session: Session, subject: Row, by: Principal) -> None:
    """Let those add an item who keep the subject's evidence. Raises NotYourStep."""
    evidence.keepable(session, subject, by=by)


def evidence_routes(
    router: APIRouter, model: type[T], *, check: Check = no_site_record, may_add: MayAdd = keepers
) -> None:
    """Add the evidence routes of a kind of subject to its router."""
    _reading(router, model)
    _keeping(router, model, Adding(may_add, check))
    _exhibits(router, model)


def _reading(router: APIRouter, model: type[T]) -> None:
    @router.get("/{subject_id}/evidence", name=f"list_{model.kind}_evidence")
    def list_evidence(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[ItemView]:
        """List the items, withdrawn ones too."""
        found = visible(session, model, subject_id, by=by)
        return Page(items=shown(session, found, evidence.items_for(session, found, by=by), by=by))

    @router.get("/{subject_id}/evidence/{item_id}/content", name=f"open_{model.kind}_evidence", response_class=Response)
    def open_item(subject_id: UUID, item_id: UUID, room: RoomDep, by: PrincipalDep) -> Response:
        """Open an item: its bytes are verified first, and the opening is written into custody."""
        return _opened(room, model, subject_id, item_id, by)

    @router.get("/{subject_id}/evidence/{item_id}/custody", name=f"read_{model.kind}_custody")
    def read_custody(subject_id: UUID, item_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[CustodyView]:
        """Read every act upon an item, in order."""
        found = evidence.item(session, visible(session, model, subject_id, by=by), item_id, by=by)
        return Page(items=[CustodyView.model_validate(row) for row in evidence.custody_of(session, found)])


def _keeping(router: APIRouter, model: type[T], adding: Adding) -> None:
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
        described = evidence.Description(label.document, label.name, "", stated, label.kind)
        await run_sync(_may_attach, room, model, subject_id, described, by, adding)
        stored, media = await taken(request, room.blobs, label.sha256)
        described = replace(described, media_type=media)
        view = await run_sync(_attach, room, model, subject_id, (stored, described), by, adding)
        return Response(orjson.dumps(view.model_dump(mode="json")), status_code=201, media_type="application/json")

    @router.post("/{subject_id}/evidence/{item_id}/withdraw", name=f"withdraw_{model.kind}_evidence")
    def withdraw(subject_id: UUID, item_id: UUID, body: Withdraw, call: CallDep) -> ItemView:
        """Withdraw an item: it stays, with its custody, but no longer counts."""

        def done(session: Session, found: Row, item: evidence.Item, now: datetime) -> None:
            evidence.withdraw(session, found, item, reason=body.reason, by=call.by, now=now)

        return _kept(call, model, subject_id, item_id, done)

    @router.post("/{subject_id}/evidence/{item_id}/reinstate", name=f"reinstate_{model.kind}_evidence")
    def reinstate(subject_id: UUID, item_id: UUID, body: Withdraw, call: CallDep) -> ItemView:
        """Count a frozen item again, once its bytes were restored: they are verified first."""

        def done(session: Session, found: Row, item: evidence.Item, now: datetime) -> None:
            evidence.reinstate(session, found, item, reason=body.reason, by=call.by, now=now)

        return _kept(call, model, subject_id, item_id, done)


def _exhibits(router: APIRouter, model: type[T]) -> None:
    @router.post("/{subject_id}/exhibits", name=f"take_{model.kind}_exhibit", status_code=201)
    def take(subject_id: UUID, body: TakeExhibit, call: CallDep) -> ItemView:
        """Take a physical exhibit: its description becomes an item, where it is stands beside it."""
        said = body.model_dump(mode="json", exclude={"name"}, exclude_none=True, exclude_defaults=True)

        def done(session: Session, now: datetime) -> ItemView:
            found = visible(session, model, subject_id, by=call.by, is_alone=True)
            evidence.keepable(session, found, by=call.by)
            item = evidence.take_exhibit(session, found, body.name, said, by=call.by, now=now)
            return shown(session, found, [item], by=call.by)[0]

        return act(call.room, done)

    @router.get("/{subject_id}/exhibits", name=f"list_{model.kind}_exhibits")
    def list_exhibits(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[ItemView]:
        """List the physical exhibits and where each is, as a hand-over list shows them."""
        found = visible(session, model, subject_id, by=by)
        things = evidence.exhibits_of(session, found)
        seen = [one for one in evidence.items_for(session, found, by=by) if one.id in things]
        return Page(items=shown(session, found, seen, by=by))

    @router.post("/{subject_id}/evidence/{item_id}/acts", name=f"act_upon_{model.kind}_exhibit")
    def act_upon(subject_id: UUID, item_id: UUID, body: Act, call: CallDep) -> ItemView:
        """Seal, unseal, move, hand over, return or destroy by order a physical exhibit."""

        def done(session: Session, found: Row, item: evidence.Item, now: datetime) -> None:
            deed = evidence.Deed(body.act, body.stated, body.note)
            evidence.act_upon(session, found, item, deed, by=call.by, now=now)

        return _kept(call, model, subject_id, item_id, done)


Done = Callable[[Session, Row, evidence.Item, datetime], None]


def _kept(call: Call, model: type[T], subject_id: UUID, item_id: UUID, done: Done) -> ItemView:
    """Do something to an item as one who keeps the subject's evidence, in one transaction."""

    def kept(session: Session, now: datetime) -> ItemView:
        session.info["if_match"] = call.if_match
        found = visible(session, model, subject_id, by=call.by, is_alone=True)
        evidence.keepable(session, found, by=call.by)
        expect(session, found)
        item = evidence.item(session, found, item_id, by=call.by)
        done(session, found, item, now)
        return shown(session, found, [item], by=call.by)[0]

    return act(call.room, kept)


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


def _may_attach(
    room: Room, model: type[T], subject_id: UUID, described: evidence.Description, by: Principal, adding: Adding
) -> None:
    """Refuse before the first byte what would be refused after the last one."""
    with room.reading() as session:
        found = visible(session, model, subject_id, by=by)
        adding.may_add(session, found, by)
        describing.check(session, described, now=room.clock())
        adding.check(session, found, described, by)


def _attach(
    room: Room,
    model: type[T],
    subject_id: UUID,
    upload: tuple[Stored, evidence.Description],
    by: Principal,
    adding: Adding,
) -> ItemView:
    def attached(session: Session, now: datetime) -> ItemView:
        found = visible(session, model, subject_id, by=by, is_alone=True)
        adding.may_add(session, found, by)
        adding.check(session, found, upload[1], by)  # again: a long upload outlasts what it was checked against
        item = evidence.attach(session, found, *upload, by=by, now=now)
        return shown(session, found, [item], by=by)[0]

    return act(room, attached)


def _opened(room: Room, model: type[T], subject_id: UUID, item_id: UUID, by: Principal) -> Response:
    """Verify an item's bytes while no transaction waits, then write the opening, or that they changed."""
    with room.reading() as session:
        item = evidence.item(session, visible(session, model, subject_id, by=by), item_id, by=by)

    def frozen(session: Session, now: datetime) -> None:
        found = visible(session, model, subject_id, by=by, is_alone=True)
        evidence.freeze_changed(session, found, evidence.item(session, found, item_id, by=by), by=by, now=now)

    def noted(session: Session, now: datetime) -> None:
        found = visible(session, model, subject_id, by=by, is_alone=True)
        evidence.note_opened(session, found, evidence.item(session, found, item_id, by=by), by=by, now=now)

    try:
        chunks = evidence.sound_bytes(room.blobs, item)
    except EvidenceMismatch:
        act(room, frozen)
        raise
    act(room, noted)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name)}",
        "Digest": f"sha-256={item.sha256}",
        **AS_A_FILE,
    }
    return StreamingResponse(chunks, media_type=item.media_type, headers=headers)
