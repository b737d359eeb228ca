"""Clues over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.clue_service.clues import commands, redirecting, suppressing
from services.clue_service.clues.models import (
    Accept,
    Assign,
    Clue,
    ClueView,
    Decline,
    Receive,
    Redirect,
    Review,
    SendBack,
    TakeOver,
    Triage,
    Verify,
    VerifyAgain,
)
from services.clue_service.clues.suppressing import SuppressionView
from services.clue_service.inspections.queries import check_site_record
from shared.web.deps import CallDep, PrincipalDep, ReadDep
from shared.web.evidence_routes import evidence_routes
from shared.web.paging import Page
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/clues", tags=["clues"])
suppressions = APIRouter(prefix="/v1/suppressions", tags=["clues"])
read_routes(router, Clue, ClueView)
evidence_routes(router, Clue, check=check_site_record)


@router.post("", response_model=ClueView, status_code=201)
def receive(body: Receive, call: CallDep) -> Response:
    """Report a clue; a report of the same thing within 72 hours is merged into the open one."""
    return call(commands.receive, body=body, view=ClueView, status=201)


@suppressions.get("")
def list_suppressions(session: ReadDep, by: PrincipalDep) -> Page[SuppressionView]:
    """List which hits make no clue for a time because a look-alike was unfounded, and how many were held back."""
    return Page(items=suppressing.listed(session, by=by))


@router.post("/{clue_id}/triage", response_model=ClueView)
def triage(clue_id: UUID, body: Triage, call: CallDep) -> Response:
    """Say how pressing the clue is, and why."""
    return call(commands.triage, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/assign", response_model=ClueView)
def assign(clue_id: UUID, body: Assign, call: CallDep) -> Response:
    """Give the clue to somebody to verify."""
    return call(commands.assign, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/verify", response_model=ClueView)
def verify(clue_id: UUID, body: Verify, call: CallDep) -> Response:
    """State what verification found, off-site or on-site."""
    return call(commands.verify, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/review", response_model=ClueView)
def review(clue_id: UUID, body: Review, call: CallDep) -> Response:
    """Review the verification as a second person."""
    return call(commands.review, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/redirect", response_model=ClueView)
def redirect(clue_id: UUID, body: Redirect, call: CallDep) -> Response:
    """Send the clue to the agency that is competent; its receipt has a clock."""
    return call(redirecting.redirect, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/take-over", response_model=ClueView)
def take_over(clue_id: UUID, body: TakeOver, call: CallDep) -> Response:
    """Take over a clue that was redirected to you."""
    return call(redirecting.take_over, clue_id, body=body, view=ClueView)


@router.post("/{clue_id}/send-back", response_model=ClueView)
def send_back(clue_id: UUID, body: SendBack, call: CallDep) -> Response:
    """Send a redirected clue back, with the reason."""
    return call(redirecting.send_back, clue_id, body=body, view=ClueView)


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
