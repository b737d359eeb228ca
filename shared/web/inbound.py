"""The inner door for partners' messages, which the gateway verified: each is taken once, again when stale."""

from collections.abc import Callable

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from shared.errors import BodyInvalid, Stale, Text
from shared.events import Event
from shared.identity import Principal
from shared.records.inbox import Outcome
from shared.records.room import Room
from shared.web.deps import TRIES, principal

Taker = Callable[[Room, Event, bytes, Principal], Outcome]
"""What a room does with a partner's message: runs it as that partner, its id and its effect in one transaction."""


def inbound_route(take: Taker) -> APIRouter:
    """Return the router of the inner door."""
    router = APIRouter(include_in_schema=False)

    @router.post("/internal/inbound")
    async def inbound(request: Request) -> Response:
        """Take a partner's message once."""
        body = await request.body()
        return await run_sync(_taken, take, request, body)

    return router


def _taken(take: Taker, request: Request, body: bytes) -> Response:
    room: Room = request.app.state.room
    by = principal(request, room)
    event = _event(body)
    for attempt in range(TRIES):
        try:
            outcome = take(room, event, body, by)
            break
        except Stale:
            if attempt == TRIES - 1:
                raise
    headers = {"Message-Repeated": "true"} if outcome.repeated else {}
    return Response(outcome.result, status_code=outcome.status, media_type="application/json", headers=headers)


def _event(body: bytes) -> Event:
    try:
        return Event.model_validate_json(body)
    except ValidationError as broken:
        raise BodyInvalid(Text("消息不是 CloudEvents 1.0 格式", "The message is not a CloudEvent")) from broken
