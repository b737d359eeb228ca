"""The application of a room: problem documents, health, the internal door for events, and its routers."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlmodel import Session

from shared.errors import BodyInvalid, SignatureInvalid, Stale, Text
from shared.events import Event
from shared.records import inbox
from shared.records.room import Room
from shared.signing import internal_key, verify
from shared.web import problems
from shared.web.deps import TRIES, RoomDep

THREADS = 8
"""The thread pool is bounded to what the database can use: more threads only lengthen the tail."""

Subscriptions = Mapping[str, Callable[[Session, Event], Any]]

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {problems.MEDIA_TYPE: {"schema": problems.PROBLEM_SCHEMA}}}
    for status, words in {
        400: "The request cannot be read",
        401: "Not signed in",
        403: "Not your step",
        404: "Not found, or not visible to you",
        405: "Method not allowed",
        409: "Refused by the procedure, or stale",
        410: "Withdrawn",
        412: "If-Match names an older version",
        413: "Body over the limit",
        415: "Media type not taken",
        422: "The payload's shape is wrong",
        429: "Too many requests",
        503: "A room is down",
    }.items()
}


def create_app(room: Room, routers: Sequence[APIRouter], subscriptions: Subscriptions) -> FastAPI:
    """Return the application of a room; `subscriptions` is all that can arrive from other rooms ("*": any type)."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        app.state.room.database.close()

    app = FastAPI(
        title=f"Lianqin {room.name} room",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=REFUSALS,
        max_body_size=room.settings.body_limit_bytes,
        redirect_slashes=False,
    )
    app.state.room = room
    app.state.subscriptions = subscriptions
    problems.install(app)
    app.include_router(_inner)
    for router in routers:
        app.include_router(router)
    return app


_inner = APIRouter(include_in_schema=False)


@_inner.get("/health")
def health(room: RoomDep) -> dict[str, Any]:
    """Whether the room and its database answer."""
    return {"room": room.name, "healthy": room.database.healthy()}


@_inner.post("/internal/events")
async def receive(request: Request) -> Response:
    """Take a signed event from another room: its effect happens once, whatever happens on the way."""
    body = await request.body()
    return await anyio.to_thread.run_sync(_receive, request, body)


def _receive(request: Request, body: bytes) -> Response:
    room: Room = request.app.state.room
    verify(body, request.headers, now=room.clock(), keys=[internal_key(room.settings.internal_secret)])
    try:
        event = Event.model_validate_json(body)
    except ValidationError as broken:
        raise BodyInvalid(Text("事件格式有误", "The event's shape is wrong")) from broken
    for attempt in range(TRIES):
        try:
            outcome = take(room, request.app.state.subscriptions, event, body)
            break
        except Stale:
            if attempt == TRIES - 1:
                raise
    return Response(orjson.dumps({"repeated": outcome.repeated}), media_type="application/json")


def take(room: Room, subscriptions: Subscriptions, event: Event, body: bytes) -> inbox.Outcome:
    """Run an event's effect once; the message id and the effect commit together."""
    handler = subscriptions.get(event.type) or subscriptions.get("*")
    if handler is None:
        raise SignatureInvalid(Text(f"本服务不接收 {event.type}", f"This room does not take {event.type}"))
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            handler(session, event)
            return inbox.Outcome(200, "")

        return inbox.once(
            session,
            effect,
            sender=event.sender,
            message_id=event.id,
            digest=inbox.digest_of(body),
            now=room.clock(),
        )
