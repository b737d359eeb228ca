"""The gateway's worker in a thread, and waiting for what it does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from gateway.worker import work
from shared.records.room import Room


@contextmanager
def working(room: Room) -> Iterator[None]:
    """Run the gateway's worker in a thread, over the same database."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work(room, stop)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive()
    assert failed == []


def until(holds: Callable[[], Any], seconds: float = 8) -> Any:
    """Wait until something holds, and return it."""
    ends = monotonic() + seconds
    while not (found := holds()):
        assert monotonic() < ends, "it did not happen"
        sleep(0.02)
    return found
