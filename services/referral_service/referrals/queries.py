"""Reads of referrals."""

from uuid import UUID

from sqlmodel import Session

from services.referral_service.referrals.models import Referral
from shared.identity import Principal
from shared.records.db import visible


def referral(session: Session, referral_id: UUID, *, seen_by: Principal) -> Referral:
    """Return a referral. Raises NotVisible."""
    return visible(session, Referral, referral_id, by=seen_by)
