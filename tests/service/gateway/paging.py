"""Fixtures of the page tests: the desk's door with the people a module names (PEOPLE), who enter by browser."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest

from shared.clock import ZONE
from tests.desk import Desk, FrozenClock
from tests.e2e.door import Door, opened_door
from tests.e2e.test_conference_console import Console
from tests.service.gateway.test_operation_pages import Here

Enter = Callable[[str], Console]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def door(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Door]:
    with opened_door(desk, request.module.PEOPLE, rooms=("clue", "case", "referral")) as found:
        yield found


@pytest.fixture
def enter(door: Door) -> Iterator[Enter]:
    with ExitStack() as stack:

        def entered(login: str) -> Console:
            found = Here(door, login)
            stack.callback(found.http.close)
            return found

        yield entered
