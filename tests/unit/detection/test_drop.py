"""R01 on real series: injected drops are found, honest changes are not."""

from datetime import timedelta

import polars as pl
import pytest

from services.clue_service.detection.engine import run
from tests.unit.detection.carriers import LIMITS, RULES, START, carrier, judged, mercury, put, span, times


def test_clean_series_give_no_hit():
    assert judged("R01", carrier(), carrier("O2", "SO2", 0.5)).hits == []


@pytest.mark.parametrize("factor", [0.1, 0.2, 0.3, 0.4, 0.5])
@pytest.mark.parametrize(("first", "count"), [(400, 10), (700, 9), (1008, 72)])
def test_injected_drop_is_found_where_it_is(factor, first, count):
    found = judged("R01", times(carrier(), first, count, value=factor), carrier("O2"))
    assert [(hit.entity_id, hit.pollutant, span(hit)[0]) for hit in found.hits] == [("O1", "NOx", first)]
    if factor <= 0.3:
        assert span(found.hits[0]) == (first, first + count - 1)


def test_weaker_drops_score_lower_and_longer_ones_higher():
    score = {
        (factor, count): judged("R01", times(carrier(), 700, count, value=factor)).hits[0].severity
        for factor, count in ((0.1, 30), (0.3, 30), (0.1, 12))
    }
    assert score[0.1, 30] > score[0.3, 30]
    assert score[0.1, 30] > score[0.1, 12]


class TestNoHit:
    @pytest.mark.parametrize("factor", [0.65, 0.8])
    def test_shallow(self, factor):
        assert judged("R01", times(carrier(), 700, 30, value=factor)).hits == []

    def test_short(self):
        assert judged("R01", times(carrier(), 700, 6, value=0.2)).hits == []

    @pytest.mark.parametrize("signal", ["production_kw", "flow"])
    def test_load_or_flow_fell_too(self, signal):
        assert judged("R01", times(carrier(), 700, 60, value=0.4, **{signal: 0.6})).hits == []

    def test_treatment_stepped_up(self):
        assert judged("R01", times(carrier(), 700, 60, value=0.4, treatment_kw=1.6)).hits == []

    @pytest.mark.parametrize("first", range(640, 700, 6))
    def test_treatment_stepped_up_is_no_fall_half_a_day_later(self, first):
        # By then the medians before hold as many hours after the step as before it.
        assert judged("R01", times(carrier(), first, 90, value=0.3, treatment_kw=1.7)).hits == []

    def test_end_of_an_exceedance(self):
        # Two days of three times the usual, then back: 8 hours against 24 fall, against 7 days they do not.
        assert judged("R01", times(carrier(), 600, 48, value=3.0)).hits == []

    def test_low_concentration(self):
        assert judged("R01", times(carrier(scale=0.4), 700, 60, value=0.2)).hits == []

    @pytest.mark.parametrize(
        "state", [{"flag": "D"}, {"mark": "维护"}, {"mark": "停运"}, {"valid_min": 30.0}, {"production_kw": 5000.0}]
    )
    def test_hours_that_are_not_live(self, state):
        assert judged("R01", put(times(carrier(), 700, 30, value=0.2), 700, 30, **state)).hits == []

    def test_work_order_on_file(self):
        orders = pl.DataFrame(
            {
                "work_order": ["W1"],
                "outlet_id": ["O1"],
                "t_start": [START + timedelta(hours=690)],
                "t_end": [START + timedelta(hours=740)],
                "kind": ["换药剂"],
            }
        )
        drop = times(carrier(), 700, 30, value=0.2)
        assert judged("R01", drop, work_orders=orders).hits == []
        assert len(judged("R01", drop, work_orders=orders.with_columns(kind=pl.lit("巡检"))).hits) == 1
        assert len(judged("R01", drop, work_orders=orders.with_columns(outlet_id=pl.lit("O2"))).hits) == 1

    def test_real_mercury_with_stops(self):
        rows = mercury()
        found = run({"obs_hour": rows, "limits": _mercury_limit()}, [RULES["R01"]])
        assert rows.filter(pl.col("op_time") == 0).height > 0
        assert found.hits == []

    def test_stopped_hours_that_report_values(self):
        # An analyser left on during a stop reports almost nothing.
        stopped = mercury().with_columns(
            value=pl.when(pl.col("op_time") == 0).then(0.0).otherwise("value"), flag=pl.lit("N")
        )
        assert run({"obs_hour": stopped, "limits": _mercury_limit()}, [RULES["R01"]]).hits == []


def _mercury_limit() -> pl.DataFrame:
    return pl.DataFrame({"pollutant": ["Hg"], "limit": [1.2], "full_scale": [10.0]})


class TestNotEvaluable:
    def test_rows_without_the_second_signal_are_counted(self):
        drop = times(carrier(), 700, 30, value=0.2)
        blind = drop.with_columns(treatment_kw=pl.lit(None, pl.Float64))
        found = judged("R01", blind)
        assert (found.hits, found.not_evaluable) == ([], {"R01": {"treatment_kw": 1080}})

    def test_missing_column_and_table(self):
        tables = {"obs_hour": carrier().drop("flow"), "limits": LIMITS}
        assert run(tables, [RULES["R01"]]).not_evaluable == {"R01": {"obs_hour.flow": 1080}}
        assert run({"obs_hour": carrier()}, [RULES["R01"]]).not_evaluable == {"R01": {"limits": 1}}

    def test_limit_of_the_outlet_goes_before_the_general_one(self):
        own = pl.DataFrame({"pollutant": ["NOx"], "limit": [500.0], "full_scale": [600.0], "outlet_id": ["O1"]})
        both = pl.concat([LIMITS.with_columns(outlet_id=pl.lit(None, pl.String)), own])
        drop = [times(carrier(outlet), 700, 30, value=0.2) for outlet in ("O1", "O2")]
        found = run({"obs_hour": pl.concat(drop), "limits": both}, [RULES["R01"]])
        assert [hit.entity_id for hit in found.hits] == ["O2"]


def test_order_of_rows_and_neighbours_do_not_matter():
    drop = times(carrier(), 700, 30, value=0.2)
    alone = judged("R01", drop).hits
    among = judged("R01", pl.concat([carrier("O0"), drop, carrier("O2")]).sample(fraction=1, shuffle=True, seed=7)).hits
    assert among == alone


def test_nan_and_null_are_no_values():
    holes = put(times(carrier(), 700, 30, value=0.2), 705, 2, value=float("nan"), production_kw=float("nan"))
    assert [span(hit) for hit in judged("R01", holes).hits] == [(700, 729)]


def test_parameters_change_the_verdict_and_history_the_score():
    drop = times(carrier(), 700, 30, value=0.3)
    tables = {"obs_hour": drop, "limits": LIMITS}
    assert run(tables, [RULES["R01"]], parameters={"R01": {"drop": 0.2}}).hits == []
    plain, known = (run(tables, [RULES["R01"]], history=weights).hits[0] for weights in ({}, {"O1": 1.0}))
    assert known.severity == pytest.approx(plain.severity + 10)
