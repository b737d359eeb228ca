"""Every row of every procedure that is data alone, walked through the API against dates computed by hand.

A walk is a YAML file in `walks/`: how a subject begins and, row by row, what is tried in vain before and after
something is attached, why, who takes which step, the state it leads to, and each clock it moves, with its article.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.clock import ZONE
from shared.identity import Principal
from shared.rules import catalogue
from tests.desk import Desk, officer

FOLDER = Path(__file__).with_name("walks")
FILES = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))}
LAW = catalogue.default()
ALONE = {versions[-1].id: versions[-1] for versions in LAW.procedures.values() if versions[-1].parties}
PLURAL = {"referral": "referrals", "supervision": "supervisions", "consultation": "consultations"}
MATTER = {"title": "行走", "summary": "按步骤办理。", "division": "320500", "enterprise_name": "示例厂"}
WHO = re.compile(r"(?P<prefix>[a-z]{3})(@(?P<division>[0-9]{6}))?(:(?P<roles>[a-z_,]+))?")
OFFSET = re.compile(r"-(?P<number>[0-9]+)(?P<unit>[hd])")


def who(name: str) -> Principal:
    """Return the person a walk names: `psb`, `eea:agency_head`, `pro@320000`."""
    found = WHO.fullmatch(name)
    assert found, name
    roles = (found["roles"] or "case_officer,liaison").split(",")
    return officer(f"{found['prefix']}-{found['division'] or '320500'}", *roles)


def walks() -> Iterator[Any]:
    """Give every walk of every file."""
    for procedure, found in FILES.items():
        for walk in found["walks"]:
            yield pytest.param(procedure, walk, id=f"{procedure}: {walk['name']}")


def stated(desk: Desk, subject: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step states, with `now`, `-2h`, `-3d` and `manifest` filled in."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        offset = OFFSET.fullmatch(value) if isinstance(value, str) else None
        if offset:
            unit = {"h": "hours", "d": "days"}[offset["unit"]]
            found[name] = (desk.clock.now - timedelta(**{unit: int(offset["number"])})).isoformat()
        elif value == "now":
            found[name] = desk.clock.now.isoformat()
        else:
            found[name] = subject.get("sent_manifest") if value == "manifest" else value
    return found


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
    for row in walk["rows"]:
        desk.clock.advance(**row.get("after", {}))
        for vain in row.get("refused_at_first", []):
            refuse(desk, path, subject, row, vain)
        attach(desk, owner, path, row.get("attach", {}))
        for vain in row.get("refused", []):
            refuse(desk, path, subject, row, vain)
        attach(desk, owner, path, row.get("then_attach", {}))
        answer = {"stated": stated(desk, subject, row.get("stated", {})), "conditions": row.get("conditions", {})}
        subject = desk.post(who(row["who"]), f"{path}/steps/{row['step']}", answer)
        assert subject["state"] == row["state"], row["step"]
        check_clocks(desk, owner, path, row.get("clocks", {}))
    check_end(desk, owner, path, ALONE[procedure].states[subject["state"]].final)
    desk.drain()
    entries = desk.get(owner, f"{path}/journal?limit=200")["items"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))


def attach(desk: Desk, owner: Principal, path: str, documents: Mapping[str, Any]) -> None:
    """Attach what a row asks for, each with what it states."""
    for document, details in documents.items():
        desk.attach(owner, path, document, f"{document} {desk.clock.now}".encode(), **(details or {}))


def refuse(desk: Desk, path: str, subject: Mapping[str, Any], row: Mapping[str, Any], vain: Mapping[str, Any]) -> None:
    """Try a step in vain: it is refused for the reason given, and nothing changes."""
    step = vain.get("step", row["step"])
    given = {**row.get("stated", {}), **vain.get("stated", {})} if step == row["step"] else vain.get("stated", {})
    given = {name: value for name, value in given.items() if value is not None}
    answer = desk.call(
        who(vain.get("who", row["who"])), "POST", f"{path}/steps/{step}", json={"stated": stated(desk, subject, given)}
    )
    assert answer.status_code == vain["status"], answer.text
    said = answer.json()
    codes = {one["code"] for one in said.get("reasons", [])} | {one["code"] for one in said.get("errors", [])}
    assert vain.get("why") is None or vain["why"] in codes, (vain, said)


def check_end(desk: Desk, owner: Principal, path: str, is_final: bool) -> None:
    """Where a matter has ended, nobody is held to a term any more."""
    listed = desk.get(owner, f"{path}/deadlines")["items"]
    running = {one["term_id"] for one in listed if one["state"] in ("running", "paused")}
    assert not (is_final and running), running


def check_clocks(desk: Desk, owner: Principal, path: str, wanted: Mapping[str, Any]) -> None:
    """Compare the newest clock of each term with what was computed by hand."""
    listed = desk.get(owner, f"{path}/deadlines")["items"] if wanted else []
    newest = {one["term_id"]: one for one in sorted(listed, key=lambda one: one["id"])}
    for term, expected in wanted.items():
        clock = newest.get(term)
        assert clock is not None, f"{term} did not start"
        if isinstance(expected, str):
            assert clock["state"] == expected, (term, clock["state"])
            continue
        assert clock["state"] == expected.get("state", "running"), term
        assert clock["party"] == who(expected["party"]).agency, term
        assert expected["cite"] in clock["cite_zh"], (term, clock["cite_zh"])
        if "at" in expected:
            assert datetime.fromisoformat(clock["due_at"]) == datetime.fromisoformat(expected["at"]), term
        else:
            assert clock["due_on"] == str(expected["last"]), (term, clock["due_on"], clock["because"])
        assert clock["authority"] == expected.get("authority", "law"), term
        assert (clock["breached_at"] is not None) == expected.get("late", False), term


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
