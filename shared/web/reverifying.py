"""Beside its deliveries a worker hashes stored evidence again by a schedule, in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import structlog

from shared.records import reverify
from shared.records.room import Room

log = structlog.get_logger()
BETWEEN_RUNS_SECONDS = 1.0
IDLE_SECONDS = 60.0
"""How long the schedule rests when no evidence waits to be verified."""
STOP_SECONDS = 5.0


@contextmanager
def reverifying(room: Room, stop: Event) -> Iterator[None]:
    """Verify stored evidence by the schedule for the length of the block; `stop` ends it."""
    watch = Thread(target=reverify_until, args=(room, stop), name=f"{room.name}-reverify", daemon=True)
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join(STOP_SECONDS)


def reverify_until(room: Room, stop: Event) -> None:
    """Run the schedule until told to stop; with `reverify_seconds` 0 there is none."""
    rest = room.settings.reverify_seconds
    while rest and not stop.is_set():
        done = once(room, timedelta(seconds=rest))
        stop.wait(BETWEEN_RUNS_SECONDS if done else IDLE_SECONDS)


def once(room: Room, rest: timedelta) -> int:
    """Run the schedule once. Returns how many blobs were read.

    A run that breaks (a store that does not answer, a disk that fails) is recorded and tried again (outermost loop).
    """
    try:
        found = reverify.run(room, before=room.clock() - rest, most_bytes=room.settings.reverify_bytes)
    except Exception:
        log.exception("reverify.failed", room=room.name)
        return 0
    for one in found.changed:
        log.error("evidence.changed", room=room.name, subject=one.subject, item=str(one.item), why=one.why)
    return found.blobs
