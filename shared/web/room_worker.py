"""The worker of a room behind the gateway: one carrier to the other rooms, and the sweep."""

from threading import Event

import httpx
import structlog
from sqlmodel import Session

from shared.carriers.push import Target, carrier
from shared.clock import new_id
from shared.errors import Stale
from shared.records import sweep
from shared.records.deliveries import Answer, Parcel, parcel_values, queue
from shared.records.journal import canonical
from shared.records.notices import stopped_delivery
from shared.records.room import Room, room_of
from shared.signing import internal_key
from shared.web.worker import run, stop_on_signals

log = structlog.get_logger()
SWEEP_SECONDS = 1.0


def work(room: Room, stop: Event | None = None) -> None:
    """Deliver and sweep until told to stop."""
    keys = [internal_key(room.settings.internal_secret)]

    def target(parcel: Parcel) -> Target:
        return f"{room.settings.room_url(parcel.receiver)}/internal/events", keys

    with httpx.Client(limits=httpx.Limits(max_connections=16)) as client:
        run(
            room,
            {"room": carrier(client, target)},
            sweep=swept,
            stop=stop or stop_on_signals(),
            on_stopped=tell_of_stopped,
        )


def swept(room: Room) -> int:
    """Sweep once; a clock somebody moved at this moment waits for the next time."""
    try:
        return sweep.sweep(room)
    except Stale:
        return 0


def tell_of_stopped(session: Session, parcel: Parcel, answer: Answer) -> None:
    """Call a human: a line of deliveries stopped. The notice is itself a delivery, on a line of its own."""
    now = room_of(session).clock()
    log.error("delivery.stopped", delivery=parcel.id, receiver=parcel.receiver, status=answer.status)
    if parcel.type == "notice.raised":
        return
    message_id = new_id(now)
    event = stopped_delivery(session, parcel, answer, message_id=message_id, now=now)
    body, line = canonical(event), f"stopped:{parcel.id}"
    queue(session, [parcel_values(message_id, "notice.raised", body, line=line, receiver="gateway", now=now)])
