"""A batch against its lines one by one, each in a database of its own: the same verdicts and the same rows."""

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from shared.clock import ZONE
from shared.identity import Principal
from shared.records.room import Room
from shared.records.verifying import verify_room
from tests.desk import Databases, Desk, FrozenClock, officer, open_desk
from tests.journeys import EEA, HEAD, OFFICER
from tests.service.clue.test_batches import post, told
from tests.service.clue.test_self_inspections import DIRECTION

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)
REPORTERS = {
    "owner": OFFICER,
    "partner": officer("mra-320500", "liaison"),
    "superior": officer("eea-320000", "clue_officer"),
    "stranger": officer("eea-320100", "clue_officer"),
    "no role": officer(EEA, "auditor"),
    "program": Principal(EEA, "ecological_environment_authority", "client:ent-1", frozenset(), "企业端"),
}
Made = dict[str, Any]
BROKEN = (b"{not json", b"[1]", b"null", b'{"title": "\\u0000"}', b'{"title": 1}')
ORDER = {
    "entries": "subject, seq",
    "parties": "subject_id, agency, relation",
    "deadlines": "subject, id",
    "notices": "subject, key, agency, role",
    "deliveries": "line, receiver, id",
}
"""Identifiers grow with time: rows that were written in one order stand in one order."""
TOKEN = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|…[0-9a-f]{6}")


Verdicts = list[tuple[str, int, str]]


def body(made: random.Random) -> Made:
    """A report as it may come: of few things, so that many are of the same one."""
    at = NOW - made.choice((timedelta(0), timedelta(hours=1), timedelta(hours=72), timedelta(hours=73), timedelta(9)))
    said: Made = {
        "title": made.choice(("夜间异味", "NOx “高”值 {x}", "水色异常 \U00020000\u2028")),
        "summary": f"第 {made.random()} 次",
        "enterprise_id": f"ENT-{made.randrange(7)}",
        "enterprise_name": "示例化工有限公司",
        "division": made.choice(("320500",) * 8 + ("320100", "320506", "320000", "999999")),
        "source": made.choice(("manual", "manual", "rule", "partner")),
        "score": made.choice((0, 50, 62.5, 99.99999999999999, 1e-7)),
        "discovered_at": at.isoformat(),
    }
    if made.random() < 0.5:
        begun = at - timedelta(hours=made.randrange(1, 60), microseconds=made.randrange(10**6))
        said |= {"observed_from": begun.isoformat(), "observed_to": (begun + timedelta(hours=1)).isoformat()}
    for name, value in (("outlet_id", "O-1"), ("pollutant", "NOx"), ("rule_id", "R01"), ("industry", "化工")):
        if made.random() < 0.3:
            said[name] = value
    if made.random() < 0.2:
        said["score_reasons"] = [{"zh": "依据", "value": made.random(), "deep": {"b": [1, None], "a": True}}]
    wrong = made.random()
    if wrong < 0.04:
        said["discovered_at"] = (NOW + timedelta(seconds=1)).isoformat()
    elif wrong < 0.08:
        said |= {"score": 101, "colour": "red"}
    return said


def lines(seed: int) -> list[bytes]:
    """Lines of a batch, more than go into one part."""
    made = random.Random(seed)
    return [
        made.choice(BROKEN) if made.random() < 0.05 else json.dumps(body(made), ensure_ascii=False).encode()
        for _ in range(290)
    ]


