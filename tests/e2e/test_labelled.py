"""Every rule finds what is put into the labelled series and seldom cries wolf: what breaks a rule shows here."""

import hashlib
from pathlib import Path

import pytest

from tests.labelled.folder import made_up
from tests.labelled.hourly.cast import REDUCED, Size
from tests.labelled.runner import SEED, Outcome, labelled
from tests.labelled.score import RULES

SMALL = Size(days=42, levels=(3,), replicates=1, clean=2)
LEAST_RECALL, LEAST_PRECISION = 0.8, 0.7


@pytest.fixture(scope="module")
def outcome(tmp_path_factory) -> Outcome:
    return labelled(tmp_path_factory.mktemp("labelled"), REDUCED)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_what_was_put_in_and_little_else(outcome: Outcome, rule: str) -> None:
    assert rule in outcome.detected.rules
    tally = outcome.tallies[rule]
    assert tally.labelled["strong"] > 0
    assert tally.found["strong"] > 0, tally.missed
    recall, precision = tally.recall(["middle", "strong"]), tally.precision
    assert recall is not None
    assert recall >= LEAST_RECALL, tally.missed
    assert precision is not None
    assert precision >= LEAST_PRECISION, tally.wrong


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}

    again, other = tmp_path / "again", tmp_path / "other"
    made_up(again, SEED, SMALL)
    made_up(other, SEED + 1, SMALL)
    assert len(digests(again)) == 17
    assert digests(again)["labels.parquet"] != digests(other)["labels.parquet"]
    made_up(other, SEED, SMALL)
    assert digests(again) == digests(other)
