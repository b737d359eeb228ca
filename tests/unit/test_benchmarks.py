"""Every benchmark answers `python -m benchmarks --json NAME`."""

import importlib
import json

import pytest

from benchmarks.__main__ import NAMES, main


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_has_figures_and_lines(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert callable(module.measure)
    assert callable(module.main)


def test_hj212_gives_its_figures_as_an_object(capsys):
    assert main(["--json", "hj212"]) == 0
    found = json.loads(capsys.readouterr().out)["hj212"]
    assert found["met"] == (found["ratio_to_split"] >= found["target"])
    assert found["frames"] == 2_000


def test_detection_prints_one_object_when_asked_to(capsys, monkeypatch):
    detection = importlib.import_module("benchmarks.detection")
    monkeypatch.setattr(detection, "OUTLETS", 2)
    monkeypatch.setattr(detection, "PANDAS_OUTLETS", 2)
    monkeypatch.setattr(detection, "HOURS", 240)
    monkeypatch.setattr("sys.argv", ["detection", "--json"])
    detection.main()
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 2 * 240 * 3
    assert found["seconds"] > 0
