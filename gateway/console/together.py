"""What the page of an operation or a linkage shows: who takes part, and what came of it, in tables and pictures."""

from collections.abc import Mapping
from typing import Any

from gateway.console import bars, facts, lanes
from gateway.console.asking import path_of
from gateway.console.entry import Visit

RESULTS = ("objects", "checked", "tasks", "done", "overdue", "findings", "clues", "cases", "closed")
PIECES = ("ready", "passed", "waits")
"""How a bar of the results is made up: what is done, what is overdue, what waits."""


def shown(visit: Visit, subject: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an operation or a linkage as they are shown."""
    if "timeline" in whole:
        lines = _milestones(visit, whole["timeline"])
        names = {one["agency"]: visit.agency(one["agency"]) for one in (*whole["members"], *whole["timeline"])}
        picture = lanes.drawn(lines, list(names.items())) if lines else None
        return {**whole, "lines": lines, "picture": picture, "shared": shared(visit, subject)}
    if not whole["heard"]:
        return dict(whole)
    findings = [one | {"path": _clue_path(visit, one)} for one in whole["findings"]]
    return {**whole, "findings": findings, "chart": _chart(visit, whole), "figures": RESULTS}


def _clue_path(visit: Visit, finding: Mapping[str, Any]) -> str:
    """Return the address of a finding's clue for whoever found it and for the bureau it went to."""
    mine = visit.catalogue.agencies.get(visit.by.agency)
    is_bureau = mine is not None and mine.kind.startswith("ecological") and mine.division == finding["division"]
    return (
        path_of(finding["clue_ref"])
        if finding["clue_ref"] and (is_bureau or finding["agency"] == visit.by.agency)
        else ""
    )


def _chart(visit: Visit, whole: Mapping[str, Any]) -> bars.Chart:
    """Return the bars of each agency: objects looked at, tasks done, cases closed, out of how many."""
    counted = []
    for one in whole["results"]:
        name = visit.agency(one["agency"])
        waived = sum(task["agency"] == one["agency"] and task["state"] == "waived" for task in whole["tasks"])
        objects = (one["checked"], 0, one["objects"])
        tasks = (one["done"], one["overdue"], one["tasks"] - waived)
        cases = (one["closed"], 0, one["cases"])
        for part, (ready, passed, total) in {"objects": objects, "tasks": tasks, "cases": cases}.items():
            pieces = {"ready": ready, "passed": passed, "waits": max(total - ready - passed, 0)}
            if total:
                counted.append((f"{name} · {visit.words(f'operation.{part}')}", pieces))
    return bars.stacked(counted, PIECES)


def _milestones(visit: Visit, timeline: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return milestones as the lanes draw them: the lane is the agency, a move is one of its own case."""
    return [
        {
            "number": number,
            "subject": one["agency"],
            "at": one["at"],
            "text": f"{visit.words.part(one, 'step')} → {visit.words.part(one, 'state')}",
            "step": visit.words.part(one, "step"),
            "state": visit.words.part(one, "state"),
            "kind": one["subject"].partition(":")[0],
            "moves": one["subject"].startswith("case:"),
            "path": path_of(one["subject"]) if one["agency"] == visit.by.agency else "",
        }
        for number, one in enumerate(timeline, start=1)
    ]


def own_facts(subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that stand in no agency's name."""
    return {name: fact for name, fact in (subject.get("facts") or {}).items() if "." not in name}


def shared(visit: Visit, subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared facts side by side: who shared, and per fact what each says of it."""
    said: dict[str, dict[str, Any]] = {}
    for name, fact in (subject.get("facts") or {}).items():
        agency, dot, stem = name.partition(".")
        if dot:
            (one,) = facts.shown(visit, {stem: fact})
            said.setdefault(stem, {})[agency] = {"value": one.value, "unit": one.unit, "at": fact.get("recorded_at")}
    agencies = sorted({agency for by in said.values() for agency in by})
    rows = [(facts.label(visit, stem), [by.get(agency) for agency in agencies]) for stem, by in said.items()]
    return {"agencies": agencies, "rows": rows}
