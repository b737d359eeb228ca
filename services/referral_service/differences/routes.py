"""What changed since a referral was sent, over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from services.referral_service.differences import queries
from services.referral_service.differences.models import Differences
from services.referral_service.referrals.queries import referral
from shared.web.deps import PrincipalDep, ReadDep

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])


@router.get("/{referral_id}/differences")
def read_differences(referral_id: UUID, session: ReadDep, by: PrincipalDep) -> Differences:
    """Read what was sent beside what is now at the case and here: each difference with when and by whom."""
    return queries.differences(session, referral(session, referral_id, seen_by=by), by=by)
