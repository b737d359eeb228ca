"""Many rows at once: the same rows as one by one, nothing of what failed, and only a taken place is told as one."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from services.clue_service.clues.models import Clue
from shared.clock import ZONE, new_id
from shared.errors import Stale
from shared.records.db import FEW, fresh, write
from shared.records.deliveries import Delivery, parcel_values
from shared.records.journal import Fact, append_all, entry_values
from tests.journeys import OFFICER

ROOT = Path(__file__).resolve().parents[3]
MANY = FEW + 2
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


def entries(subjects, **values):
    fact = Fact("clue.received", {})
    made = [entry_values(one, 1, "", fact, journey_id=new_id(AT), by=OFFICER, now=AT) for one in subjects]
    return [one | values for one in made]


def appended(room, rows):
    with room.transaction() as session:
        write(session, Clue, [row(**LESS)])
        append_all(session, rows)


class TestManyRows:
    @pytest.mark.parametrize("kinds", [(LESS,), (FULL,), (LESS, FULL)], ids=["less", "full", "both"])
    def test_are_those_written_one_by_one(self, desk, kinds):
        room = desk.rooms["clue"]
        rows = [row(**kinds[at % len(kinds)]) for at in range(MANY)]
        with room.transaction() as session:
            for one in rows:
                write(session, Clue, [one])
        alone = stored(room, but=())
        with room.transaction() as session:
            session.execute(text("DELETE FROM clues"))
            write(session, Clue, rows)
        assert stored(room, but=()) == alone
        assert len(alone) == MANY

    def test_with_a_number_the_database_gives(self, desk):
        room = desk.rooms["clue"]
        rows = [parcel_values(new_id(AT), "a.b", "{}", line="l", receiver="case", now=AT) for _ in range(MANY)]
        with room.transaction() as session:
            write(session, Delivery, rows)
        found = stored(room, "deliveries", but=())
        assert [one["id"] - found[0]["id"] for one in found] == list(range(MANY))
        assert [UUID(str(one["message_id"])) for one in found] == [one["message_id"] for one in rows]
        assert {one["done_at"] for one in found} == {None}

    def test_of_a_block_that_fails_nothing_is_written(self, desk):
        room = desk.rooms["clue"]
        rows = [row(**LESS) for _ in range(MANY)]
        with pytest.raises(IntegrityError), room.transaction() as session:
            write(session, Clue, [*rows, rows[0]])
        assert stored(room) == []

    @pytest.mark.parametrize("number", [1, MANY])
    def test_a_place_that_is_taken_is_told(self, desk, number):
        room, subjects = desk.rooms["clue"], [f"clue:{number}" for number in range(number)]
        with room.transaction() as session:
            append_all(session, entries(subjects[-1:]))
        with pytest.raises(Stale):
            appended(room, entries(subjects))
        assert stored(room) == []

    @pytest.mark.parametrize("number", [1, MANY])
    def test_what_is_wrong_in_itself_is_an_error_and_not_taken_for_a_place(self, desk, number):
        room, subjects = desk.rooms["clue"], [f"clue:{number}" for number in range(number)]
        with pytest.raises(IntegrityError):
            appended(room, entries(subjects, hash=None))
        assert stored(room) == []

    def test_what_no_row_holds_has_no_default_in_any_database(self, desk):
        for room in desk.rooms.values():
            columns = inspect(room.database.reader)
            for table in columns.get_table_names():
                kept = [one["name"] for one in columns.get_columns(table) if one["nullable"] and one["default"]]
                assert kept == [], f"{room.name}: {table}"


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
