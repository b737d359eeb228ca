"""R10: exceedances marked away afterwards are found, honest marks are not."""

import polars as pl
import pytest

from services.clue_service.detection.late_marks import chance
from tests.unit.detection.carriers import carrier, judged, put, span, times
from tests.unit.detection.plants import judged_without, mark, plant, repeats, work_order

EPISODES = (600, 650, 701, 730)


def exceeding(frame, firsts=EPISODES, count=2, name="维护", **how):
    """Exceedances of some hours, each marked."""
    for first in firsts:
        frame = mark(put(frame, first, count, value=150.0, zs_value=150.0), first, count, name, **how)
    return frame


def test_clean_series_give_no_hit():
    assert judged("R10", plant(), plant("O2")).hits == []
    nobody = carrier().with_columns(mark_by=pl.lit(None, pl.String), mark_set_at=pl.lit(None, pl.Datetime("us")))
    assert judged("R10", nobody).hits == []


@pytest.mark.parametrize("name", ["维护", "故障", "启炉"])
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("later", [3.0, 20.0])
def test_late_marks_are_found(name, count, later):
    found = judged("R10", exceeding(plant(), count=count, name=name, hours_later=later), plant("O2")).hits
    assert [(hit.entity_id, hit.pollutant, span(hit)) for hit in found] == [("O1", "NOx", (600, 729 + count))]
    assert found[0].statistic["over_marked"] == 4 * count
    assert found[0].statistic["fisher_p"] < 1e-6


def test_some_exceedances_left_unmarked_lower_the_score_until_too_many():
    def hits(unmarked: int):
        return judged("R10", put(exceeding(plant(), hours_later=9), 760, unmarked, value=150.0, zs_value=150.0)).hits

    assert hits(0)[0].severity > hits(2)[0].severity
    assert hits(3) == []


def test_converted_value_decides_for_gas_and_the_value_for_water():
    frame = exceeding(plant(), hours_later=9)
    assert judged("R10", frame.with_columns(zs_value=frame["value"] * 0 + 50)).hits == []
    water = judged("R10", frame.drop("zs_value")).hits
    assert [span(hit) for hit in water] == [(600, 731)]
    assert repeats(water[0], water[0])


class TestNoHit:
    def test_marked_at_once(self):
        assert judged("R10", exceeding(plant(), hours_later=1)).hits == []

    def test_marked_by_the_machine(self):
        assert judged("R10", exceeding(plant(), by="auto", hours_later=9)).hits == []

    @pytest.mark.parametrize("flag", ["D", "C"])
    def test_the_machine_reported_it(self, flag):
        frame = exceeding(plant(), hours_later=9)
        for first in EPISODES:
            frame = put(frame, first, 2, flag=flag)
        assert judged("R10", frame).hits == []

    def test_marks_wider_than_the_exceedances(self):
        frame = exceeding(plant(), hours_later=9)
        for first in EPISODES:
            frame = mark(frame, first - 12, 26, "维护", hours_later=9)
        assert judged("R10", frame).hits == []

    def test_start_up_after_a_real_stop(self):
        frame = plant()
        for first in EPISODES:
            frame = times(frame, first - 12, 10, production_kw=0.05, flow=0.05)
            frame = exceeding(frame, (first,), name="启炉", hours_later=9)
        assert judged("R10", frame).hits == []

    def test_hours_of_a_stop(self):
        assert judged("R10", exceeding(plant(), name="停运", hours_later=9)).hits == []

    def test_too_few_episodes_or_hours(self):
        assert judged("R10", exceeding(plant(), (600, 650), count=4, hours_later=9)).hits == []
        assert judged("R10", exceeding(plant(), (600, 650, 700, 720), count=1, hours_later=9)).hits == []

    def test_below_the_limit(self):
        frame = exceeding(plant(), hours_later=9)
        assert judged("R10", frame.with_columns(zs_value=frame["value"] * 0.1)).hits == []

    def test_overhaul_on_file(self):
        frame = exceeding(plant(), hours_later=9)
        assert judged("R10", frame, work_orders=work_order("大修", 590, 200)).hits == []
        assert len(judged("R10", frame, work_orders=work_order("巡检", 590, 200)).hits) == 1


def test_missing_column_and_limit_are_counted():
    frame = exceeding(plant(), hours_later=9)
    for column in ("mark_by", "mark_set_at"):
        assert judged_without("R10", frame, column).not_evaluable == {"R10": {f"obs_hour.{column}": 1080}}
    unlimited = frame.with_columns(pollutant=frame["pollutant"].replace("NOx", "CO"))
    assert judged("R10", unlimited).not_evaluable == {"R10": {"limit": 8}}


@pytest.mark.parametrize("firsts", [EPISODES, (30, 80, 130), (960, 1000, 1075), range(100, 1000, 40)])
def test_replay_gives_the_same_hit_and_bytes(firsts):
    frames = [exceeding(plant(pollutants=("NOx", "SO2")), firsts, hours_later=9), exceeding(plant("O2"), (20, 400), 3)]
    hits, again = judged("R10", *frames).hits, judged("R10", *frames).hits
    assert {hit.pollutant for hit in hits} == {"NOx", "SO2"}
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))


def test_fisher_is_exact():
    # 3 of 3 against 0 of 3: one way of twenty. No mark anywhere: certain.
    assert chance((3, 3, 3, 0)) == pytest.approx(1 / 20)
    assert chance((5, 0, 100, 0)) == pytest.approx(1)
    # Of 8 with 4 marked, 3 or 4 of the 4 above: (16 + 1) / 70.
    assert chance((4, 3, 4, 1)) == pytest.approx(17 / 70)
