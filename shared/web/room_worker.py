"""The worker of a room behind the gateway: one carrier to the other rooms, the sweep, and its chores."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event

import httpx
import structlog
from sqlmodel import Session

from shared.carriers.push import Target, carrier
from shared.carriers.stamping import NoStamp, stamped
from shared.clock import new_id
from shared.errors import Stale
from shared.records import checkpoints, reprojection, sweep
from shared.records.deliveries import Answer, Parcel, parcel_values, queue
from shared.records.journal import canonical
from shared.records.notices import stopped_delivery
from shared.records.room import Room, room_of
from shared.signing import internal_key
from shared.web.reverifying import reverifying
from shared.web.worker import run, stop_on_signals

log = structlog.get_logger()
STAMP_EVERY = timedelta(minutes=5)
"""How often an authority that did not answer is asked again."""
Chore = Callable[[Room], int]
"""Something a worker does beside delivering; returns how much there was to do."""


def work(room: Room, stop: Event | None = None, chores: Sequence[Chore] = ()) -> None:
    """Deliver, sweep, do the chores and verify stored evidence until told to stop."""
    keys = [internal_key(room.settings.internal_secret)]

    def target(parcel: Parcel) -> Target:
        return f"{room.settings.room_url(parcel.receiver)}/internal/events", keys

    stop = stop or stop_on_signals()
    with httpx.Client(limits=httpx.Limits(max_connections=16)) as client, reverifying(room, stop):
        run(
            room,
            {"room": carrier(client, target)},
            sweep=together(swept, reprojection.tend, checkpoints.tend, stamping(), *chores),
            stop=stop,
            on_stopped=tell_of_stopped,
        )


def together(*chores: Chore) -> Chore:
    """Return one chore that does all; one that fails is recorded and stops none of the others."""

    def do_all(room: Room) -> int:
        return sum(_done(room, chore) for chore in chores)

    return do_all


def _done(room: Room, chore: Chore) -> int:
    try:
        return chore(room)
    except Exception:
        log.exception("chore.failed", room=room.name, chore=getattr(chore, "__name__", repr(chore)))
        return 0


def stamping() -> Chore:
    """Return the chore that has checkpoints stamped where an authority is configured."""
    asked_at = None

    def stamp(room: Room) -> int:
        nonlocal asked_at
        now = room.clock()
        if not room.settings.tsa_url or (asked_at is not None and now - asked_at < STAMP_EVERY):
            return 0
        asked_at = now
        return stamp_all(room)

    return stamp


def stamp_all(room: Room) -> int:
    """Have every checkpoint stamped that is not. Returns how many were."""
    with room.reading() as session:
        waiting = checkpoints.unstamped(session)
    for found in waiting:
        try:
            token = stamped(found.statement.encode(), room.settings.tsa_url)
        except NoStamp as refused:
            log.warning("stamp.missing", room=room.name, day=str(found.day), why=str(refused))
            return 0
        with room.transaction() as session:
            checkpoints.keep_stamp(session, found.day, token)
    return len(waiting)


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
