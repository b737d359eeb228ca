"""The process that takes HJ 212 devices over TCP: nothing is acknowledged before it is stored."""

import asyncio
import signal
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

from services.clue_service.clues.models import Clue
from services.clue_service.intake import commands
from services.clue_service.intake.commands import Arrival, Coming
from services.clue_service.intake.hj212 import Frame
from services.clue_service.intake.taking import take
from services.clue_service.intake.tcp import Counters, Limits, Server, serve
from shared.records.room import Room
from shared.starting import starting
from shared.web.assembly import make_room

log = structlog.get_logger()
MOST_TOGETHER = 500
"""Frames stored in one append and one transaction."""
WORKERS = 32
"""Frames that may wait for their storing at one moment; they are stored together."""
TELL_SECONDS = 60.0
TOLD = ("garbage", "oversize", "resynchronised", "timeouts", "floods", "turned_away", "failures")
"""Counters of the TCP server that stand for something lost or refused without a frame to keep."""


@dataclass(slots=True)
class _Waiting:
    frame: Frame
    answer: Future[bytes] = field(default_factory=Future)


class Together:
    """Stores the frames of many senders: all that wait at one moment go in one append and one transaction.

    Call it from any thread; it returns the answer once the frame is durable, or raises what kept it from that.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="hj212-store")
        self._thread.start()

    def __call__(self, frame: Frame) -> bytes:
        waiting = _Waiting(frame)
        self._queue.put(waiting)
        return waiting.answer.result()

    def keep(self, frame: Frame) -> None:
        """Keep what is no frame; nobody waits for an answer."""
        self(frame)

    def close(self) -> None:
        """Store what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._drained(first)
            self._store(batch)
            if is_last:
                return

    def _drained(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_TOGETHER:
            try:
                one = self._queue.get_nowait()
            except Empty:
                break
            if one is None:
                return batch, True
            batch.append(one)
        return batch, False

    def _store(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; when that fails, each alone, so that one frame keeps no other from being stored."""
        try:
            coming = Coming("tcp", self._room.itself, self._room.clock())
            taken = take(self._room, [Arrival(1, one.frame) for one in batch], coming=coming)
        except Exception as error:  # this thread's outermost loop: the sender gets no answer and sends again
            if len(batch) == 1:
                log.exception("hj212.not_stored", mn=batch[0].frame.mn)
                batch[0].answer.set_exception(error)
                return
            for one in batch:
                self._store([one])
            return
        for one, answer in zip(batch, taken.answers, strict=True):
            one.answer.set_result(answer)


def tell(room: Room, counters: Counters, told: dict[str, int]) -> None:
    """Add what the server refused without a frame to the day's counts; `told` is what was added before."""
    present = {name: int(getattr(counters, name)) for name in TOLD}
    fresh = {("", name): number - told.get(name, 0) for name, number in present.items()}
    if any(fresh.values()):
        with room.transaction() as session:
            commands.count(session, fresh, coming=Coming("tcp", room.itself, room.clock()))
    told.update(present)


async def open_door(room: Room, together: Together, limits: Limits | None = None) -> Server:
    """Listen for devices; returns the running server."""
    return await serve(
        room.settings.hj212_host,
        room.settings.hj212_port,
        on_frame=together,
        on_problem=together.keep,
        clock=room.clock,
        limits=limits or Limits(workers=WORKERS),
    )


async def run(room: Room, stop: asyncio.Event) -> None:
    """Take devices until `stop` is set; frames in hand are stored and answered first."""
    together, told = Together(room), dict[str, int]()
    try:
        server = await open_door(room, together)
        log.info("hj212.listening", host=room.settings.hj212_host, port=server.port)
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), TELL_SECONDS)
            except TimeoutError:
                await asyncio.to_thread(tell, room, server.counters, told)
        await server.stop()
        await asyncio.to_thread(tell, room, server.counters, told)
    finally:
        together.close()


async def _until_told(room: Room) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(room, stop)


def main() -> None:
    """Take devices until told to stop."""
    with starting():
        room = make_room("clue", {"clue": Clue})
    try:
        asyncio.run(_until_told(room))
    finally:
        room.database.close()
