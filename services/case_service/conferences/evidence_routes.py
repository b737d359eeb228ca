"""The materials of a conference over HTTP, for as long as they are open; and proof that a task was done."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session

from services.case_service.conferences import queries
from services.case_service.conferences.models import ActionItem, Conference
from services.case_service.conferences.queries import PROOF
from shared.errors import EvidenceMismatch, NotYourStep, Text, wrong
from shared.identity import Principal
from shared.records import evidence
from shared.records.db import visible
from shared.records.room import Room
from shared.web.deps import PrincipalDep, ReadDep, RoomDep, act
from shared.web.evidence_routes import AS_A_FILE, BINARY, UPLOAD_LIMIT_BYTES, Label
from shared.web.evidence_views import CustodyView, ItemView, shown
from shared.web.paging import Page
from shared.web.uploads import taken


def add_evidence_routes(router: APIRouter) -> None:
    """Add the routes to the router of conferences."""
    _reading(router)

    @router.post(
        "/{conference_id}/evidence",
        name="attach_conference_proof",
        response_model=ItemView,
        status_code=201,
        max_body_size=UPLOAD_LIMIT_BYTES,
        openapi_extra=BINARY,
    )
    async def attach(
        conference_id: UUID, request: Request, room: RoomDep, by: PrincipalDep, label: Annotated[Label, Query()]
    ) -> Response:
        """Upload proof that a task of your agency was done (document `action_proof`): the body is the file."""
        await run_sync(_may_attach, room, conference_id, label, by)
        described = evidence.Description(label.document, label.name, "", {}, label.kind)
        stored, media = await taken(request, room.blobs, label.sha256)
        described = replace(described, media_type=media)

        def attached(session: Session, now: datetime) -> ItemView:
            found = _keepable(session, conference_id, label, by)
            return shown(session, found, [evidence.attach(session, found, stored, described, by=by, now=now)], by=by)[0]

        view = await run_sync(act, room, attached)
        return Response(orjson.dumps(view.model_dump(mode="json")), status_code=201, media_type="application/json")


def _reading(router: APIRouter) -> None:
    @router.get("/{conference_id}/evidence", name="list_conference_evidence")
    def list_evidence(conference_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep) -> Page[ItemView]:
        """List the materials while they are open to you, and the proofs your agency gave."""
        found = queries.conference(session, conference_id, seen_by=by)
        listed = queries.items_for(session, found, by=by, now=room.clock())
        return Page(items=shown(session, found, listed, by=by))

    @router.get("/{conference_id}/evidence/{item_id}/content", name="open_conference_evidence", response_class=Response)
    def open_item(conference_id: UUID, item_id: UUID, room: RoomDep, by: PrincipalDep) -> Response:
        """Open an item: its bytes are verified first, and who opened it stays in the journal."""
        return _opened(room, conference_id, item_id, by)

    @router.get("/{conference_id}/evidence/{item_id}/custody", name="read_conference_custody")
    def read_custody(
        conference_id: UUID, item_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep
    ) -> Page[CustodyView]:
        """Read every act upon an item, in order."""
        found = queries.conference(session, conference_id, seen_by=by)
        item = queries.item(session, found, item_id, by=by, now=room.clock())
        return Page(items=[CustodyView.model_validate(row) for row in evidence.custody_of(session, item)])


def _may_attach(room: Room, conference_id: UUID, label: Label, by: Principal) -> None:
    with room.reading() as session:
        _keepable(session, conference_id, label, by)


def _keepable(session: Session, conference_id: UUID, label: Label, by: Principal) -> Conference:
    """Return the conference to whom has a task there. Raises NotYourStep, BodyInvalid."""
    found = visible(session, Conference, conference_id, by=by)
    tasks = [one for one in queries.rows(session, ActionItem, found) if one.agency == by.agency]
    acts = {name for name, role in _roles(session).items() if role}
    takes_part = by.agency in queries.active(session, found)
    if not takes_part or not any(one.state == "open" for one in tasks) or (by.roles and not by.roles & acts):
        words = Text("只有承担任务的机关可以上传完成证明", "Proof is uploaded by an agency that has a task to do")
        raise NotYourStep(words)
    if label.document != PROOF:
        raise wrong("document", "not_a_proof", f"材料名称应为 {PROOF}", f"the document is {PROOF}")
    return found


def _roles(session: Session) -> dict[str, bool]:
    room: Room = session.info["room"]
    return {name: role.acts for name, role in room.catalogue.roles.items()}


def _opened(room: Room, conference_id: UUID, item_id: UUID, by: Principal) -> Response:
    with room.reading() as session:
        found = queries.conference(session, conference_id, seen_by=by)
        item = queries.item(session, found, item_id, by=by, now=room.clock())

    def frozen(session: Session, now: datetime) -> None:
        here = visible(session, Conference, conference_id, by=by, is_alone=True)
        evidence.freeze_changed(session, here, queries.item(session, here, item_id, by=by, now=now), by=by, now=now)

    def noted(session: Session, now: datetime) -> None:
        here = visible(session, Conference, conference_id, by=by, is_alone=True)
        evidence.note_opened(session, here, queries.item(session, here, item_id, by=by, now=now), by=by, now=now)

    try:
        chunks = evidence.sound_bytes(room.blobs, item)
    except EvidenceMismatch:
        act(room, frozen)
        raise
    act(room, noted)
    name = f"attachment; filename*=UTF-8''{quote(item.name)}"
    headers = {"Content-Disposition": name, "Digest": f"sha-256={item.sha256}", **AS_A_FILE}
    return StreamingResponse(chunks, media_type=item.media_type, headers=headers)
