"""Reads of receipts."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.referral_service.receipts.models import Receipt
from shared.errors import NotVisible, Text
from shared.records.db import Row


def receipts(session: Session, subject: Row) -> list[Receipt]:
    """Return a subject's receipts, oldest first."""
    rows = select(Receipt).where(Receipt.subject == subject.ref)
    return list(session.exec(rows.order_by(col(Receipt.at), col(Receipt.id))))


def receipt(session: Session, subject: Row, receipt_id: UUID) -> Receipt:
    """Return one receipt of a subject. Raises NotVisible."""
    found = session.get(Receipt, receipt_id)
    if found is None or found.subject != subject.ref:
        raise NotVisible(Text("该事项下没有这份回执", "The subject has no such receipt"))
    return found
