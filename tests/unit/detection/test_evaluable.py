"""Which outlets a rule could judge in a month."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from benchmarks.hourly import START, write_tables
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.evaluable import evaluable
from services.clue_service.intake.tables import read_folder
from shared.clock import ZONE

RULES = [rule for rule in current(load()) if rule.id in ("R01", "R04", "R07", "R08", "R10", "R13")]
GAS, WATER = "DA00001", "DA00000"


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, pl.DataFrame]:
    """A water and a gas outlet over January and a half of February."""
    folder: Path = tmp_path_factory.mktemp("tables")
    write_tables(folder, 2, 45 * 24)
    return {name: table.frame for name, table in read_folder(folder).items()}


def test_a_rule_counts_the_outlets_of_its_medium_with_all_it_reads(tables):
    found = evaluable(tables, RULES, None)
    both = {("R01", month, outlet) for month in ("2025-01", "2025-02") for outlet in (GAS, WATER)}
    assert both <= found
    assert {one for one in found if one[0] == "R07"} == {("R07", "2025-01", GAS), ("R07", "2025-02", GAS)}
    assert {outlet for rule, _, outlet in found if rule == "R08"} == {WATER}
    # Late marks need hours that were marked late; every outlet without one can be judged all the same.
    assert {outlet for rule, _, outlet in found if rule == "R10"} == {GAS, WATER}
    assert not [one for one in found if one[0] == "R13"]


def test_a_month_without_a_valid_hour_of_what_it_reads_does_not_count(tables):
    hours = tables["obs_hour"]
    silent = (pl.col("outlet_id") == GAS) & (pl.col("ts") < START + timedelta(days=31))
    lost = hours.with_columns(das_value=pl.when(~silent).then("das_value"))
    found = evaluable(tables | {"obs_hour": lost}, RULES, None)
    assert ("R04", "2025-01", GAS) not in found
    assert ("R04", "2025-02", GAS) in found
    assert ("R01", "2025-01", GAS) in found
    marked = hours.with_columns(flag=pl.when(silent).then(pl.lit("M")).otherwise("flag"))
    assert ("R01", "2025-01", GAS) not in evaluable(tables | {"obs_hour": marked}, RULES, None)


def test_only_months_from_the_beginning_on_are_asked(tables):
    begin = (START + timedelta(days=40)).replace(tzinfo=ZONE)
    assert {month for _, month, _ in evaluable(tables, RULES, begin)} == {"2025-02"}


def test_without_the_limits_only_a_rule_that_reads_none_counts(tables):
    alone = {name: frame for name, frame in tables.items() if name != "limits"}
    assert {rule for rule, _, _ in evaluable(alone, RULES, None)} == {"R08"}  # the one that reads no limit
