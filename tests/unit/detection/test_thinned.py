"""R08: more water with everything in it thinner is found; rain, production and good days are not."""

from datetime import timedelta

import polars as pl
import pytest

from tests.unit.detection.carriers import ALL_LIMITS, OUTLETS, START, change, found, gas, judged, put, water, work_order


def diluted(first: int, count: int, factor: float, frame: pl.DataFrame | None = None) -> pl.DataFrame:
    frame = water() if frame is None else frame
    more = {name: pl.col(name) * factor for name in ("flow", "water_in")}
    return change(frame, first, count, **more, **{name: pl.col(name) / factor for name in ("value", "cond")})


def rain(first: int, count: int) -> pl.DataFrame:
    hours = range(1080)
    return pl.DataFrame(
        {
            "ts": [START + timedelta(hours=hour) for hour in hours],
            "rain_mm": [3.0 if first <= hour < first + count else 0.0 for hour in hours],
        }
    )


DRY = rain(0, 0)


def test_clean_series_give_no_hit():
    assert found("R08", water(), water("W2", 40), weather=DRY) == []


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("count", [8, 24, 72])
def test_dilution_is_found_where_it_is(factor, count):
    ((outlet, pollutant, first, last),) = found("R08", diluted(600, count, factor), weather=DRY)
    assert (outlet, pollutant) == ("W1", None)
    assert abs(first - 600) <= 2
    assert abs(last - (599 + count)) <= 2


def test_without_conductivity_the_load_decides():
    blind = diluted(600, 24, 2.0).with_columns(cond=pl.lit(None, pl.Float64))
    assert len(found("R08", blind)) == 1
    assert len(found("R08", blind.drop("cond"))) == 1
    less = change(blind, 600, 24, value=pl.col("value") * 0.4)
    assert found("R08", less) == []


def test_stronger_dilution_scores_higher():
    scores = [
        judged("R08", diluted(600, 24, factor), limits=ALL_LIMITS, outlets=OUTLETS).hits[0].severity
        for factor in (1.5, 2.0, 3.0)
    ]
    assert scores == sorted(set(scores))


class TestNoHit:
    def test_rain_where_it_drains_through(self):
        mixed = diluted(600, 24, 2.0, water("W2", 40))
        assert found("R08", mixed, weather=rain(598, 26)) == []
        assert len(found("R08", mixed, weather=DRY)) == 1
        assert len(found("R08", diluted(600, 24, 2.0), weather=rain(598, 26))) == 1

    def test_more_production(self):
        more = change(water(), 600, 24, flow=pl.col("flow") * 1.8, production_kw=pl.col("production_kw") * 1.8)
        assert found("R08", more) == []

    def test_more_water_that_is_not_thinner(self):
        assert found("R08", change(water(), 600, 24, flow=pl.col("flow") * 2)) == []

    def test_good_treatment_at_usual_flow(self):
        assert found("R08", change(water(), 600, 24, value=pl.col("value") / 2, cond=pl.col("cond") / 2)) == []

    def test_salt_stays(self):
        assert found("R08", change(diluted(600, 24, 2.0), 600, 24, cond=pl.col("cond") * 2)) == []

    @pytest.mark.parametrize("state", [{"flag": "D"}, {"mark": "维护"}, {"production_kw": 10.0}])
    def test_hours_that_are_not_live(self, state):
        assert found("R08", put(diluted(600, 24, 2.0), 600, 24, **state)) == []

    def test_work_order_on_file(self):
        assert found("R08", diluted(600, 24, 2.0), work_orders=work_order(590, 50, "池体清洗", "W1")) == []

    def test_gas_is_no_water(self):
        assert found("R08", diluted(600, 24, 2.0, gas().with_columns(cond=800.0, water_in=50.0))) == []


def test_outlets_with_rain_and_no_weather_are_counted():
    run = judged("R08", diluted(600, 24, 2.0, water("W2", 40)), limits=ALL_LIMITS, outlets=OUTLETS)
    assert run.hits == []
    assert run.not_evaluable == {"R08": {"weather": 3027}}
    assert judged("R08", water(), limits=ALL_LIMITS).not_evaluable == {"R08": {"outlets": 1}}
