"""Parts of a large table judged by several processes, each with its own Python."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.queues import SimpleQueue
from threading import Thread

from services.clue_service.detection.hours import Piece
from services.clue_service.detection.judging import Judge, Judged

THREADS, MEMORY = "POLARS_MAX_THREADS", "_RJEM_MALLOC_CONF"
KEPT = "dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1,oversize_threshold:0,background_thread:false"
"""Columns of a part are made and dropped by the hundred: memory that was used is used again, not given back."""


class ProcessLost(RuntimeError):
    """A process ended before it said what it found: killed, as a system that runs out of memory does."""


def judged_apart(judge: Judge, pieces: Sequence[Piece], processes: int) -> Iterator[Judged]:
    """What a judge finds in each piece, in their order; `processes` pieces at a time.

    The processes begin anew (spawn): polars has threads, and a copy of a process with threads may stand still. They
    end with this one, however it ends. Raises ProcessLost where one of them ended by itself.
    """
    spawn = get_context("spawn")
    try:
        cores: SimpleQueue[int | None] = spawn.SimpleQueue()
        for core in _cores(processes):
            cores.put(core)
        with (
            _one_core_each(),
            ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin, initargs=(cores, judge)) as pool,
        ):
            yield from pool.map(_judged, pieces)
    except BrokenProcessPool as broken:
        raise ProcessLost from broken


def _cores(processes: int) -> list[int | None]:
    """The core of each process: its thread and that of polars take turns, which costs least where both stay on one.

    None where the system knows no such thing, or somebody said how many threads there are to be.
    """
    if THREADS in os.environ or not hasattr(os, "sched_getaffinity"):
        return [None] * processes
    cores = sorted(os.sched_getaffinity(0))
    return [cores[number % len(cores)] for number in range(processes)]


_judge: Judge | None = None
"""Of a process that judges: it is told once, not with every piece."""


def _judged(piece: Piece) -> Judged:
    assert _judge is not None, "it was told when the process began"
    return _judge.of(piece)


def _begin(cores: "SimpleQueue[int | None]", judge: Judge) -> None:
    """Leave Ctrl-C to the process that asked, keep to one core, and end when that process has ended."""
    global _judge
    _judge = judge
    core = cores.get()
    if core is not None:
        os.sched_setaffinity(0, {core})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "it was spawned"
    parent.join()
    os._exit(1)  # whoever waits for work would wait for ever


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Processes that begin now use one thread in polars, unless somebody said how many, and keep their memory."""
    before = {name: os.environ.get(name) for name in (THREADS, MEMORY)}
    os.environ.setdefault(THREADS, "1")
    # Of two settings the later one holds; polars itself has made some.
    os.environ[MEMORY] = ",".join(filter(None, (before[MEMORY], KEPT)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
