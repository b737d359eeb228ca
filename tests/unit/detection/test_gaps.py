"""R18: gaps that choose their hours are found, honest gaps are not."""

from random import Random

import polars as pl
import pytest

from services.clue_service.detection import hours
from tests.unit.detection.carriers import judged, put, span, times
from tests.unit.detection.plants import judged_without, mark, plant, repeats, work_order

NIGHTS = (505, 553, 577, 650, 698)  # each begins at 01 or 02
OUTLETS = ("O1", "O2", "O3", "O4")
DAYS = (512, 537, 563, 586, 610)  # each begins between 08 and 11


def lose(frame: pl.DataFrame, first: int, count: int, how: str = "flag") -> pl.DataFrame:
    """Lose some hours of every pollutant: as rows with flag B, without any number, or altogether."""
    if how == "rows":
        return frame.filter(~pl.col("hour").is_between(first, first + count - 1))
    powers = {"production_kw": None, "treatment_kw": None, "flow": None} if how == "all" else {}
    return put(frame, first, count, value=None, zs_value=None, flag="B", **powers)


def losing(frame, firsts=NIGHTS, count=3, how="flag"):
    for first in firsts:
        frame = lose(frame, first, count, how)
    return frame


def test_clean_series_give_no_hit():
    assert judged("R18", plant(), plant("O2")).hits == []


@pytest.mark.parametrize("how", ["flag", "all", "rows"])
@pytest.mark.parametrize("count", [2, 4, 5])
def test_night_gaps(how, count):
    found = judged("R18", losing(plant(pollutants=("NOx", "SO2")), count=count, how=how), plant("O2")).hits
    assert [(hit.entity_id, hit.pollutant, span(hit)) for hit in found] == [("O1", None, (505, 697 + count))]
    assert found[0].statistic["share_night"] == 1
    assert found[0].statistic["hours"] == 5 * count


@pytest.mark.parametrize("factor", [1.1, 1.3])
def test_gaps_under_load(factor):
    frame = losing(plant(), DAYS)
    assert judged("R18", frame).hits == []
    for first in DAYS:
        frame = times(frame, first, 3, production_kw=factor)
    found = judged("R18", frame).hits
    assert [span(hit) for hit in found] == [(512, 612)]
    assert found[0].statistic["power_ratio"] >= 1.07


def test_gaps_under_load_when_the_meter_fell_silent_too():
    frame = losing(plant(), DAYS, how="all")
    for first in DAYS:
        frame = times(frame, first - 1, 5, production_kw=1.3)
    assert [span(hit) for hit in judged("R18", frame).hits] == [(512, 612)]


def test_gaps_under_load_known_from_another_pollutant():
    frame = plant(pollutants=("NOx", "SO2"))
    for first in DAYS:
        frame = times(frame, first, 3, production_kw=1.3)
        gone = pl.col("hour").is_between(first, first + 2) & (pl.col("pollutant") == "NOx")
        frame = frame.filter(~gone)
    assert [span(hit) for hit in judged("R18", frame).hits] == [(512, 612)]


def test_gaps_after_values_near_the_limit():
    frame = losing(plant(), DAYS)
    for first in DAYS:
        frame = put(frame, first - 1, 1, value=90.0, zs_value=92.0)
    found = judged("R18", frame).hits
    assert [span(hit) for hit in found] == [(512, 612)]
    assert found[0].statistic["share_limit"] == 1


def test_more_hours_score_higher():
    scores = [judged("R18", losing(plant(), count=count)).hits[0].severity for count in (2, 3, 5)]
    assert scores == sorted(set(scores))


