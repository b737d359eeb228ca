"""What every test can ask for: a frozen clock, fresh databases, a desk of rooms."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # who hands out tests to others reads this file too, and needs no rooms
    from tests.desk import Databases, Desk, FrozenClock

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
    """From now on look for garbage only among what the tests make, not in all that was imported; and not so often.

    What tests share (the law, applications, engines) is made little by little, and looked through again and again.
    """
    gc.freeze()
    gc.set_threshold(5_000, 10, 20)
    gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Name each operation of the published document in its id: pytest drops what another library puts in a name."""
    if item.parent is not None and not item.nodeid.endswith(item.name):
        item._id = type(item.id).parse(f"{item.parent.nodeid}::{item.name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with the longest tests first; within a file nothing changes its place.

    Workers take tests by their ids: of several with one id a single one would run.
    """
    if repeated := [nodeid for nodeid, times in Counter(item.nodeid for item in items).items() if times > 1]:
        raise pytest.UsageError(f"several tests have the id {repeated[0]}")
    items.sort(key=lambda item: next((n for n, at in enumerate(LONGEST_FIRST) if item.nodeid.startswith(at)), 99))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, found by POSTGRES_URL or started; the run fails without one."""
    from tests.postgres import server_address

    yield from server_address()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> "Iterator[Databases]":
    """Migrated templates on the engine that DATABASE names (sqlite or postgresql)."""
    from tests.desk import Databases, end_applications

    wanted = os.environ.get("DATABASE", "sqlite")
    if wanted not in ("sqlite", "postgresql"):
        raise pytest.UsageError("DATABASE is sqlite or postgresql")
    server = request.getfixturevalue("postgres") if wanted == "postgresql" else ""
    tag = f"t{os.getpid()}"
    made = Databases(tmp_path_factory.mktemp("templates"), server, tag)
    yield made
    end_applications()
    made.close()


@pytest.fixture
def clock() -> "FrozenClock":
    """A clock standing at a Monday morning in a year with published holidays."""
    from shared.clock import ZONE
    from tests.desk import FrozenClock

    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def desk(databases: "Databases", tmp_path: Path, clock: "FrozenClock") -> "Iterator[Desk]":
    """Three rooms over fresh databases."""
    from tests.desk import open_desk

    settings = databases.fresh(tmp_path / "desk")
    yield from open_desk(settings, clock)
