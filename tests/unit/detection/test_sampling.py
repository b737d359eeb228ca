"""R17: discharge that waits for the sampler to rest is found, independent batches are not."""

import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from random import Random

import polars as pl
import pytest

from services.clue_service.detection.engine import Run, run
from services.clue_service.detection.evidence import freeze
from services.clue_service.detection.phase_chart import phases
from services.clue_service.detection.sampling import chance
from tests.unit.detection.carriers import RULES, START
from tests.unit.detection.plants import repeats, work_order

DAY = 144  # steps
CLOCK = 12  # a sampling step every two hours


def batches(days: int = 30, duty: float = 0.4, outlet: str = "W1", seed: int = 1) -> pl.DataFrame:
    """Batches of one to three hours at random times, sampled every two hours."""
    chance, flow = Random(f"{outlet}/{seed}"), []
    while len(flow) < days * DAY:
        on = chance.randint(6, 18)
        flow += [20 + chance.gauss(0, 2) for _ in range(on)]
        flow += [0.0] * round(on * (1 - duty) / duty * chance.uniform(0.5, 1.5))
    return pl.DataFrame({"step": range(days * DAY), "flow": flow[: days * DAY]}).select(
        pl.lit(outlet).alias("outlet_id"),
        (pl.lit(START) + pl.duration(minutes=10 * pl.col("step"))).alias("ts"),
        "flow",
        (pl.col("step") % CLOCK == 0).alias("sampling"),
        "step",
    )


def gated(frame: pl.DataFrame, first_day: int, days: int, around: int = 1, leak: int = 0) -> pl.DataFrame:
    """Close the valve around each sampling, but for every `leak`-th."""
    phase = (pl.col("step") + around) % CLOCK <= 2 * around
    inside = pl.col("step").is_between(first_day * DAY, (first_day + days) * DAY - 1)
    kept = (pl.col("step") + around) // CLOCK % leak == 0 if leak else pl.lit(False)
    return frame.with_columns(flow=pl.when(phase & inside & ~kept).then(0.0).otherwise("flow"))


def judged(*frames: pl.DataFrame, **tables: pl.DataFrame) -> Run:
    return run({"water_10min": pl.concat(frames), **tables}, [RULES["R17"]])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("duty", [0.2, 0.4, 0.9])
def test_independent_batches_give_no_hit(seed, duty):
    assert judged(batches(duty=duty, seed=seed)).hits == []


@pytest.mark.parametrize("duty", [0.4, 0.6, 0.8])
@pytest.mark.parametrize("around", [0, 1, 2])
def test_gating_by_phase_is_found(duty, around):
    found = judged(gated(batches(duty=duty), 10, 15, around), batches(outlet="W2")).hits
    assert [(hit.entity_id, hit.pollutant) for hit in found] == [("W1", None)]
    first, last = found[0].from_at.replace(tzinfo=None), found[0].to_at.replace(tzinfo=None)
    assert abs(first - (START + timedelta(days=10))) <= timedelta(hours=6)
    assert abs(last - (START + timedelta(days=25))) <= timedelta(hours=6)
    assert found[0].statistic["samples_with_flow"] == 0


def test_a_few_meetings_lower_the_score_until_there_are_too_many():
    scores = [judged(gated(batches(duty=0.6), 5, 20, leak=leak)).hits[0].severity for leak in (0, 12)]
    assert scores == sorted(set(scores), reverse=True)
    assert judged(gated(batches(duty=0.6), 5, 20, leak=2)).hits == []


def test_one_block_needs_stronger_odds():
    frame = gated(batches(duty=0.3), 10, 5)
    strict = {"R17": {"odds_alone": 30.0}}
    assert run({"water_10min": frame}, [RULES["R17"]], parameters=strict).hits == []
    assert len(judged(gated(batches(duty=0.6), 10, 5)).hits) == 1


class TestNoHit:
    def test_sampling_triggered_by_flow(self):
        frame = batches().with_columns(sampling=(pl.col("flow") > 0) & (pl.col("step") % 3 == 0))
        assert judged(frame).hits == []

    def test_hardly_any_discharge(self):
        assert judged(gated(batches(duty=0.08), 5, 20)).hits == []

    def test_too_few_samplings(self):
        frame = gated(batches(duty=0.6), 5, 20).with_columns(sampling=pl.col("step") % 48 == 0)
        assert judged(frame).hits == []

    def test_no_flow_at_all_and_no_values(self):
        assert judged(batches().with_columns(flow=0.0)).hits == []
        nothing = batches().with_columns(flow=pl.lit(float("nan")))
        found = judged(nothing)
        assert (found.hits, found.not_evaluable) == ([], {"R17": {"flow": nothing.height}})

    def test_sampler_under_repair(self):
        frame = gated(batches(duty=0.6), 10, 5)
        assert judged(frame, work_orders=work_order("采样器维修", 200, 300, "W1")).hits == []


def test_missing_table_and_column_are_said():
    assert run({}, [RULES["R17"]]).not_evaluable == {"R17": {"water_10min": 1}}
    absent = judged(batches().drop("sampling")).not_evaluable
    assert absent == {"R17": {"water_10min.sampling": 30 * DAY}}


@pytest.mark.parametrize(("first", "days"), [(10, 5), (0, 30), (7, 12), (25, 5)])
def test_replay_gives_the_same_hit_and_bytes(first, days):
    frames = [gated(batches(duty=0.6), first, days), batches(outlet="W2")]
    hits, again = judged(*frames).hits, judged(*frames).hits
    assert len(hits) == 1
    assert all(repeats(*pair) for pair in zip(hits, again, strict=True))


def test_chart_shows_the_hole_at_the_sampling():
    hit = judged(gated(batches(duty=0.6), 5, 15)).hits[0]
    shares = dict(phases(hit.evidence))
    assert (sorted(shares), shares[0]) == (list(range(CLOCK)), 0)
    assert shares[CLOCK // 2] > 0.4
    root = ElementTree.fromstring(freeze(hit, RULES["R17"]).chart)
    bars = [one.get("fill") for one in root if one.tag.endswith("rect")][1:]
    assert (len(bars), len(set(bars))) == (CLOCK, 2)
    assert "W1" in "".join(root.itertext())


def test_binomial_is_exact():
    assert chance(0, 10, 0.5) == pytest.approx(0.5**10)
    assert chance(1, 3, 0.25) == pytest.approx(0.75**3 + 3 * 0.25 * 0.75**2)
    assert chance(3, 3, 0.25) == pytest.approx(1)
    assert (chance(2, 3, 1.0), chance(3, 3, 1.0)) == (0, 1)
