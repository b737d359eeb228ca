"""Self-inspections over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.clue_service.self_inspections import commands
from services.clue_service.self_inspections.models import (
    Correct,
    Declare,
    SelfInspection,
    SelfInspectionView,
    SendBackCorrection,
    VerifyCorrection,
    WithdrawDeclaration,
)
from shared.web.deps import CallDep
from shared.web.evidence_routes import evidence_routes
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/self-inspections", tags=["self-inspections"])
read_routes(router, SelfInspection, SelfInspectionView)
evidence_routes(router, SelfInspection)


@router.post("", response_model=SelfInspectionView, status_code=201)
def declare(body: Declare, call: CallDep) -> Response:
    """Declare a problem the enterprise found by itself, and the day by which it is corrected."""
    return call(commands.declare, body=body, view=SelfInspectionView, status=201)


@router.post("/{self_inspection_id}/correct", response_model=SelfInspectionView)
def correct(self_inspection_id: UUID, body: Correct, call: CallDep) -> Response:
    """Report the correction, once evidence of it was uploaded."""
    return call(commands.correct, self_inspection_id, body=body, view=SelfInspectionView)


@router.post("/{self_inspection_id}/verify", response_model=SelfInspectionView)
def verify(self_inspection_id: UUID, body: VerifyCorrection, call: CallDep) -> Response:
    """Verify the correction; it then counts, also as the ground of a clue's result."""
    return call(commands.verify, self_inspection_id, body=body, view=SelfInspectionView)


@router.post("/{self_inspection_id}/send-back", response_model=SelfInspectionView)
def send_back(self_inspection_id: UUID, body: SendBackCorrection, call: CallDep) -> Response:
    """Send the correction back, with a new planned day."""
    return call(commands.send_back, self_inspection_id, body=body, view=SelfInspectionView)


@router.post("/{self_inspection_id}/withdraw", response_model=SelfInspectionView)
def withdraw(self_inspection_id: UUID, body: WithdrawDeclaration, call: CallDep) -> Response:
    """Withdraw the declaration."""
    return call(commands.withdraw, self_inspection_id, body=body, view=SelfInspectionView)
