"""Parts of a large table judged by several processes, each with its own Python."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from services.clue_service.detection.hours import Piece
from services.clue_service.detection.judging import Judge, Judged

POLARS = "POLARS_MAX_THREADS"


def judged_apart(judge: Judge, pieces: Sequence[Piece], processes: int) -> Iterator[Judged]:
    """What a judge finds in each piece, in their order; `processes` pieces at a time.

    The processes begin anew (spawn): polars has threads, and a copy of a process with threads may stand still.
    """
    with _one_core_each(), ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(judge.of, pieces)


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
