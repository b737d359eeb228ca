"""Events as rooms post them to the gateway, and messages as partners sign them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson

from shared.events import Origin, envelope
from shared.records.journal import canonical
from shared.records.room import Room
from shared.signing import internal_key, sign

JOURNEY = UUID("01939f00-0000-7000-8000-000000000001")
NOTICE = {
    "key": "notice-1",
    "agency": "eea-320500",
    "role": "case_officer",
    "type": "deadline.approaching",
    "level": "urgent",
    "subject": "case:1",
    "title_zh": "期限将至",
    "title_en": "A deadline is near",
    "body_zh": "立案期限将于明日届满。",
    "body_en": "The filing deadline lapses tomorrow.",
}


def event(
    room: Room, type_: str, data: dict[str, Any], *, to: tuple[str, ...] = (), subject: str = "referral:1"
) -> tuple[UUID, bytes]:
    """Return an event's id and bytes, as a room writes them."""
    message_id = uuid4()
    origin = Origin("referral", subject, JOURNEY, 3, to)
    return message_id, canonical(envelope(type_, data, origin, message_id=message_id, now=room.clock())).encode()


def post_event(http: httpx.Client, room: Room, message_id: UUID, body: bytes) -> httpx.Response:
    """Post an event to the gateway as a room does."""
    keys = [internal_key(room.settings.internal_secret)]
    headers = sign(body, message_id=str(message_id), now=room.clock(), keys=keys)
    return http.post("/internal/events", content=body, headers=headers)


def tell(http: httpx.Client, room: Room, **change: Any) -> None:
    """Raise a notice."""
    answer = post_event(http, room, *event(room, "notice.raised", {**NOTICE, **change}, subject="case:1"))
    assert answer.status_code == 200, answer.text


def partner_message(**change: Any) -> bytes:
    """Return a partner's receipt as a CloudEvent."""
    said = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/partners/psb-320500",
        "type": "partner.receipt",
        "subject": "referral:1",
        "time": "2026-11-23T09:00:00+08:00",
        "journeyid": str(JOURNEY),
        "data": {"receipt_no": "苏公回执〔2026〕7号"},
    }
    return orjson.dumps(said | change)


def signed(body: bytes, message_id: str, at: datetime, *keys: str, late: float = 0) -> dict[str, str]:
    """Return the headers of a signed partner message, `late` seconds off."""
    headers = sign(body, message_id=message_id, now=at + timedelta(seconds=late), keys=keys)
    return {**headers, "content-type": "application/cloudevents+json"}
