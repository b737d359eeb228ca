"""Parts of a large table judged by several processes, each with its own Python."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread

from services.clue_service.detection.hours import Piece
from services.clue_service.detection.judging import Judge, Judged

POLARS = "POLARS_MAX_THREADS"


class ProcessLost(RuntimeError):
    """A process ended before it said what it found: killed, as a system that runs out of memory does."""


def judged_apart(judge: Judge, pieces: Sequence[Piece], processes: int) -> Iterator[Judged]:
    """What a judge finds in each piece, in their order; `processes` pieces at a time.

    The processes begin anew (spawn): polars has threads, and a copy of a process with threads may stand still. They
    end with this one, however it ends. Raises ProcessLost where one of them ended by itself.
    """
    spawn = get_context("spawn")
    try:
        with _one_core_each(), ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin) as pool:
            yield from pool.map(judge.of, pieces)
    except BrokenProcessPool as broken:
        raise ProcessLost from broken


def _begin() -> None:
    """Leave Ctrl-C to the process that asked, and end when it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "it was spawned"
    parent.join()
    os._exit(1)  # whoever waits for work would wait for ever


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Processes that begin now use one thread in polars, unless somebody said how many."""
    is_said = POLARS in os.environ
    os.environ.setdefault(POLARS, "1")
    try:
        yield
    finally:
        if not is_said:
            del os.environ[POLARS]
