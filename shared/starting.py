"""How a process is put together without looking for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

GARBAGE = 20_000
"""Objects that come to be before those that are left are looked through."""


@contextmanager
def starting() -> Iterator[None]:
    """Import and make what lives as long as the process: the collector of garbage never looks through it.

    The code and the law are some hundred thousand objects. Looking through them takes a tenth of a second each time:
    many times while they come to be, and again whenever the process has made enough of its own. Nor is what a batch
    builds looked through each time a few hundred more objects are there.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(GARBAGE)
        gc.enable()
