"""What every test can ask for: a frozen clock, fresh databases, a desk of rooms."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from shared.clock import ZONE
from tests.desk import Databases, Desk, FrozenClock, open_desk
from tests.postgres import server_address


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
