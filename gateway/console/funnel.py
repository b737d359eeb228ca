"""The funnel drawn: one bar a stage, centred on one scale, with the share that came on from the stage before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, ROW, BAR, LEFT, TOP = 480, 40, 22, 130, 8
RIGHT = 190
"""Room for the share beside the widest bar."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: how many came so far, where its bar lies, and which share of the stage before (None: of nothing)."""

    key: str
    count: int
    x: float
    y: int
    width: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages in user units; `sides` are the slopes between two bars as polygon points."""

    width: int
    height: int
    middle: float
    stages: tuple[Stage, ...]
    sides: tuple[str, ...]


def drawn(counts: Mapping[str, int], stages: Sequence[str]) -> Funnel:
    """Return the funnel of the counts of stages, in their order."""
    most = max((counts[one] for one in stages), default=0) or 1
    middle = LEFT + WIDTH / 2
    found: list[Stage] = []
    for index, key in enumerate(stages):
        width = round(counts[key] / most * WIDTH, 1)
        before = counts[stages[index - 1]] if index else 0
        share = round(100 * counts[key] / before, 1) if before else None
        found.append(Stage(key, counts[key], round(middle - width / 2, 1), TOP + index * ROW, width, share))
    sides = tuple(_side(upper, lower) for upper, lower in pairwise(found))
    return Funnel(LEFT + WIDTH + RIGHT, TOP + len(found) * ROW, middle, tuple(found), sides)


def _side(upper: Stage, lower: Stage) -> str:
    corners = (
        (upper.x, upper.y + BAR),
        (round(upper.x + upper.width, 1), upper.y + BAR),
        (round(lower.x + lower.width, 1), lower.y),
        (lower.x, lower.y),
    )
    return " ".join(f"{x},{y}" for x, y in corners)
