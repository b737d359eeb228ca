"""R06, replayed data (数据复制回放): hours that repeat what the same series showed 18 to 384 hours before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import of_outlets, per_cent
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.repeats import AROUND, STEP, Grid, Tolerance, candidates, fires, runs
from services.clue_service.detection.windows import POSITION, SERIES, numbered

ORDER = ["outlet_id", "pollutant", "ts"]
COMPANIONS = ("production_kw", "flow", "o2")
HOUR = timedelta(hours=1)
AN_HOUR = 3_600_000_000  # microseconds


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Every hour of outlets with a repeated segment; its rows carry the lag and what stood there before."""
    rows = with_limits(tables["live_hours"], tables["limits"])
    short = lacking(rows, ("full_scale",), "ok")
    rows = numbered(rows).with_columns(_lv=_level(values))
    if rows.is_empty():
        return Measured(rows.drop("_lv"), short)
    numbers, grid = _grid(rows)
    carried = [
        _carried(rows.filter(pl.col(SERIES) == numbers[series]), segment) for series, segment in _segments(grid, values)
    ]
    if not carried:
        return Measured(rows.clear(), short)
    found = pl.concat(carried)
    few = of_outlets(rows, found["outlet_id"]).drop("_lv", SERIES, "_position")
    return Measured(few.join(found, on=ORDER, how="left", maintain_order="left"), short)


def _level(values: Values, value: str = "value", is_live: str = "live") -> pl.Expr:
    least = values["floor"] * pl.col("full_scale")
    return pl.when(pl.col(is_live) & (least > 0)).then(pl.max_horizontal(value, least).log())


