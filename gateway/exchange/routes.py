"""What is exchanged, over HTTP: the pull feed, the message log, webhook subscriptions, and people's notices."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from gateway.deps import AccessDep, ActingDep, ReadDep, RoomDep, act
from gateway.exchange import delivered, messages, webhooks
from gateway.exchange.models import (
    Feed,
    MessageContent,
    MessageView,
    NewSubscription,
    SubscriptionSecret,
    SubscriptionView,
)
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor, number_of

exchange = APIRouter(prefix="/v1", tags=["exchange"])
subscriptions = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

NumberQuery = Annotated[int, Query(ge=0, le=2**53, description="The number of the last event you have")]


@exchange.get("/events", response_model=Feed)
def feed(room: RoomDep, session: ReadDep, by: ActingDep, after: NumberQuery = 0, limit: LimitQuery = 50) -> Response:
    """Fetch the events addressed to one's agency, in order, after a number; for partners who cannot be called."""
    found = messages.feed(session, by=by, after=after, limit=limit + 1)
    shown = found[:limit]
    delivered.note(room, by.agency, [body for _number, body in shown])
    events = [{"sequence": number, "event": orjson.Fragment(body)} for number, body in shown]
    answer = {"events": events, "next": shown[-1][0] if shown else after, "more": len(found) > limit}
    return Response(orjson.dumps(answer), media_type="application/json")


@exchange.get("/messages")
def list_messages(
    session: ReadDep, by: ActingDep, after: AfterQuery = None, limit: LimitQuery = 50
) -> Page[MessageView]:
    """List what went to and came from one's agency, newest first."""
    rows = messages.log(session, by=by, before=number_of(after), limit=limit + 1)
    onward = cursor(str(rows[limit - 1].sequence)) if len(rows) > limit else None
    return Page(items=[MessageView.model_validate(row) for row in rows[:limit]], next=onward)


@exchange.get("/messages/{number}")
def read_message(number: Annotated[int, Path(ge=0, le=2**53)], session: ReadDep, by: ActingDep) -> MessageContent:
    """Read a message with its exact text and our answer."""
    return MessageContent.model_validate(messages.one(session, number, by=by))


@subscriptions.post("", status_code=201)
def subscribe(body: NewSubscription, room: RoomDep, access: AccessDep, by: ActingDep) -> SubscriptionSecret:
    """Have events pushed to an address; the key to verify them with is shown this once."""
    row, key = act(room, lambda session, now: webhooks.add(session, body, access.seal, by=by, now=now))
    return SubscriptionSecret(**webhooks.view(row).model_dump(), verification_key=key)


@subscriptions.get("")
def list_subscriptions(
    session: ReadDep, by: ActingDep, after: AfterQuery = None, limit: LimitQuery = 50
) -> Page[SubscriptionView]:
    """List the subscriptions of the agencies one administers."""
    found = webhooks.page(session, by=by, after=before_id(after), limit=limit + 1)
    onward = cursor(str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[webhooks.view(row) for row in found[:limit]], next=onward)


@subscriptions.post("/{subscription_id}/rotate")
def rotate(subscription_id: UUID, room: RoomDep, access: AccessDep, by: ActingDep) -> SubscriptionSecret:
    """Give a subscription a new key; the one before signs beside it until the next rotation."""
    row, key = act(room, lambda session, now: webhooks.rotate(session, subscription_id, access.seal, by=by, now=now))
    return SubscriptionSecret(**webhooks.view(row).model_dump(), verification_key=key)


@subscriptions.post("/{subscription_id}/end")
def end(subscription_id: UUID, room: RoomDep, by: ActingDep) -> SubscriptionView:
    """Stop pushing to an address."""
    return webhooks.view(act(room, lambda session, now: webhooks.end(session, subscription_id, by=by, now=now)))


@subscriptions.post("/{subscription_id}/resume")
def resume(subscription_id: UUID, room: RoomDep, by: ActingDep) -> SubscriptionView:
    """Push again after the cause was mended; what had stopped follows in its order."""
    return webhooks.view(act(room, lambda session, now: webhooks.resume(session, subscription_id, by=by, now=now)))
