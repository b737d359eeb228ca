"""A mobile run drawn: the track as a map with north up, and the readings over time, peaks numbered the same in both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, cos, floor, log10, radians, sin
from statistics import median
from typing import Any

MAP, EDGE = 760.0, 36.0
"""The longer side of a map, and the margin around what is drawn, in user units."""
LEAST_METRES = 200.0
"""A map shows at least so much, so that a van that stood still is no blot."""
METRES = 111_195.0
"""Of a degree of latitude, on the mean sphere."""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1100.0, 260.0, 56.0, 26.0, 36.0, 30.0
ARROW = 46.0
LEVELS = ("background", "raised", "above", "peak")
"""How high a reading is: near the background, raised by half the threshold, by all of it, within a judged peak."""
Track = Sequence[Mapping[str, Any]]
Peaks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive points of one level, as the points of a line."""

    level: str
    points: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered peak; the arrow comes from where the wind comes, None in calm air or unknown wind."""

    number: int
    x: float
    y: float
    arrow: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate upwind of a peak: rank within it, name, place, and the place of the peak."""

    label: str
    name: str
    x: float
    y: float
    peak_x: float
    peak_y: float


@dataclass(frozen=True, slots=True)
class Map:
    """The map in user units; `scale` is the length of the scale's bar and the metres it stands for."""

    width: float
    height: float
    stretches: tuple[Stretch, ...]
    marks: tuple[Mark, ...]
    sites: tuple[Site, ...]
    scale: tuple[float, int]
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """Readings over time: lines (broken where nothing was read), bands of peaks, the threshold, ticks (place, text)."""

    width: float
    height: float
    left: float
    right: float
    top: float
    base: float
    lines: tuple[str, ...]
    bands: tuple[tuple[int, float, float], ...]
    threshold: float | None
    values: tuple[tuple[float, str], ...]
    times: tuple[tuple[float, str], ...]


def background(track: Track) -> float | None:
    """Return the median of the readings, None where there is none."""
    read = [one["value"] for one in track if one["value"] is not None]
    return median(read) if read else None


def levels(track: Track, peaks: Peaks, rise: float) -> list[str]:
    """Return how high each point lies, against the run's median and the threshold that held."""
    below = background(track) or 0.0
    spans = [(_at(one["begin"]), _at(one["end"])) for one in peaks]
    found = []
    for one in track:
        above = (one["value"] or 0.0) - below
        if any(begin <= _at(one["ts"]) <= end for begin, end in spans):
            found.append("peak")
        else:
            found.append("above" if above >= rise else "raised" if above >= rise / 2 else "background")
    return found


def mapped(track: Track, peaks: Peaks, rise: float) -> Map | None:
    """Return the map of a run, None where no point has a place."""
    if not track:
        return None
    placed = [one for one in peaks if one["lat"] is not None and one["lon"] is not None]
    candidates = [(one, peak) for peak in placed for one in peak["candidates"]]
    ground = _Ground([*track, *placed, *(one for one, _ in candidates)])
    spots = [ground.place(one) for one in track]
    return Map(
        width=ground.width,
        height=ground.height,
        stretches=tuple(_stretches(spots, levels(track, peaks, rise))),
        marks=tuple(Mark(one["number"], *ground.place(one), _arrow(one)) for one in placed),
        sites=tuple(
            Site(f"{peak['number']}-{one['rank']}", one["name"], *ground.place(one), *ground.place(peak))
            for one, peak in candidates
        ),
        scale=ground.scale(),
        start=spots[0],
        end=spots[-1],
    )


