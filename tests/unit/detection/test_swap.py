"""R05: all pollutants flat and low at full flow are found; stopped discharge and good days are not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import ALL_LIMITS, OUTLETS, change, found, gas, judged, put, water, work_order

USUAL = pl.col("value").median().over("pollutant")
CALM = 1 + (pl.col("hour") % 3 - 1) * 0.005


def swapped(first: int, count: int, level: float, frame: pl.DataFrame | None = None) -> pl.DataFrame:
    frame = water() if frame is None else frame
    return change(frame, first, count, value=USUAL * level * CALM, cond=pl.lit(600.0), ph=pl.lit(7.0))


def test_clean_series_give_no_hit():
    assert found("R05", water(), water("W2", 40)) == []


@pytest.mark.parametrize("level", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("count", [8, 24, 48])
def test_swapped_sample_is_found_where_it_is(level, count):
    ((outlet, pollutant, first, last),) = found("R05", swapped(600, count, level), water("W2", 40))
    assert (outlet, pollutant) == ("W1", None)
    assert abs(first - 600) <= 2
    assert abs(last - (599 + count)) <= 2


def test_lower_level_scores_higher_and_witnesses_count():
    def score(frame: pl.DataFrame) -> float:
        return judged("R05", frame, limits=ALL_LIMITS, outlets=OUTLETS).hits[0].severity

    assert score(swapped(600, 24, 0.1)) > score(swapped(600, 24, 0.5))
    alone = change(water(), 600, 24, value=USUAL * 0.1 * CALM)
    assert score(swapped(600, 24, 0.1)) > score(alone)


class TestNoHit:
    def test_stopped_discharge(self):
        assert found("R05", put(swapped(600, 24, 0.3), 600, 24, flow=0.0)) == []

    def test_good_days_still_scatter(self):
        assert found("R05", change(water(), 600, 48, value=pl.col("value") * 0.4)) == []

    def test_one_pollutant_goes_on(self):
        usual = (
            pl.when(pl.col("pollutant") == "TP")
            .then(pl.col("value") * (1 + pl.col("hour") % 2 / 3))
            .otherwise(USUAL * 0.3 * CALM)
        )
        assert found("R05", change(water(), 600, 24, value=usual)) == []

    def test_flat_but_not_low(self):
        assert found("R05", swapped(600, 24, 0.9)) == []

    def test_large_tank_that_is_always_calm(self):
        calm = water().with_columns(value=USUAL * (1 + (pl.col("value") / USUAL - 1) * 0.05))
        step = change(calm, 600, 200, value=pl.col("value") * 0.5)
        assert found("R05", step) == []

    @pytest.mark.parametrize("state", [{"flag": "C"}, {"mark": "校准"}, {"production_kw": 10.0}])
    def test_hours_that_are_not_live(self, state):
        assert found("R05", put(swapped(600, 24, 0.3), 600, 24, **state)) == []

    def test_work_order_on_file(self):
        assert found("R05", swapped(600, 24, 0.3), work_orders=work_order(590, 50, "标样核查", "W1")) == []

    def test_gas_is_no_water(self):
        assert found("R05", change(gas(), 600, 24, value=USUAL * 0.3 * CALM)) == []


def test_missing_table_and_column_are_counted():
    tables = {"limits": ALL_LIMITS, "outlets": OUTLETS}
    assert judged("R05", water(), limits=ALL_LIMITS).not_evaluable == {"R05": {"outlets": 1}}
    assert judged("R05", water().drop("flow"), **tables).not_evaluable == {"R05": {"obs_hour.flow": 3240}}


def test_without_ph_and_conductivity_the_rule_still_sees():
    assert len(found("R05", swapped(600, 24, 0.3).drop("ph", "cond"))) == 1