def prepared(desk: Desk) -> None:
    """What the lines may meet: declarations of every kind, open clues, one that others cannot see, one that is done."""
    found = {"enterprise_name": "示例化工有限公司", "division": "320500", "problem": "喷枪堵塞"}
    span = {"found_on": "2026-08-20", "planned_on": "2026-09-20"}
    kinds: tuple[Made, ...] = ({}, {"pollutant": "NOx"}, {"direction": DIRECTION}, {"found_on": "2026-09-07"})
    for number, about in enumerate(kinds):
        made = found | span | {"enterprise_id": f"ENT-{number}"} | about
        desk.post(OFFICER, "/v1/self-inspections", made, expect=201)
    clue = {"title": "夜间异味", "enterprise_id": "ENT-3", "enterprise_name": "示例", "division": "320500"}
    at = {"summary": "先前", "discovered_at": (NOW - timedelta(hours=1)).isoformat()}
    desk.post(OFFICER, "/v1/clues", clue | at, expect=201)
    desk.post(REPORTERS["partner"], "/v1/clues", clue | at | {"enterprise_id": "ENT-4"}, expect=201)
    done = desk.post(OFFICER, "/v1/clues", clue | at | {"enterprise_id": "ENT-5"}, expect=201)
    desk.post(HEAD, f"/v1/clues/{done['id']}/decline", {"reason": "不属实"})
    desk.clock.now = NOW


def one_by_one(desk: Desk, who: Principal, given: list[bytes]) -> Verdicts:
    """Post every line by itself."""
    found: Verdicts = []
    for line in given:
        answer = desk.call(who, "POST", "/v1/clues", content=line, headers={"content-type": "application/json"})
        said = answer.json()
        if answer.status_code != 201:
            found.append(("refused", answer.status_code, said["code"]))
        elif said["reports"] == 1:
            found.append(("received", 201, said["ref"]))
        else:
            found.append(("merged", 200, said["ref"]))
    return found


def by_the_batch(desk: Desk, who: Principal, given: list[bytes]) -> Verdicts:
    """Post all lines at once."""
    verdicts = told(post(desk, given, who))["verdicts"]
    return [(one["verdict"], one["status"], one["clue"] or one["code"]) for one in verdicts]


def rows_of(room: Room) -> Iterator[str]:
    """Every row of a room's database, table by table, the number of a delivery left out."""
    for name in sorted(inspect(room.database.reader).get_table_names(), key=lambda name: (name != "clues", name)):
        keys = inspect(room.database.reader).get_pk_constraint(name)["constrained_columns"]
        with room.database.reader.connect() as connection:
            order = ORDER.get(name) or ", ".join(f'"{key}"' for key in keys) or "1"
            for row in connection.execute(text(f'SELECT * FROM "{name}" ORDER BY {order}')):
                kept = {key: value for key, value in row._mapping.items() if (name, key) != ("deliveries", "id")}
                yield f"{name} {json.dumps(kept, default=str, ensure_ascii=False)}"


def left_by(
    databases: Databases, folder: Path, how: Callable[..., Verdicts], who: Principal, given: list[bytes]
) -> tuple[Verdicts, list[str]]:
    """Return the verdicts and the rows that one way of taking lines leaves, identifiers as their first appearance."""
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        token = found[0].replace("-", "")
        names.setdefault(token, f"<{len(names)}>")
        return names[token]

    for desk in open_desk(databases.fresh(folder), FrozenClock(NOW - timedelta(minutes=10))):
        prepared(desk)
        verdicts, room = how(desk, who, given), desk.rooms["clue"]
        with room.reading() as session:
            _count, broken = verify_room(session, room.subjects)
        assert broken == []
        rows = [TOKEN.sub(named, row) for row in rows_of(room)]
        return [(verdict, status, TOKEN.sub(named, told)) for verdict, status, told in verdicts], rows
    raise AssertionError("no desk was opened")


@pytest.mark.parametrize("who", REPORTERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_batch_leaves_what_its_lines_leave(databases, tmp_path, who, seed):
    given = lines(seed)
    verdicts, rows = left_by(databases, tmp_path / "one", one_by_one, REPORTERS[who], given)
    batched, left = left_by(databases, tmp_path / "all", by_the_batch, REPORTERS[who], given)
    assert [one for one in batched if one[0] != "refused"] == [one for one in verdicts if one[0] != "refused"]
    assert batched == verdicts
    assert left == rows
    if who in ("owner", "partner"):
        assert {verdict for verdict, _, _ in verdicts} == {"received", "merged", "refused"}
        assert any('"declared_ref": "self_inspection:' in row for row in rows)
