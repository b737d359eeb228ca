"""R09: stops that were none are found, real ones are not."""

import xml.etree.ElementTree as ElementTree

import polars as pl
import pytest

from services.clue_service.detection.engine import run
from services.clue_service.detection.evidence import freeze
from tests.unit.detection.carriers import LIMITS, RULES, carrier, judged, put, span, times
from tests.unit.detection.plants import judged_without, mark, plant, repeats, work_order

BOTH = ("NOx", "SO2")


def test_clean_series_give_no_hit():
    assert judged("R09", plant(), plant("O2")).hits == []
    assert judged("R09", carrier()).hits == []


@pytest.mark.parametrize("load", [0.4, 0.6, 1.0])
@pytest.mark.parametrize(("first", "count"), [(400, 3), (700, 24), (900, 60)])
def test_marked_but_running(load, first, count):
    frame = mark(times(plant(pollutants=BOTH), first, count, production_kw=load, flow=load), first, count, "停运")
    found = judged("R09", put(frame, first, count, flag="F"), plant("O2")).hits
    assert [(hit.entity_id, hit.pollutant, span(hit)) for hit in found] == [("O1", None, (first, first + count - 1))]
    assert found[0].statistic["load"] == pytest.approx(load, rel=0.15)
    assert "疑似" in found[0].reasons["zh"][0]


def test_real_carrier():
    frame = put(carrier(), 700, 12, mark="停产", flag="F")
    assert [span(hit) for hit in judged("R09", frame).hits] == [(700, 711)]


def test_lost_values_do_not_hide_it_and_a_small_hole_does_not_split_it():
    frame = mark(plant(), 700, 20, "停运")
    frame = put(put(frame, 700, 20, value=None), 710, 2, production_kw=100.0)
    assert [span(hit) for hit in judged("R09", frame).hits] == [(700, 719)]


def test_score_grows_with_load_length_and_exceedance():
    def score(load: float, count: int, value: float = 1.0) -> float:
        frame = times(plant(), 700, count, production_kw=load, value=value, zs_value=value)
        return judged("R09", mark(frame, 700, count, "停运")).hits[0].severity

    assert score(0.4, 12) < score(0.8, 12) < score(0.8, 24)
    assert score(0.4, 12) < score(0.4, 12, 9.0)


class TestNoHit:
    @pytest.mark.parametrize("load", [0.05, 0.15, 0.25])
    def test_auxiliary_power(self, load):
        frame = times(plant(), 700, 48, production_kw=load)
        assert judged("R09", mark(frame, 700, 48, "停运")).hits == []

    def test_treatment_left_running(self):
        frame = times(plant(), 700, 48, production_kw=0.1, flow=0.5)
        assert judged("R09", mark(frame, 700, 48, "停运")).hits == []

    def test_lamps_of_a_standstill_that_outlasts_the_usual_load(self):
        frame = times(plant(days=70), 800, 800, production_kw=0.12, flow=0.15)
        assert judged("R09", mark(frame, 800, 800, "停运")).hits == []

    def test_lamps_of_a_standstill_the_data_begin_with(self):
        frame = times(plant(), 0, 200, production_kw=0.12, flow=0.15)
        assert judged("R09", mark(frame, 0, 200, "停运")).hits == []

    def test_no_flow(self):
        assert judged("R09", mark(times(plant(), 700, 48, flow=0.1), 700, 48, "停运")).hits == []

    def test_too_short(self):
        assert judged("R09", mark(plant(), 700, 2, "停运")).hits == []

    def test_stopping_within_its_time_and_beyond(self):
        assert judged("R09", mark(plant(), 700, 8, "停炉")).hits == []
        assert [span(hit) for hit in judged("R09", mark(plant(), 700, 20, "停炉")).hits] == [(708, 719)]

    def test_other_marks(self):
        assert judged("R09", mark(plant(), 700, 24, "维护")).hits == []

    def test_trial_run_on_file(self):
        frame = mark(plant(), 700, 24, "停运")
        assert judged("R09", frame, work_orders=work_order("调试", 690, 50)).hits == []
        assert len(judged("R09", frame, work_orders=work_order("巡检", 690, 50)).hits) == 1

    def test_meter_shared_with_a_running_outlet(self):
        stopped = put(mark(plant(), 700, 24, "停运"), 700, 24, o2=20.9, temp=25.0)
        running = plant("O2").with_columns(production_kw=plant()["production_kw"])
        outlets = pl.DataFrame({"outlet_id": ["O1", "O2"], "enterprise_id": ["E1", "E1"]})
        assert judged("R09", stopped, running, outlets=outlets).hits == []
        apart = outlets.with_columns(enterprise_id=pl.Series(["E1", "E2"]))
        assert len(judged("R09", stopped, running, outlets=apart).hits) == 1
        # Oxygen and temperature are the outlet's own: they say that it ran although the meter is shared.
        assert len(judged("R09", mark(plant(), 700, 24, "停运"), running, outlets=outlets).hits) == 1


class TestNotEvaluable:
    def test_marked_rows_without_power_are_counted(self):
        blind = mark(plant(), 700, 24, "停运").with_columns(production_kw=pl.lit(None, pl.Float64))
        found = judged("R09", blind)
        assert (found.hits, found.not_evaluable) == ([], {"R09": {"production_kw": 24}})

    def test_missing_column(self):
        assert judged_without("R09", plant(), "flow").not_evaluable == {"R09": {"obs_hour.flow": 1080}}

    @pytest.mark.parametrize("column", ["o2", "temp", "zs_value", "mark_set_at"])
    def test_what_only_confirms_may_be_missing(self, column):
        found = judged_without("R09", mark(plant(), 700, 24, "停运"), column).hits
        assert [span(hit) for hit in found] == [(700, 723)]
        assert repeats(found[0], found[0])

    def test_without_limits(self):
        assert len(run({"obs_hour": mark(plant(), 700, 24, "停运")}, [RULES["R09"]]).hits) == 1
        assert LIMITS.height == 2


def test_chart_draws_the_outlet():
    hit = judged("R09", mark(plant(pollutants=BOTH), 700, 24, "停运")).hits[0]
    text = "".join(ElementTree.fromstring(freeze(hit, RULES["R09"]).chart).itertext())
    assert all(word in text for word in ("O1 NOx", "停运标记与工况矛盾", "生产功率", "命中时段"))


def test_replay_gives_the_same_hit_and_bytes():
    frames = [mark(plant(pollutants=BOTH), 700, 40, "停炉"), mark(plant("O2"), 500, 5, "停运")]
    hits, again = judged("R09", *frames).hits, judged("R09", *frames).hits
    assert len(hits) == 2
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))
