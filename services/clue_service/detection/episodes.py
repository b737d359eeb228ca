"""From hours to episodes: runs of hours and windows that fired, joined; the hours of an outlet as one row each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from services.clue_service.detection.model import Finding
from services.clue_service.detection.windows import KEYS, SERIES, series_of

Stretch = tuple[int, int]
"""First and last index, both included."""


def runs(moments: Sequence[datetime], hole: float = 0) -> list[Stretch]:
    """Stretches of sorted hours with holes of at most `hole` hours."""
    most = timedelta(hours=hole + 1)
    found: list[Stretch] = []
    for row, moment in enumerate(moments):
        if found and moment - moments[found[-1][1]] <= most:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that share an index become one."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def by_outlet(findings: Sequence[Finding]) -> list[Finding]:
    """Keep the longest of findings that overlap in time at one outlet: its pollutants share marks and meters."""
    kept: list[Finding] = []
    for one in sorted(findings, key=lambda finding: -finding.hours):
        same = (other for other in kept if other.entity_id == one.entity_id)
        if not any(one.from_ts <= other.to_ts and one.to_ts >= other.from_ts for other in same):
            kept.append(one)
    return sorted(kept, key=lambda finding: (finding.entity_id, finding.from_ts))


def with_periods(rows: pl.DataFrame, days: float, step: float) -> pl.DataFrame:
    """Repeat every row for each period of `days` that holds it (column `period`); a new one begins every `step` days.

    Periods are counted from the calendar, not from the first row: a slice falls into the same periods as the whole.
    """
    size, stride = int(days), int(step)
    day = pl.col("ts").dt.epoch("d").cast(pl.Int64)
    first, behind = (day - size) // stride + 1, day // stride + 1
    return rows.with_columns(period=pl.int_ranges(first, behind)).explode("period")


def stretches(rows: pl.DataFrame, reach: pl.Expr, gap: float) -> Iterator[pl.DataFrame]:
    """The parts of each series that windows cover which fired, joined over holes of up to `gap` hours.

    `reach` says how many rows a window covers that ends at a row, null where none fires. The frame comes from
    `with_series`; a window that reaches before its series begins is cut there.
    """
    marked = rows.with_columns(_reach=reach)
    firing = marked.filter(pl.col("_reach").is_not_null())[SERIES].unique()
    some = marked.filter(pl.col(SERIES).is_in(firing.implode()))
    for series in some.partition_by(SERIES, maintain_order=True):
        ts = series["ts"].to_list()
        spans: list[tuple[int, int]] = []
        for row, back in enumerate(series["_reach"].to_list()):
            if back is None:
                continue
            first = max(0, row - int(back) + 1)
            if spans and (first <= spans[-1][1] or ts[first] - ts[spans[-1][1]] <= timedelta(hours=gap + 1)):
                spans[-1] = (min(first, spans[-1][0]), row)
            else:
                spans.append((first, row))
        for first, last in spans:
            yield series.slice(first, last - first + 1).drop("_reach")


def trimmed(part: pl.DataFrame, own: str) -> pl.DataFrame:
    """The part from its first to its last row where the boolean column `own` holds."""
    inside = part[own].fill_null(False).arg_true()
    if inside.is_empty():
        return part.clear()
    return part.slice(inside[0], inside[-1] - inside[0] + 1)


def outlet_hours(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """One row per outlet and hour, sorted: what the outlet's pollutants share (flow, oxygen, power, conductivity)."""
    number = rows["outlet_id"].rle_id()
    if rows.is_empty() or int(number[-1]) + 1 > rows["outlet_id"].n_unique():
        return rows.group_by("outlet_id", "ts").agg(pl.col(list(columns)).max()).sort("outlet_id", "ts")
    # Where outlets stand together one number names outlet and hour: it groups many times faster than text and time.
    moment = (number.cast(pl.Int64) * 2**36 + rows["ts"].dt.epoch("s")).alias("_moment")
    first, shared = pl.col("outlet_id", "ts").first(), pl.col(list(columns)).max()
    each = rows.select("outlet_id", "ts", *columns, moment).group_by("_moment").agg(first, shared)
    return each.drop("_moment").sort("outlet_id", "ts")


def of_outlets(rows: pl.DataFrame, chosen: pl.Series) -> pl.DataFrame:
    """The rows of some outlets, in their order."""
    if rows.is_empty() or chosen.is_empty():
        return rows.clear()
    runs, number = _runs(rows)
    fits = runs["outlet_id"].is_in(chosen.unique().implode()).fill_null(False)
    if fits.all():
        return rows
    return rows.filter(fits.gather(number)) if fits.any() else rows.clear()


def with_outlets(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of a table that has one row per outlet; null where it does not have the outlet."""
    runs, number = _runs(rows)
    each = runs.join(known, on="outlet_id", how="left", maintain_order="left").drop("outlet_id")
    return rows.with_columns([column.gather(number) for column in each])


def _runs(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The outlets in the order they stand, and for every row which of them is its own.

    Rows of an outlet stand together, so that a name is compared with its neighbour and looked up once.
    """
    starts, place = series_of(rows, KEYS if SERIES in rows.columns else ("outlet_id",))
    return rows.select(pl.col("outlet_id").gather(starts)), place


def of_medium(rows: pl.DataFrame, outlets: pl.DataFrame, medium: str) -> pl.DataFrame:
    """The rows of the outlets that discharge this medium: gas or water."""
    return of_outlets(rows, outlets.filter(pl.col("medium") == medium)["outlet_id"])


def middle(part: pl.DataFrame, column: str | pl.Expr) -> float:
    """The median of a column, 0 where it has no value at all."""
    expression = pl.col(column) if isinstance(column, str) else column
    return float(part.select(expression.median()).item() or 0.0)


def per_cent(statistic: Mapping[str, float], name: str) -> int:
    """A share as whole per cent, for sentences."""
    return round(100 * statistic[name])
