"""Finds where a series repeats itself: a coarse look at every lag first, the exact test only at lags left over."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import polars as pl

WINDOW, SPREAD_WINDOW, LEAST = 16, 18, 12  # hours; a window needs LEAST of its 16, that is 75 %
AROUND = SPREAD_WINDOW - WINDOW
STEP, INNER = 4, 13
"""Each window of 16 hours holds four hours whose number is a multiple of STEP, and all INNER hours from the first."""
LAGS_AT_ONCE = 32
FAR = 1e9


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How alike a copy is: standard deviation and mean of the difference of logarithms; how much the series moves.

    `gap` is the hole in hours that still joins two parts of one copy.
    """

    deviation: float
    offset: float
    spread: float
    gap: int

    @property
    def widest(self) -> float:
        """The largest difference a window can hold that passes: the mean and the deviation times (n - 1)/√n."""
        return (self.offset + self.deviation * (WINDOW - 1) / sqrt(WINDOW)) * 1.001

    @property
    def squares(self) -> float:
        """The most the squared deviations of any part of a window that passes can sum to."""
        return self.deviation**2 * (WINDOW - 1) * 1.001


@dataclass(frozen=True, slots=True)
class Grid:
    """Series one behind the other on the full hourly grid, each beginning at a multiple of STEP; null for no value.

    `begins` and `lengths` (in hours) are by series.
    """

    numbers: pl.Series
    begins: pl.Series
    lengths: pl.Series

    def of(self, series: int) -> pl.Series:
        """The hours of one series."""
        return self.numbers.slice(self.begins[series], self.lengths[series])


def fires(own: pl.Series, source: pl.Series, tolerance: Tolerance) -> pl.Series:
    """Whether the 16 hours that end at each hour repeat the source; both on the full hourly grid."""
    difference = own - source
    alike = difference.rolling_std(WINDOW, min_samples=LEAST) <= tolerance.deviation
    level = difference.rolling_mean(WINDOW, min_samples=LEAST).abs() <= tolerance.offset
    return (alike & level & _moves(own, tolerance)).fill_null(False)


def _moves(own: pl.Series, tolerance: Tolerance) -> pl.Series:
    return own.rolling_std(SPREAD_WINDOW, min_samples=LEAST) >= tolerance.spread


def runs(fired: pl.Series, gap: int) -> Iterator[tuple[int, int]]:
    """First and last hour of what windows that fired cover, joined over holes of up to `gap` hours."""
    span: tuple[int, int] | None = None
    for end in fired.arg_true().to_list():
        begin = max(0, end - WINDOW + 1)
        if span is not None and begin <= span[1] + gap + 1:
            span = (span[0], end)
            continue
        if span is not None:
            yield span
        span = (begin, end)
    if span is not None:
        yield span


def candidates(grid: Grid, lags: tuple[int, int], tolerance: Tolerance) -> list[tuple[int, int]]:
    """The series and lags at which some window may repeat: none is missed that `fires` would find, few others stay.

    Four hours of each window are compared at all lags; where they agree, thirteen are, which every window that holds
    those four contains. Both bounds follow from the tolerance, so that they cannot lose a window.
    """
    phases = _phases(grid, tolerance)
    every = list(range(lags[0], lags[1] + 1))
    found: set[tuple[int, int]] = set()
    for first in range(0, len(every), LAGS_AT_ONCE):
        some = every[first : first + LAGS_AT_ONCE]
        agree = phases.select([_agree(lag, tolerance).alias(str(lag)) for lag in some])
        pairs = [
            pl.DataFrame({"hour": places.cast(pl.Int64) * STEP}).with_columns(lag=pl.lit(int(one.name), pl.Int64))
            for one in agree
            if (places := one.arg_true()).len()
        ]
        if pairs:
            found |= _closer(grid, pl.concat(pairs), tolerance)
    return sorted(found)


def _phases(grid: Grid, tolerance: Tolerance) -> pl.DataFrame:
    """Every fourth hour (`own`), the hours 0..3 behind each (`p0`..`p3`), and whether a window there may fire.

    Holes of one or two hours stay null, which no comparison holds against; longer ones are put out of reach, as they
    would agree with everything.
    """
    hole = grid.numbers.is_null()
    three = hole & hole.shift(1, fill_value=True) & hole.shift(-1, fill_value=True)
    long = three | three.shift(1, fill_value=True) | three.shift(-1, fill_value=True)
    frame = pl.DataFrame(
        {"_lv": grid.numbers.cast(pl.Float32), "_long": long, "_moves": _moves(grid.numbers, tolerance)}
    )
    far = pl.lit(FAR, pl.Float32)
    frame = frame.select(
        "_moves",
        own=pl.when("_long").then(far).otherwise("_lv"),
        source=pl.when("_long").then(-far).otherwise("_lv"),
    )
    ends = [pl.col("_moves").shift(-more, fill_value=False) for more in range(INNER - 1, WINDOW)]
    frame = frame.with_columns(moves=pl.any_horizontal(ends).fill_null(False))
    whole = frame.select("own", "moves").gather_every(STEP)
    return whole.with_columns([frame["source"].gather_every(STEP, phase).alias(f"p{phase}") for phase in range(STEP)])


def _agree(lag: int, tolerance: Tolerance) -> pl.Expr:
    """Whether the four hours from each fourth hour on are near those `lag` hours before."""
    rows, rest = -(-lag // STEP), -lag % STEP
    near = (pl.col("own") - pl.col(f"p{rest}").shift(rows)).abs() <= tolerance.widest
    four = near & near.shift(-1) & near.shift(-2) & near.shift(-3)
    return four.fill_null(True) & pl.col("moves")


def _closer(grid: Grid, pairs: pl.DataFrame, tolerance: Tolerance) -> set[tuple[int, int]]:
    """Which pairs of hour and lag pass on four hours by their squares, then on thirteen: as series and lag."""
    series = (grid.begins.search_sorted(pairs["hour"], side="right").cast(pl.Int64) - 1).alias("series")
    pairs = pairs.with_columns(series, begin=grid.begins.gather(series), length=grid.lengths.gather(series))
    within = pl.col("hour") - pl.col("begin")
    pairs = pairs.filter((within >= pl.col("lag")) & (within + INNER <= pl.col("length")))
    for step, least in ((STEP, 2), (1, INNER - (WINDOW - LEAST))):
        if pairs.is_empty():
            return set()
        offsets = range(0, INNER, step)
        own, earlier = pairs["hour"], pairs["hour"] - pairs["lag"]
        differences = pl.DataFrame(
            [
                (grid.numbers.gather(own + offset) - grid.numbers.gather(earlier + offset)).alias(str(offset))
                for offset in offsets
            ]
        )
        columns = [pl.col(str(offset)) for offset in offsets]
        count = pl.sum_horizontal([one.is_not_null().cast(pl.Float64) for one in columns])
        total, squares = pl.sum_horizontal(columns), pl.sum_horizontal([one * one for one in columns])
        spread = squares - total * total / count
        keep = differences.select(
            (count >= least)
            & (spread <= tolerance.squares)
            & pl.all_horizontal([(one.abs() <= tolerance.widest).fill_null(True) for one in columns])
        ).to_series()
        pairs = pairs.filter(keep)
    return set(pairs.select("series", "lag").unique().iter_rows())