class TestNoHit:
    def test_long_outage(self):
        assert judged("R18", losing(plant(), count=20)).hits == []

    @pytest.mark.parametrize("how", ["flag", "rows"])
    def test_thin_random_loss(self, how):
        chance, frame = Random(5), plant()
        for hour in chance.sample(range(1080), 20):
            frame = lose(frame, hour, 1, how)
        assert judged("R18", frame).hits == []

    def test_too_few(self):
        assert judged("R18", losing(plant(), NIGHTS[:2], 5)).hits == []
        assert judged("R18", losing(plant(), NIGHTS[:3], 2)).hits == []

    @pytest.mark.parametrize("name", ["故障", "停运", "校准"])
    def test_reported_in_time_and_too_late(self, name):
        frame, late = losing(plant()), losing(plant())
        for first in NIGHTS:
            frame = mark(frame, first, 3, name, hours_later=1)
            late = mark(late, first, 3, name, hours_later=9)
        assert judged("R18", frame).hits == []
        assert len(judged("R18", late).hits) == 1

    @pytest.mark.parametrize("flag", ["C", "D", "M"])
    def test_the_machine_says_why(self, flag):
        frame = losing(plant())
        for first in NIGHTS:
            frame = put(frame, first, 3, flag=flag)
        assert judged("R18", frame).hits == []

    def test_standstill(self):
        frame = losing(plant())
        for first in NIGHTS:
            frame = times(frame, first - 1, 6, production_kw=0.05)
        assert judged("R18", frame).hits == []

    @pytest.mark.parametrize("how", ["flag", "rows"])
    def test_network_of_the_region(self, how):
        names = [f"O{one}" for one in range(1, 9)]
        assert judged("R18", *[losing(plant(name), how=how) for name in names]).hits == []
        calm = [plant(name) for name in names[2:]]
        hits = judged("R18", *[losing(plant(name), how=how) for name in names[:2]], *calm).hits
        assert [hit.entity_id for hit in hits] == ["O1", "O2"]

    def test_long_outage_of_a_site(self):
        frames = [losing(plant(name), [first - 4 for first in NIGHTS], 8) for name in ("O1", "O2")]
        assert len(judged("R18", *frames).hits) == 2
        outlets = pl.DataFrame({"outlet_id": ["O1", "O2"], "enterprise_id": ["E1", "E1"]})
        assert len(judged("R18", *[losing(plant(name), count=5) for name in ("O1", "O2")], outlets=outlets).hits) == 2
        assert judged("R18", *frames, outlets=outlets).hits == []

    def test_long_outage_of_a_site_whose_outlets_lie_far_apart(self, monkeypatch):
        # A run takes some outlets at a time; the two of one enterprise stand at both ends of the table.
        monkeypatch.setattr(hours, "PART_ROWS", 1)
        evenings = [first - 4 for first in NIGHTS]
        frames = [losing(plant(name), evenings, 8) if name in ("O1", "O4") else plant(name) for name in OUTLETS]
        outlets = pl.DataFrame({"outlet_id": OUTLETS, "enterprise_id": ["E1", None, "E2", "E1"]})
        assert judged("R18", *frames, outlets=outlets).hits == []
        apart = outlets.with_columns(enterprise_id=pl.Series(["E1", None, "E2", "E3"]))
        assert [hit.entity_id for hit in judged("R18", *frames, outlets=apart).hits] == ["O1", "O4"]

    @pytest.mark.parametrize("how", ["flag", "rows"])
    def test_before_commissioning_and_first_weeks(self, how):
        late = lose(plant(), 0, 480, how)
        assert judged("R18", late, plant("O2")).hits == []
        assert judged("R18", losing(late), plant("O2")).hits == []
        later = losing(late, [first + 336 for first in NIGHTS])
        assert [span(hit)[0] for hit in judged("R18", later, plant("O2")).hits] == [505 + 336]

    def test_work_on_the_line_on_file(self):
        assert judged("R18", losing(plant()), work_orders=work_order("停电检修", 500, 220)).hits == []


def test_missing_column():
    found = judged_without("R18", losing(plant()), "production_kw")
    assert (found.hits, found.not_evaluable) == ([], {"R18": {"obs_hour.production_kw": 1065 + 15}})


@pytest.mark.parametrize("how", ["flag", "all", "rows"])
@pytest.mark.parametrize("firsts", [NIGHTS, tuple(range(25, 1000, 72)), (1, 25, 49, 73), (985, 1009, 1033, 1057)])
def test_replay_gives_the_same_hit_and_bytes(how, firsts):
    frames = [losing(plant(pollutants=("NOx", "SO2")), firsts, how=how), lose(plant("O2"), 200, 30, how)]
    hits, again = judged("R18", *frames).hits, judged("R18", *frames).hits
    assert [span(hit)[0] for hit in hits] == [firsts[0]]
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))
