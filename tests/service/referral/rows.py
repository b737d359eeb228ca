"""Rows of a walk: tried in vain, taken, and the clocks they move compared with dates computed by hand."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.identity import Principal
from shared.rules.procedure_entries import Procedure
from tests.desk import Desk, officer
from tests.service.clue.visits import known_visit

WHO = re.compile(r"(?P<prefix>[a-z]{3})(@(?P<division>[0-9]{6}))?(:(?P<roles>[a-z_,]+))?")
OFFSET = re.compile(r"-(?P<number>[0-9]+)(?P<unit>[hd])")


def who(name: str) -> Principal:
    """Return the person a walk names: `psb`, `eea:agency_head`, `pro@320000`."""
    found = WHO.fullmatch(name)
    assert found, name
    roles = (found["roles"] or "case_officer,liaison").split(",")
    return officer(f"{found['prefix']}-{found['division'] or '320500'}", *roles)


def stated(desk: Desk, subject: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step states, with `now`, `-2h`, `-3d`, `visit` and `manifest` filled in."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        offset = OFFSET.fullmatch(value) if isinstance(value, str) else None
        if offset:
            unit = {"h": "hours", "d": "days"}[offset["unit"]]
            found[name] = (desk.clock.now - timedelta(**{unit: int(offset["number"])})).isoformat()
        elif value == "now":
            found[name] = desk.clock.now.isoformat()
        elif value == "visit":
            found[name] = known_visit(desk)
        else:
            found[name] = subject.get("sent_manifest") if value == "manifest" else value
    return found


def take_rows(
    desk: Desk, owner: Principal, path: str, rows: Sequence[Mapping[str, Any]], subject: Any, procedure: Procedure
) -> Any:
    """Take every row of a walk and return the subject as it ends."""
    for row in rows:
        desk.clock.advance(**row.get("after", {}))
        for vain in row.get("refused_at_first", []):
            refuse(desk, path, subject, row, vain)
        attach(desk, owner, path, row.get("attach", {}))
        for vain in row.get("refused", []):
            refuse(desk, path, subject, row, vain)
        attach(desk, owner, path, row.get("then_attach", {}))
        desk.clock.advance(**row.get("then_wait", {}))
        answer = {"stated": stated(desk, subject, row.get("stated", {})), "conditions": row.get("conditions", {})}
        subject = desk.post(who(row["who"]), f"{path}/steps/{row['step']}", answer)
        assert subject["state"] == row["state"], row["step"]
        check_clocks(desk, owner, path, row.get("clocks", {}))
    check_end(desk, owner, path, procedure.states[subject["state"]].final)
    desk.drain()
    entries = desk.get(owner, f"{path}/journal?limit=200")["items"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    return subject


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
