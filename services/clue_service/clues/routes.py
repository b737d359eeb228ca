"""Clues over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.clue_service.clues import commands
from services.clue_service.clues.models import Accept, Assign, Clue, ClueView, Decline, Receive, Verify, VerifyAgain
from shared.web.deps import CallDep
from shared.web.evidence_routes import evidence_routes
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/clues", tags=["clues"])
read_routes(router, Clue, ClueView)
evidence_routes(router, Clue)


@router.post("", response_model=ClueView, status_code=201)
def receive(body: Receive, call: CallDep) -> Response:
    """Report a clue; a report of the same thing within 72 hours is merged into the open one."""
    return call(commands.receive, body=body, view=ClueView, status=201)


@router.post("/{clue_id}/assign", response_model=ClueView)
def assign(clue_id: UUID, body: Assign, call: CallDep) -> Response:
    """Give the clue to somebody to verify."""
    return call(commands.assign, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/verify", response_model=ClueView)
def verify(clue_id: UUID, body: Verify, call: CallDep) -> Response:
    """State what verification found, off-site or on-site."""
    return call(commands.verify, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/verify-again", response_model=ClueView)
def verify_again(clue_id: UUID, body: VerifyAgain, call: CallDep) -> Response:
    """Send the clue back for verification."""
    return call(commands.verify_again, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/accept", response_model=ClueView)
def accept(clue_id: UUID, body: Accept, call: CallDep) -> Response:
    """Accept the verified clue: the case room opens a case from it."""
    return call(commands.accept, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/decline", response_model=ClueView)
def decline(clue_id: UUID, body: Decline, call: CallDep) -> Response:
    """Decline the clue, with the reason."""
    return call(commands.decline, clue_id, body=body, view=ClueView)
