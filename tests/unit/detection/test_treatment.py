"""R16: treatment off or idling while production goes on is found, honest changes are not."""

import polars as pl
import pytest

from tests.unit.detection.carriers import carrier, judged, put, span, times
from tests.unit.detection.plants import judged_without, mark, plant, repeats, work_order

NAN = float("nan")


def test_clean_series_give_no_hit():
    assert judged("R16", plant(), plant("O2")).hits == []
    assert judged("R16", carrier()).hits == []


@pytest.mark.parametrize("factor", [0.0, 0.1, 0.2])
@pytest.mark.parametrize(("first", "count"), [(400, 3), (700, 24), (900, 72)])
def test_treatment_off(factor, first, count):
    frame = times(plant(pollutants=("NOx", "SO2")), first, count, treatment_kw=factor)
    found = judged("R16", frame, plant("O2")).hits
    assert [(hit.entity_id, hit.pollutant, span(hit)) for hit in found] == [("O1", None, (first, first + count - 1))]
    assert found[0].statistic["ratio"] == pytest.approx(factor, abs=0.03)
    assert found[0].statistic["off"] == 1


@pytest.mark.parametrize("factor", [0.35, 0.5, 0.65])
@pytest.mark.parametrize("count", [60, 120, 200])
def test_treatment_idling(factor, count):
    found = judged("R16", times(plant(), 600, count, treatment_kw=factor)).hits
    assert [(hit.entity_id, hit.statistic["off"]) for hit in found] == [("O1", 0)]
    first, last = span(found[0])
    assert abs(first - 600) <= 3
    assert abs(last - (599 + count)) <= 3
    assert found[0].statistic["ratio"] == pytest.approx(factor, rel=0.1)


def test_real_carrier():
    frame = carrier()
    assert [hit.entity_id for hit in judged("R16", times(frame, 700, 30, treatment_kw=0.1)).hits] == ["O1"]


def test_meters_of_one_pollutant_only():
    frame = plant(pollutants=("NOx", "SO2"))
    off = pl.col("hour").is_between(700, 720) & (pl.col("pollutant") == "SO2")
    one = frame.with_columns(treatment_kw=pl.when(off).then(0.0).otherwise("treatment_kw"))
    assert [span(hit) for hit in judged("R16", one).hits] == [(700, 720)]


def test_risen_value_and_length_raise_the_score():
    def score(factor: float, count: int, value: float = 1.0) -> float:
        return judged("R16", times(plant(), 700, count, treatment_kw=factor, value=value)).hits[0].severity

    assert score(0.2, 12) < score(0.05, 12) < score(0.05, 24) < score(0.05, 24, 2.0)


class TestNoHit:
    def test_both_stop(self):
        assert judged("R16", times(plant(), 700, 60, treatment_kw=0.02, production_kw=0.05)).hits == []

    def test_standstill_that_outlasts_the_usual_load(self):
        frame = times(plant(days=70), 800, 800, production_kw=0.12, treatment_kw=0.0)
        assert judged("R16", frame).hits == []

    @pytest.mark.parametrize("value", [None, NAN])
    def test_meter_offline(self, value):
        frame = put(plant(), 700, 100, treatment_kw=value)
        assert judged("R16", frame).hits == []

    @pytest.mark.parametrize("name", ["停运", "启炉", "停炉"])
    def test_marked_as_out_of_normal_operation(self, name):
        frame = mark(times(plant(), 700, 20, treatment_kw=0.1), 700, 20, name)
        assert judged("R16", frame).hits == []

    def test_slightly_less(self):
        assert judged("R16", times(plant(), 600, 200, treatment_kw=0.85)).hits == []

    def test_short(self):
        assert judged("R16", times(plant(), 700, 2, treatment_kw=0.0)).hits == []
        assert judged("R16", times(plant(), 700, 20, treatment_kw=0.5)).hits == []

    def test_production_rose_and_treatment_stayed(self):
        assert judged("R16", times(plant(), 600, 200, production_kw=1.6)).hits == []

    def test_refit_on_file(self):
        frame = times(plant(), 600, 200, treatment_kw=0.6)
        assert judged("R16", frame, work_orders=work_order("变频改造", 590, 20)).hits == []
        assert len(judged("R16", frame, work_orders=work_order("巡检", 590, 20)).hits) == 1
        off = times(plant(), 700, 20, treatment_kw=0.0)
        assert len(judged("R16", off, work_orders=work_order("变频改造", 590, 20)).hits) == 1

    def test_outlet_without_treatment(self):
        assert judged("R16", plant().with_columns(treatment_kw=0.0)).hits == []


def test_what_cannot_be_judged_is_said():
    assert judged("R16", plant()).not_evaluable == {"R16": {"power_15min": 1080}}
    blind = plant().with_columns(treatment_kw=pl.lit(None, pl.Float64))
    assert judged("R16", blind).not_evaluable == {"R16": {"treatment_kw": 1080, "power_15min": 1080}}
    assert judged_without("R16", plant(), "treatment_kw").not_evaluable == {"R16": {"obs_hour.treatment_kw": 1080}}


@pytest.mark.parametrize(
    ("first", "count", "factor"), [(700, 5, 0.1), (600, 60, 0.5), (600, 300, 0.6), (700, 200, 0.2)]
)
def test_replay_gives_the_same_hit_and_bytes(first, count, factor):
    frames = [times(plant(pollutants=("NOx", "SO2")), first, count, treatment_kw=factor), plant("O2")]
    hits, again = judged("R16", *frames).hits, judged("R16", *frames).hits
    assert len(hits) == 1
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))
