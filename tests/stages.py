"""Stages of a journey: reached once a process by performing every step, then copied with rows, files and the hour."""

import atexit
import os
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec

from shared.records.room import Room
from shared.rules import catalogue
from tests.desk import DATABASES, Desk
from tests.rows import Rows, copy_in, copy_out, filled_tables

P = ParamSpec("P")
ELSEWHERE = {"folder", "database_server", "database_prefix"}
"""Settings that say where a desk lies, not how it works."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a desk held when the stage was reached, and what the function answered."""

    answer: Any
    now: datetime
    to_gateway: list[dict[str, Any]]
    folder: Path
    """A copy of the desk's folder: evidence, keys, on SQLite the databases."""
    rows: dict[str, Rows]
    """On PostgreSQL what each room's database held."""


_reached: dict[object, Stage] = {}


def stage(make: Callable[Concatenate[Desk, P], Any]) -> Callable[Concatenate[Desk, P], Any]:
    """Let a function that takes a desk through steps do so once a process for desks on which nothing happened yet.

    The next fresh desk with the same settings at the same hour is given a copy of all that the first one held. On a
    desk that holds anything already, or whose law, calendar, outages or hooks are its own, every step is taken.
    """

    @wraps(make)
    def reach(desk: Desk, *args: P.args, **kwargs: P.kwargs) -> Any:
        if not _is_fresh(desk):
            return make(desk, *args, **kwargs)
        said = [room.settings.model_dump_json(exclude=ELSEWHERE) for room in desk.rooms.values()]
        key = (make.__module__, make.__qualname__, repr((args, kwargs)), desk.clock.now, *said)
        if key in _reached:
            _restore(desk, _reached[key])
            return deepcopy(_reached[key].answer)
        answer = make(desk, *args, **kwargs)
        _reached[key] = _copied(desk, deepcopy(answer))
        return answer

    return reach


def _is_fresh(desk: Desk) -> bool:
    """Whether nothing happened on the desk yet, and nothing about it is out of the ordinary."""
    rooms = desk.rooms.values()
    if desk.down or desk.to_gateway or desk.before_settling is not None:
        return False
    if any(room.catalogue is not catalogue.default() or room.calendar is not room.base for room in rooms):
        return False
    if any(room.settings.blobs or room.settings.keys_folder or room.settings.sealed_folder for room in rooms):
        return False
    made = {f"{name}.db{tail}" for name in DATABASES for tail in ("", "-wal", "-shm")}
    if {entry.name for entry in os.scandir(_folder(desk))} - made:
        return False
    return not any(_is_written(room) for room in rooms)


def _is_written(room: Room) -> bool:
    if room.settings.database_server:
        with room.database.writer.connect() as connection:
            return bool(filled_tables(connection))
    log = room.settings.folder / f"{room.name}.db-wal"
    return log.exists() and log.stat().st_size > 0


def _folder(desk: Desk) -> Path:
    return desk.rooms["clue"].settings.folder


def _copied(desk: Desk, answer: Any) -> Stage:
    rows = dict[str, Rows]()
    for room in desk.rooms.values():
        if room.settings.database_server:
            with room.database.writer.connect() as connection:
                rows[room.name] = copy_out(connection)
    place = Path(_kept().name) / str(len(_reached))
    _close(desk)
    shutil.copytree(_folder(desk), place)
    return Stage(answer, desk.clock.now, deepcopy(desk.to_gateway), place, rows)


def _restore(desk: Desk, found: Stage) -> None:
    _close(desk)
    shutil.copytree(found.folder, _folder(desk), dirs_exist_ok=True)
    for name, rows in found.rows.items():
        with desk.rooms[name].database.writer.begin() as connection:
            copy_in(connection, rows)
    desk.to_gateway[:] = deepcopy(found.to_gateway)
    desk.clock.now = found.now


def _close(desk: Desk) -> None:
    """Let SQLite put everything into its files; connections are opened anew when they are needed."""
    for room in desk.rooms.values():
        if not room.settings.database_server:
            room.database.close()
            assert not _is_written(room)


_folders: list[TemporaryDirectory[str]] = []


def _kept() -> TemporaryDirectory[str]:
    if not _folders:
        _folders.append(TemporaryDirectory(prefix="lianqin-stages-"))
        atexit.register(_folders[0].cleanup)
    return _folders[0]
