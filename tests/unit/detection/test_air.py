"""R07: oxygen that the load does not explain and conversions that do not follow it are found; low load is not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import (
    ALL_LIMITS,
    OUTLETS,
    change,
    converted,
    found,
    gas,
    judged,
    put,
    water,
    work_order,
)


def thinned(first: int, count: int, points: float) -> pl.DataFrame:
    """Air let in: more oxygen, and concentrations down by the matching factor; properly converted."""
    more = pl.col("o2") + points
    value = pl.col("value") * (21 - more) / (21 - pl.col("o2"))
    return converted(change(gas(), first, count, o2=more, value=value))


def test_clean_series_give_no_hit():
    assert found("R07", gas()) == []


@pytest.mark.parametrize(("points", "off"), [(2.5, 8), (4.0, 1), (7.0, 1)])
@pytest.mark.parametrize("count", [10, 48, 120])
def test_air_let_in_is_found_where_it_is(points, off, count):
    ((outlet, pollutant, first, last),) = found("R07", thinned(600, count, points))
    assert (outlet, pollutant) == ("O1", None)
    assert abs(first - 600) <= off
    assert abs(last - (599 + count)) <= off


@pytest.mark.parametrize("factor", [0.6, 0.85, 1.2])
@pytest.mark.parametrize("count", [6, 30])
def test_wrong_conversion_is_found(factor, count):
    wrong = change(gas(), 600, count, zs_value=pl.col("zs_value") * factor)
    assert found("R07", wrong) == [("O1", None, 600, 599 + count)]


def test_air_and_a_wrong_conversion_at_once_are_one_hit():
    both = change(thinned(600, 48, 4.0), 610, 20, zs_value=pl.col("zs_value") * 0.5)
    (hit,) = judged("R07", both, limits=ALL_LIMITS, outlets=OUTLETS).hits
    assert {"residual", "deviation"} <= set(hit.statistic)
    assert len(hit.reasons["zh"]) == 4


def test_more_air_scores_higher():
    scores = [
        judged("R07", thinned(600, 24, points), limits=ALL_LIMITS, outlets=OUTLETS).hits[0].severity
        for points in (3.0, 4.0, 6.0)
    ]
    assert scores == sorted(set(scores))


class TestNoHit:
    @pytest.mark.parametrize("points", [0.5, 1.0])
    def test_small_lift(self, points):
        assert found("R07", thinned(600, 48, points)) == []

    def test_low_load_leads_to_more_oxygen(self):
        # A plant that swings between half and full load every three days, with oxygen up to 4 points apart.
        swing = pl.when(pl.col("hour") // 72 % 2 == 0).then(80000.0).otherwise(160000.0)
        low = gas().with_columns(production_kw=swing)
        low = converted(low.with_columns(o2=12 - 4 * (swing / 160000) + (pl.col("hour") % 5) / 10))
        assert found("R07", low) == []

    @pytest.mark.parametrize("share", [0.45, 0.6, 0.8])
    def test_rare_low_load(self, share):
        # Full load but for one night in ten days: the thirds lie close together and know nothing of such a night.
        power = (
            pl.when((pl.col("hour") % 240) < 12).then(share * 160000.0).otherwise(160000.0 + pl.col("hour") % 24 * 50)
        )
        rare = gas().with_columns(production_kw=power, flow=power * 4)
        rare = converted(rare.with_columns(o2=14 - 8 * (power / 160000) + (pl.col("hour") % 5) / 10))
        assert found("R07", rare) == []

    def test_one_pollutant_converted_wrongly(self):
        assert found("R07", change(gas(), 600, 48, "NOx", zs_value=pl.col("zs_value") * 0.5)) == []

    def test_too_much_oxygen_to_convert(self):
        assert found("R07", put(converted(gas().with_columns(o2=pl.lit(19.5))), 600, 48, zs_value=1.0)) == []

    def test_industry_judged_on_measured_values(self):
        measured = OUTLETS.with_columns(std_o2=pl.lit(None, pl.Float64))
        assert found("R07", change(gas(), 600, 48, zs_value=pl.col("value")), outlets=measured) == []

    @pytest.mark.parametrize("state", [{"flag": "D"}, {"mark": "启炉"}, {"production_kw": 5000.0}])
    def test_hours_that_are_not_live(self, state):
        assert found("R07", put(thinned(600, 48, 5.0), 600, 48, **state)) == []

    def test_work_order_on_file(self):
        assert found("R07", thinned(600, 48, 5.0), work_orders=work_order(590, 80, "漏风处理")) == []

    def test_first_days_have_no_line(self):
        assert found("R07", thinned(0, 100, 5.0).head(150)) == []

    def test_water_is_no_gas(self):
        assert found("R07", water().with_columns(o2=pl.col("hour") % 20 * 1.0)) == []


def test_missing_oxygen_is_counted():
    tables = {"limits": ALL_LIMITS, "outlets": OUTLETS}
    blind = gas().with_columns(o2=pl.lit(None, pl.Float64))
    assert judged("R07", blind, **tables).not_evaluable == {"R07": {"o2": 3240}}
    assert judged("R07", gas().drop("o2"), **tables).not_evaluable == {"R07": {"obs_hour.o2": 3240}}
