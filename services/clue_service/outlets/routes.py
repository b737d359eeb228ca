"""Outlets over HTTP."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.clue_service.outlets import commands, queries
from services.clue_service.outlets.models import OUTLET_ID, OutletView, RegisterOutlet
from shared.errors import Stale
from shared.web.deps import TRIES, PrincipalDep, ReadDep, RoomDep
from shared.web.paging import AfterQuery, LimitQuery, Page, cursor, parts_of

router = APIRouter(prefix="/v1/outlets", tags=["outlets"])
OutletId = Annotated[str, Path(pattern=OUTLET_ID, description="The outlet's id")]


@router.get("")
def list_outlets(
    session: ReadDep, by: PrincipalDep, limit: LimitQuery = 50, after: AfterQuery = None
) -> Page[OutletView]:
    """List the outlets of your bureau and of those it supervises, by id."""
    parts = parts_of(after, 1)
    found, last = queries.page(session, by=by, after=parts[0] if parts else None, limit=limit)
    return Page(items=queries.views(session, found), next=cursor(last) if last else None)


@router.get("/{outlet_id}")
def read_outlet(outlet_id: OutletId, session: ReadDep, by: PrincipalDep) -> OutletView:
    """Read one outlet with its limits."""
    return queries.views(session, [queries.outlet(session, outlet_id, seen_by=by)])[0]


@router.put("/{outlet_id}", response_model=OutletView, responses={201: {"model": OutletView}})
def register(outlet_id: OutletId, body: RegisterOutlet, room: RoomDep, by: PrincipalDep) -> Response:
    """Register an outlet, or replace what is registered, with all its limits; 201 when it is new."""
    for attempt in range(TRIES):
        try:
            with room.transaction() as session:
                kept, is_new = commands.register(session, outlet_id, body, by=by, now=room.clock())
                view = queries.views(session, [kept])[0]
            content = orjson.dumps(view.model_dump(mode="json"))
            return Response(content, status_code=201 if is_new else 200, media_type="application/json")
        except Stale:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
