"""Rolling windows over one long column sorted by series and hour, exact at the edges of every series."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

import polars as pl

SERIES, POSITION = "_series", "_position"
KEYS = ("outlet_id", "pollutant")
EXTREMES = ("max", "min")


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
    starts, place = series_of(frame, keys)
    position = pl.int_range(frame.height, dtype=pl.Int32, eager=True) - starts.cast(pl.Int32).gather(place)
    return frame.with_columns((place + 1).alias(SERIES), position.alias(POSITION))


def series_of(frame: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """The first row of each series of a frame sorted by `keys`, and for every row the place of its series (from 0).

    A frame whose series are numbered, some rows of which may have been left out, need not be looked through by name.
    """
    is_numbered = SERIES in frame.columns and tuple(keys) == KEYS and not frame[SERIES].null_count()
    if frame.is_empty() or not is_numbered or not frame[SERIES].is_sorted():
        begins = changes(frame, (SERIES,) if is_numbered else keys)
        return begins.arg_true(), begins.cum_sum() - 1
    series = frame[SERIES]
    each = pl.int_range(series[0], series[-1] + 1, dtype=pl.UInt32, eager=True)
    starts = series.search_sorted(each)
    # A series all of whose rows were left out begins where the next one does.
    is_there = (starts != starts.shift(-1)).fill_null(True)
    return starts.filter(is_there), (is_there.cast(pl.UInt32).cum_sum() - 1).gather(series - series[0])


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame sorted by KEYS and time with its series numbered; none of the rows of one that is has been left out."""
    return frame if SERIES in frame.columns else with_series(frame, KEYS)


def first_rows(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of the first row of every series of a numbered frame."""
    return frame.select(pl.col(list(columns)).gather((frame[POSITION] == 0).arg_true()))


def rolled(frame: pl.DataFrame, windows: Sequence[Window]) -> pl.DataFrame:
    """Add one column per window. The frame comes from `with_series`.

    The window runs over the whole column, which is many times faster than one run per series; only the first rows of
    each series, whose window would reach into the series before, are computed again by series.
    """
    known = _extremes_of(frame, windows)
    whole = frame.select(
        [
            # A window that must be full is null at the head of its series, so nothing there is computed again.
            (pl.when(pl.col(POSITION) >= one.size - 1).then(found) if one.is_full else found)
            .cast(pl.Float64)
            .alias(one.name)
            for one in windows
            for found in [known.get(one.name, one.expression())]
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


def _extremes_of(frame: pl.DataFrame, windows: Sequence[Window]) -> dict[str, pl.Expr]:
    """By its name the column of each window that `extremes` can tell; at the heads of series it is not right yet.

    A full window must lack no value. Where one value is enough, what is missing is put out of reach.
    """
    found: dict[str, pl.Expr] = {}
    able = [one for one in windows if one.kind in EXTREMES and (one.is_full or one.least == 1)]
    for column, kind, is_full in {(one.column, one.kind, one.is_full) for one in able}:
        values = frame[column]
        if not values.dtype.is_float() or not isfinite(values.sum()) or (is_full and values.null_count()):
            continue
        mine = [one for one in able if (one.column, one.kind, one.is_full) == (column, kind, is_full)]
        nowhere = -inf if kind == "max" else inf
        each = extremes(values.fill_null(nowhere), {one.size for one in mine}, is_highest=kind == "max")
        for one in mine:
            reached = pl.lit(each[one.size])
            found[one.name] = reached if is_full else pl.when(reached != nowhere).then(reached)
    return found


def extremes(column: pl.Series, sizes: Collection[int], *, is_highest: bool) -> dict[int, pl.Series]:
    """By size, the highest (or lowest) of the up to so many rows that end at each row of a column without nulls.

    Two windows that meet or overlap make a longer one: a handful of comparisons of whole columns, several times
    faster than a window that slides.
    """
    found, reached, width = {}, column, 1
    for size in sorted(sizes):
        head = column.head(size - 1)
        found[size] = head.cum_max() if is_highest else head.cum_min()
        if size > column.len():
            continue
        while 2 * width <= size:
            reached, width = _either(reached, width, is_highest), 2 * width
        found[size] = found[size].extend(_either(reached, size - width, is_highest))
    return found


def _either(column: pl.Series, apart: int, is_highest: bool) -> pl.Series:
    """The higher (or lower) of each row and the one `apart` rows further on."""
    one, other = column.slice(0, column.len() - apart), column.slice(apart)
    return one.zip_with(one > other if is_highest else one < other, other) if apart else column


def lagged(name: str, rows: int = 1) -> pl.Expr:
    """The value `rows` rows earlier in the same series, null before its beginning."""
    return pl.when(pl.col(POSITION) >= rows).then(pl.col(name).shift(rows))


def ahead(name: str, rows: int) -> pl.Expr:
    """The value `rows` rows later in the same series, null after its end."""
    return pl.when(pl.col(SERIES).shift(-rows) == pl.col(SERIES)).then(pl.col(name).shift(-rows))


def often(frame: pl.DataFrame, flag: pl.Series, least: int) -> pl.DataFrame:
    """The rows of the series in which a flag holds at least so many times: no window of another one can hold it so
    often."""
    counts = frame[SERIES].filter(flag.fill_null(False)).value_counts(name="count")
    few = counts.filter(pl.col("count") >= least)[SERIES]
    return frame.filter(frame[SERIES].is_in(few.implode())) if few.len() else frame.clear()


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
