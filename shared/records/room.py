"""A room at work: its name, database, law, calendar, blobs and clock, reachable from every session."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from shared.clock import Clock
from shared.config import Settings
from shared.identity import Principal, system
from shared.records.blobs import BlobStore
from shared.records.db import Database, Row
from shared.rules.calendar import Calendar
from shared.rules.catalogue import Catalogue

LOOK_SECONDS = 3.0
"""How long a process may count with days that a newer notice has changed; what it wrote then is counted again."""


@dataclass(slots=True)
class Room:
    """One service's working surroundings; `subjects` maps a kind (`case`) to its table.

    `calendar` follows the notices of days off that the room has taken: `look` is asked for it every few seconds.
    """

    name: str
    settings: Settings
    database: Database
    catalogue: Catalogue
    calendar: Calendar
    blobs: BlobStore
    clock: Clock
    subjects: Mapping[str, type[Row]]
    look: Callable[["Room"], None] | None = None
    looked_at: float = field(default=float("-inf"), repr=False)
    notices_seen: tuple[str, ...] = field(default=(), repr=False)
    base: Calendar = field(init=False, repr=False)
    """The calendar the room began with."""

    def __post_init__(self) -> None:
        self.base = self.calendar

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One writing transaction whose session knows this room."""
        self._look()
        with self.database.transaction(self._info()) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One reading transaction whose session knows this room."""
        self._look()
        with self.database.reading(self._info()) as session:
            yield session

    @property
    def itself(self) -> Principal:
        """The principal of the room when it acts on an event."""
        return system(self.name)

    def _look(self) -> None:
        if self.look is not None and time.monotonic() - self.looked_at > LOOK_SECONDS:
            self.looked_at = time.monotonic()
            self.look(self)

    def _info(self) -> dict[str, Any]:
        return {"room": self}


def room_of(session: Session) -> Room:
    """Return the room a session belongs to."""
    room = session.info["room"]
    assert isinstance(room, Room)
    return room
