"""Every row of every procedure that is data alone, walked through the API against dates computed by hand.

A walk is a YAML file in `walks/`: how a subject begins and, row by row, what is tried in vain before and after
something is attached, why, who takes which step, the state it leads to, and each clock it moves, with its article.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.clock import ZONE
from shared.rules import catalogue
from tests.desk import Desk
from tests.service.referral.rows import check_clocks, stated, take_rows, who

FOLDER = Path(__file__).with_name("walks")
FILES = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))}
LAW = catalogue.default()
PLURAL = {"referral": "referrals", "supervision": "supervisions", "consultation": "consultations"}
NEWEST = [versions[-1] for versions in LAW.procedures.values()]
ALONE = {newest.id: newest for newest in NEWEST if newest.parties and newest.subject in PLURAL}
MATTER = {"title": "行走", "summary": "按步骤办理。", "division": "320500", "enterprise_name": "示例厂"}


def walks() -> Iterator[Any]:
    """Give every walk of every file."""
    for procedure, found in FILES.items():
        for walk in found["walks"]:
            yield pytest.param(procedure, walk, id=f"{procedure}: {walk['name']}")


@pytest.mark.parametrize(("procedure", "walk"), list(walks()))
def test_a_walk(desk: Desk, procedure: str, walk: Mapping[str, Any]) -> None:
    begin = walk["begin"]
    plural = PLURAL[ALONE[procedure].subject]
    owner = who(begin["who"])
    body = MATTER | {"procedure": procedure, "stated": stated(desk, {}, begin.get("stated", {}))}
    body |= {name: begin[name] for name in ("parties", "facts", "conduct_on", "conditions") if name in begin}
    subject = desk.post(owner, f"/v1/{plural}", body, expect=201)
    path = f"/v1/{plural}/{subject['id']}"
    check_clocks(desk, owner, path, begin.get("clocks", {}))
    take_rows(desk, owner, path, walk["rows"], subject, ALONE[procedure])


def test_every_row_of_every_procedure_is_walked() -> None:
    lacking = {}
    for procedure in ALONE.values():
        taken = {row["step"] for walk in FILES.get(procedure.id, {"walks": []})["walks"] for row in walk["rows"]}
        by_people = {
            step.id
            for step in procedure.steps.values()
            if procedure.initial not in step.from_states and any(actor.relation != "system" for actor in step.by)
        }
        if by_people - taken:
            lacking[procedure.id] = sorted(by_people - taken)
    assert lacking == {}


def test_every_clock_a_step_starts_is_checked_by_hand() -> None:
    for procedure in ALONE.values():
        started = {clock.term for step in procedure.steps.values() for clock in step.clocks if clock.action == "start"}
        rows = [row for walk in FILES[procedure.id]["walks"] for row in (walk["begin"], *walk["rows"])]
        dated = {term for row in rows for term, expected in row.get("clocks", {}).items() if isinstance(expected, dict)}
        assert started <= dated, (procedure.id, sorted(started - dated))


def test_the_day_the_walks_begin(desk: Desk) -> None:
    assert desk.clock.now == datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)
