"""The whole way: frames of the demonstration, decoded, stored, judged."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest
from typer.testing import CliRunner

from scripts.detect_cli import app as detect_app
from scripts.hj212_cli import app as hj212_app
from services.clue_service.demo_data import demo
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import run
from services.clue_service.intake.hj212 import decode
from services.clue_service.intake.readings import hours, rows, with_power
from services.clue_service.intake.series import SeriesStore
from shared.clock import ZONE

START = datetime(2026, 9, 1, tzinfo=ZONE)


def received() -> pl.DataFrame:
    frames = [decode(raw) for raw in demo.scenario(START)]
    assert all(frame.crc_valid and frame.length_ok for frame in frames)
    readings = [reading for frame in frames for reading in hours(frame)]
    return with_power(rows(readings, outlets=demo.OUTLETS), demo.power(START))


def test_only_the_injected_drop_is_found(tmp_path):
    store = SeriesStore(tmp_path)
    observations = received()
    done = store.append(observations, now=START + timedelta(days=60))
    assert (done.stored, done.refused) == (observations.height, ())
    found = run({"obs_hour": store.read(), "limits": demo.limits()}, current(load()))
    injected = START + timedelta(hours=demo.INJECTED_FROM_HOUR)
    assert [(hit.rule_id, hit.entity_id, hit.from_at) for hit in found.hits] == [("R01", demo.DROPPED, injected)]
    assert (found.not_evaluable["R01"], found.not_evaluable["R14"]) == ({}, {})


def test_detect_command_writes_one_object_a_hit(tmp_path):
    received().write_parquet(tmp_path / "obs_hour.parquet")
    demo.limits().write_csv(tmp_path / "limits.csv")
    output = tmp_path / "out" / "hits.jsonl"
    result = CliRunner().invoke(detect_app, ["--input", str(tmp_path), "--output", str(output), "--json"])
    assert result.exit_code == 0, result.output
    hits = [orjson.loads(line) for line in output.read_bytes().splitlines()]
    assert [(hit["rule_id"], hit["entity_id"], hit["pollutant"]) for hit in hits] == [("R01", demo.DROPPED, "NOx")]
    assert set(hits[0]) >= {"rule_id", "entity_id", "from", "to", "severity", "reasons", "evidence", "pollutant"}
    assert hits[0]["from"] == "2026-10-13T00:00:00"
    assert orjson.loads(result.stdout)["hits"] == 1


def test_what_a_hit_rests_on_is_kept_and_judged_again(tmp_path):
    received().write_parquet(tmp_path / "obs_hour.parquet")
    demo.limits().write_csv(tmp_path / "limits.csv")
    output, kept = tmp_path / "hits.jsonl", tmp_path / "kept"
    given = ["--input", str(tmp_path), "--output", str(output), "--evidence", str(kept)]
    assert CliRunner().invoke(detect_app, given).exit_code == 0
    stated = orjson.loads(output.read_bytes())["evidence"]
    found = {one.suffix: hashlib.sha256(one.read_bytes()).hexdigest() for one in kept.iterdir()}
    assert (found[".parquet"], found[".svg"]) == (stated["slice"]["sha256"], stated["chart"]["sha256"])
    judged = CliRunner().invoke(detect_app, ["--replay", str(kept), "--json"])
    assert (judged.exit_code, orjson.loads(judged.stdout)["same"]) == (0, True)


def test_detect_command_tells_of_what_it_did_not_read(tmp_path):
    lines = ["outlet_id,foo", *("A,1" for _ in range(30))]
    (tmp_path / "obs_hour.csv").write_text("\n".join(lines))
    (tmp_path / "readings.csv").write_text("a\n1\n")
    given = ["--input", str(tmp_path), "--output", str(tmp_path / "hits.jsonl")]
    told = CliRunner().invoke(detect_app, given)
    assert told.exit_code == 0, told.output
    assert (tmp_path / "hits.jsonl").read_bytes() == b""
    for words in ("readings.csv", "obs_hour: columns not declared, kept unused: foo", "10 more"):
        assert words in told.stderr.replace("\n", " "), told.stderr
    summary = orjson.loads(CliRunner().invoke(detect_app, [*given, "--json"]).stdout)
    assert (summary["error_count"], summary["unknown_files"]) == ({"obs_hour": 30}, ["readings.csv"])


def test_detect_command_leaves_out_no_rule_in_silence(tmp_path):
    received().write_parquet(tmp_path / "obs_hour.parquet")
    given = ["--input", str(tmp_path), "--output", str(tmp_path / "hits.jsonl"), "--rule", "R01", "--rule", "R99"]
    told = CliRunner().invoke(detect_app, given)
    assert (told.exit_code, "no rule to run R99" in told.stderr) == (2, True), told.output


def test_a_record_of_another_shape_is_nothing_to_judge(tmp_path):
    content = b"no parquet"
    record = {"rule_id": "R01", "rule_version": 1, "parameters": [1]}
    record |= {"slice": {"sha256": hashlib.sha256(content).hexdigest()}}
    (tmp_path / "record.json").write_bytes(orjson.dumps(record))
    (tmp_path / "slice.parquet").write_bytes(content)
    told = CliRunner().invoke(detect_app, ["--replay", str(tmp_path)])
    assert (told.exit_code, type(told.exception)) == (2, SystemExit)


def test_detect_command_names_a_file_that_is_no_table(tmp_path):
    (tmp_path / "obs_hour.parquet").write_bytes(b"garbage")
    given = ["--input", str(tmp_path), "--output", str(tmp_path / "hits.jsonl"), "--json"]
    told = CliRunner().invoke(detect_app, given)
    assert told.exit_code == 0, told.output
    (error,) = orjson.loads(told.stdout)["errors"]
    assert (error["file"], error["code"]) == ("obs_hour.parquet", "unreadable")


def test_detect_command_says_what_is_missing(tmp_path):
    result = CliRunner().invoke(detect_app, ["--input", str(tmp_path), "--output", str(tmp_path / "hits.jsonl")])
    assert result.exit_code == 2


def written(folder: Path) -> Path:
    demo.limits().write_csv(folder / "limits.csv")
    return folder


@pytest.mark.parametrize("named", ["", "taken/hits.jsonl", "x" * 300, "/dev/full"])
def test_an_output_that_cannot_be_written_is_refused(named, tmp_path):
    received().write_parquet(written(tmp_path) / "obs_hour.parquet")
    (tmp_path / "taken").write_text("a file")
    output = tmp_path / named
    told = CliRunner().invoke(detect_app, ["--input", str(tmp_path), "--output", str(output), "--rule", "R01"])
    assert (told.exit_code, type(told.exception)) == (2, SystemExit), told.output
    assert "无法写入" in told.stderr
    assert "cannot write" in told.stderr


def test_a_place_for_evidence_that_cannot_be_written_is_refused_before_the_rules_run(tmp_path):
    (tmp_path / "taken").write_text("a file")
    output = tmp_path / "hits.jsonl"
    given = ["--input", str(written(tmp_path)), "--output", str(output), "--evidence", str(tmp_path / "taken")]
    told = CliRunner().invoke(detect_app, given)
    assert (told.exit_code, type(told.exception), output.exists()) == (2, SystemExit, False)
    assert f"cannot write {tmp_path / 'taken'}" in told.stderr


@pytest.mark.parametrize("named", ["none", "limits.csv", "x" * 300])
def test_an_input_that_cannot_be_read_is_refused(named, tmp_path):
    source, output = written(tmp_path) / named, tmp_path / "hits.jsonl"
    told = CliRunner().invoke(detect_app, ["--input", str(source), "--output", str(output)])
    assert (told.exit_code, type(told.exception), output.exists()) == (2, SystemExit, False)
    assert f"无法读取 {source}" in told.stderr
    assert f"cannot read {source}" in told.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may read everything is refused nothing")
@pytest.mark.parametrize("named", ["limits.csv", "obs_hour.parquet", ""])
def test_an_input_this_person_may_not_read_is_refused(named, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    received().write_parquet(written(folder) / "obs_hour.parquet")
    (folder / named).chmod(0)
    told = CliRunner().invoke(detect_app, ["--input", str(folder), "--output", str(tmp_path / "hits.jsonl")])
    folder.chmod(0o700)
    assert (told.exit_code, type(told.exception)) == (2, SystemExit), told.output
    assert "cannot read" in told.stderr


def test_decode_command_prints_one_object_a_line():
    raw = demo.scenario(START)[0]
    lines = [raw.rstrip(), raw.rstrip() + b"\r", raw.rstrip() + b"\\r\\n", b"", b"noise \xff", b"##0001"]
    result = CliRunner().invoke(hj212_app, ["decode"], input=b"\n".join(lines) + b"\n")
    assert result.exit_code == 0
    found = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [one["crc_valid"] for one in found] == [True, True, True, False, False]
    assert ["error" in one for one in found] == [False, False, False, True, True]
    strict = CliRunner().invoke(hj212_app, ["decode", "--strict"], input=b"noise\n")
    assert strict.exit_code == 1
