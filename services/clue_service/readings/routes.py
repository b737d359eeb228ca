"""Minute, day and real-time data over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.clue_service.outlets.queries import outlet
from services.clue_service.outlets.routes import OutletId
from services.clue_service.readings import queries
from services.clue_service.readings.models import ReadingsQuery, ReadingView
from shared.web.deps import PrincipalDep, ReadDep, RoomDep
from shared.web.paging import Page

router = APIRouter(prefix="/v1/outlets", tags=["intake"])


@router.get("/{outlet_id}/readings")
def list_readings(
    outlet_id: OutletId,
    session: ReadDep,
    by: PrincipalDep,
    room: RoomDep,
    asked: Annotated[ReadingsQuery, Query()],
) -> Page[ReadingView]:
    """List an outlet's minute, day or real-time data as its device sent them, in the order of time, from <= at < to.

    The last 31 days unless you say, 366 at most. With `pollutant` a page may hold fewer moments than there are; `next`
    alone says whether there is more. No rule reads these data; the hours are read at `/v1/series/{outlet_id}`.
    """
    found = outlet(session, outlet_id, seen_by=by)
    items, goes_on = queries.page(session, found.outlet_id, asked, now=room.clock())
    return Page(items=items, next=goes_on)
