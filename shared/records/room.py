"""A room at work: its name, database, law, calendar, blobs and clock, reachable from every session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from shared.clock import Clock
from shared.config import Settings
from shared.identity import Principal, system
from shared.records.blobs import BlobStore
from shared.records.db import Database, Row
from shared.rules.calendar import Calendar
from shared.rules.catalogue import Catalogue


@dataclass(slots=True)
class Room:
    """One service's working surroundings; `subjects` maps a kind (`case`) to its table."""

    name: str
    settings: Settings
    database: Database
    catalogue: Catalogue
    calendar: Calendar
    blobs: BlobStore
    clock: Clock
    subjects: Mapping[str, type[Row]]

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One writing transaction whose session knows this room."""
        with self.database.transaction(self._info()) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One reading transaction whose session knows this room."""
        with self.database.reading(self._info()) as session:
            yield session

    @property
    def itself(self) -> Principal:
        """The principal of the room when it acts on an event."""
        return system(self.name)

    def _info(self) -> dict[str, Any]:
        return {"room": self}


def room_of(session: Session) -> Room:
    """Return the room a session belongs to."""
    room = session.info["room"]
    assert isinstance(room, Room)
    return room
