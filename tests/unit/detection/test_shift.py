"""R02: one pollutant that steps down at a visit is found; corrections, load and common changes are not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import OUTLETS, carrier, change, found, gas, judged, put, wandering, work_order

VISIT, END = 500, 503


def steady(outlet: str = "O1") -> pl.DataFrame:
    """Three pollutants and a load that wander little, with a visit by hand from hour 500 to 503."""
    real = gas(outlet).with_columns(production_kw=150000 * pl.Series(wandering(5, 1080, 0.02) * 3), flow=600000.0)
    levels = {"NOx": 60.0, "SO2": 20.0, "PM": 4.0}
    calm = pl.concat(
        [
            real.filter(pl.col("pollutant") == name).with_columns(
                zs_value=pl.Series(wandering(seed, 1080, 0.1)) * level
            )
            for seed, (name, level) in enumerate(levels.items(), start=60)
        ]
    ).with_columns(value="zs_value")
    return visited(calm)


def visited(frame: pl.DataFrame, by: str = "manual") -> pl.DataFrame:
    return put(frame, VISIT, END - VISIT + 1, mark="维护", flag="M", mark_by=by)


def shifted(
    factor: float, count: int = 576, frame: pl.DataFrame | None = None, name: str | None = "NOx"
) -> pl.DataFrame:
    frame = steady() if frame is None else frame
    made = {one: pl.col(one) * factor for one in ("value", "zs_value")}
    return change(frame, END + 1, count, name, **made)


def test_clean_series_with_a_visit_give_no_hit():
    assert found("R02", steady()) == []
    assert found("R02", visited(gas())) == []


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.65])
def test_lasting_shift_is_found_from_the_visit_on(factor):
    ((outlet, name, first, last),) = found("R02", shifted(factor))
    assert (outlet, name, first) == ("O1", "NOx", END + 1)
    assert last >= 1070


def test_shift_ends_where_the_level_comes_back():
    ((_, _, first, last),) = found("R02", shifted(0.4, 300))
    assert (first, abs(last - 803) <= 3) == (END + 1, True)


def test_calibration_flag_alone_is_a_visit():
    flagged = put(shifted(0.5).with_columns(flag=pl.lit("N"), mark=pl.lit("")), VISIT, 2, flag="C")
    assert len(found("R02", flagged)) == 1


def test_deeper_shift_scores_higher_and_a_log_entry_counts():
    scores = [judged("R02", shifted(factor), outlets=OUTLETS).hits[0].severity for factor in (0.65, 0.5, 0.3)]
    assert scores == sorted(set(scores))
    at = steady().filter(pl.col("hour") == VISIT + 1)["ts"][0]
    log = pl.DataFrame({"outlet_id": ["O1"], "ts": [at]})
    logged = judged("R02", shifted(0.5), param_log=log).hits[0]
    silent = judged("R02", shifted(0.5), param_log=log.with_columns(outlet_id=pl.lit("O9"))).hits[0]
    assert logged.severity > silent.severity
    assert "有参数变更记录" in logged.reasons["zh"][2]


def test_of_two_visits_near_each_other_the_one_with_the_step_is_named():
    twice = put(shifted(0.5), 440, 3, mark="校准", flag="C", mark_by="manual")
    assert [first for _, _, first, _ in found("R02", twice)] == [END + 1]


class TestNoHit:
    @pytest.mark.parametrize("factor", [0.9, 1.1, 1.5])
    def test_honest_correction_or_upward(self, factor):
        assert found("R02", shifted(factor)) == []

    def test_all_pollutants_shift(self):
        assert found("R02", shifted(0.5, name=None)) == []

    def test_load_fell(self):
        lower = change(shifted(0.5), END + 1, 576, production_kw=pl.col("production_kw") * 0.75)
        assert found("R02", lower) == []

    def test_no_visit_or_an_automatic_one(self):
        assert found("R02", shifted(0.5).with_columns(flag=pl.lit("N"), mark=pl.lit(""))) == []
        assert found("R02", visited(shifted(0.5), by="auto")) == []

    def test_shift_long_after_the_visit(self):
        assert found("R02", change(steady(), 650, 430, "NOx", zs_value=pl.col("zs_value") * 0.5)) == []

    def test_short_dip(self):
        assert found("R02", shifted(0.5, 40)) == []

    def test_work_order_on_file(self):
        assert found("R02", shifted(0.5), work_orders=work_order(VISIT, 4, "催化剂更换")) == []
        assert len(found("R02", shifted(0.5), work_orders=work_order(VISIT, 4, "巡检"))) == 1


def test_a_single_pollutant_is_counted():
    alone = visited(carrier().with_columns(mark_by=pl.lit("")))
    assert judged("R02", alone).not_evaluable == {"R02": {"siblings": 1}}
    assert judged("R02", gas().drop("production_kw")).not_evaluable == {"R02": {"obs_hour.production_kw": 3240}}
