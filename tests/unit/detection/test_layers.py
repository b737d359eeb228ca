"""R04: a layer that was changed on the way is found; clocks, units, rounding and single errors are not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import ALL_LIMITS, change, found, gas, judged, put, work_order

INST = pl.col("inst_value")


def test_clean_layers_give_no_hit():
    assert found("R04", gas()) == []


@pytest.mark.parametrize("factor", [0.4, 0.6, 0.8, 0.9])
@pytest.mark.parametrize("count", [24, 48, 100])
def test_ratio_on_the_platform_is_found(factor, count):
    assert found("R04", change(gas(), 600, count, "NOx", value=INST * factor)) == [("O1", "NOx", 600, 599 + count)]


def test_kinds_are_told_apart():
    limit = pl.DataFrame({"pollutant": ["NOx"], "limit": [60.0], "full_scale": [200.0]})
    cases = {
        "按固定比例折算": INST * 0.6,
        "封顶": pl.min_horizontal(INST, pl.lit(50.0)),
        "无固定关系": INST * (0.3 + 0.1 * (pl.col("hour") % 5)),
    }
    for words, made in cases.items():
        hit = judged("R04", change(gas(), 600, 60, "NOx", value=made), limits=limit).hits[0]
        assert words in hit.reasons["zh"][1]
        assert hit.statistic["hidden_hours"] > 0
        assert "仪器值高于限值" in hit.reasons["zh"][2]


def test_logger_alone_is_found_too():
    assert found("R04", change(gas(), 600, 30, "SO2", das_value=INST * 0.5)) == [("O1", "SO2", 600, 629)]


def test_larger_deviation_scores_higher():
    scores = [
        judged("R04", change(gas(), 600, 48, "NOx", value=INST * factor), limits=ALL_LIMITS).hits[0].severity
        for factor in (0.9, 0.7, 0.4)
    ]
    assert scores == sorted(set(scores))


class TestNoHit:
    def test_within_tolerance_or_short(self):
        assert found("R04", change(gas(), 600, 60, "NOx", value=INST * 0.96)) == []
        assert found("R04", change(gas(), 600, 15, "NOx", value=INST * 0.5)) == []

    @pytest.mark.parametrize("hours", [1, -1])
    def test_clock_one_hour_off(self, hours):
        skewed = gas().with_columns(
            [INST.shift(hours).over("pollutant").alias(name) for name in ("value", "das_value")]
        )
        assert found("R04", skewed) == []

    @pytest.mark.parametrize("ratio", [1.34, 2.05, 2.86])
    def test_unit_of_the_instrument(self, ratio):
        assert found("R04", gas().with_columns(value=INST * ratio, das_value=INST * ratio)) == []

    def test_sparse_transmission_errors(self):
        broken = pl.when(pl.col("hour") % 3 == 0).then(0.0).otherwise("value")
        assert found("R04", change(gas(), 500, 200, "NOx", value=broken)) == []

    def test_rounding_near_zero(self):
        low = gas().with_columns(inst_value=INST * 0.01, das_value=INST * 0.01, value=(INST * 0.01).round(1))
        assert found("R04", low) == []

    @pytest.mark.parametrize("state", [{"flag": "B"}, {"mark": "故障"}, {"production_kw": 5000.0}])
    def test_hours_that_are_not_live(self, state):
        assert found("R04", put(change(gas(), 600, 48, "NOx", value=INST * 0.5), 600, 48, **state)) == []

    def test_work_order_on_file(self):
        changed = change(gas(), 600, 48, "NOx", value=INST * 0.5)
        assert found("R04", changed, work_orders=work_order(590, 70, "数采仪更换")) == []
        assert len(found("R04", changed, work_orders=work_order(590, 70, "巡检"))) == 1


def test_missing_layers_are_counted():
    run = judged("R04", gas().drop("das_value"), limits=ALL_LIMITS)
    assert (run.hits, run.not_evaluable) == ([], {"R04": {"obs_hour.das_value": 3240}})
    blind = gas().with_columns(inst_value=pl.lit(None, pl.Float64))
    assert judged("R04", blind, limits=ALL_LIMITS).not_evaluable == {"R04": {"inst_value": 3240}}
