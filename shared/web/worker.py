"""The worker of a room: sends what is due without one receiver holding up another, sweeps, and stops when told."""

import random
import signal
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from types import FrameType

import structlog
from sqlalchemy import update
from sqlmodel import Session

from shared.records.db import table_of
from shared.records.deliveries import Answer, Carrier, Delivery, Parcel, Stopped, claim_due, settle
from shared.records.room import Room

THREADS = 8
PER_RECEIVER = 4
"""One receiver never takes more than half of the threads; one that does not answer takes a single one."""
BATCH = 128
SETTLE_SECONDS = 0.03
AVOIDED = timedelta(seconds=5)
"""How long the rest of a receiver's mail is put aside after it could not be reached."""
TROUBLE_SECONDS = 1.0
SWEEP_EVERY = timedelta(seconds=1)
"""How often clocks are looked at."""

Sweep = Callable[[Room], int]
log = structlog.get_logger()


def run(
    room: Room, carriers: dict[str, Carrier], *, sweep: Sweep | None, stop: Event, on_stopped: Stopped | None = None
) -> None:
    """Deliver and sweep until `stop` is set; what is on its way then is finished and settled first.

    `sweep` returns how many clocks it moved; `on_stopped` is told, in the settling transaction, of a delivery that
    gave up.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix=f"{room.name}-carrier") as pool:
        dispatch = Dispatch(room, carriers, pool, on_stopped or _log_stopped)
        watch = Watch(room, sweep)
        while not stop.is_set():
            _turn(room, dispatch, watch, stop)
        dispatch.finish()


class Watch:
    """Sweeps the clocks every second, and again at once while more are due than one sweep takes."""

    def __init__(self, room: Room, sweep: Sweep | None) -> None:
        self._room, self._sweep, self._next_at = room, sweep, room.clock()

    def turn(self) -> int:
        """Sweep if it is time. Returns how many clocks were due."""
        now = self._room.clock()
        if self._sweep is None or now < self._next_at:
            return 0
        swept = self._sweep(self._room)
        self._next_at = now if swept else now + SWEEP_EVERY
        return swept


def _turn(room: Room, dispatch: "Dispatch", watch: Watch, stop: Event) -> None:
    """Sweep and deliver once; a broken turn is recorded and the next one tried (the outermost loop)."""
    try:
        swept = watch.turn()
        dispatch.turn(stop, rest=room.settings.poll_seconds if not swept else 0.0)
    except Exception:
        log.exception("worker.turn_failed", room=room.name)
        stop.wait(TROUBLE_SECONDS)


def stop_on_signals() -> Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = Event()

    def _told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _told)
    return stop


def _log_stopped(_session: Session, parcel: Parcel, answer: Answer) -> None:
    log.error("delivery.stopped", delivery=parcel.id, receiver=parcel.receiver, status=answer.status)


@dataclass(frozen=True, slots=True)
class _Held:
    parcel: Parcel
    until: datetime
    """The moment after which it may no longer be started: half of its lease."""


class Dispatch:
    """What one worker holds: claimed parcels that wait for a thread, those on their way, answers not yet settled.

    Answers are settled together, after at most `SETTLE_SECONDS`: one commit a batch, not one a parcel.
    """

    def __init__(self, room: Room, carriers: dict[str, Carrier], pool: ThreadPoolExecutor, on_stopped: Stopped) -> None:
        self._room, self._carriers, self._pool, self._on_stopped = room, carriers, pool, on_stopped
        self._lease = timedelta(seconds=room.settings.lease_seconds)
        self._waiting: deque[_Held] = deque()
        self._sending: Counter[str] = Counter()
        self._back: SimpleQueue[tuple[Parcel, Answer]] = SimpleQueue()
        self._answers: list[tuple[Parcel, Answer]] = []
        self._avoided: dict[str, datetime] = {}
        self._settle_by = self._claim_from = 0.0

    def turn(self, stop: Event, *, rest: float) -> int:
        """Take back what is done, start what may start, settle, claim; rest when there is nothing else to do."""
        self._take_back(rest)
        self._start()
        moved = self._settle() + self._claim(rest)
        self._start()
        if not moved and not self._sending.total() and rest:
            stop.wait(rest)
        return moved

    def finish(self) -> None:
        """Give back what was not started, and settle what is on its way."""
        self._release([held.parcel for held in self._waiting], self._room.clock())
        self._waiting.clear()
        while self._sending.total():
            self._note(*self._back.get())
        self._settle()

    def _take_back(self, rest: float) -> None:
        """Note every answer that came; wait for one when some are on their way."""
        if self._sending.total() and self._back.empty():
            patience = SETTLE_SECONDS if self._answers else max(rest, 0.01)
            with suppress(Empty):
                self._note(*self._back.get(timeout=patience))
        while not self._back.empty():
            self._note(*self._back.get())

    def _note(self, parcel: Parcel, answer: Answer) -> None:
        if not self._answers:
            self._settle_by = monotonic() + SETTLE_SECONDS
        self._answers.append((parcel, answer))
        self._sending[parcel.receiver] -= 1

    def _settle(self) -> int:
        count = len(self._answers)
        if not count or (self._sending.total() and count < BATCH // 2 and monotonic() < self._settle_by):
            return 0
        now = self._room.clock()
        with self._room.transaction() as session:
            for parcel, answer in self._answers:
                state = settle(session, parcel, answer, now=now, jitter=random.random())
                if state == "stopped":
                    self._on_stopped(session, parcel, answer)
                elif state == "pending":
                    self._avoided[parcel.receiver] = now + AVOIDED
                else:
                    self._avoided.pop(parcel.receiver, None)
        self._answers.clear()
        self._claim_from = 0.0
        return count

    def _claim(self, rest: float) -> int:
        space = BATCH - len(self._waiting) - self._sending.total()
        if space < BATCH // 2 or monotonic() < self._claim_from:
            return 0
        now = self._room.clock()
        parcels = claim_due(self._room, limit=space)
        self._waiting.extend(_Held(parcel, now + self._lease / 2) for parcel in parcels)
        if not parcels:
            self._claim_from = monotonic() + rest
        return len(parcels)

    def _start(self) -> None:
        now = self._room.clock()
        back: list[Parcel] = []
        for _ in range(len(self._waiting)):
            held = self._waiting.popleft()
            receiver = held.parcel.receiver
            avoided = self._avoided.get(receiver, now) > now
            if held.until <= now or (avoided and self._sending[receiver]):
                back.append(held.parcel)
            elif self._sending.total() < THREADS and self._sending[receiver] < PER_RECEIVER:
                self._sending[receiver] += 1
                self._pool.submit(self._send, held.parcel).add_done_callback(partial(self._done, held.parcel))
            else:
                self._waiting.append(held)
        self._release(back, now + AVOIDED)

    def _send(self, parcel: Parcel) -> Answer:
        return self._carriers[parcel.carrier](parcel, self._room.clock())

    def _done(self, parcel: Parcel, future: Future[Answer]) -> None:
        self._back.put((parcel, _answer(future)))

    def _release(self, parcels: list[Parcel], due_at: datetime) -> None:
        """Give claimed parcels back untried: the attempt does not count."""
        if not parcels:
            return
        table = table_of(Delivery)
        with self._room.transaction() as session:
            for parcel in parcels:
                mine = (table.c.id == parcel.id) & (table.c.token == parcel.token)
                session.execute(update(table).where(mine).values(due_at=due_at, attempts=parcel.attempts - 1))


def _answer(future: Future[Answer]) -> Answer:
    broken = future.exception()
    if broken is None:
        return future.result()
    log.error("carrier.failed", error=repr(broken))
    return Answer(0, repr(broken))