def _grid(rows: pl.DataFrame) -> tuple[list[int], Grid]:
    """The series numbers of the rows, and all series on the full hourly grid in that order."""
    starts = (rows[POSITION] == 0).arg_true().cast(pl.Int64)
    first, last = rows["ts"].gather(starts), rows["ts"].gather(starts.shift(-1, fill_value=rows.height) - 1)
    lengths = (last - first).dt.total_hours() + 1
    room = (lengths + STEP - 1) // STEP * STEP
    begins = room.cum_sum() - room
    number = rows[SERIES] - rows[SERIES][0]
    # Where each series begins on the grid, less the hour it begins at: one sum then places an hour.
    at = (begins - first.dt.epoch("us") // AN_HOUR).gather(number) + rows["ts"].dt.epoch("us") // AN_HOUR
    numbers = pl.repeat(None, int(room.sum()), dtype=pl.Float64, eager=True).scatter(at, rows["_lv"])
    return rows[SERIES].gather(starts).to_list(), Grid(numbers, begins, lengths)


def _tolerance(values: Values) -> Tolerance:
    return Tolerance(values["deviation"], values["offset"], values["spread"], round(values["gap"]))


@dataclass(frozen=True, slots=True)
class _Segment:
    """Hours first..last of a series repeat those `lag` hours before."""

    first: int
    last: int
    lag: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def _segments(grid: Grid, values: Values) -> Iterator[tuple[int, _Segment]]:
    """The longest repeated segments of each series that do not overlap."""
    tolerance = _tolerance(values)
    found: dict[int, list[_Segment]] = {}
    for series, lag in candidates(grid, (round(values["least_lag"]), round(values["most_lag"])), tolerance):
        own = grid.of(series)
        for first, last in runs(fires(own, own.shift(lag), tolerance), tolerance.gap):
            part, source = (one.slice(first, last - first + 1) for one in (own, own.shift(lag)))
            if _is_copy(part, source, values):
                found.setdefault(series, []).append(_Segment(first, last, lag))
    for series, segments in found.items():
        kept: list[_Segment] = []
        for one in sorted(segments, key=lambda segment: (-segment.length, segment.lag)):
            if all(one.last < other.first or one.first > other.last for other in kept):
                kept.append(one)
                yield series, one


def _is_copy(own: pl.Series, source: pl.Series, values: Values) -> bool:
    """Whether hours (logarithms, on the full grid) that repeat a source are long and lively enough to be a copy.

    Days of a smooth signal resemble each other by themselves. What was measured twice differs at least as much as
    neighbouring hours do beyond trend and curve; a copy differs less. Fourth differences of noise of deviation 1 have
    the deviation sqrt(70); 1.4826 makes a standard deviation of a median (P. J. Rousseeuw, C. Croux, 1993).
    """
    beyond = own.diff().diff().diff().diff().abs().median()
    rough = 1.4826 / sqrt(70) * beyond if isinstance(beyond, float) else 0.0
    off = (own - source).std()
    is_nearer = isinstance(off, float) and off <= values["roughness"] * rough
    return own.len() >= values["least_hours"] and own.drop_nulls().n_unique() >= values["distinct"] and is_nearer


def _carried(series: pl.DataFrame, segment: _Segment) -> pl.DataFrame:
    """The segment's rows (and the few before that its first windows need) with what stood `lag` hours before."""
    began = series["ts"][0] + segment.first * HOUR
    near = pl.col("ts").is_between(began - AROUND * HOUR, began + (segment.length - 1) * HOUR)
    source = series.select(
        pl.col("ts") + segment.lag * HOUR,
        base_source=pl.col("value"),
        base_source_live="live",
        **{f"base_source_{name}": pl.col(name) for name in COMPANIONS if name in series.columns},
    )
    rows = series.filter(near).select(ORDER)
    rows = rows.join(source, on="ts", how="left", maintain_order="left")
    return rows.with_columns(base_lag=pl.lit(float(segment.lag)), base_began=pl.lit(began, series.schema["ts"]))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Segments among measured rows: the lag test again on what the rows say and what stood there before."""
    if rows.is_empty():
        return []
    found = []
    for part in _parts(rows.filter(pl.col("base_lag").is_not_null()).sort(ORDER)):
        part = part.with_columns(_own=_level(values), _source=_level(values, "base_source", "base_source_live"))
        full = part.upsample("ts", every="1h")
        for first, last in runs(fires(full["_own"], full["_source"], _tolerance(values)), round(values["gap"])):
            inside = part.filter(pl.col("ts").is_between(full["ts"][first], full["ts"][last]))
            same = inside.filter(pl.col("_own").is_not_null() & pl.col("_source").is_not_null())
            hours = full.slice(first, last - first + 1)
            if _is_copy(hours["_own"], hours["_source"], values):
                found.append(_finding(inside, same))
    return found


def _parts(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield from rows.partition_by(["outlet_id", "pollutant", "base_began", "base_lag"], maintain_order=True)


def _repeats(same: pl.DataFrame, name: str) -> bool | None:
    """Whether a companion repeats as closely as the value does; null where it is not there."""
    earlier = f"base_source_{name}"
    if name not in same.columns or earlier not in same.columns:
        return None
    both = same.filter((pl.col(name) > 0) & (pl.col(earlier) > 0))
    off = both.select((pl.col(name) / pl.col(earlier)).log().abs().median()).item()
    return None if off is None else bool(off <= 0.01)


def _finding(part: pl.DataFrame, same: pl.DataFrame) -> Finding:
    name, lag = part["pollutant"][0], float(part["base_lag"][0])
    identical = float(same.select(((pl.col("value") - pl.col("base_source")).abs() <= 1e-9).mean()).item())
    difference = (pl.col("_own") - pl.col("_source")).std()
    moved = [repeats for one in COMPANIONS if (repeats := _repeats(same, one)) is not None]
    statistic: dict[str, Any] = {
        "lag_hours": lag,
        "identical_share": identical,
        "deviation": float(same.select(difference).item() or 0.0),
        "spread": float(same.select(pl.col("_own").std()).item() or 0.0),
        "companions": float(len(moved)),
        "companions_moved": float(moved.count(False)),
        "hours": float(part.height),
    }
    source = part["ts"][0] - timedelta(hours=lag)
    exact, off = per_cent(statistic, "identical_share"), 100 * statistic["deviation"]
    free, known = moved.count(False), len(moved)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=name,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=1.0 if identical >= 0.9 else 0.8,
        corroboration=free / known if known else 0.0,
        zh=(
            f"{name} 连续 {part.height} 小时与 {lag:.0f} 小时前（{source:%m-%d %H:%M} 起）的数据相同或近乎相同",
            f"逐小时完全相同的占 {exact}%，差异的标准差 {off:.2f}%，而该段自身波动 {100 * statistic['spread']:.1f}%",
            f"生产功率、流量、含氧量 {known} 项中 {free} 项并未重复，疑似复制历史数据",
        ),
        en=(
            f"{name} repeats for {part.height} hours what it showed {lag:.0f} hours before (from {source:%m-%d %H:%M})",
            f"{exact} % of the hours are identical, the rest differ by {off:.2f} % (standard deviation) while the "
            f"series itself moves by {100 * statistic['spread']:.1f} %",
            f"{free} of {known} of production, flow and oxygen did not repeat, as if earlier data were copied",
        ),
        statistic=statistic,
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
    },
    measure=measure,
    judge=judge,
    live_only=False,
)
