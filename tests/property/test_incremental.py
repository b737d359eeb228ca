"""Whatever order hours arrive in, judging what changed leaves the hits of one run over everything."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.hourly import START, outlet_hours, write_tables
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import run
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.running import LOOK_AHEAD, LOOK_BACK
from services.clue_service.intake.series import SeriesStore
from services.clue_service.intake.tables import read_folder
from shared.clock import ZONE

DAYS, PIECES = 70, 7
RULES = [rule for rule in current(load()) if rule.id not in ("R12", "R13", "R19", "R20", "R21", "R22", "R23", "R24")]
NOW = (START + timedelta(days=DAYS + 1)).replace(tzinfo=ZONE)


def _at(day: float) -> datetime:
    return START + timedelta(days=day)


def _between(outlet: str, first: float, last: float) -> pl.Expr:
    return (pl.col("outlet_id") == outlet) & pl.col("ts").is_between(_at(first), _at(last), closed="left")


def _series() -> pl.DataFrame:
    """Five outlets: one falls, one stands still, one leaves treatment off, one parts its layers, one is honest."""
    rows = pl.concat([outlet_hours(number, DAYS * 24) for number in (1, 2, 3, 4, 5)])
    nox = pl.col("pollutant").is_in(["NOx", "COD"])
    fell, still = _between("DA00001", 40, 43) & nox, _between("DA00002", 50, 52) & nox
    off, apart = _between("DA00003", 35, 36), _between("DA00004", 60, 62) & nox
    return rows.with_columns(
        value=pl.when(fell)
        .then(pl.col("value") * 0.3)
        .when(still)
        .then(pl.lit(55.0))
        .when(apart)
        .then(pl.col("value") * 0.6)
        .otherwise("value"),
        treatment_kw=pl.when(off).then(pl.col("treatment_kw") * 0.05).otherwise("treatment_kw"),
    )


def _tables() -> dict[str, pl.DataFrame]:
    with TemporaryDirectory() as place:
        write_tables(Path(place), 6, DAYS * 24)
        found = {name: table.frame for name, table in read_folder(Path(place)).items()}
    return {name: frame for name, frame in found.items() if name != "obs_hour"}


ROWS, TABLES = _series(), _tables()
WHOLE = run({**TABLES, "obs_hour": ROWS}, RULES).hits


def _named(hits: list[Hit]) -> set[tuple[object, ...]]:
    return {(one.rule_id, one.entity_id, one.pollutant, one.from_at, one.to_at, one.severity) for one in hits}


def test_the_whole_finds_each_anomaly():
    found = {(one.rule_id, one.entity_id) for one in WHOLE}
    assert {("R01", "DA00001"), ("R14", "DA00002"), ("R16", "DA00003"), ("R04", "DA00004")} <= found


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(PIECES)), seed=st.integers(0, 999), resent=st.integers(0, PIECES - 1))
def test_any_order_of_arrival_gives_the_hits_of_the_whole(order, seed, resent):
    """Each piece is every seventh hour at random, so that every stretch has holes until the last piece is there."""
    pieces = ROWS.with_columns(piece=(pl.struct("outlet_id", "ts").hash(seed) % PIECES).cast(pl.Int64))
    with TemporaryDirectory() as place:
        store, known = SeriesStore(Path(place)), set()
        for number in [*order, resent]:
            piece = pieces.filter(pl.col("piece") == number).drop("piece")
            store.append(piece, now=NOW)
            begin = piece["ts"].min() - LOOK_AHEAD
            held = store.read(None, begin - LOOK_BACK)
            found = run({**TABLES, "obs_hour": held}, RULES).hits
            touching = [one for one in found if one.to_at.replace(tzinfo=None) >= begin]
            known = {one for one in known if one[4].replace(tzinfo=None) < begin} | _named(touching)
    assert known == _named(WHOLE)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(25, DAYS - 1), min_size=3, max_size=5, unique=True))
def test_days_that_arrive_in_turn_give_the_hits_of_the_whole(cuts):
    """Only the months before are read, as the worker does: what lies further back changes nothing."""
    known: set[tuple[object, ...]] = set()
    edges = [0, *sorted(cuts), DAYS]
    for first, last in pairwise(edges):
        begin = _at(first) - LOOK_AHEAD
        held = ROWS.filter((pl.col("ts") < _at(last)) & (pl.col("ts") >= begin - LOOK_BACK))
        found = run({**TABLES, "obs_hour": held}, RULES).hits
        touching = [one for one in found if one.to_at.replace(tzinfo=None) >= begin]
        known = {one for one in known if one[4].replace(tzinfo=None) < begin} | _named(touching)
    assert known == _named(WHOLE)
