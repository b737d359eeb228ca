"""The picture of a journey: one lane per subject, its states as a ribbon, every entry a point on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gateway.console.entry import Visit
from gateway.console.times import instant

STEP, LEFT, TOP, GAP = 30, 132, 26, 54
HAN, LATIN = 11.5, 6.2
"""Width of a Chinese and of a Latin letter in the ribbon's type."""
KINDS = (
    *("complaint", "self_inspection", "clue", "inspection", "task", "case", "measure", "conference"),
    *("operation", "linkage"),
    *("referral", "supervision", "consultation"),
)


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A stretch of a lane during which the subject stood in one state."""

    x: int
    width: int
    y: int
    text: str
    shown: str
    """The text when it fits, else empty."""
    shade: int


@dataclass(frozen=True, slots=True)
class Point:
    """One entry."""

    x: int
    y: int
    number: int
    moves: bool
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole picture, in user units."""

    width: int
    height: int
    left: int
    """Where the lanes begin, after their names."""
    lanes: list[tuple[int, str, str]]
    """Place, name and ref of each lane."""
    days: list[tuple[int, str]]
    ribbons: list[Ribbon]
    points: list[Point]
    links: list[tuple[int, int, int, int]]


def picture(visit: Visit, lines: Sequence[Mapping[str, Any]]) -> Picture:
    """Return the picture of entries in order of time, one lane per subject; each has subject, at, number, text,
    state and moves.
    """
    subjects = sorted({line["subject"] for line in lines}, key=lambda ref: KINDS.index(ref.partition(":")[0]))
    return drawn(lines, [(ref, visit.words(f"room.{ref.partition(':')[0]}")) for ref in subjects])


def drawn(lines: Sequence[Mapping[str, Any]], named: Sequence[tuple[str, str]]) -> Picture:
    """Return the picture of entries with a lane for each (key, name); `subject` of an entry is the key of its lane."""
    left = max(LEFT, 30 + round(max(_long(name) for _key, name in named)))
    place = {key: TOP + 18 + index * GAP for index, (key, _name) in enumerate(named)}
    points = [
        Point(left + 16 + index * STEP, place[line["subject"]], line["number"], line["moves"], line["text"])
        for index, line in enumerate(lines)
    ]
    width = max(left + 40 + max(len(lines), 1) * STEP, 700)
    return Picture(
        width=width,
        height=TOP + len(named) * GAP + 8,
        left=left - 12 if left > LEFT else 60,
        lanes=[(place[key], name, key) for key, name in named],
        days=_days(lines, left),
        ribbons=[ribbon for key, _name in named for ribbon in _ribbons(lines, points, key, width)],
        points=points,
        links=[(before.x, before.y, after.x, after.y) for before, after in pairwise(points) if before.y != after.y],
    )


def _long(text: str) -> float:
    return sum(HAN if ord(letter) > 0x2E7F else LATIN for letter in text) * 13 / 11.5


def _days(lines: Sequence[Mapping[str, Any]], left: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    last = ""
    for index, line in enumerate(lines):
        at = instant(line["at"])
        said = f"{at:%Y-%m-%d}" if at else ""
        if said != last:
            found.append((left + 4 + index * STEP, said))
            last = said
    return found


def _ribbons(lines: Sequence[Mapping[str, Any]], points: Sequence[Point], ref: str, width: int) -> list[Ribbon]:
    moves = [
        (point.x, line["state"])
        for line, point in zip(lines, points, strict=True)
        if line["subject"] == ref and line["moves"]
    ]
    if not moves:
        return []
    ends = [x for x, _ in moves[1:]] + [width - 10]
    found: list[Ribbon] = []
    for index, ((x, state), end) in enumerate(zip(moves, ends, strict=True)):
        y = next(point.y for line, point in zip(lines, points, strict=True) if line["subject"] == ref)
        long = sum(HAN if ord(letter) > 0x2E7F else LATIN for letter in state) + 12
        found.append(Ribbon(x, end - x, y, state, state if long <= end - x else "", index % 2))
    return found
