"""Notices: 10,000 due reminders told in the room and one by one at the gateway, against bare inserts of their rows."""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel, select

from benchmarks.sweep import _subject
from gateway.exchange.models import PersonNotice
from gateway.identity import commands
from gateway.identity.models import NewPerson, Person
from gateway.notices.models import NoticeSending
from gateway.notices.telling import tell
from services.clue_service.subjects import SUBJECTS
from shared.clock import ZONE, new_id
from shared.config import Settings
from shared.events import NoticeRaised
from shared.identity import system
from shared.records import migrations, sweep
from shared.records.db import table_of
from shared.records.deadlines import Deadline, Start, new_row
from shared.records.deliveries import Delivery
from shared.records.notices import Notice
from shared.records.room import Room
from shared.web.assembly import make_room

DUE, PER_SUBJECT, TARGET = 10_000, 100, 40.0
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)
Rows = dict[type[SQLModel], list[dict[str, Any]]]


def opened(name: str, folder: Path) -> Room:
    """Return a migrated room."""
    settings = Settings(folder=folder, smtp_host="127.0.0.1")
    migrations.upgrade(name, settings.database_url(name))
    return make_room(name, SUBJECTS if name == "clue" else {}, settings, clock=lambda: NOW)


def due_clocks(room: Room) -> None:
    """Put 5,000 clocks into a room, each due for one reminder that tells two roles: 10,000 notices."""
    rows: list[dict[str, Any]] = []
    while len(rows) < DUE // 2:
        clue = _subject(room)
        row = new_row(room, clue, Start("eep_filing_decision", NOW - timedelta(days=9), clue.owner), now=NOW)
        rows += [row | {"id": new_id(NOW), "next_notice_at": NOW} for _ in range(PER_SUBJECT)]
    with room.transaction() as session:
        session.execute(insert(table_of(Deadline)), rows)


def in_the_room(room: Room) -> None:
    """Sweep until nothing is due."""
    while sweep.sweep(room):
        pass


def at_the_gateway(room: Room, raised: list[NoticeRaised]) -> None:
    """Take every notice, a transaction each, as the door does."""
    for notice in raised:
        with room.transaction() as session:
            tell(session, notice, now=NOW)


def people(room: Room) -> None:
    """Add one person for each of the two roles, with mail."""
    with room.transaction() as session:
        for number, role in enumerate(("case_officer", "liaison")):
            said = {"login": f"p{number}", "name": role, "agency": "eea-320500", "roles": [role]}
            body = NewPerson(**said, password="rain over Suzhou 7", email=f"p{number}@example.com")
            commands.add_person(session, body, by=system("gateway"), now=NOW)


def rows_of(room: Room, *models: type[SQLModel]) -> Rows:
    """Read every row of the tables, as it was written."""
    with room.reading() as session:
        return {model: [row.model_dump() for row in session.exec(select(model))] for model in models}


def bare(room: Room, rows: Rows) -> None:
    """Insert rows by executemany, one statement a table, in one transaction."""
    with room.transaction() as session:
        for model, found in rows.items():
            session.execute(insert(table_of(model)), found)


def seconds(act: Callable[[], None]) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """Seconds of both halves, of the bare inserts, and the ratio."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as raw:
        clue, gateway = opened("clue", Path(work)), opened("gateway", Path(work))
        due_clocks(clue)
        people(gateway)
        room_seconds = seconds(lambda: in_the_room(clue))
        told = rows_of(clue, Notice, Delivery)
        raised = [NoticeRaised.model_validate(json.loads(row["body"])["data"]) for row in told[Delivery]]
        assert len(raised) == DUE
        gateway_seconds = seconds(lambda: at_the_gateway(gateway, raised))
        taken = rows_of(gateway, Person, PersonNotice, NoticeSending, Delivery)
        assert [len(found) for found in taken.values()] == [2, DUE, DUE, DUE]
        other_clue, other_gateway = opened("clue", Path(raw)), opened("gateway", Path(raw))
        bare_seconds = seconds(lambda: bare(other_clue, told)) + seconds(lambda: bare(other_gateway, taken))
        for room in (clue, gateway, other_clue, other_gateway):
            room.database.close()
    return {
        "room, s": room_seconds,
        "gateway, s": gateway_seconds,
        "bare inserts, s": bare_seconds,
        "ratio": (room_seconds + gateway_seconds) / bare_seconds,
    }


def main() -> None:
    """Print the figures beside the target."""
    for name, value in measure().items():
        print(f"{name:34} {value:10.2f}")
    print(f"target: ratio at most {TARGET}")


if __name__ == "__main__":
    main()
