"""R11: too much upkeep by hand is found, documented and automatic upkeep is not."""

from datetime import timedelta

import polars as pl
import pytest

from services.clue_service.detection.engine import run
from tests.unit.detection.carriers import LIMITS, RULES, START, judged, put, span
from tests.unit.detection.plants import judged_without, mark, plant, repeats, work_order


def daily(frame, count, days=range(20, 30), **how):
    """A block of upkeep every day."""
    for day in days:
        frame = mark(frame, day * 24 + 9, count, "校准", **how)
    return frame


def test_clean_series_give_no_hit():
    assert judged("R11", plant(), plant("O2")).hits == []


@pytest.mark.parametrize("count", [3, 5, 7])
@pytest.mark.parametrize("pollutants", [("NOx",), ("NOx", "SO2")])
def test_daily_blocks_are_found(count, pollutants):
    found = judged("R11", daily(plant(pollutants=pollutants), count), plant("O2")).hits
    assert [(hit.entity_id, hit.pollutant, span(hit)) for hit in found] == [("O1", None, (489, 29 * 24 + 8 + count))]
    assert found[0].statistic["most_in_a_week"] == 7 * count
    assert "疑似" in found[0].reasons["zh"][0]


def test_longer_blocks_score_higher():
    scores = [judged("R11", daily(plant(), count)).hits[0].severity for count in (2, 4, 6)]
    assert scores == sorted(set(scores))


def test_one_long_block():
    assert [span(hit) for hit in judged("R11", mark(plant(), 700, 9, "维护")).hits] == [(700, 708)]
    assert judged("R11", mark(plant(), 700, 8, "维护")).hits == []


def group(marked: pl.DataFrame) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    others = [mark(plant(f"O{one}"), 300 + one, 1, "校准") for one in range(2, 9)]
    names = ["O1", *[f"O{one}" for one in range(2, 9)]]
    return [marked, *others], pl.DataFrame({"outlet_id": names, "industry": ["水泥"] * 8})


def test_twice_what_the_industry_does():
    marked = daily(plant(), 2, range(20, 25))  # 10 hours in a week: within the 12, far above the others
    frames, outlets = group(marked)
    assert judged("R11", *frames).hits == []
    found = judged("R11", *frames, outlets=outlets).hits
    assert [hit.entity_id for hit in found] == ["O1"]
    assert found[0].statistic["peers_p90"] <= 1
    assert judged("R11", *frames[:3], outlets=outlets).hits == []
    few = daily(plant(), 1, range(20, 26))
    assert judged("R11", few, *frames[1:], outlets=outlets).hits == []


def test_no_more_than_the_industry_does():
    frames = [daily(plant(f"O{one}"), 2, range(6, 41)) for one in range(1, 9)]
    outlets = pl.DataFrame({"outlet_id": [f"O{one}" for one in range(1, 9)], "industry": ["水泥"] * 8})
    parameters = {"R11": {"week": 15.0}}
    tables = {"obs_hour": pl.concat(frames), "limits": LIMITS, "outlets": outlets}
    assert run(tables, [RULES["R11"]], parameters=parameters).hits == []


class TestNoHit:
    def test_marked_by_the_machine(self):
        assert judged("R11", daily(plant(), 5, by="auto")).hits == []

    @pytest.mark.parametrize("kind", ["大修", "维护", "仪器更换"])
    def test_documented_overhaul(self, kind):
        overhaul = mark(plant(), 600, 72, "维护")
        assert judged("R11", overhaul, work_orders=work_order(kind, 600, 72)).hits == []
        assert len(judged("R11", overhaul, work_orders=work_order(kind, 600, 72, "O2")).hits) == 1

    def test_weekly_calibration(self):
        assert judged("R11", daily(plant(), 4, range(6, 44, 7))).hits == []

    def test_other_marks(self):
        assert judged("R11", mark(plant(), 600, 72, "停运")).hits == []

    def test_commissioning(self):
        late = plant().filter(pl.col("hour") >= 480)
        assert judged("R11", daily(late, 6, range(20, 26)), plant("O2")).hits == []
        assert len(judged("R11", daily(late, 6, range(30, 36)), plant("O2")).hits) == 1
        unborn = put(plant(), 0, 480, value=None, flag="B")
        assert judged("R11", daily(unborn, 6, range(20, 26)), plant("O2")).hits == []


def test_missing_column_and_unknown_hand_are_counted():
    frame = daily(plant(), 5)
    assert judged_without("R11", frame, "mark_by").not_evaluable == {"R11": {"obs_hour.mark_by": 1080}}
    nobody = frame.with_columns(mark_by=pl.lit(None, pl.String))
    assert judged("R11", nobody).not_evaluable == {"R11": {"mark_by": 50}}


def test_replay_gives_the_same_hit_and_bytes():
    frames, outlets = group(daily(daily(plant(pollutants=("NOx", "SO2")), 5), 3, range(8, 12)))
    orders = work_order("维护", 25 * 24, 30)
    hits, again = (judged("R11", *frames, outlets=outlets, work_orders=orders).hits for _ in range(2))
    assert len(hits) == 2
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))
    assert hits[0].from_at.replace(tzinfo=None) == START + timedelta(hours=8 * 24 + 9)
