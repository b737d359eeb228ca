"""A desk of real processes on free ports, over the engine that DATABASE names."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from scripts.processes import Supervisor, commands
from scripts.up_cli import wait_healthy
from shared.config import Settings
from shared.records import migrations
from shared.rooms import ROOMS


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on."""
    taken = [socket.socket() for _ in range(count)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def environment(folder: Path, server: str, prefix: str) -> dict[str, str]:
    """Return the settings of a desk of its own."""
    gateway, clue, case, referral, hj212 = free_ports(5)
    return {
        "LIANQIN_FOLDER": str(folder),
        "LIANQIN_DATABASE_SERVER": server,
        "LIANQIN_DATABASE_PREFIX": prefix,
        "LIANQIN_GATEWAY_URL": f"http://127.0.0.1:{gateway}",
        "LIANQIN_CLUE_URL": f"http://127.0.0.1:{clue}",
        "LIANQIN_CASE_URL": f"http://127.0.0.1:{case}",
        "LIANQIN_REFERRAL_URL": f"http://127.0.0.1:{referral}",
        "LIANQIN_HJ212_PORT": str(hj212),
        "LIANQIN_LEASE_SECONDS": "3",
        "LIANQIN_DETECT_SECONDS": "0",
        "LIANQIN_REQUESTS_PER_MINUTE": "100000",
    }


def settings_of(wanted: dict[str, str]) -> Settings:
    """Return the settings a process reads from this environment."""
    return Settings(**{name.removeprefix("LIANQIN_").lower(): value for name, value in wanted.items()})  # type: ignore[arg-type]


@contextmanager
def running_desk(wanted: dict[str, str]) -> Iterator[tuple[Supervisor, Settings]]:
    """Migrate, start every process, wait until all answer; stop them at the end."""
    settings = settings_of(wanted)
    for room in ROOMS:
        url = settings.database_url(room)
        if settings.database_server:
            _create(url)
        migrations.upgrade(room, url)
    supervisor = Supervisor(settings.folder / "logs", wanted)
    supervisor.start(commands())
    try:
        wait_healthy(settings, supervisor)
        yield supervisor, settings
    finally:
        supervisor.stop()
        if settings.database_server:
            for room in ROOMS:
                _drop(settings.database_url(room))


def _create(url: str) -> None:
    _maintain(url, 'CREATE DATABASE "{name}"')


def _drop(url: str) -> None:
    _maintain(url, 'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _maintain(url: str, statement: str) -> None:
    head, _, query = url.partition("?")
    base, _, name = head.rpartition("/")
    engine = create_engine(f"{base}/postgres{'?' + query if query else ''}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement.format(name=name)))
    engine.dispose()
