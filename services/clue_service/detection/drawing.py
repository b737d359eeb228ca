"""Small charts as SVG: lines, bars, points and bands over one pair of axes. The same input gives the same text."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax import saxutils

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 48, 40
BLUE, GREY, RED, GREEN, BAND = "#1f5fa8", "#7a8594", "#b3261e", "#2e7d4f", "#f4d7d4"
TICKS = 4
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs XML has no place for, not even as a number (XML 1.0, section 2.2)."""


def escape(text: str) -> str:
    """A text as XML carries it; a sign that has no place in XML is shown as a replacement sign."""
    return saxutils.escape(_UNFIT.sub("\ufffd", text))


def seconds(moment: datetime) -> float:
    """A wall time as a place on an axis."""
    return (moment - datetime(2000, 1, 1)).total_seconds()  # noqa: DTZ001  the tables hold local wall time


@dataclass(slots=True)
class Drawing:
    """Collects marks, then writes them: `x` and `y` are the ends of the axes, `labels` stand under the x axis."""

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    unit: str = ""
    labels: Sequence[tuple[float, str]] = ()
    _behind: list[str] = field(default_factory=list)
    _marks: list[str] = field(default_factory=list)
    _legend: list[tuple[str, str]] = field(default_factory=list)

    def band(self, first: float, last: float, name: str = "") -> None:
        """A band behind everything, from one place of the x axis to another."""
        left, right = self._x(first), self._x(last)
        height = HEIGHT - TOP - BOTTOM
        self._behind.append(
            f'<rect x="{left:.1f}" y="{TOP}" width="{max(right - left, 3.0):.1f}" height="{height}" fill="{BAND}"/>'
        )
        self._named(name, RED)

    def line(
        self, xs: Sequence[float], ys: Sequence[float | None], colour: str, name: str = "", *, dashed: bool = False
    ) -> None:
        """A line, broken where a value is missing."""
        runs: list[list[str]] = [[]]
        for x, y in zip(xs, ys, strict=True):
            if y is None:
                runs.append([])
            else:
                runs[-1].append(f"{self._x(x):.1f},{self._y(y):.1f}")
        dash = ' stroke-dasharray="5 3"' if dashed else ""
        self._marks += [
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="{" ".join(run)}"/>'
            for run in runs
            if len(run) > 1
        ]
        self._named(name, colour)

    def bar(self, first: float, last: float, low: float, high: float, colour: str, name: str = "") -> None:
        """A bar between two places of each axis."""
        left, top = self._x(first), self._y(max(low, high))
        width, height = max(self._x(last) - left, 1.0), max(self._y(min(low, high)) - top, 1.0)
        self._marks.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" '
            f'fill-opacity="0.75"/>'
        )
        self._named(name, colour)

    def points(self, xs: Sequence[float], ys: Sequence[float], colours: Sequence[str], size: float = 3.0) -> None:
        """One dot each."""
        self._marks += [
            f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="{size:g}" fill="{colour}"/>'
            for x, y, colour in zip(xs, ys, colours, strict=True)
        ]

    def words(self, x: float, y: float, text: str, colour: str = GREY) -> None:
        """A short text at a place."""
        self._marks.append(f'<text x="{self._x(x):.1f}" y="{self._y(y):.1f}" fill="{colour}">{escape(text)}</text>')

    def named(self, name: str, colour: str) -> None:
        """An entry of the legend that belongs to points."""
        self._named(name, colour)

    def svg(self) -> str:
        """The chart; every text in it is escaped."""
        legend, place = [], float(LEFT)
        for name, colour in self._legend:
            legend.append(f'<text x="{place:.0f}" y="38" fill="{colour}">{escape(name)}</text>')
            place += 24 + sum(13 if ord(sign) > 255 else 7 for sign in name)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="Noto Sans SC, SimSun, sans-serif" font-size="12">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *self._behind,
            *self._axes(),
            *self._marks,
            f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">{escape(self.title)}</text>',
            *legend,
            "</svg>",
        ]
        return "\n".join(parts)

    def _named(self, name: str, colour: str) -> None:
        if name and (name, colour) not in self._legend:
            self._legend.append((name, colour))

    def _x(self, value: float) -> float:
        low, high = self.x
        share = (value - low) / (high - low) if high > low else 0.5
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        low, high = self.y
        share = (value - low) / (high - low) if high > low else 0.5
        return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    def _axes(self) -> list[str]:
        low, high = self.y
        parts = []
        for step in range(TICKS + 1):
            value = low + (high - low) * step / TICKS
            y = self._y(value)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6ea"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y:.1f}" text-anchor="end">{value:.4g}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT}" y="20" text-anchor="end" fill="{GREY}">{escape(self.unit)}</text>')
        bottom = HEIGHT - BOTTOM + 16
        for place, text in self.labels:
            parts.append(f'<text x="{self._x(place):.1f}" y="{bottom}" text-anchor="middle">{escape(text)}</text>')
        return parts


def top_of(*series: Sequence[float | None]) -> float:
    """A round number above every value, 1 when there is none."""
    most = max((value for values in series for value in values if value is not None), default=0.0)
    if not most > 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(most))
    return next((step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8) if step * factor >= most * 1.02), 10 * step)


def time_labels(times: Sequence[datetime], form: str, most: int = 8) -> list[tuple[float, str]]:
    """Labels for an axis of times, at most about `most` of them."""
    distinct = sorted(set(times))
    return [(seconds(moment), moment.strftime(form)) for moment in distinct[:: max(1, math.ceil(len(distinct) / most))]]
