"""The door for partners' messages: verified, taken once, handed to the room of its subject byte for byte."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.deps import AccessDep, ActingDep, IdentityDep, RoomDep, UpstreamDep, act
from gateway.exchange import messages
from gateway.identity.queries import signing_keys
from gateway.identity.sealing import Seal
from gateway.upstream import Reply
from shared.errors import BodyInvalid, MessageReplayed, NotYourStep, RoomUnavailable, Text
from shared.identity import Principal
from shared.records.db import table_of
from shared.records.deliveries import RETRIED_STATUSES
from shared.records.inbox import Received, digest_of
from shared.records.room import Room
from shared.signing import verify
from shared.web.deps import ASSERTION_HEADER

router = APIRouter(prefix="/v1", tags=["exchange"])
ROOM = "referral"
ROOMS = {"conference": "case"}
"""Kind of subject -> the room that takes messages about it, where that is not the referral room."""
TARGET = "/internal/inbound"
LONGEST_ID = 200

CLOUD_EVENT = {
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": words}
        for name, words in (
            ("webhook-id", "Your message id, never used twice"),
            ("webhook-timestamp", "Seconds since 1970, at most five minutes away"),
            ("webhook-signature", "Standard Webhooks: `v1,…` (HMAC-SHA256) or `v1a,…` (Ed25519) over the exact bytes"),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {"application/cloudevents+json": {"schema": {"type": "object", "title": "CloudEvent"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A partner's message whose signature holds."""

    message_id: str
    body: bytes
    by: Principal

    @property
    def sender(self) -> str:
        """Return under what name its id is remembered."""
        return f"inbound:{self.by.actor}"


@router.post("/inbound", openapi_extra=CLOUD_EVENT)
async def inbound(
    request: Request, room: RoomDep, access: AccessDep, upstream: UpstreamDep, by: ActingDep, identity: IdentityDep
) -> Response:
    """Take a partner's signed message. The room of its subject answers; a repetition is refused with 409."""
    body = await request.body()
    message = await run_sync(_verified, room, access.seal, request, body, by)
    headers = {
        "content-type": request.headers.get("content-type", "application/octet-stream"),
        ASSERTION_HEADER: identity,
        "x-lianqin-message-id": message.message_id,
        "accept-language": request.headers.get("accept-language", ""),
    }
    kind = _envelope(body)[1].partition(":")[0]
    reply = await upstream.hand(ROOMS.get(kind, ROOM), TARGET, body, headers)
    if reply.status in RETRIED_STATUSES:
        raise RoomUnavailable(retry_after=5)
    await run_sync(act, room, lambda session, now: _record(session, message, reply, now=now))
    return Response(reply.body, status_code=reply.status, media_type=reply.content_type or None)


def _verified(room: Room, seal: Seal, request: Request, body: bytes, by: Principal) -> Signed:
    """Return the message when its signature holds and its id is new."""
    kind, _, client_id = by.actor.partition(":")
    if kind != "client":
        raise NotYourStep(Text("此接口仅供对接程序使用", "This address is for partners' programs"))
    with room.reading() as session:
        keys = signing_keys(session, UUID(client_id), seal)
        message = Signed(verify(body, request.headers, now=room.clock(), keys=keys), body, by)
        if len(message.message_id) > LONGEST_ID:
            raise BodyInvalid(Text("消息编号过长", "The message id is too long"), longest=LONGEST_ID)
        first = session.get(Received, (message.sender, message.message_id))
    if first is not None:
        raise _replayed(message, first)
    return message


def _replayed(message: Signed, first: Received) -> MessageReplayed:
    return MessageReplayed(
        Text(
            f"消息 {message.message_id} 已于 {first.at.isoformat()} 接收，当时答复状态为 {first.status}",
            f"Message {message.message_id} was taken at {first.at.isoformat()} and answered with {first.status}",
        ),
        message_id=message.message_id,
        first_status=first.status,
        same_content=first.digest == digest_of(message.body),
    )


def _record(session: Session, message: Signed, reply: Reply, *, now: datetime) -> None:
    """Remember the message's id and log it with our answer. Raises MessageReplayed when a twin was faster."""
    said = _envelope(message.body)
    row = {"sender": message.sender, "message_id": message.message_id, "digest": digest_of(message.body), "at": now}
    try:
        session.execute(insert(table_of(Received)), [row | {"status": reply.status, "result": ""}])
    except IntegrityError as twin:
        raise MessageReplayed(message_id=message.message_id, first_status=reply.status) from twin
    logged = {
        "direction": "in",
        "message_id": message.message_id,
        "type": said[0],
        "subject": said[1],
        "body": _text(message.body),
        "actor": message.by.actor,
        "status": reply.status,
        "answer": _text(reply.body),
    }
    messages.write(session, message.by.agency, logged, now=now)


def _envelope(body: bytes) -> tuple[str, str]:
    """Return type and subject as the message says them, empty when it is no CloudEvent."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    type_, subject = (_text(str(said.get(name, "")).encode(errors="replace"))[:200] for name in ("type", "subject"))
    return type_, subject


def _text(content: bytes) -> str:
    """Return bytes as text that every database can hold (PostgreSQL takes no U+0000)."""
    return content.decode(errors="replace").replace("\x00", "\ufffd")
