"""Receipts over HTTP: listed, and each as the signed statement that `lianqin verify` checks offline."""

from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.receipts import queries
from services.referral_service.receipts.models import ReceiptView
from services.referral_service.referrals.models import Referral
from shared.matters.models import Between
from shared.records.db import visible
from shared.web.deps import PrincipalDep, ReadDep
from shared.web.paging import Page

T = TypeVar("T", bound=Between)


def receipt_routes(model: type[T]) -> APIRouter:
    """Return the receipt routes of a kind of subject."""
    router = APIRouter(prefix=f"/v1/{model.kind}s", tags=[f"{model.kind}s"])

    @router.get("/{subject_id}/receipts", name=f"list_{model.kind}_receipts")
    def list_receipts(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[ReceiptView]:
        """List the receipts of a subject, oldest first."""
        found = visible(session, model, subject_id, by=by)
        return Page(items=[ReceiptView.model_validate(row) for row in queries.receipts(session, found)])

    @router.get("/{subject_id}/receipts/{receipt_id}", name=f"read_{model.kind}_receipt", response_class=Response)
    def read_receipt(subject_id: UUID, receipt_id: UUID, session: ReadDep, by: PrincipalDep) -> Response:
        """Fetch one receipt as its signed statement, byte for byte."""
        found = queries.receipt(session, visible(session, model, subject_id, by=by), receipt_id)
        headers = {"Content-Disposition": f'attachment; filename="receipt-{found.id}.json"'}
        return Response(found.document.encode(), media_type="application/json", headers=headers)

    return router


ROUTERS = tuple(receipt_routes(model) for model in (Referral, Supervision, Consultation))
