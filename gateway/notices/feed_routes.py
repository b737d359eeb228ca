"""The calendar behind a private address: read by calendar programs, which bring no token but the address itself."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from gateway.deps import LimitsDep, RoomDep, UpstreamDep, act
from gateway.desk.fanin import Strand, merged
from gateway.notices import calendars, feed
from gateway.routing import ROOMS
from gateway.upstream import NAMES, Upstream, unavailable
from shared.errors import NotVisible
from shared.identity import Principal, assertion
from shared.records.room import Room
from shared.records.views import DeadlineView

router = APIRouter(prefix="/v1/calendar", tags=["calendar"])
MOST_CLOCKS, MOST_CONFERENCES, PAGE = 1000, 200, 200
FRESH_SECONDS = 300
TokenPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}\.ics$", max_length=50)]


@router.get("/{token}", response_class=Response, responses={200: {"content": {"text/calendar": {}}}})
async def calendar(
    token: TokenPath, request: Request, room: RoomDep, upstream: UpstreamDep, limits: LimitsDep
) -> Response:
    """Read the open clocks that the holder of this private address may see, as an iCalendar subscription."""
    try:
        by = await anyio.to_thread.run_sync(_holder, room, token.removesuffix(".ics"))
    except NotVisible as unknown:
        raise limits.unknown(_address(request)) or unknown from None
    if (refusal := limits.request(f"calendar:{by.actor}")) is not None:
        raise refusal
    identity = assertion(by, secret=room.settings.internal_secret, now=room.clock())
    clocks, conferences = await asyncio.gather(_clocks(upstream, identity, by), _conferences(upstream, identity))
    text = await anyio.to_thread.run_sync(_written, room, clocks, conferences, by.name)
    tag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={FRESH_SECONDS}"}
    if tag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    headers |= {"Content-Disposition": 'inline; filename="lianqin.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _holder(room: Room, token: str) -> Principal:
    with room.reading() as session:
        return calendars.holder(session, token)


async def _clocks(upstream: Upstream, identity: str, by: Principal) -> list[DeadlineView]:
    """Return the open clocks of all rooms, nearest first. Raises RoomUnavailable: a calendar lacks nothing silently."""

    async def fetch(name: str, place: str) -> Mapping[str, Any]:
        params = {"limit": str(PAGE), "agency": by.agency} | ({"after": place} if place else {})
        reply = await upstream.ask(name, "/v1/deadlines", assertion=identity, params=params)
        if reply.status != 200:
            raise unavailable(name)
        answer: Mapping[str, Any] = reply.json()
        return answer

    strands = [Strand(name) for name in NAMES]
    await asyncio.gather(*(strand.fill(fetch) for strand in strands))
    items = await merged(strands, fetch, MOST_CLOCKS)
    for strand in strands:
        if strand.is_down:
            raise unavailable(strand.room)
    return [DeadlineView(**item) for item in items]


async def _conferences(upstream: Upstream, identity: str) -> list[Mapping[str, Any]]:
    """Return the newest conferences one may see; none where the desk has no such path."""
    served = ROOMS.get(b"conferences")
    if served is None:
        return []
    reply = await upstream.ask(served, "/v1/conferences", assertion=identity, params={"limit": str(MOST_CONFERENCES)})
    if reply.status == 404:
        return []
    if reply.status != 200:
        raise unavailable(served)
    found: list[Mapping[str, Any]] = reply.json()["items"]
    return found


def _written(room: Room, clocks: list[DeadlineView], conferences: list[Mapping[str, Any]], name: str) -> bytes:
    """Return the calendar's bytes; what moved since it was last read is noted first."""
    with room.reading() as session:
        told = feed.changed(session, clocks)
    if told is None:
        told = act(room, lambda session, now: feed.remembered(session, clocks, now=now))
    found = feed.written(clocks, told, f"联勤 · {name}")
    text: bytes = feed.merged(found, conferences).to_ical()
    return text
