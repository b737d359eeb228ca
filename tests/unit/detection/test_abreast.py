"""Hours of outlets read without grouping say the same as grouping them."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks.hourly import outlet_hours as made_up
from services.clue_service.detection.abreast import abreast
from services.clue_service.detection.episodes import outlet_hours
from services.clue_service.detection.live import SHARED, in_order, live_outlet_hours, with_live

HOURS = 24 * 40


def _rows(*numbers: int) -> pl.DataFrame:
    rows = pl.concat([made_up(number, HOURS) for number in numbers])
    # Pollutants of one hour that disagree about its meters, and hours without any.
    apart = pl.col("production_kw") * pl.when(pl.col("pollutant") == "SO2").then(1.3).otherwise(1.0)
    return rows.with_columns(production_kw=pl.when(pl.int_range(pl.len()) % 17 != 0).then(apart))


@pytest.mark.parametrize("fewer", [(), (2,), (2, 3)])
def test_loads_and_shared_hours_are_those_of_grouping(fewer):
    rows = _rows(1, 2, 3, 5)
    names = [f"DA{number:05d}" for number in fewer]
    rows = in_order(rows.filter(~(pl.col("outlet_id").is_in(names) & (pl.col("pollutant") == "PM"))))
    hours = abreast(rows)
    assert hours is not None
    found, grouped = with_live(rows, hours), with_live(rows, None)
    assert_frame_equal(found, grouped, check_exact=True)
    assert found["rp"].null_count() < found.height
    shared = live_outlet_hours(found, hours)
    expected = outlet_hours(grouped.filter("live"), SHARED)
    assert_frame_equal(shared.select(expected.columns), expected, check_exact=True)


def test_an_hour_that_one_pollutant_lacks_leaves_grouping():
    rows = in_order(_rows(1, 2))
    assert abreast(rows[:100].vstack(rows[101:])) is None
    moved = rows.with_columns(
        ts=pl.when(pl.int_range(pl.len()) == HOURS - 1).then(pl.col("ts").dt.offset_by("1h")).otherwise("ts")
    )
    assert abreast(in_order(moved)) is None
    assert abreast(rows.clear()) is None


def test_rows_out_of_order_are_sorted_and_numbered():
    rows = _rows(1, 2)
    shuffled = in_order(rows.sample(fraction=1.0, shuffle=True, seed=4))
    assert_frame_equal(shuffled, in_order(rows), check_exact=True)
    assert shuffled["_series"].to_list() == sorted(shuffled["_series"].to_list())
