"""A large file of hours read in parts gives the hits of the same rows held in memory, and names the same wrong rows."""

import os
from datetime import timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks.hourly import START, write_tables
from scripts.detect_cli import app as detect_app
from services.clue_service.detection import hours
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import run
from services.clue_service.intake import hour_file
from services.clue_service.intake.hour_file import HourFile
from services.clue_service.intake.tables import read_folder, read_table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight outlets over sixty days, one that drops, one with a wrong row; small parts."""
    monkeypatch.setattr(hours, "PART_ROWS", 5_000)
    monkeypatch.setattr(hour_file, "AT_ONCE", 5_000)
    monkeypatch.setattr(hour_file, "LARGE_ROWS", 10_000)
    write_tables(tmp_path, 8, 1440)
    path = tmp_path / "obs_hour.parquet"
    rows = pl.read_parquet(path)
    late = (pl.col("ts") >= pl.datetime(2025, 2, 10)) & (pl.col("outlet_id") == "DA00002")
    twice = rows.filter(pl.col("outlet_id") == "DA00004").head(1)
    rows = rows.with_columns(value=pl.when(late).then(pl.col("value") * 0.3).otherwise("value"))
    pl.concat([rows, twice]).sort("outlet_id", maintain_order=True).write_parquet(path)
    return tmp_path


@pytest.mark.parametrize("processes", [1, 2])
def test_parts_give_what_the_whole_gives(folder, processes):
    held = read_folder(folder)
    tables = {name: table.frame for name, table in held.items()}
    rules = current(load())
    large = HourFile.of(folder / "obs_hour.parquet")
    assert large is not None
    parts = list(large.parts(tables["outlets"]))
    assert len(parts) == 4
    assert pl.concat(parts)["outlet_id"].rle().len() == 8
    large = HourFile.of(folder / "obs_hour.parquet")
    assert large is not None
    beside = {name: frame for name, frame in tables.items() if name != "obs_hour"}
    before = os.environ.get("POLARS_MAX_THREADS")
    in_parts, whole = run(beside, rules, hours=large, processes=processes), run(tables, rules)
    assert os.environ.get("POLARS_MAX_THREADS") == before
    assert in_parts == whole
    assert all(mine.evidence.equals(other.evidence) for mine, other in zip(in_parts.hits, whole.hits, strict=True))
    assert any(hit.entity_id == "DA00002" for hit in whole.hits)
    assert [(one.row, one.code) for one in large.errors] == [(one.row, one.code) for one in held["obs_hour"].errors]
    assert large.error_count == 1


def test_a_change_of_parameters_is_compared_with_the_hours_of_a_large_file(folder):
    log = pl.DataFrame(
        {
            "outlet_id": ["DA00001", "DA00003"],
            "ts": [START + timedelta(days=19, hours=9.5), START + timedelta(days=14, hours=2.5)],
            "pollutant": ["NOx", "NOx"],
            "info_id": ["i13008", "i13008"],
            "old_value": [1.0, 1.0],
            "new_value": [0.6, 0.6],
        }
    )
    log.write_parquet(folder / "param_log.parquet")
    tables = {name: table.frame for name, table in read_folder(folder).items()}
    rules = [rule for rule in current(load()) if rule.id == "R03"]
    whole = run(tables, rules)
    large = HourFile.of(folder / "obs_hour.parquet")
    assert large is not None
    assert run({name: frame for name, frame in tables.items() if name != "obs_hour"}, rules, hours=large) == whole
    # The second falls into hours marked as maintenance: that the file says, and nothing else does.
    assert [hit.entity_id for hit in whole.hits] == ["DA00001"]
    assert whole.hits[0].statistic["value_before"] > 0


def test_a_large_file_tells_of_its_columns_as_a_small_one_does(folder):
    path = folder / "obs_hour.parquet"
    pl.read_parquet(path).drop("production_kw").with_columns(colour=pl.lit("red")).write_parquet(path)
    large = HourFile.of(path)
    assert large is not None
    assert large.notes == read_table("obs_hour", path).notes
    assert [note["en"].rpartition(": ")[2] for note in large.notes] == ["production_kw", "colour"]
    told = CliRunner().invoke(
        detect_app, ["--input", str(folder), "--output", str(folder / "hits.jsonl"), "--rule", "R01", "--json"]
    )
    assert orjson.loads(told.stdout)["notes"]["obs_hour"] == [dict(note) for note in large.notes]


def test_an_enterprise_is_never_parted():
    outlets = pl.DataFrame({"outlet_id": ["A", "C"], "enterprise_id": ["E", "E"]})
    half, whole = hours.PART_ROWS // 2, hours.PART_ROWS
    runs = [("A", half), ("B", whole), ("C", half)]
    assert list(hours.spans_of(runs, outlets)) == [[(0, half), (half + whole, half)], [(half, whole)]]


def test_what_is_small_mixed_or_of_other_types_is_read_whole(folder, tmp_path):
    path = folder / "obs_hour.parquet"
    rows = pl.read_parquet(path)
    mixed, text, small = tmp_path / "mixed.parquet", tmp_path / "text.parquet", tmp_path / "small.parquet"
    rows.sort("ts").write_parquet(mixed)
    rows.with_columns(pl.col("value").cast(pl.String)).write_parquet(text)
    rows.head(100).write_parquet(small)
    assert [HourFile.of(one) is not None for one in (path, mixed, text, small, tmp_path / "a.csv")] == [
        True,
        *[False] * 4,
    ]


def test_a_large_file_that_breaks_half_way_is_named_and_no_crash(folder):
    path = folder / "obs_hour.parquet"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xab" * 2000
    path.write_bytes(content)
    told = CliRunner().invoke(detect_app, ["--input", str(folder), "--output", str(folder / "hits.jsonl")])
    assert told.exit_code == 2
    assert isinstance(told.exception, SystemExit)
    assert f"cannot read {path}: " in told.stderr
