"""Looking across the rooms: the board of running clocks, one journey's timeline, figures, and which room answers."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from time import perf_counter
from typing import Annotated, Any
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.deps import IdentityDep, RoomDep, UpstreamDep
from gateway.desk.fanin import cursor_of, merged, strands_of
from gateway.upstream import NAMES, Upstream, unavailable
from shared.errors import BodyInvalid, NotVisible, RoomUnavailable
from shared.records.timeliness import EARLIEST_DAY, LATEST_DAY, TimelinessRow
from shared.records.views import DeadlineView, EntryView
from shared.web.paging import LimitQuery

router = APIRouter(prefix="/v1", tags=["desk"])
ROOMS = tuple(NAMES)

DayQuery = Annotated[
    date | None,
    Query(ge=EARLIEST_DAY, le=LATEST_DAY, description="Clocks that began on this day or after, or before"),
]
BoardQuery = Annotated[str | None, Query(max_length=4000, description="The `next` of the page before")]


class Board(BaseModel):
    """Running clocks of all rooms, nearest first; `unavailable` names rooms that did not answer."""

    items: list[DeadlineView]
    next: str | None
    unavailable: list[str]


class Journey(BaseModel):
    """The entries of one journey in all rooms that the reader may see, in order of time."""

    entries: list[EntryView]
    unavailable: list[str]


class Figures(BaseModel):
    """How many subjects stand in which state, and how the clocks of the agency ended, over all rooms."""

    subjects: dict[str, dict[str, int]]
    clocks: dict[str, dict[str, int]]
    unavailable: list[str]


class TimelinessFigures(BaseModel):
    """How punctual the agencies are whose clocks the reader may see."""

    rows: list[TimelinessRow]
    unavailable: list[str]


class RoomHealth(BaseModel):
    """Whether a room answers, and how fast."""

    room: str
    healthy: bool
    milliseconds: float | None


@router.get("/deadlines")
async def board(
    upstream: UpstreamDep,
    identity: IdentityDep,
    after: BoardQuery = None,
    limit: LimitQuery = 50,
    agency: Annotated[str | None, Query(max_length=60)] = None,
    *,
    breached: bool | None = None,
) -> Board:
    """List the running clocks of all rooms, nearest first."""
    wanted = {"limit": str(limit)}
    wanted |= {"agency": agency} if agency else {}
    wanted |= {"breached": str(breached).lower()} if breached is not None else {}

    async def fetch(room: str, place: str) -> Mapping[str, Any]:
        params = wanted | ({"after": place} if place else {})
        return await _asked(upstream, room, "/v1/deadlines", identity, params)

    strands = strands_of(after, ROOMS)
    await asyncio.gather(*(strand.fill(fetch) for strand in strands))
    items = await merged(strands, fetch, limit)
    down = [strand.room for strand in strands if strand.is_down]
    return Board(items=[DeadlineView(**item) for item in items], next=cursor_of(strands), unavailable=down)


@router.get("/journeys/{journey_id}")
async def journey(journey_id: UUID, upstream: UpstreamDep, identity: IdentityDep) -> Journey:
    """Read what happened to one matter in all rooms, on one timeline."""
    answers, down = await _gathered(upstream, f"/v1/journeys/{journey_id}", identity)
    entries = [EntryView(**entry) for answer in answers.values() for entry in answer["entries"]]
    if not entries and not down:
        raise NotVisible()
    entries.sort(key=lambda entry: (entry.at, entry.subject, entry.seq))
    return Journey(entries=entries, unavailable=down)


@router.get("/statistics")
async def statistics(upstream: UpstreamDep, identity: IdentityDep) -> Figures:
    """Add up what each room says of one's agency."""
    answers, down = await _gathered(upstream, "/v1/statistics", identity)
    subjects: dict[str, dict[str, int]] = {}
    clocks: dict[str, Counter[str]] = {}
    for answer in answers.values():
        subjects |= answer["subjects"]
        for state, numbers in answer["clocks"].items():
            clocks.setdefault(state, Counter()).update(numbers)
    return Figures(
        subjects=subjects, clocks={state: dict(numbers) for state, numbers in clocks.items()}, unavailable=down
    )


@router.get("/statistics/timeliness")
async def timeliness(
    upstream: UpstreamDep,
    identity: IdentityDep,
    begun_from: DayQuery = None,
    begun_to: DayQuery = None,
    agency: Annotated[str | None, Query(max_length=60)] = None,
) -> TimelinessFigures:
    """Say per agency, leg and rule what was met in time, how late, and how long clocks were paused, over all rooms."""
    wanted = {"begun_from": begun_from, "begun_to": begun_to, "agency": agency}
    params = {name: str(value) for name, value in wanted.items() if value is not None}
    answers, down = await _gathered(upstream, "/v1/statistics/timeliness", identity, params)
    rows = [TimelinessRow(**row) for answer in answers.values() for row in answer["rows"]]
    rows.sort(key=lambda row: (row.agency, row.leg, row.term))
    return TimelinessFigures(rows=rows, unavailable=down)


@router.get("/statistics/rooms")
async def rooms(room: RoomDep, upstream: UpstreamDep) -> list[RoomHealth]:
    """Say which room answers."""
    own = RoomHealth(room="gateway", healthy=await anyio.to_thread.run_sync(room.database.healthy), milliseconds=0.0)
    return [own, *await asyncio.gather(*(_health(upstream, name) for name in ROOMS))]


async def _health(upstream: Upstream, room: str) -> RoomHealth:
    began = perf_counter()
    try:
        reply = await upstream.ask(room, "/health")
    except RoomUnavailable:
        return RoomHealth(room=room, healthy=False, milliseconds=None)
    took = round((perf_counter() - began) * 1000, 2)
    return RoomHealth(room=room, healthy=reply.status == 200, milliseconds=took)


async def _gathered(
    upstream: Upstream, target: str, identity: str, params: Mapping[str, str] | None = None
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return what each room answered, and which did not."""
    asked = (_asked(upstream, room, target, identity, params or {}) for room in ROOMS)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    found: dict[str, Mapping[str, Any]] = {}
    down: list[str] = []
    for room, answer in zip(ROOMS, answers, strict=True):
        if isinstance(answer, RoomUnavailable):
            down.append(room)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[room] = answer
    return found, down


async def _asked(
    upstream: Upstream, room: str, target: str, identity: str, params: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return a room's JSON answer. Raises RoomUnavailable, or BodyInvalid for a cursor the room does not know."""
    reply = await upstream.ask(room, target, assertion=identity, params=params)
    if reply.status == 422:
        raise BodyInvalid()
    if reply.status != 200:
        raise unavailable(room)
    answer: Mapping[str, Any] = reply.json()
    return answer
