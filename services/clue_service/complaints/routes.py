"""Complaints over HTTP."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from services.clue_service.complaints import commands, identity, queries, tracking
from services.clue_service.complaints.models import (
    AnswerView,
    Complaint,
    ComplaintView,
    FileComplaint,
    FiledView,
    IdentityView,
    OpenIdentity,
    Reply,
    WithdrawComplaint,
)
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep, act
from shared.web.evidence_routes import evidence_routes
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/complaints", tags=["complaints"])
answers = APIRouter(prefix="/v1/complaint-answers", tags=["complaints"])
read_routes(router, Complaint, ComplaintView)
evidence_routes(router, Complaint, check=identity.check_upload, may_add=commands.require_adder)
NumberPath = Annotated[str, Path(max_length=40)]
CodeQuery = Annotated[str, Query(pattern=tracking.CODE, description="The code given when the complaint was put down")]


@router.post("", response_model=FiledView, status_code=201)
def file(body: FileComplaint, call: CallDep) -> Response:
    """Put down a complaint: it gets a tracking number and, this once, the secret code to ask after it.

    Sent again with the same Idempotency-Key, the same number and code are answered.
    """
    answer = call(commands.file, body=body, view=ComplaintView, status=201)
    shown = orjson.loads(answer.body)
    shown["query_code"] = tracking.query_code(call.room.settings.internal_secret, UUID(shown["id"]))
    kept = {name: value for name, value in answer.headers.items() if name in ("etag", "idempotency-replayed")}
    headers = kept | {"Cache-Control": "no-store"}
    return Response(orjson.dumps(shown), status_code=201, media_type="application/json", headers=headers)


@router.post("/{complaint_id}/reply", response_model=ComplaintView)
def reply(complaint_id: UUID, body: Reply, call: CallDep) -> Response:
    """Answer the complaint, once its clue has ended."""
    return call(commands.reply, complaint_id, body=body, view=ComplaintView)


@router.post("/{complaint_id}/withdraw", response_model=ComplaintView)
def withdraw(complaint_id: UUID, body: WithdrawComplaint, call: CallDep) -> Response:
    """Withdraw the complaint; its clue goes on."""
    return call(commands.withdraw, complaint_id, body=body, view=ComplaintView)


@router.post("/{complaint_id}/identity", response_model=IdentityView)
def open_identity(complaint_id: UUID, body: OpenIdentity, room: RoomDep, by: PrincipalDep) -> Response:
    """Open who complained: a case officer or the head of the bureau that handles it, with a reason that is kept."""
    view = act(room, lambda session, now: commands.open_identity(session, complaint_id, body, by=by, now=now))
    headers = {"Cache-Control": "no-store"}
    return Response(view.model_dump_json(), media_type="application/json", headers=headers)


@answers.get("/{number}")
def read_answer(number: NumberPath, code: CodeQuery, session: ReadDep, by: PrincipalDep) -> AnswerView:
    """Read state and reply by tracking number and code."""
    return queries.answer(session, number, code, by=by)


ROUTERS = (router, answers)
