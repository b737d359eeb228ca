"""Drills as they are shown: who may run one, the squads by name, and the board of scores before and after the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.console.asking import Refused
from gateway.console.entry import Visit

RUNNERS = frozenset({"clue_officer", "duty_officer", "agency_head"})
"""Roles whose people, at a centre, are offered to run a drill; the room asks again when they do."""
PARTS = ("model", "screening", "verification")
Squads = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """A squad on the board: its place (None before the ranking is published), the best score of each part, the mean."""

    rank: int | None
    squad: str
    name: str
    parts: tuple[float | None, ...]
    total: float


async def squads(visit: Visit) -> Squads:
    """Return the squads of one's agency and those under it, by id; none for an agency that has none."""
    try:
        found = await visit.rooms.get("squads", "")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return {}
    return {one["id"]: one for one in found["items"]}


def may_open(visit: Visit, known: Squads) -> bool:
    """Whether the reader is offered to prepare a drill: at a joint operations centre."""
    is_centre = any(one["level"] == "centre" and one["agency"] == visit.by.agency for one in known.values())
    return is_centre and bool(visit.by.roles & RUNNERS)


def may_run(visit: Visit, drill: Mapping[str, Any]) -> bool:
    """Whether the reader is offered the steps of a drill."""
    return drill["owner"] == visit.by.agency and bool(visit.by.roles & RUNNERS)


def choices(visit: Visit, known: Squads) -> tuple[tuple[str, str], ...]:
    """Return the squads that can be drilled, as a form offers them."""
    return tuple((name, visit.words.part(one, "", name)) for name, one in known.items() if one["level"] != "centre")


def named(visit: Visit, known: Squads, squad: str) -> str:
    """Return the name of a squad, its id where it is not known to the reader."""
    return visit.words.part(known.get(squad), "", squad) if squad in known else squad


def board(visit: Visit, scores: Mapping[str, Any], known: Squads) -> list[Line]:
    """Return the board: the published ranking, or before it the best scores so far of the squads one may see."""
    if scores["ranking"]:
        return [
            Line(
                one["rank"],
                one["squad"],
                visit.words.part(one, "", one["squad"]),
                tuple(one["parts"].get(part) for part in PARTS),
                one["total"],
            )
            for one in scores["ranking"]
        ]
    best: dict[str, dict[str, float]] = {}
    for one in scores["scores"]:
        held = best.setdefault(one["squad"], {})
        held[one["part"]] = max(held.get(one["part"], 0.0), one["score"])
    lines = [
        Line(None, squad, named(visit, known, squad), tuple(held.get(part) for part in PARTS), _mean(held))
        for squad, held in best.items()
    ]
    return sorted(lines, key=lambda one: (-one.total, one.squad))


def _mean(held: Mapping[str, float]) -> float:
    return round(sum(held.values()) / len(PARTS), 1)


def handed_in(visit: Visit, scores: Mapping[str, Any], known: Squads) -> list[dict[str, Any]]:
    """Return every score one may see with its reasons, by squad and part."""
    names = {one["squad"]: visit.words.part(one, "", one["squad"]) for one in scores["ranking"]}
    found: Sequence[Mapping[str, Any]] = scores["scores"]
    return [
        {
            **one,
            "name": names.get(one["squad"]) or named(visit, known, one["squad"]),
            "said": [visit.words.part(each, "") for each in one["reasons"]],
        }
        for one in sorted(found, key=lambda one: (one["squad"], PARTS.index(one["part"]), one["attempt"]))
    ]
