"""A small chart of a slice as SVG: the value, its limit, the hit as a band, production power on a second axis."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from services.clue_service.detection.drawing import escape

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 64, 40, 40
BLUE, GREY, RED, BAND = "#1f5fa8", "#7a8594", "#b3261e", "#f4d7d4"


def draw(rows: pl.DataFrame, *, title: str, name: str = "浓度") -> str:
    """Draw one pollutant's rows (columns ts, value, production_kw, limit, hit), sorted by time; text in Chinese.

    `name` says what the value is.

    The same rows give the same text, byte for byte.
    """
    ts = rows["ts"].to_list()
    values, power = rows["value"].to_list(), rows["production_kw"].to_list()
    limit = next((one for one in rows["limit"].to_list() if one is not None), None)
    top = _round_up(max([one for one in (*values, limit) if one is not None], default=1.0))
    top_power = _round_up(max([one for one in power if one is not None], default=1.0))
    x = _Axis(ts)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="Noto Sans SC, SimSun, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _band(ts, rows["hit"].to_list(), x),
        _grid(top, top_power),
        _hours(ts, x),
        _line(ts, power, x, top_power, GREY, 'stroke-dasharray="2 2"'),
        _line(ts, values, x, top, BLUE, 'stroke-width="1.6"'),
        _limit(limit, top),
        f'<text x="{LEFT}" y="18" font-size="14" font-weight="600">{escape(title)}</text>',
        f'<text x="{LEFT}" y="34" fill="{BLUE}">{escape(name)}</text>',
        "" if limit is None else f'<text x="{LEFT + 60}" y="34" fill="{RED}">限值</text>',
        f'<text x="{LEFT + 100}" y="34" fill="{RED}" fill-opacity="0.6">命中时段</text>',
        f'<text x="{WIDTH - RIGHT}" y="34" text-anchor="end" fill="{GREY}">生产功率（kW，右轴）</text>',
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def draw_shared(column: str, name: str) -> Callable[[pl.DataFrame, str], str]:
    """A chart of what all pollutants of an outlet share, such as its oxygen, as Model.chart wants it."""

    def chart(rows: pl.DataFrame, title: str) -> str:
        own = rows.filter(pl.col("pollutant") == rows["pollutant"].min()).sort("ts")
        shown = own.with_columns(value=pl.col(column).cast(pl.Float64), limit=pl.lit(None, pl.Float64))
        return draw(shown, title=title, name=name)

    return chart


def draw_each(rows: pl.DataFrame, title: str) -> str:
    """One chart a pollutant, below one another in one picture."""
    limit = pl.col("limit") if "limit" in rows.columns else pl.lit(None, pl.Float64)
    parts = rows.with_columns(limit=limit).sort("pollutant", "ts").partition_by("pollutant", maintain_order=True)
    inner = []
    for place, part in enumerate(parts):
        drawn = draw(part, title=f"{title} {part['pollutant'][0]}")
        at = f'<svg y="{place * HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        inner.append(drawn.replace("<svg ", at, 1))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(parts)}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *inner, "</svg>"])


class _Axis:
    """Time to the horizontal place."""

    def __init__(self, ts: Sequence[datetime]) -> None:
        self._first = ts[0] if ts else None
        self._span = max((ts[-1] - ts[0]).total_seconds(), 3600.0) if ts else 3600.0

    def __call__(self, moment: datetime) -> str:
        share = (moment - self._first).total_seconds() / self._span if self._first else 0.0
        return f"{LEFT + share * (WIDTH - LEFT - RIGHT):.1f}"


def _y(value: float, top: float) -> str:
    share = min(max(value / top, 0.0), 1.0)
    return f"{HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM):.1f}"


def _round_up(value: float) -> float:
    if not value > 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    return next((step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8) if step * factor >= value * 1.02), 10 * step)


def _line(ts: list[datetime], values: list[float | None], x: _Axis, top: float, colour: str, style: str) -> str:
    runs: list[list[str]] = [[]]
    for moment, value in zip(ts, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x(moment)},{_y(value, top)}")
    lines = [
        f'<polyline fill="none" stroke="{colour}" {style} points="{" ".join(run)}"/>' for run in runs if len(run) > 1
    ]
    return "\n".join(lines)


def _band(ts: list[datetime], hit: list[bool], x: _Axis) -> str:
    inside = [moment for moment, is_hit in zip(ts, hit, strict=True) if is_hit]
    if not inside:
        return ""
    left, right = float(x(inside[0])), float(x(inside[-1]))
    height = HEIGHT - TOP - BOTTOM
    return f'<rect x="{left:.1f}" y="{TOP}" width="{max(right - left, 2.0):.1f}" height="{height}" fill="{BAND}"/>'


def _grid(top: float, top_power: float) -> str:
    lines = []
    for step in range(5):
        y, share = _y(step, 4), step / 4
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#e3e6ea"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end" fill="{BLUE}">{share * top:g}</text>')
        lines.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y}" fill="{GREY}">{share * top_power:g}</text>')
    return "\n".join(lines)


def _hours(ts: list[datetime], x: _Axis) -> str:
    midnights = [moment for moment in sorted(set(ts)) if moment.hour == 0]
    step = max(1, len(midnights) // 8)
    return "\n".join(
        f'<text x="{x(moment)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{moment:%m-%d}</text>'
        for moment in midnights[::step]
    )


def _limit(limit: float | None, top: float) -> str:
    if limit is None:
        return ""
    y = _y(limit, top)
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{RED}" stroke-dasharray="6 3"/>'
