"""Sealed files over HTTP: what waits between two desks, and the clocks that run meanwhile."""

from fastapi import APIRouter

from services.referral_service.sealed_files import queries
from services.referral_service.sealed_files.models import SealedFileView
from shared.web.deps import PrincipalDep, ReadDep
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor

router = APIRouter(prefix="/v1/sealed-files", tags=["sealed files"])


@router.get("")
def list_sealed_files(
    session: ReadDep, by: PrincipalDep, limit: LimitQuery = 50, after: AfterQuery = None, *, settled: bool = False
) -> Page[SealedFileView]:
    """List the sealed files of your matters that are not settled, newest first; with `settled` all of them."""
    found = queries.standing(session, by=by, before=before_id(after), limit=limit, settled=settled)
    following = cursor(str(found[-1].id)) if len(found) == limit else None
    return Page(items=found, next=following)
