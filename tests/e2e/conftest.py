"""Two desks for the tests that carry files between them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import journeys
from tests.desk import Databases, FrozenClock
from tests.two_desks import TwoDesks, two_desks


def fresh(factory: pytest.TempPathFactory, request: pytest.FixtureRequest, tag: str) -> Iterator[Databases]:
    """Databases beside those of the first desk."""
    server = request.getfixturevalue("postgres") if os.environ.get("DATABASE") == "postgresql" else ""
    made = Databases(factory.mktemp("templates"), server, f"{tag}{os.getpid()}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases for the police's desk."""
    yield from fresh(tmp_path_factory, request, "s")


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases for a third desk."""
    yield from fresh(tmp_path_factory, request, "u")


@pytest.fixture
def desks(databases: Databases, second: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[TwoDesks]:
    with two_desks(databases, second, tmp_path, clock) as found:
        yield found


@pytest.fixture
def sent(desks: TwoDesks) -> Any:
    """A referral handed over on the bureau's desk; its file lies in the outbox."""
    referral = journeys.sent_referral(desks.bureau.desk)
    desks.bureau.turn()
    return referral
