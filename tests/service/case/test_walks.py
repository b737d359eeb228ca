"""Every row of the penalty case and of each measure, walked through the API against dates computed by hand.

A walk is a YAML file in `walks/`, as in the referral room: how it begins and, row by row, what is tried in vain and
why, who takes which step, the state it leads to, and each clock it moves, with its article.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.rules import catalogue
from shared.rules.procedure_entries import Procedure
from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.case import test_cases as cases
from tests.service.referral.rows import check_clocks, stated, take_rows, who

FOLDER = Path(__file__).with_name("walks")
FILES = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))}
LAW = catalogue.default()
WALKED = {one.id: one for one in (v[-1] for v in LAW.procedures.values()) if one.subject in ("case", "measure")}
BEGINNINGS: Mapping[str, Callable[[Desk], Any]] = {
    "opened": journeys.opened_case,
    "filed": journeys.filed_case,
    "referable": cases.referable,
    "with_more": cases.with_more,
    "with_police": cases.with_police,
    "informed": cases.informed,
}
MEASURE = {"title": "措施", "summary": "按步骤办理。", "division": "320500", "enterprise_name": "示例厂"}


def walks() -> Iterator[Any]:
    """Give every walk of every file."""
    for procedure, found in FILES.items():
        for walk in found["walks"]:
            yield pytest.param(procedure, walk, id=f"{procedure}: {walk['name']}")


@pytest.mark.parametrize(("procedure", "walk"), list(walks()))
def test_a_walk(desk: Desk, procedure: str, walk: Mapping[str, Any]) -> None:
    law = WALKED[procedure]
    case = BEGINNINGS[walk.get("begin", "filed")](desk)
    for row in walk.get("case", []):
        given = stated(desk, {}, row.get("stated", {}))
        case = journeys.take_case(desk, who(row["who"]), case, row["step"], **given)
    if law.subject == "case":
        take_rows(desk, OFFICER, f"/v1/cases/{case['id']}", walk["rows"], case, law)
        return
    _measure(desk, case, law, walk)


def _measure(desk: Desk, case: Any, law: Procedure, walk: Mapping[str, Any]) -> None:
    opening = stated(desk, {}, walk.get("stated", {}))
    body = MEASURE | {"procedure": law.id, "about": case["ref"], "stated": opening}
    measure = desk.post(OFFICER, "/v1/measures", body, expect=201)
    assert measure["journey_id"] == case["journey_id"]
    path = f"/v1/measures/{measure['id']}"
    check_clocks(desk, OFFICER, path, walk.get("clocks", {}))
    ended = take_rows(desk, OFFICER, path, walk["rows"], measure, law)
    for name, value in walk.get("figures", {}).items():
        assert ended["stated"][name] == value, (name, ended["stated"].get(name))
    is_final = law.states[ended["state"]].final
    told = desk.get(OFFICER, f"/v1/cases/{case['id']}")["stated"]
    assert told["open_measures"] == ([] if is_final else [measure["ref"]])


def test_every_row_is_walked() -> None:
    lacking = {}
    for procedure in WALKED.values():
        taken = {row["step"] for walk in FILES[procedure.id]["walks"] for row in walk["rows"]}
        by_people = {
            step.id
            for step in procedure.steps.values()
            if procedure.initial not in step.from_states and any(actor.relation != "system" for actor in step.by)
        }
        if by_people - taken:
            lacking[procedure.id] = sorted(by_people - taken)
    assert lacking == {}


def test_every_clock_a_step_starts_is_checked_by_hand() -> None:
    for procedure in WALKED.values():
        started = {clock.term for step in procedure.steps.values() for clock in step.clocks if clock.action == "start"}
        rows = [row for walk in FILES[procedure.id]["walks"] for row in (walk, *walk["rows"])]
        dated = {term for row in rows for term, expected in row.get("clocks", {}).items() if isinstance(expected, dict)}
        assert started <= dated, (procedure.id, sorted(started - dated))
