"""What is lent from test to test, for its making takes longer than the test: engines, the gateway's API, rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Dialect, event, make_url

from gateway.door import Door
from gateway.main import create_api, door_of, settle
from shared.records.db import Database
from shared.records.room import Room
from tests.rows import Rows, copy_in, copy_out, filled_tables

Held = Rows | bytes
"""What a database held: the rows on PostgreSQL, the file on SQLite."""


class Lent(Database):
    """A room's database whose engines stay, with what they compiled, while the place they connect to changes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        for engine in {self.writer, self.reader}:
            event.listen(engine, "do_connect", self._where_it_lies)

    def _where_it_lies(self, dialect: Dialect, _record: object, args: list[Any], named: dict[str, Any]) -> None:
        args[:], wanted = dialect.create_connect_args(make_url(self.url))
        named.update(wanted)


_free: dict[tuple[str, str], list[Lent]] = {}


@contextmanager
def lent(room: Room) -> Iterator[Room]:
    """Give a room engines that no open room has, at the address of its own; they are new when all are lent."""
    url = room.database.url
    free = _free.setdefault((room.name, make_url(url).drivername), [])
    found = free.pop() if free else Lent(url)
    found.url = url
    room.database = found
    try:
        yield room
    finally:
        found.close()
        free.append(found)


_apis: dict[int, list[FastAPI]] = {}


@contextmanager
def lent_gateway(room: Room) -> Iterator[Door]:
    """Give a room an API that no open gateway has, behind a door of its own: its routes are the same for every test."""
    free = _apis.setdefault(room.settings.body_limit_bytes, [])
    api = free.pop() if free else create_api(room)
    settle(api, room)
    try:
        yield door_of(api)
    finally:
        free.append(api)


def is_empty(room: Room) -> bool:
    """Whether no table of a room's database holds a row."""
    with room.database.reader.connect() as connection:
        return not filled_tables(connection)


def take_out(room: Room) -> Held:
    """Return all that a room's database holds."""
    if room.settings.database_server:
        with room.database.writer.connect() as connection:
            return copy_out(connection)
    room.database.close()
    assert not _file(room).with_name(f"{room.name}.db-wal").exists()
    return _file(room).read_bytes()


def put_back(room: Room, held: Held) -> None:
    """Let an empty database hold what another one held."""
    if isinstance(held, Rows):
        with room.database.writer.begin() as connection:
            copy_in(connection, held)
        return
    room.database.close()
    _file(room).write_bytes(held)


def _file(room: Room) -> Path:
    return room.settings.folder / f"{room.name}.db"
