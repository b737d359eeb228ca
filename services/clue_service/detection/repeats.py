"""Finds where a series repeats itself: a coarse look at every lag first, the exact test only at lags left over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import polars as pl

WINDOW, SPREAD_WINDOW, LEAST = 16, 18, 12  # hours; a window needs LEAST of its 16, that is 75 %
AROUND = SPREAD_WINDOW - WINDOW
STEP, INNER = 4, 13
"""Each window of 16 hours holds four hours whose number is a multiple of STEP, and all INNER hours from the first."""
PAIRS_AT_ONCE = 200_000
UNIT, MOST, OUT = 0.002, 20_000, (40_000, 60_000)
"""A step of the logarithm, the most steps, and where own values and sources stand that are out of reach."""


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


@dataclass(frozen=True, slots=True)
class _Phases:
    """Every fourth hour (`own`), the hours 0..3 behind each (`sources`), and whether a window there may fire.

    `holes` says where the hours 0..3 behind each are missing; None where none is.
    """

    own: pl.Series
    sources: Sequence[pl.Series]
    moves: pl.Series
    holes: Sequence[pl.Series] | None


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
    phases, reach = _phases(grid, tolerance), _reach(tolerance)
    agreeing: dict[int, pl.Series] = {}
    found: set[tuple[int, int]] = set()
    count = 0
    for lag in range(lags[0], lags[1] + 1):
        agreeing[lag] = _agreeing(phases, lag, reach)
        count += int(agreeing[lag].sum())
        if lag == lags[1] or count >= PAIRS_AT_ONCE:
            found |= _closer(grid, _pairs(agreeing), tolerance)
            agreeing, count = {}, 0
    return sorted(found)


def _pairs(agreeing: Mapping[int, pl.Series]) -> pl.DataFrame:
    """One row (hour, lag) for each place that agrees at a lag, a place being every fourth hour."""
    # Asked of all lags in one: the question costs more than its answer.
    places = pl.concat(list(agreeing.values())).arg_true().cast(pl.Int64)
    lags = pl.Series(list(agreeing), dtype=pl.Int64)
    lengths = pl.Series([one.len() for one in agreeing.values()], dtype=pl.Int64)
    begins = lengths.cum_sum() - lengths
    number = begins.search_sorted(places, side="right").cast(pl.Int64) - 1
    lag = lags.gather(number)
    hour = (places - begins.gather(number) + (lag + STEP - 1) // STEP) * STEP
    return pl.DataFrame({"hour": hour, "lag": lag})


def _phases(grid: Grid, tolerance: Tolerance) -> _Phases:
    """Lay the hours out by fours, in steps.

    Logarithms are whole steps of UNIT in 16 bits, so that one subtraction that wraps and one comparison tell whether
    two are near. Holes of one or two hours agree with everything; longer ones are put out of reach of everything.
    """
    hole, lowest = grid.numbers.is_null(), grid.numbers.min()
    three = hole & hole.shift(1, fill_value=True) & hole.shift(-1, fill_value=True)
    long = three | three.shift(1, fill_value=True) | three.shift(-1, fill_value=True)
    steps = ((grid.numbers - (lowest if isinstance(lowest, float) else 0.0)) / UNIT).round().clip(0, MOST)
    steps = steps.fill_null(0).cast(pl.UInt16)
    own = steps.gather_every(STEP) + pl.Series([_reach(tolerance)], dtype=pl.UInt16)
    sources = _fours(steps.scatter(long.arg_true(), OUT[1]))
    ends = _fours(_moves(grid.numbers, tolerance).fill_null(False))
    moves = (ends[0] | ends[1] | ends[2] | ends[3]).shift(-(INNER // STEP), fill_value=False)
    short = hole & ~long
    holes = _fours(short) if short.any() else None
    return _Phases(own.scatter(long.gather_every(STEP).arg_true(), OUT[0]), sources, moves, holes)


def _fours(hours: pl.Series) -> list[pl.Series]:
    """Every fourth hour, and the first, second, third behind each."""
    return [hours.gather_every(STEP, phase) for phase in range(STEP)]


def _reach(tolerance: Tolerance) -> int:
    """How many steps two logarithms may lie apart; one more for the rounding of both."""
    return int(tolerance.widest / UNIT) + 1


def _agreeing(phases: _Phases, lag: int, reach: int) -> pl.Series:
    """Whether at every fourth hour, the first ones with nothing `lag` hours before left out, four are near.

    Plain columns and slices: as one expression, or shifted, the same takes three times as long.
    """
    rows, rest = -(-lag // STEP), -lag % STEP
    count = phases.own.len() - rows
    left = count - INNER // STEP
    if left <= 0:
        return pl.Series([], dtype=pl.Boolean)
    near = (phases.own.slice(rows) - phases.sources[rest].slice(0, count)) <= 2 * reach
    if phases.holes is not None:
        near = near | phases.holes[0].slice(rows) | phases.holes[rest].slice(0, count)
    two = near.slice(0, count - 1) & near.slice(1)
    return two.slice(0, left) & two.slice(2) & phases.moves.slice(rows, left)


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
        own, earlier = (hours.cast(pl.UInt32) for hours in (pairs["hour"], pairs["hour"] - pairs["lag"]))
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
