"""Sweeps: 1,000,000 open clocks with 100 due against 100,000 open with 100 due. Target: at most 1.2 times."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from services.clue_service.clues.models import Clue
from services.clue_service.subjects import SUBJECTS
from shared.clock import ZONE, new_id
from shared.config import Settings
from shared.records import migrations, sweep
from shared.records.db import Party, table_of
from shared.records.deadlines import Deadline, Start, new_row
from shared.records.room import Room
from shared.web.assembly import make_room

SMALL, LARGE, DUE = 100_000, 1_000_000, 100
ROUNDS, TARGET, BATCH = 7, 1.2, 20_000
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)


@contextmanager
def filled(count: int, folder: Path) -> Iterator[Room]:
    """A room with `count` open clocks, none of them due, over one subject per ten thousand clocks."""
    settings = Settings(folder=folder)
    migrations.upgrade("clue", settings.database_url("clue"))
    room = make_room("clue", SUBJECTS, settings, clock=lambda: NOW)
    rows = _clocks(room, count)
    while batch := list(islice(rows, BATCH)):
        with room.transaction() as session:
            session.execute(insert(table_of(Deadline)), batch)
    yield room
    room.database.close()


def _subject(room: Room) -> Clue:
    clue = Clue(
        id=new_id(NOW),
        journey_id=new_id(NOW),
        owner="eea-320500",
        state="received",
        procedure_id="clue_handling",
        procedure_version=1,
        created_at=NOW,
        updated_at=NOW,
        title="t",
        summary="s",
        source="manual",
        enterprise_id="E",
        enterprise_name="n",
        division="320500",
        same_key="k",
        score=50,
        discovered_at=NOW,
    )
    party = {"agency": clue.owner, "kind": "clue", "subject_id": clue.id, "relation": "owner"}
    with room.transaction() as session:
        session.execute(insert(table_of(Clue)), [clue.model_dump()])
        session.execute(insert(table_of(Party)), [party])
    return clue


def _clocks(room: Room, count: int) -> Iterator[dict[str, Any]]:
    model = None
    for number in range(count):
        if number % 10_000 == 0:
            clue = _subject(room)
            model = new_row(room, clue, Start("eep_filing_decision", NOW, clue.owner), now=NOW)
        assert model is not None
        later = NOW + timedelta(days=2, seconds=number % 80_000)
        yield model | {"id": UUID(int=number + 1), "next_notice_at": later}


def seconds_of_a_sweep(room: Room, turn: int) -> float:
    """Make 100 clocks pass the half of their term and sweep until nothing is due: notices are raised for each."""
    table = table_of(Deadline)
    chosen = [UUID(int=turn * DUE + number + 1) for number in range(DUE)]
    past_half = {"next_notice_at": NOW, "started_at": NOW - timedelta(days=10), "due_at": NOW + timedelta(days=5)}
    with room.transaction() as session:
        session.execute(update(table).where(table.c.id.in_(chosen)).values(past_half))
    begun, swept = time.perf_counter(), 0
    while found := sweep.sweep(room):
        swept += found
    assert swept == DUE
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """Milliseconds of a sweep over each number of open clocks, in turns, and the ratio."""
    times: dict[int, list[float]] = {SMALL: [], LARGE: []}
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in times]
        rooms = {
            count: stack.enter_context(filled(count, folder)) for count, folder in zip(times, folders, strict=True)
        }
        for turn in range(ROUNDS):
            for count, room in rooms.items():
                times[count].append(seconds_of_a_sweep(room, turn))
    small_seconds, large_seconds = (statistics.median(times[count][1:]) for count in (SMALL, LARGE))
    return {
        f"{SMALL:,} open, {DUE} due, ms": small_seconds * 1e3,
        f"{LARGE:,} open, {DUE} due, ms": large_seconds * 1e3,
        "ratio": large_seconds / small_seconds,
    }


def main() -> None:
    """Print the figures beside the target."""
    for name, value in measure().items():
        print(f"{name:34} {value:10.2f}")
    print(f"target: ratio at most {TARGET}")


if __name__ == "__main__":
    main()
