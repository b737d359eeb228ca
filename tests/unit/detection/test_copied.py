"""R06: copied hours are found, exact or with jitter; series that are periodic, flat or coarse are not."""

import math
from datetime import timedelta
from random import Random

import polars as pl
import pytest

from tests.unit.detection.carriers import ALL_LIMITS, START, carrier, found, gas, judged, put, wandering, water


def copied(first: int, count: int, lag: int, jitter: float = 0.0, frame: pl.DataFrame | None = None) -> pl.DataFrame:
    """The hours of a single series replaced by those `lag` hours before, each off by up to `jitter`."""
    frame = carrier() if frame is None else frame
    values, draw = frame["value"].to_list(), Random(first + count + lag)
    for hour in range(first, first + count):
        values[hour] = values[hour - lag] * (1 + draw.uniform(-jitter, jitter))
    return frame.with_columns(value=pl.Series(values))


def test_clean_series_give_no_hit():
    assert found("R06", gas(), water()) == []


@pytest.mark.parametrize("lag", [18, 24, 97, 168, 384])
@pytest.mark.parametrize(("first", "count"), [(501, 17), (600, 24), (702, 48), (903, 120)])
@pytest.mark.parametrize("jitter", [0.0, 0.005])
def test_copy_is_found_where_it_is(lag, first, count, jitter):
    hits = found("R06", copied(first, min(count, 900), lag, jitter), carrier("O2"))
    assert [(outlet, name) for outlet, name, *_ in hits] == [("O1", "NOx")]
    assert abs(hits[0][2] - first) <= 3
    assert abs(hits[0][3] - (first + count - 1)) <= 3


@pytest.mark.parametrize("phase", range(8))
def test_copies_are_found_wherever_they_begin(phase):
    hits = found("R06", copied(640 + phase, 20, 100 + phase, 0.004))
    assert [(outlet, name) for outlet, name, *_ in hits] == [("O1", "NOx")]


def test_jitter_of_half_a_per_cent_deviation_is_mostly_found():
    draw = Random(4)
    recalled = 0
    for trial in range(30):
        frame = carrier().with_columns(value=pl.Series(wandering(trial, 1080, 0.1)) * 60)
        values = frame["value"].to_list()
        for hour in range(600, 648):
            values[hour] = values[hour - 120] * (1 + draw.gauss(0, 0.004))
        recalled += len(found("R06", frame.with_columns(value=pl.Series(values)))) == 1
    assert recalled >= 29


def test_exact_copies_score_higher_and_say_so():
    exact, rough = (judged("R06", copied(600, 48, 168, jitter), limits=ALL_LIMITS).hits[0] for jitter in (0.0, 0.005))
    assert exact.severity > rough.severity
    assert (exact.statistic["identical_share"], exact.statistic["lag_hours"]) == (1.0, 168)
    assert rough.statistic["identical_share"] < 0.1


def test_hours_missing_from_the_table_and_stops_do_not_hide_a_copy():
    frame = copied(600, 48, 168).filter(~pl.col("hour").is_in([30, 31, 612]))
    assert len(found("R06", put(frame, 620, 2, flag="B"))) == 1
    assert len(found("R06", put(frame, 100, 200, production_kw=5000.0))) == 1


class TestNoHit:
    @pytest.mark.parametrize("share", [0.03, 0.05])
    def test_periodic_batches_that_scatter(self, share):
        noise = pl.Series(wandering(9, 1080, share, memory=0.0))
        periodic = carrier().with_columns(value=noise * (60 + 30 * ((pl.col("hour") % 24) / 12 - 1).abs()))
        assert found("R06", periodic) == []

    def test_constant_and_nearly_constant(self):
        assert found("R06", carrier().with_columns(value=pl.lit(60.0))) == []
        calm = pl.Series(wandering(9, 1080, 0.005))
        assert found("R06", carrier().with_columns(value=calm * 60)) == []

    def test_coarse_low_values(self):
        low = pl.Series(wandering(9, 1080, 0.2)) * 2
        assert found("R06", carrier().with_columns(value=low.round(0))) == []

    def test_short_or_too_rough(self):
        assert found("R06", copied(600, 12, 100)) == []
        assert found("R06", copied(600, 48, 100, 0.04)) == []

    def test_scaled_copy_is_no_copy(self):
        scaled = copied(600, 48, 100)
        assert (
            found(
                "R06",
                scaled.with_columns(
                    value=pl.when(pl.col("hour") >= 600).then(pl.col("value") * 1.1).otherwise("value")
                ),
            )
            == []
        )

    @pytest.mark.parametrize("state", [{"flag": "D"}, {"mark": "停运"}])
    def test_hours_that_are_not_live(self, state):
        assert found("R06", put(copied(600, 48, 168), 600, 48, **state)) == []

    def test_same_hours_sent_again(self):
        again = carrier().with_columns(ts=pl.lit(START) + pl.duration(hours="hour")).unique(maintain_order=True)
        assert found("R06", again) == []


def test_missing_full_scale_is_counted():
    run = judged("R06", carrier(), limits=ALL_LIMITS.with_columns(full_scale=pl.lit(None, pl.Float64)))
    assert (run.hits, run.not_evaluable) == ([], {"R06": {"full_scale": 1080}})


def test_neighbours_do_not_matter():
    copy = copied(600, 48, 168)
    alone = judged("R06", copy, limits=ALL_LIMITS).hits
    shifted = carrier("O0").with_columns(ts=pl.col("ts") + timedelta(days=3)).head(501)
    assert judged("R06", shifted, copy, carrier("O2"), limits=ALL_LIMITS).hits == alone


def test_a_smooth_daily_wave_is_no_copy_of_its_yesterday():
    # Dissolved oxygen of a clean river: the days differ by half a per cent, neighbouring hours no more than that.
    wave = (100 + 10 * (pl.col("hour") * (2 * math.pi / 24)).sin()) * pl.Series(wandering(3, 1080, 0.008, 0.99))
    assert judged("R06", carrier().with_columns(value=wave.round(1))).hits == []
    honest = carrier().with_columns(value=wave * pl.Series(wandering(5, 1080, 0.03)))
    assert judged("R06", honest).hits == []
    ((_, _, first, last),) = found("R06", copied(700, 30, 72, 0.0, honest))
    assert (abs(first - 700) <= 3, abs(last - 729) <= 3) == (True, True)
