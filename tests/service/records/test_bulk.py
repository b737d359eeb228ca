"""Many rows at once: the same rows as one by one, nothing of what failed, and a taken place is told."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.clue_service.clues.models import Clue
from shared.clock import ZONE, new_id
from shared.errors import Stale
from shared.records import bulk
from shared.records.db import Party, fresh, write
from shared.records.deliveries import Delivery, parcel_values
from shared.records.journal import Entry, Fact, entry_values
from tests.journeys import OFFICER

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 9, 7, 9, 30, 15, 250, tzinfo=ZONE)
LESS: dict[str, Any] = {
    "owner": "eea-320500",
    "state": "received",
    "procedure_id": "clue_handling",
    "created_at": AT,
    "updated_at": AT.astimezone(UTC),
    "title": "100% “夜间” \u2028 'x' {y} %s ? :z \U00020000",
    "summary": "",
    "source": "manual",
    "enterprise_id": "E",
    "enterprise_name": "示例",
    "division": "320500",
    "same_key": "k",
    "score": 1e-7,
    "discovered_at": AT.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
}
FULL = LESS | {
    "score_reasons": [{"zh": "依据", "n": [1, 2.5, None, {"a": True}]}],
    "reports": 3,
    "note": "n",
    "reply_by": AT,
}


def row(**values: Any) -> dict[str, Any]:
    return Clue(id=new_id(AT), journey_id=new_id(AT), **values).model_dump()


def stored(room, table="clues", but=("id", "journey_id")):
    with room.database.reader.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))
        return [{key: value for key, value in one._mapping.items() if key not in but} for one in found]


def failing(session):
    with bulk.together(session):
        write(session, Clue, [row(**LESS)])
        _ = 1 / 0


def late(room, entry):
    with room.transaction() as session, bulk.together(session):
        write(session, Clue, [row(**LESS)])
        write(session, Entry, [entry])


class TestRowsTogether:
    @pytest.mark.parametrize("number", [1, 3])
    def test_are_those_written_one_by_one(self, desk, number):
        room = desk.rooms["clue"]
        rows = [row(**(FULL if at % 2 else LESS)) for at in range(number)]
        with room.transaction() as session:
            for one in rows:
                write(session, Clue, [one])
        alone = stored(room)
        with room.transaction() as session:
            session.execute(text("DELETE FROM clues"))
            with bulk.together(session):
                for one in rows:
                    write(session, Clue, [one])
        assert stored(room) == alone
        assert len(alone) == number

    def test_with_a_number_the_database_gives(self, desk):
        room = desk.rooms["clue"]
        with room.transaction() as session, bulk.together(session):
            for _ in range(2):
                write(session, Delivery, [parcel_values(new_id(AT), "a.b", "{}", line="l", receiver="case", now=AT)])
        first, second = stored(room, "deliveries", but=("message_id",))
        assert second["id"] == first["id"] + 1
        assert first["done_at"] is None

    def test_what_is_taken_back_is_not_written(self, desk):
        room = desk.rooms["clue"]
        with room.transaction() as session, bulk.together(session) as waiting:
            write(session, Clue, [row(**LESS)])
            mark = waiting.mark()
            write(session, Clue, [row(**FULL)])
            write(session, Party, [{"agency": "a", "kind": "clue", "subject_id": new_id(AT), "relation": "owner"}])
            waiting.back_to(mark)
        assert [one["reports"] for one in stored(room)] == [1]
        assert stored(room, "(SELECT *, 1 AS id FROM parties) AS p") == []

    def test_of_a_block_that_fails_nothing_is_written_and_the_next_writes_at_once(self, desk):
        room = desk.rooms["clue"]
        with room.transaction() as session:
            with pytest.raises(ZeroDivisionError):
                failing(session)
            write(session, Clue, [row(**FULL)])
            assert [one.reports for one in session.execute(text("SELECT reports FROM clues"))] == [3]

    def test_a_place_that_is_taken_is_told(self, desk):
        room, fact = desk.rooms["clue"], Fact("clue.received", {})
        with room.transaction() as session:
            write(session, Entry, [entry_values("clue:1", 1, "", fact, journey_id=new_id(AT), by=OFFICER, now=AT)])
        entry = entry_values("clue:1", 1, "", fact, journey_id=new_id(AT), by=OFFICER, now=AT)
        with pytest.raises(Stale):
            late(room, entry)
        assert stored(room) == []


@pytest.mark.parametrize("values", [LESS, FULL])
def test_a_fresh_row_is_what_the_constructor_makes(values):
    named = values | {"id": new_id(AT), "journey_id": new_id(AT)}
    made, other = fresh(Clue, named), fresh(Clue, named)
    assert made.model_dump() == Clue(**named).model_dump()
    assert made.verifiers is not other.verifiers
    assert made.ref == f"clue:{named['id']}"


FIRST = """
from uuid import UUID
from services.clue_service.clues.models import Clue
from shared.records.db import fresh

print(fresh(Clue, {"id": UUID(int=1), "owner": "eea-320500"}).owner)
"""


def test_the_first_row_of_a_process_can_be_read_at_once():
    told = subprocess.run([sys.executable, "-c", FIRST], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("eea-320500\n", "")
