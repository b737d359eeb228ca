"""Stacked bars: one row per thing counted, one piece per way it stands, drawn as SVG with the numbers written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, ROW, TOP = 560, 26, 6
HAN, LATIN = 12.5, 6.8
"""Width of a Chinese and of a Latin letter in the chart's type."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar."""

    kind: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A bar with its name, its sum and where it ends."""

    name: str
    y: int
    total: int
    end: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on one scale, in user units."""

    width: int
    height: int
    kinds: tuple[str, ...]
    rows: tuple[Row, ...]


def stacked(counted: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[str]) -> Chart:
    """Return the bars of (name, count by kind), each made of its kinds in their order, on one scale."""
    most = max((sum(counts[kind] for kind in kinds) for _name, counts in counted), default=0) or 1
    left = round(max((_long(name) for name, _counts in counted), default=0)) + 20
    scale = left, WIDTH / most
    rows = tuple(_row(one, kinds, TOP + index * ROW, scale) for index, one in enumerate(counted))
    return Chart(left + WIDTH + 60, TOP + len(counted) * ROW + 4, tuple(kinds), rows)


def _row(counted: tuple[str, Mapping[str, int]], kinds: Sequence[str], y: int, scale: tuple[int, float]) -> Row:
    (name, counts), (left, unit) = counted, scale
    pieces: list[Piece] = []
    before = 0
    for kind in kinds:
        count = counts[kind]
        if count:
            pieces.append(Piece(kind, count, round(left + before * unit, 1), round(count * unit, 1)))
        before += count
    return Row(name, y, before, round(left + before * unit, 1), tuple(pieces))


def _long(text: str) -> float:
    return sum(HAN if ord(letter) > 0x2E7F else LATIN for letter in text)
