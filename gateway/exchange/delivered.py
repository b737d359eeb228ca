"""Telling the referral room that a partner's machine has a dossier's message: it issues the receipt `delivered`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlmodel import Session, col, select

from shared.records.deliveries import Delivery, parcel_values, queue
from shared.records.journal import canonical
from shared.records.room import Room

EVENT, ROOM = "message.delivered", "referral"


def note(room: Room, agency: str, bodies: Iterable[str]) -> int:
    """Queue word of events an agency has, once each; only those that carried a manifest. Returns how many are new."""
    told = {event["id"]: event for event in (_told(agency, body) for body in bodies) if event is not None}
    if not told:
        return 0
    with room.reading() as session:
        fresh = _fresh(session, told)
    if not fresh:
        return 0
    with room.transaction() as session:
        queue(session, [_parcel(event, room.clock()) for event in _fresh(session, told)])
    return len(fresh)


def _told(agency: str, body: str) -> dict[str, Any] | None:
    """Return the event that says an agency has another; the same one for the same message, however often it is sent."""
    event: dict[str, Any] = orjson.loads(body)
    manifest = event["data"].get("manifest")
    if not isinstance(manifest, dict) or "digest" not in manifest:
        return None
    return {
        "specversion": "1.0",
        "id": str(uuid5(UUID(event["id"]), f"{EVENT}:{agency}")),
        "source": "/rooms/gateway",
        "type": EVENT,
        "subject": event["subject"],
        "time": event["time"],
        "datacontenttype": "application/json",
        "journeyid": event["journeyid"],
        "data": {"agency": agency, "message_id": event["id"], "manifest_digest": manifest["digest"]},
    }


def _fresh(session: Session, told: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    known = select(Delivery.message_id).where(col(Delivery.message_id).in_([UUID(id_) for id_ in told]))
    queued = {str(id_) for id_ in session.exec(known)}
    return [event for id_, event in told.items() if id_ not in queued]


def _parcel(event: dict[str, Any], now: datetime) -> dict[str, Any]:
    line = f"delivered:{event['subject']}"
    return parcel_values(UUID(event["id"]), EVENT, canonical(event), line=line, receiver=ROOM, now=now)
