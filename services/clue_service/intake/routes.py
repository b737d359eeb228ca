"""Device frames and series over HTTP."""

from typing import Annotated, Any

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.clue_service.access import require
from services.clue_service.intake import queries
from services.clue_service.intake.commands import Coming
from services.clue_service.intake.models import REASONS, CountsView, RejectedView, Rejection, SeriesQuery, TakenView
from services.clue_service.intake.taking import arrivals, series_store, take
from services.clue_service.outlets.queries import outlet
from services.clue_service.outlets.routes import OutletId
from services.clue_service.readings.commands import DUPLICATES, REVISED, STORED
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records.room import Room
from shared.web.deps import PrincipalDep, ReadDep, RoomDep
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor

router = APIRouter(prefix="/v1", tags=["intake"])
FRAMES_LIMIT_BYTES = 32 * 1024**2
MOST_SHOWN = 100
FRAMES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "HJ 212 frames, one a line or back to back",
        "content": {"text/plain": {"schema": {"type": "string", "format": "binary"}}},
    }
}
CodeQuery = Annotated[str | None, Query(description="Only this reason", json_schema_extra={"enum": [*REASONS]})]


@router.post("/hj212/messages", response_model=TakenView, max_body_size=FRAMES_LIMIT_BYTES, openapi_extra=FRAMES)
async def take_messages(request: Request, room: RoomDep, by: PrincipalDep) -> Response:
    """Take HJ 212 frames: hour data of registered devices go into the series, minute, day and real-time data into the
    outlet's readings; what is refused is kept and named.

    The answers to the senders come only after everything is stored. Repeating a request stores nothing twice.
    """
    require(by, "deliver")
    view = await run_sync(_take, room, await request.body(), by)
    return Response(orjson.dumps(view.model_dump(mode="json")), media_type="application/json")


def _take(room: Room, body: bytes, by: Principal) -> TakenView:
    given, lost = arrivals(body)
    if not given and not lost:
        raise BodyInvalid(Text("请求中没有报文", "There is no frame in the request"))
    taken = take(room, given, coming=Coming("http", by, room.clock()), lost=lost)
    return TakenView(
        received=taken.received,
        stored=taken.stored,
        duplicates=taken.duplicates,
        revised=taken.revised,
        values_stored=taken.values.get(STORED, 0),
        values_duplicates=taken.values.get(DUPLICATES, 0),
        values_revised=taken.values.get(REVISED, 0),
        other=taken.other,
        rejected_count=len(taken.refused),
        rejected=[
            Rejection(line=one.line, code=one.code, mn=one.frame.mn, reason_zh=words.zh, reason_en=words.en)
            for one in sorted(taken.refused, key=lambda refused: refused.line)[:MOST_SHOWN]
            for words in (REASONS[one.code],)
        ],
        answers=[one.decode() for one in taken.answers if one],
    )


@router.get("/hj212/rejected")
def list_rejected(
    session: ReadDep,
    by: PrincipalDep,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
    code: CodeQuery = None,
) -> Page[RejectedView]:
    """List the frames that were not taken, newest first, each as it came."""
    require(by, "deliver")
    found, last = queries.rejected(session, by=by, before=before_id(after), limit=limit, code=code)
    items = [RejectedView.model_validate(row) for row in found]
    return Page(items=items, next=cursor(str(last)) if last else None)


@router.get("/hj212/counts")
def read_counts(session: ReadDep, by: PrincipalDep) -> CountsView:
    """Read how many frames came, were stored, were acknowledged only and were refused, in all and by day."""
    require(by, "deliver")
    total: dict[str, int] = {}
    days: dict[tuple[str, str], dict[str, Any]] = {}
    for row in queries.counts(session, by=by):
        total[row.outcome] = total.get(row.outcome, 0) + row.count
        on = row.counted_on.isoformat()
        day = days.setdefault((on, row.transport), {"on": on, "transport": row.transport})
        day[row.outcome] = day.get(row.outcome, 0) + row.count
    return CountsView(total=total, days=list(days.values()))


@router.get("/series/{outlet_id}")
def read_series(
    outlet_id: OutletId,
    session: ReadDep,
    by: PrincipalDep,
    room: RoomDep,
    span: Annotated[SeriesQuery, Query()],
) -> Response:
    """Read an outlet's hours, one list a column, with from <= ts < to: the last 31 days unless you say, 366 at most."""
    found = outlet(session, outlet_id, seen_by=by)
    since, until = queries.span_of(span.begin, span.end, now=room.clock())
    rows = series_store(room).read([found.outlet_id], since, until)
    if span.pollutant is not None:
        rows = rows.filter(rows["pollutant"] == span.pollutant)
    content = orjson.dumps({"outlet_id": outlet_id, "rows": rows.height, **queries.columnar(rows)})
    return Response(content, media_type="application/json")
