"""Van runs over HTTP."""

from typing import Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.clue_service.van_runs import commands, queries
from services.clue_service.van_runs.models import PointsView, RegisterRun, RunDetail, RunView
from shared.identity import Principal
from shared.records.room import Room
from shared.web.deps import PrincipalDep, ReadDep, RoomDep, act
from shared.web.paging import Page

router = APIRouter(prefix="/v1/van-runs", tags=["van-runs"])
LIMIT_BYTES = 16 * 1024 * 1024
LINES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ndjson": {"schema": {"type": "string", "format": "binary"}}},
    }
}
SVG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}}


@router.post("", status_code=201)
def register(body: RegisterRun, room: RoomDep, by: PrincipalDep) -> RunView:
    """Register a run: vehicle, two officers with certificates, the calibration of the day, thresholds, route."""
    found = act(room, lambda session, now: commands.register(session, body, by=by, now=now))
    return RunView.model_validate(found)


@router.get("")
def list_runs(session: ReadDep, by: PrincipalDep) -> Page[RunView]:
    """List the newest runs of your bureau and those under it."""
    return Page(items=queries.listed(session, by=by))


@router.get("/{run_id}")
def read_run(run_id: UUID, room: RoomDep, session: ReadDep, by: PrincipalDep) -> RunDetail:
    """Read a run: its track, its peaks merged by place, and the enterprises upwind of each, ranked with reasons."""
    return queries.detail(room, queries.run(session, run_id, seen_by=by))


@router.get("/{run_id}/track.svg", response_class=Response, responses=SVG)
def draw_track(run_id: UUID, room: RoomDep, session: ReadDep, by: PrincipalDep) -> Response:
    """Draw the track with its peaks."""
    text = queries.drawing(room, queries.run(session, run_id, seen_by=by))
    return Response(text, media_type="image/svg+xml")


@router.post("/{run_id}/points", response_model=PointsView, max_body_size=LIMIT_BYTES, openapi_extra=LINES)
async def add_points(run_id: UUID, request: Request, room: RoomDep, by: PrincipalDep) -> Response:
    """Add points, one JSON object a line; each is taken or refused by itself. Sent again they change nothing."""
    lines = (await request.body()).split(b"\n")
    view = await run_sync(_added, room, run_id, lines, by)
    return Response(view.model_dump_json(), media_type="application/json")


def _added(room: Room, run_id: UUID, lines: list[bytes], by: Principal) -> PointsView:
    return act(
        room,
        lambda session, now: commands.add_points(session, queries.own(session, run_id, by=by), lines, by=by, now=now),
    )
