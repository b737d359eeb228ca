"""When an outlet's turn comes: which hours call at once, and which wait for the day's round."""

import math
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import polars as pl
import pytest

from benchmarks.hourly import START, outlet_hours
from services.clue_service.detection.models import DetectionRun
from services.clue_service.detection.rounds import ROUND, due_at, levels
from shared.clock import ZONE

DAYS = 40
HOURS = outlet_hours(1, DAYS * 24)
JUDGED_AT = (START + timedelta(days=DAYS, hours=-12)).replace(tzinfo=ZONE)
BEFORE = HOURS.filter(pl.col("ts") < JUDGED_AT.replace(tzinfo=None))
LATEST, LEVELS = levels(BEFORE)["DA00001"]
NOW = JUDGED_AT + timedelta(hours=1, minutes=10)


def _run(**fields: Any) -> DetectionRun:
    given = {"ran_at": JUDGED_AT, "looked_to": LATEST, "levels": LEVELS} | fields
    return DetectionRun(outlet_id="DA00001", changes=3, seen=3, changed_from=None, **given)


def _hour(after: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """The rows of one hour so many after the latest that was judged, each with some fields set."""
    at = LATEST.replace(tzinfo=None) + timedelta(hours=after)
    return [row | fields for row in HOURS.filter(pl.col("ts") == at).to_dicts()]


def _nox(**fields: Any) -> list[dict[str, Any]]:
    return [row | (fields if row["pollutant"] == "NOx" else {}) for row in _hour()]


def test_levels_say_what_the_outlet_showed_lately():
    assert JUDGED_AT - timedelta(hours=1) == LATEST
    last = BEFORE.filter(pl.col("pollutant") == "PM")["value"]
    assert LEVELS["values"]["PM"] == [last.tail(24).median(), *last.tail(2)]
    recent = BEFORE.filter(pl.col("ts") > BEFORE["ts"].max() - timedelta(days=30))
    assert LEVELS["load"] == recent["production_kw"].quantile(0.7, interpolation="linear")
    assert levels(HOURS.clear()) == {}


def test_honest_hours_wait_for_the_round():
    rows = [row for after in range(1, 12) for row in _hour(after)]
    assert len(rows) == 33
    assert due_at(_run(), rows, now=NOW) == JUDGED_AT + ROUND


@pytest.mark.parametrize(
    "rows",
    [
        _nox(value=LEVELS["values"]["NOx"][0] * 0.4),
        _nox(value=LEVELS["values"]["NOx"][0], inst_value=LEVELS["values"]["NOx"][0] * 1.2, das_value=None),
        _hour(treatment_kw=5.0),
        _hour(mark="停运"),
        _hour(o2=LEVELS["o2"] + 4),
    ],
    ids=["fell", "layers apart", "treatment off", "stopped but running", "air"],
)
def test_an_hour_that_looks_wrong_calls_at_once(rows):
    assert due_at(_run(), rows, now=NOW) == NOW


@pytest.mark.parametrize(
    "rows",
    [
        _hour(value=None),
        _nox(value=LEVELS["values"]["NOx"][0] * 0.4, flag="M"),
        _hour(value=2.0, inst_value=2.0, das_value=2.0, production_kw=100.0),
        _hour(treatment_kw=5.0, production_kw=50.0),
        _hour(mark="停运", production_kw=20.0),
        _hour(o2=None, inst_value=None, production_kw=None, treatment_kw=None, mark=None),
    ],
    ids=["no value", "maintenance", "plant stopped", "idle plant", "a true stop", "hardly anything"],
)
def test_an_hour_that_is_explained_waits(rows):
    assert due_at(_run(), rows, now=NOW) == JUDGED_AT + ROUND


def test_the_same_value_three_times_calls_at_once():
    last = LEVELS["values"]["NOx"][-1]
    same = {"inst_value": last, "das_value": last, "value": last}
    once = [row | same for row in _hour(1) if row["pollutant"] == "NOx"]
    twice = [row | same for row in _hour(2) if row["pollutant"] == "NOx"]
    assert due_at(_run(), once, now=NOW) == JUDGED_AT + ROUND
    assert due_at(_run(), [*twice, *once], now=NOW) == NOW


@pytest.mark.parametrize(
    "run",
    [None, _run(ran_at=None), _run(looked_to=None), _run(looked_to=LATEST + timedelta(hours=4))],
    ids=["unknown", "never judged", "no hours then", "a late or changed hour"],
)
def test_what_was_never_judged_or_judged_on_other_hours_is_due_at_once(run):
    assert due_at(run, _hour(), now=NOW) == NOW


def test_a_day_of_hours_is_a_round_by_itself():
    far: list[dict[str, Any]] = [row | {"ts": row["ts"] + timedelta(hours=23)} for row in _hour()]
    assert due_at(_run(), far, now=NOW) == NOW


def test_a_known_run_without_levels_waits_for_the_round():
    assert due_at(_run(levels={}), _hour(), now=NOW) == JUDGED_AT + ROUND
    assert isinstance(due_at(_run(levels={}), _hour(), now=NOW), datetime)


def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_a_round():
    ahead = _run(ran_at=NOW + timedelta(days=400))
    assert due_at(ahead, _hour(), now=NOW) == NOW + ROUND


def test_what_is_beyond_all_numbers_is_not_known():
    rows = BEFORE.tail(30).with_columns(production_kw=pl.lit(1e-310), treatment_kw=pl.lit(1e300), flow=pl.lit(1.7e308))
    shown = levels(rows.with_columns(value=pl.lit(1.7e308), o2=pl.lit(1.7e308)))["DA00001"][1]
    assert shown["ratio"] is None
    told = [*(one for name, one in shown.items() if name != "values"), *chain(*shown["values"].values())]
    assert all(one is None or math.isfinite(one) for one in told)
