"""R15: a capped series is found; a plant run to a set point, with some exceedances, is not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import (
    ALL_LIMITS,
    OUTLETS,
    change,
    found,
    gas,
    judged,
    put,
    wandering,
    water,
    work_order,
)

SCATTER = pl.Series("scatter", wandering(77, 1080, 0.06) * 3)


def capped(first: int, count: int, cap: float, level: float = 100.0) -> pl.DataFrame:
    """NOx that wanders about its limit of 100 and is cut off below it."""
    near = pl.min_horizontal(SCATTER * level, pl.lit(cap))
    return change(gas(), first, count, "NOx", zs_value=near)


def test_clean_series_give_no_hit():
    assert found("R15", gas(), water()) == []


@pytest.mark.parametrize("cap", [96.0, 98.0, 99.5])
@pytest.mark.parametrize("count", [168, 240, 504])
def test_capped_series_is_found(cap, count):
    hits = found("R15", capped(400, count, cap))
    assert [(outlet, name) for outlet, name, *_ in hits] == [("O1", "NOx")]
    assert abs(hits[0][2] - 400) <= 12
    assert abs(hits[0][3] - (399 + count)) <= 12


def test_water_is_judged_by_its_value():
    near = pl.min_horizontal(SCATTER * 0.5, pl.lit(0.49))
    hits = found("R15", change(water(), 400, 300, "TP", value=near))
    assert [(outlet, name) for outlet, name, *_ in hits] == [("W1", "TP")]


def test_longer_capping_scores_higher():
    scores = [
        judged("R15", capped(400, count, 98.0), limits=ALL_LIMITS, outlets=OUTLETS).hits[0].severity
        for count in (170, 300, 500)
    ]
    assert scores == sorted(set(scores))


class TestNoHit:
    def test_set_point_below_the_limit(self):
        assert found("R15", change(gas(), 300, 700, "NOx", zs_value=SCATTER * 90)) == []

    def test_exceedances_remain(self):
        assert found("R15", change(gas(), 300, 700, "NOx", zs_value=SCATTER * 98)) == []

    def test_short(self):
        assert found("R15", capped(400, 48, 98.0)) == []

    def test_gas_is_not_judged_by_its_measured_value(self):
        near = pl.min_horizontal(SCATTER * 100, pl.lit(98.0))
        assert found("R15", change(gas(), 300, 700, "NOx", value=near)) == []

    @pytest.mark.parametrize("state", [{"flag": "M"}, {"mark": "停运"}])
    def test_hours_that_are_not_live(self, state):
        assert found("R15", put(capped(400, 300, 98.0), 400, 300, **state)) == []

    def test_work_order_on_file(self):
        assert found("R15", capped(400, 300, 98.0), work_orders=work_order(380, 400, "提标改造")) == []


def test_missing_limit_and_table_are_counted():
    run = judged("R15", gas(), limits=ALL_LIMITS.filter(pl.col("pollutant") != "NOx"), outlets=OUTLETS)
    assert run.not_evaluable["R15"]["limit"] == 1009
    assert judged("R15", gas(), limits=ALL_LIMITS).not_evaluable == {"R15": {"outlets": 1}}
