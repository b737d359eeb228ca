"""A notice of days off with 1,000,000 open clocks, against counting each by itself. Targets: 10 times, 60 seconds."""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from services.clue_service.clues.models import Clue
from services.clue_service.subjects import SUBJECTS
from shared.clock import ZONE, new_id
from shared.config import Settings
from shared.errors import Text
from shared.records import calendars, deadlines, journal, migrations, notices, reprojection
from shared.records.db import table_of
from shared.records.deadlines import Deadline, Start, new_row
from shared.records.journal import Fact
from shared.records.notices import Telling
from shared.records.room import Room
from shared.web.assembly import make_room

CLOCKS, SAMPLE, BATCH = 1_000_000, 2_000, 20_000
TIMES, SECONDS = 10.0, 60.0
NOW = datetime(2026, 12, 20, 9, 0, tzinfo=ZONE)
TERMS = {"mr_clue_check": 20, "eep_filing_decision": 14, "pil_suggestion_response": 55, "eep_case_limit": 85}
"""Terms, and before how many days at most their clocks began."""
AGENCIES = [f"eea-3201{number:02d}" for number in range(40)]
DAYS = ("2027-01-01", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11", "2027-02-12")
NOTICE = {
    "year": 2027,
    "papers": ["https://example.invalid/an-invented-notice"],
    "days": [{"name": "试算", "date": day, "isOffDay": True} for day in DAYS],
}


def rows(room: Room, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Clues with the heads of their chains, and a running clock for each."""
    picked = random.Random(7)
    for number in range(count):
        term, longest = picked.choice(list(TERMS.items()))
        began = NOW - timedelta(minutes=picked.randrange(longest * 1440))
        clue = Clue(
            id=new_id(began),
            journey_id=new_id(began),
            owner=picked.choice(AGENCIES),
            state="received",
            procedure_id="clue_handling",
            procedure_version=1,
            version=1,
            head="0" * 64,
            created_at=began,
            updated_at=began,
            title=f"t{number}",
            summary="s",
            source="manual",
            enterprise_id="E",
            enterprise_name="n",
            division="320500",
            discovered_at=began,
            same_key=f"k{number}",
            observed_from=began,
            observed_to=began,
            score=50,
        )
        yield clue.model_dump(), new_row(room, clue, Start(term, began, clue.owner), now=began)


def filled(room: Room, count: int) -> None:
    """Write the rows."""
    made = rows(room, count)
    while batch := list(islice(made, BATCH)):
        with room.transaction() as session:
            session.execute(insert(table_of(Clue)), [clue for clue, _clock in batch])
            session.execute(insert(table_of(Deadline)), [clock for _clue, clock in batch])


def one_by_one(room: Room, count: int) -> float:
    """Count clocks anew one at a time, as a loop over them would; returns seconds a clock."""
    with room.reading() as session:
        ids = list(session.exec(select(Deadline.id).order_by(col(Deadline.started_at).desc()).limit(count * 20)))[::20]
    begun = time.perf_counter()
    for clock_id in ids:
        with room.transaction() as session:
            _one(session, room, session.get_one(Deadline, clock_id))
    return (time.perf_counter() - begun) / len(ids)


def _one(session: Session, room: Room, clock: Deadline) -> None:
    before = clock.due_at
    values = deadlines.reproject(session, clock, now=NOW)
    if (values["due_at"], values["provisional"]) == (before, clock.provisional):
        return
    table = table_of(Deadline)
    session.execute(update(table).where(table.c.id == clock.id).values(**values))
    if values["due_at"] == before:
        return
    clue = session.get_one(Clue, clock.subject_id)
    journal.record(session, clue, Fact("deadline.moved", {"was": before.isoformat()}), by=room.itself, now=NOW)
    words = Text("期限改变", "A time limit moved")
    tellings = [
        Telling(f"moved:{clock.id}:{role}", "deadline.moved", "info", (clock.party,), (role,), words, words)
        for role in ("case_officer", "liaison")
    ]
    notices.raise_notices(session, clue, tellings, now=NOW)


def measure(count: int = CLOCKS) -> dict[str, float]:
    """Seconds for the notice, and how many times faster that is than one by one."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder))
        migrations.upgrade("clue", settings.database_url("clue"))
        room = make_room("clue", SUBJECTS, settings, clock=lambda: NOW)
        filled(room, count)
        with room.transaction() as session:
            calendars.keep(session, NOTICE, source="bench", now=NOW)
        each = one_by_one(room, min(SAMPLE, count // 20))
        begun = time.perf_counter()
        with room.reading() as session:
            notice = calendars.known(session)[0]
        done = reprojection.apply(room, notice)
        took = time.perf_counter() - begun
        room.database.close()
    return {
        "clocks": count,
        "looked at": done.looked_at,
        "moved": done.moved,
        "seconds": took,
        "one by one, seconds": each * count,
        "times faster": each * count / took,
    }


def main() -> None:
    """Print the figures and whether the targets are reached."""
    found = measure()
    for name, value in found.items():
        print(f"{name:24} {value:14,.1f}")
    print(f"a new notice: {found['times faster']:.1f} times faster than one by one (target {TIMES:.0f}), ", end="")
    print(f"{found['seconds']:.0f} s on SQLite (target under {SECONDS:.0f}) {json.dumps(list(TERMS))}")


if __name__ == "__main__":
    main()
