"""What every test can ask for: a frozen clock, fresh databases, a desk of rooms."""

import gc
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from shared.clock import ZONE
from tests.desk import Databases, Desk, FrozenClock, open_desk
from tests.postgres import server_address

LONGEST_FIRST = (
    "tests/e2e/test_published_api",
    "tests/e2e/test_processes",
    "tests/browser",
    "tests/e2e",
    "tests/property",
    "tests/service/records",
    "tests/service/referral",
    "tests/service",
    "tests/contract",
)
"""Workers take files in this order: one that begins long tests last would work while the other waits."""


def pytest_collection() -> None:
    """Let nothing look for garbage while everything is imported: it all stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From now on look for garbage only among what the tests make, not in all that was imported."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with the longest tests first; within a file nothing changes its place."""
    items.sort(key=lambda item: next((n for n, at in enumerate(LONGEST_FIRST) if item.nodeid.startswith(at)), 99))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, found by POSTGRES_URL or started; the run fails without one."""
    yield from server_address()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Migrated templates on the engine that DATABASE names (sqlite or postgresql)."""
    wanted = os.environ.get("DATABASE", "sqlite")
    if wanted not in ("sqlite", "postgresql"):
        raise pytest.UsageError("DATABASE is sqlite or postgresql")
    server = request.getfixturevalue("postgres") if wanted == "postgresql" else ""
    tag = f"t{os.getpid()}"
    made = Databases(tmp_path_factory.mktemp("templates"), server, tag)
    yield made
    made.close()


@pytest.fixture
def clock() -> FrozenClock:
    """A clock standing at a Monday morning in a year with published holidays."""
    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def desk(databases: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[Desk]:
    """Three rooms over fresh databases."""
    settings = databases.fresh(tmp_path / "desk")
    yield from open_desk(settings, clock)
