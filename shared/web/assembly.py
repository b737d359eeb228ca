"""How a process of a room is put together: settings, law, calendar, database, blobs, clock."""

from collections.abc import Mapping

from shared import logs
from shared.clock import Clock, system_now
from shared.config import Settings
from shared.records import calendars
from shared.records.blobs import Blobs, BlobStore
from shared.records.db import Database, Row
from shared.records.room import Room
from shared.records.verifying import Broken, verify_room
from shared.rules import calendar, catalogue
from shared.rules.calendar import Calendar


def make_room(
    name: str, subjects: Mapping[str, type[Row]], settings: Settings | None = None, clock: Clock = system_now
) -> Room:
    """Return a room ready to work; without settings, those of the environment."""
    settings = settings or Settings()
    logs.configure()
    return Room(
        name=name,
        settings=settings,
        database=Database(settings.database_url(name)),
        catalogue=catalogue.load(settings.law_folder) if settings.law_folder else catalogue.default(),
        calendar=Calendar.load(settings.law_folder / "calendar") if settings.law_folder else calendar.default(),
        blobs=open_blobs(settings),
        clock=clock,
        subjects=subjects,
        look=calendars.look,
    )


def open_blobs(settings: Settings) -> BlobStore:
    """Return the blob store that the settings name: a folder, or a bucket (whose library is an extra)."""
    if not settings.blobs:
        return Blobs(settings.folder / "blobs", limit=settings.evidence_limit_bytes)
    from shared.records.blob_buckets import Buckets

    return Buckets(settings)


def verify_all(room: Room) -> tuple[int, list[Broken]]:
    """Verify every chain of a room. Returns how many entries were read and every place that does not hold."""
    with room.reading() as session:
        found = verify_room(session, room.subjects)
    room.database.close()
    return found
