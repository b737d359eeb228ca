"""Workers that die: forked from a process that has read the law already, so that killing many costs little time."""

import os
from contextlib import suppress

from gateway import worker as gateway_worker
from services.clue_service import worker as clue_worker
from shared.rules import calendar, catalogue

catalogue.default()
calendar.default()


def work(name: str, environment: dict[str, str]) -> None:
    """Be the worker of a room until killed."""
    os.environ.update(environment)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        with suppress(KeyboardInterrupt):
            {"clue": clue_worker, "gateway": gateway_worker}[name].main()
