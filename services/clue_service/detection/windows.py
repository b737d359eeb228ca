"""Rolling windows over one long column sorted by series and hour, exact at the edges of every series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

SERIES, POSITION = "_series", "_position"
KEYS = ("outlet_id", "pollutant")


@dataclass(frozen=True, slots=True)
class Window:
    """A trailing window: `size` rows ending at this one, at least `least` of them with a value, else null."""

    name: str
    column: str
    kind: Literal["median", "max", "min", "mean", "std", "quantile"]
    size: int
    least: int
    quantile: float = 0.5

    @property
    def is_full(self) -> bool:
        """Whether only a full window says something."""
        return self.least >= self.size

    def expression(self) -> pl.Expr:
        column = pl.col(self.column)
        if self.kind == "median":
            return column.rolling_median(self.size, min_samples=self.least)
        if self.kind == "max":
            return column.rolling_max(self.size, min_samples=self.least)
        if self.kind == "min":
            return column.rolling_min(self.size, min_samples=self.least)
        if self.kind == "mean":
            return column.rolling_mean(self.size, min_samples=self.least)
        if self.kind == "std":
            return column.rolling_std(self.size, min_samples=self.least)
        return column.rolling_quantile(
            self.quantile, interpolation="linear", window_size=self.size, min_samples=self.least
        )


def changes(frame: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """Whether a row differs from the one before it in any of the keys; the first row does."""
    columns = [frame[key] for key in keys]
    found = columns[0].ne_missing(columns[0].shift(1))
    for column in columns[1:]:
        found = found | column.ne_missing(column.shift(1))
    return found.scatter(0, True) if found.len() else found


def with_series(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Number the series of a frame sorted by `keys` and then time, and the rows within each (from 0)."""
    begins = series_changes(frame, keys)
    number = begins.cum_sum()
    starts = begins.arg_true().cast(pl.Int64)
    position = pl.int_range(frame.height, eager=True) - starts.gather(number - 1)
    return frame.with_columns(number.alias(SERIES), position.alias(POSITION))


def series_changes(frame: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """Whether a row is the first of its series: by its number where it has one, which costs less than by name."""
    is_numbered = SERIES in frame.columns and tuple(keys) == KEYS and not frame[SERIES].null_count()
    return changes(frame, (SERIES,) if is_numbered else keys)


def rolled(frame: pl.DataFrame, windows: Sequence[Window]) -> pl.DataFrame:
    """Add one column per window. The frame comes from `with_series`.

    The window runs over the whole column, which is many times faster than one run per series; only the first rows of
    each series, whose window would reach into the series before, are computed again by series.
    """
    whole = frame.select(
        [
            # A window that must be full is null at the head of its series, so nothing there is computed again.
            (pl.when(pl.col(POSITION) >= one.size - 1).then(one.expression()) if one.is_full else one.expression())
            .cast(pl.Float64)
            .alias(one.name)
            for one in windows
        ]
    )
    part = [window for window in windows if not window.is_full]
    if not part:
        return frame.with_columns(whole.get_columns())
    longest = max(window.size for window in part)
    heads = frame.with_row_index("_row").filter(pl.col(POSITION) < longest - 1)
    exact = heads.select("_row", POSITION, *[window.expression().over(SERIES).alias(window.name) for window in part])
    columns = []
    for window in part:
        edge = exact.filter(pl.col(POSITION) < window.size - 1)
        columns.append(whole[window.name].scatter(edge["_row"], edge[window.name].cast(pl.Float64)))
    return frame.with_columns(whole.get_columns()).with_columns(columns)


def lagged(name: str, rows: int = 1) -> pl.Expr:
    """The value `rows` rows earlier in the same series, null before its beginning."""
    return pl.when(pl.col(POSITION) >= rows).then(pl.col(name).shift(rows))


def ahead(name: str, rows: int) -> pl.Expr:
    """The value `rows` rows later in the same series, null after its end."""
    return pl.when(pl.col(SERIES).shift(-rows) == pl.col(SERIES)).then(pl.col(name).shift(-rows))


def reached(flag: pl.Expr, rows: int, least: int) -> pl.Expr:
    """Whether `flag` holds in at least `least` of the `rows` rows ending here.

    It is asked of one long column, edges of series and all: a screen may let too much through, never too little.
    """
    return flag.fill_null(False).cast(pl.Int16).rolling_sum(rows, min_samples=1) >= least


def sampled(frame: pl.DataFrame, rows: pl.Series, window: Window, lag: int = 0) -> pl.Series:
    """The window's value at some rows only (their numbers), `lag` rows earlier: the same as rolled and lagged.

    Where few rows matter this costs what they cost, and not what the whole column does.
    """
    row, begins = pl.col("row"), pl.col("row") - pl.col("position")
    asked = pl.DataFrame({"row": rows.cast(pl.Int64), "position": frame[POSITION].gather(rows)}).with_row_index("id")
    first, end = pl.max_horizontal(row - lag - window.size + 1, begins), row - lag + 1
    places = asked.select("id", at=pl.int_ranges(first, pl.max_horizontal(first, end))).explode("at").drop_nulls()
    held = places.select("id", value=frame[window.column].gather(places["at"]).cast(pl.Float64)).drop_nulls()
    value = pl.col("value")
    found = {"max": value.max(), "min": value.min(), "median": value.median(), "mean": value.mean(), "std": value.std()}
    one = found.get(window.kind, value.quantile(window.quantile, interpolation="linear"))
    each = held.group_by("id").agg(one.alias("found"), count=pl.len()).filter(pl.col("count") >= window.least)
    return asked.join(each, on="id", how="left", maintain_order="left")["found"]
