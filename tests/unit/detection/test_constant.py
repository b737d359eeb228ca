"""R14 on real series: dead readings are found, quiet honest ones are not."""

import polars as pl
import pytest

from services.clue_service.detection import constant
from services.clue_service.detection.engine import run
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.windows import with_series
from tests.unit.detection.carriers import ALL_LIMITS, RULES, carrier, change, judged, mercury, put, span


def dead(first: int, count: int, value: float) -> pl.DataFrame:
    """The carrier with dead readings, and an oxygen reading that goes on moving while they are dead."""
    inside = pl.col("hour").is_between(first - 3, first + count)
    moving = pl.when(inside).then(15 + (pl.col("hour") % 7) / 3).otherwise(15 + pl.col("flow") / 600000)
    return put(carrier().with_columns(o2=moving), first, count, value=value)


def test_clean_series_give_no_hit():
    assert judged("R14", carrier()).hits == []


@pytest.mark.parametrize(("value", "count"), [(71.0, 30), (71.0, 60), (0.0, 20)])
def test_dead_readings_are_found(value, count):
    found = judged("R14", dead(700, count, value), carrier("O2")).hits
    assert [hit.entity_id for hit in found] == ["O1"]
    first, last = span(found[0])
    assert first <= 700
    assert last >= 699 + count
    assert last - first + 1 <= count + 12
    assert found[0].severity >= 60


def test_zeros_are_found_sooner_than_a_constant():
    zeros = judged("R14", dead(600, 8, 0.0)).hits
    assert (600, 607) in [span(hit) for hit in zeros]
    assert judged("R14", dead(600, 8, 95.0)).hits == []


class TestNoHit:
    def test_other_signals_flat_too(self):
        flat = put(carrier(), 700, 40, value=95.0, flow=600000.0, o2=15.0)
        assert judged("R14", flat).hits == []

    def test_sibling_pollutant_is_signal_enough(self):
        flat = put(carrier(), 700, 40, value=71.0, flow=600000.0)
        sibling = put(carrier("O1", "SO2", 0.5), 700, 40, flow=600000.0)
        assert [hit.pollutant for hit in judged("R14", flat, sibling).hits] == ["NOx"]

    def test_clean_stack_near_the_detection_limit(self):
        assert judged("R14", carrier(scale=0.002).with_columns(pl.col("value").round(1))).hits == []

    def test_nights_that_are_calm_every_night(self):
        # A band of 2 at night and 30 by day: a tenth of the usual, and nothing new.
        night = pl.col("hour") % 24 < 12
        wave = pl.when(night).then(60 + pl.col("hour") % 3).otherwise(60 + (pl.col("hour") % 24 - 12) * 3.0)
        assert judged("R14", carrier().with_columns(value=wave)).hits == []
        longer = put(carrier().with_columns(value=wave), 720, 36, value=61.0)
        ((first, last),) = [span(hit) for hit in judged("R14", longer).hits]
        assert first == 720
        assert 755 <= last <= 757

    def test_scatter_that_shrinks_with_the_level(self):
        # A fifth of the concentration has a fifth of the scatter.
        fallen = change(carrier(), 700, 200, value=pl.col("value") * 0.2)
        assert judged("R14", fallen).hits == []

    def test_zeros_of_an_outlet_that_is_near_zero_anyway(self):
        # Hours of 0, and of up to 1.6 between them: the usual value of 0.2 is below half a hundredth of full scale.
        low = pl.when(pl.col("hour") % 30 < 6).then(0.0).otherwise(0.2 + 0.7 * (pl.col("hour") % 3))
        low = pl.when(pl.col("hour") % 5 < 3).then(pl.min_horizontal(low, 0.2)).otherwise(low)
        assert judged("R14", carrier().with_columns(value=low)).hits == []

    @pytest.mark.parametrize("state", [{"flag": "C"}, {"mark": "校准"}, {"production_kw": 5000.0}])
    def test_hours_that_are_not_live(self, state):
        assert judged("R14", put(put(carrier(), 700, 30, value=71.0), 700, 30, **state)).hits == []

    def test_stopped_hours_of_a_real_unit(self):
        rows = mercury().with_columns(
            value=pl.when(pl.col("op_time") == 0).then(0.0).otherwise("value"),
            flag=pl.when(pl.col("op_time") == 0).then(pl.lit("N")).otherwise("flag"),
        )
        limits = pl.DataFrame({"pollutant": ["Hg"], "limit": [1.2], "full_scale": [10.0]})
        found = run({"obs_hour": rows, "limits": limits}, [RULES["R14"]])
        stopped = rows.filter(pl.col("op_time") == 0)
        for hit in found.hits:
            first, last = hit.from_at.replace(tzinfo=None), hit.to_at.replace(tzinfo=None)
            inside = stopped.filter((pl.col("outlet_id") == hit.entity_id) & pl.col("ts").is_between(first, last))
            assert inside.is_empty()

    def test_literal_share_of_full_scale_alone_never_fires(self):
        # The 2 % of full scale that the guide of 2012 names would flag most hours of a clean stack.
        limits = pl.DataFrame({"pollutant": ["NOx"], "limit": [100.0], "full_scale": [20000.0]})
        assert run({"obs_hour": carrier(), "limits": limits}, [RULES["R14"]]).hits == []


def test_missing_full_scale_is_counted():
    limits = pl.DataFrame(
        {"pollutant": ["NOx"], "limit": [100.0], "full_scale": [None]}, schema_overrides={"full_scale": pl.Float64}
    )
    found = run({"obs_hour": put(carrier(), 700, 40, value=71.0), "limits": limits}, [RULES["R14"]])
    assert (found.hits, found.not_evaluable) == ([], {"R14": {"full_scale": 1080}})


def test_usual_bands_near_a_calm_hour_are_those_of_the_whole_series():
    rows = pl.concat([dead(700, 30, 71.0), carrier("O1", "SO2", 0.5), put(carrier("O2"), 800, 20, value=40.0)])
    live = with_limits(with_series(rows.sort(constant.ORDER), constant.ORDER[:2]), ALL_LIMITS)
    live = constant._bands(live, ("value", *constant.COMPANIONS))
    whole = constant._with_usual(live, live)
    first, second = pl.col("outlet_id") == "O1", pl.col("outlet_id") == "O2"
    calm = live.filter(first & pl.col("hour").is_between(715, 729) | second & (pl.col("hour") == 815))
    some = constant._with_usual(live, calm)
    bases = [name for name in whole.columns if name.startswith("base_")]
    known = some["base_usual10_value"].is_not_null()
    assert some.filter(known).select(bases).equals(whole.filter(known).select(bases))
    told = some.filter(known).group_by("outlet_id").agg(pl.col("hour").min().alias("first"), pl.col("hour").max())
    assert dict(told.select("outlet_id", "first").iter_rows())["O1"] <= 715 - constant.LONG - 72
    assert dict(told.select("outlet_id", "hour").iter_rows())["O1"] == 729 + 24
    assert some.filter(known).height < whole.height / 4
