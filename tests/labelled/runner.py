"""From nothing to numbers: make the tables, run the program, compare."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.labelled.folder import as_they_are, made_up
from tests.labelled.hourly.cast import Size
from tests.labelled.labels import STRENGTHS, Label
from tests.labelled.score import RULES, Found, Tally, tallies

SEED = 20260302


@dataclass(frozen=True)
class Detected:
    """What the program said about a folder."""

    hits: list[Found]
    rules: frozenset[str]
    """The rules that are there."""
    not_evaluable: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Outcome:
    """The labelled set with each rule's numbers."""

    labels: list[Label]
    detected: Detected
    tallies: dict[str, Tally]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            rule: {
                "there": rule in self.detected.rules,
                "recall": {one: tally.recall([one]) for one in (*STRENGTHS, "real", "synthetic")},
                "precision": tally.precision,
                "true_hits": tally.true_hits,
                "false_hits": dict(tally.false_by),
                "harsh_precision": tally.harsh_precision,
                "hits_beside_other_acts": dict(tally.beside),
                "hits_on_other_acts": dict(tally.traces),
                "own_hits_of_real_carriers": tally.on_real,
            }
            for rule, tally in self.tallies.items()
        }


def detect(folder: Path) -> Detected:
    """Run `lianqin detect` on a folder as a process of its own; a run that fails is a CalledProcessError."""
    program, target = Path(sys.executable).with_name("lianqin"), folder / "hits.jsonl"
    done = subprocess.run(
        [program, "detect", "--input", folder, "--output", target, "--json"], capture_output=True, check=True
    )
    summary = orjson.loads(done.stdout)
    if summary["errors"]:
        raise ValueError(f"the tables were refused: {summary['errors'][:3]}")
    hits = [Found.of(orjson.loads(line)) for line in target.read_bytes().splitlines()]
    there = frozenset(rule for rule in summary["not_evaluable"] if rule in RULES)
    return Detected(hits, there, summary["not_evaluable"])


def labelled(folder: Path, size: Size, seed: int = SEED) -> Outcome:
    """Make the labelled set in a folder and see what the rules find."""
    labels = made_up(folder, seed, size)
    detected = detect(folder)
    return Outcome(labels, detected, tallies(labels, detected.hits))


@dataclass(frozen=True)
class Untouched:
    """The real series as they are: days of each, and the hits."""

    days: dict[str, float]
    detected: Detected


def untouched(folder: Path, seed: int = SEED) -> Untouched:
    """Run the rules on the real series as they are."""
    outlets = as_they_are(folder, seed)
    return Untouched({one.outlet_id: one.count / 24 for one in outlets}, detect(folder))