class _Ground:
    """Places on the earth to places in the drawing: equal scales both ways, north up."""

    def __init__(self, places: Sequence[Mapping[str, Any]]) -> None:
        lats, lons = [one["lat"] for one in places], [one["lon"] for one in places]
        self._north, self._west = max(lats), min(lons)
        self._per_lat = METRES
        self._per_lon = METRES * max(cos(radians((max(lats) + min(lats)) / 2)), 0.01)
        high, wide = (max(lats) - min(lats)) * self._per_lat, (max(lons) - min(lons)) * self._per_lon
        self._unit = (MAP - 2 * EDGE) / max(high, wide, LEAST_METRES)
        self.width, self.height = MAP, round(max(high * self._unit, 90.0) + 2 * EDGE, 1)
        self._x = EDGE + (MAP - 2 * EDGE - wide * self._unit) / 2
        self._y = (self.height - high * self._unit) / 2

    def place(self, one: Mapping[str, Any]) -> tuple[float, float]:
        x = self._x + (one["lon"] - self._west) * self._per_lon * self._unit
        y = self._y + (self._north - one["lat"]) * self._per_lat * self._unit
        return round(x, 1), round(y, 1)

    def scale(self) -> tuple[float, int]:
        """Return the longest round length that fits a sixth of the map."""
        metres = _round_down(MAP / 6 / self._unit)
        return round(metres * self._unit, 1), round(metres)


def _round_down(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return next((step * power for step in (5, 2, 1) if step * power <= value), power / 2)  # a logarithm rounds up


def _stretches(spots: Sequence[tuple[float, float]], levels_of: Sequence[str]) -> Iterable[Stretch]:
    """Yield the track in stretches of one level, each begun where the one before ends; the higher ones on top."""
    found: list[tuple[str, list[tuple[float, float]]]] = []
    for index, (spot, level) in enumerate(zip(spots, levels_of, strict=True)):
        if not found or found[-1][0] != level:
            found.append((level, [spots[index - 1]] if index else []))
        found[-1][1].append(spot)
    for level, line in sorted(found, key=lambda one: LEVELS.index(one[0])):
        yield Stretch(level, _line(line))


def _arrow(peak: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return where an arrow of the wind begins, seen from the peak."""
    if peak["wind_dir"] is None or not peak["wind_ms"]:
        return None
    angle = radians(peak["wind_dir"])
    return round(ARROW * sin(angle), 1), round(-ARROW * cos(angle), 1)


def profiled(track: Track, peaks: Peaks, rise: float) -> Profile | None:
    """Return the readings of a run over time, None where nothing was read."""
    read = [(one["value"], _at(one["ts"])) for one in track]
    values = [value for value, _ in read if value is not None]
    if not values:
        return None
    begin, end = read[0][1], max(read[-1][1], max((_at(one["end"]) for one in peaks), default=read[-1][1]))
    step = _step(max(values))
    top = step * ceil(max(values) / step) or step
    seconds = max((end - begin).total_seconds(), 1.0)
    over, under = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(at: datetime) -> float:
        return round(LEFT + (at - begin).total_seconds() / seconds * over, 1)

    def y(value: float) -> float:
        return round(TOP + (1 - value / top) * under, 1)

    threshold = (background(track) or 0.0) + rise
    spans = [(one["number"], x(_at(one["begin"])), x(_at(one["end"]))) for one in peaks]
    return Profile(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        base=HEIGHT - BOTTOM,
        lines=tuple(_lines([(x(at), None if value is None else y(value)) for value, at in read])),
        bands=tuple((number, first, max(round(last - first, 1), 2.0)) for number, first, last in spans),
        threshold=y(threshold) if threshold <= top else None,
        values=tuple((y(count * step), f"{count * step:g}") for count in range(round(top / step) + 1)),
        times=tuple((x(at), f"{at:%H:%M}") for at in (begin + (end - begin) * part / 6 for part in range(7))),
    )


def _step(most: float) -> float:
    """Return a round step of which three to seven make up the axis."""
    return _round_down(max(most, 1.0) / 3)


def _lines(spots: Sequence[tuple[float, float | None]]) -> Iterable[str]:
    line: list[tuple[float, float]] = []
    for x, y in spots:
        if y is not None:
            line.append((x, y))
        elif line:
            yield _line(line)
            line = []
    if line:
        yield _line(line)


def _line(spots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in spots)


def _at(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
