"""Windows over one long column are those of every series by itself."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clue_service.detection.windows import (
    KEYS,
    POSITION,
    SERIES,
    Window,
    extremes,
    first_rows,
    lagged,
    often,
    rolled,
    sampled,
    series_of,
    with_series,
)

VALUE = st.one_of(st.none(), st.floats(-50, 50, width=16), st.just(-0.0))
SERIES_OF_VALUES = st.lists(st.lists(VALUE, min_size=1, max_size=40), min_size=1, max_size=4)
KINDS = ("max", "min", "mean", "median", "std", "quantile")


def frame(series: list[list[float | None]]) -> pl.DataFrame:
    """One row per value, each series under its own key."""
    keys = [str(number) for number, values in enumerate(series) for _ in values]
    values = [value for values in series for value in values]
    return with_series(pl.DataFrame({"key": keys, "x": values}, schema={"key": pl.String, "x": pl.Float64}), ["key"])


def by_itself(rows: pl.DataFrame, window: Window) -> list[float | None]:
    """The window asked of each series alone."""
    return rows.select(window.expression().over(SERIES).cast(pl.Float64)).to_series().to_list()


def near(one: float | None, other: float | None) -> bool:
    return one is other is None or (one is not None and other is not None and math.isclose(one, other, abs_tol=1e-9))


@given(SERIES_OF_VALUES, st.sampled_from(KINDS), st.integers(2, 30), st.integers(1, 30))
def test_rolled_is_what_each_series_gives_by_itself(series, kind, size, least):
    rows, window = frame(series), Window("w", "x", kind, size, min(size, least), 0.3)
    found, wanted = rolled(rows, [window])["w"].to_list(), by_itself(rows, window)
    assert all(map(near, found, wanted)), (found, wanted)
    if kind in {"max", "min"}:
        assert found == wanted


@given(SERIES_OF_VALUES, st.lists(st.integers(2, 30), min_size=1, max_size=4, unique=True))
def test_several_extremes_of_one_column_at_once(series, sizes):
    full = [[0.0 if value is None else value for value in values] for values in series]
    rows = frame(full)
    windows = [Window(f"{kind}{size}", "x", kind, size, size) for size in sizes for kind in ("max", "min")]
    found = rolled(rows, windows)
    for window in windows:
        assert found[window.name].to_list() == by_itself(rows, window)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.sets(st.integers(1, 70), min_size=1, max_size=4))
def test_extremes_are_those_of_up_to_so_many_rows(values, sizes):
    column = pl.Series(values, dtype=pl.Float64)
    for is_highest, take in ((True, max), (False, min)):
        for size, found in extremes(column, sizes, is_highest=is_highest).items():
            assert found.to_list() == [take(values[max(0, end - size) : end]) for end in range(1, len(values) + 1)]


@pytest.mark.parametrize("odd", [math.inf, -math.inf])
@pytest.mark.parametrize("least", [1, 4])
def test_values_beyond_all_numbers_are_values(odd, least):
    rows = frame([[1.0, odd, 2.0, 3.0, 4.0, 5.0, None if least == 1 else 6.0, 7.0]])
    for kind in ("max", "min"):
        window = Window("w", "x", kind, 4, least)
        assert rolled(rows, [window])["w"].to_list() == by_itself(rows, window)


@given(SERIES_OF_VALUES, st.sampled_from(KINDS), st.integers(2, 20), st.integers(0, 5))
def test_sampled_is_rolled_and_lagged(series, kind, size, lag):
    rows, window = frame(series), Window("w", "x", kind, size, max(1, size // 2), 0.3)
    whole = rolled(rows, [window]).select(lagged("w", lag)).to_series()
    some = pl.Series(range(0, rows.height, 3), dtype=pl.UInt32)
    assert all(map(near, sampled(rows, some, window, lag).to_list(), whole.gather(some).to_list()))


def test_first_rows():
    assert first_rows(frame([[1.0, 2.0], [3.0], [4.0, 5.0]]), ["x"])["x"].to_list() == [1.0, 3.0, 4.0]
    assert frame([[1.0, 2.0], [3.0]])[POSITION].to_list() == [0, 1, 0]


@given(SERIES_OF_VALUES, st.data())
def test_series_with_rows_left_out_are_numbered_anew(series, data):
    rows = frame(series).rename({"key": "outlet_id"}).with_columns(pollutant=pl.lit("NOx"))
    kept = data.draw(st.lists(st.booleans(), min_size=rows.height, max_size=rows.height))
    some = rows.filter(pl.Series(kept, dtype=pl.Boolean))
    again = with_series(some, KEYS)
    assert again.equals(with_series(some.drop(SERIES, POSITION), KEYS).select(again.columns))
    nameless = some.select(SERIES)
    assert [one.to_list() for one in series_of(nameless, KEYS)] == [one.to_list() for one in series_of(some, KEYS)]


@given(SERIES_OF_VALUES, st.integers(1, 10))
def test_a_series_in_which_a_flag_is_rare_is_left_out(series, least):
    rows = frame(series)
    flag = rows["x"] > 0
    kept = often(rows, flag, least)
    counts = {
        number: sum(value is not None and value > 0 for value in values) for number, values in enumerate(series, 1)
    }
    assert kept[SERIES].unique().sort().to_list() == [number for number, count in counts.items() if count >= least]
    assert kept.equals(rows.filter(pl.col(SERIES).is_in(kept[SERIES].unique().to_list())))
