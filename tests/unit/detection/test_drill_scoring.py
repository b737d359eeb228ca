"""Scores of a drill against labels and hits that a reader can count by hand."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from services.clue_service.drills.models import DrillHit, Result, Verdict
from services.clue_service.drills.scoring import Labels, of_model, of_screening, of_verification
from shared.clock import ZONE

START = datetime(2026, 3, 1, tzinfo=ZONE)


def at(hour: float) -> datetime:
    """An aware moment so many hours after the start."""
    return START + timedelta(hours=hour)


def labels() -> Labels:
    """Acts of R01 at A and B and of R14 at C, a part at D, a look-alike of R01 at E."""
    rows = [
        ("R01", "A", 10, 20, "strong"),
        ("R01", "B", 10, 20, "faint"),
        ("R14", "C", 10, 20, "weak"),
        ("R06", "D", 10, 20, "part"),
        ("R01", "E", 10, 20, "negative"),
    ]
    return Labels(
        pl.DataFrame(
            {
                "rule_id": [row[0] for row in rows],
                "entity_id": [row[1] for row in rows],
                "from": [at(row[2]).replace(tzinfo=None) for row in rows],
                "to": [at(row[3]).replace(tzinfo=None) for row in rows],
                "strength": [row[4] for row in rows],
            }
        )
    )


def hit(number: int, rule: str, entity: str, begin: float, end: float) -> DrillHit:
    """A hit of the drill."""
    return DrillHit(
        number=number,
        rule_id=rule,
        entity_id=entity,
        pollutant=None,
        from_at=at(begin),
        to_at=at(end),
        severity=50,
        grade="B",
        zh=[],
        en=[],
    )


HITS = [
    hit(1, "R01", "A", 12, 30),  # right
    hit(2, "R14", "C", 20, 25),  # right: they touch
    hit(3, "R06", "D", 15, 16),  # right: a part, which is no miss elsewhere
    hit(4, "R01", "E", 15, 16),  # wrong: the look-alike
    hit(5, "R02", "F", 15, 16),  # wrong: nothing was put there
    hit(6, "R02", "A", 40, 41),  # neither: within a day after another rule's act
    hit(7, "R01", "A", 60, 61),  # wrong: long after
]


def test_a_model_is_scored_by_what_it_found_and_what_it_cried() -> None:
    score = of_model(labels(), HITS)
    precision, recall = 3 / 6, 2 / 3
    assert score.numbers["precision"] == precision
    assert score.numbers["recall"] == pytest.approx(recall, abs=1e-4)
    assert score.score == pytest.approx(100 * 2 * precision * recall / (precision + recall), abs=0.05)
    said = [reason.zh for reason in score.reasons]
    assert said[0] == "命中 7 条：正确 3，错误 3，属其他行为痕迹不计 1"
    assert "R01：漏 1 处，误报 2 条" in said


def test_a_model_that_finds_nothing_has_nought_and_a_perfect_one_a_hundred() -> None:
    assert of_model(labels(), []).score == 0
    perfect = [hit(1, "R01", "A", 10, 20), hit(2, "R01", "B", 10, 20), hit(3, "R14", "C", 10, 20)]
    assert of_model(labels(), perfect).score == 100


def test_screening_counts_right_verdicts_and_what_is_left_out_is_wrong() -> None:
    said = {1: "accepted", 2: "rejected", 3: "accepted", 4: "rejected", 5: "accepted", 6: "accepted"}
    verdicts = [Verdict(hit=number, verdict=word, reason="x") for number, word in said.items()]
    score = of_screening(labels(), HITS, verdicts)
    assert score.score == pytest.approx(100 * 3 / 6)
    assert score.reasons[2].zh == "错误采纳 1，错误排除 1，未作判断 1"


def test_verification_is_half_the_result_and_half_the_span() -> None:
    results = [
        Result(hit=1, result="confirmed", findings="x", observed_from=at(10), observed_to=at(15)),  # 5 of 10 hours
        Result(hit=2, result="unfounded", findings="x"),  # wrong
        Result(hit=4, result="unfounded", findings="x"),  # right
    ]
    score = of_verification(labels(), HITS, {1, 2, 4, 6}, results)
    assert score.score == pytest.approx(100 * (0.75 + 0 + 1) / 3, abs=0.05)
    assert score.numbers == {"share": pytest.approx(2 / 3, abs=1e-4), "overlap": 0.5}


def test_a_span_nobody_stated_or_turned_round_earns_only_the_result() -> None:
    for span in ((None, None), (at(20), at(10)), (at(30), at(40))):
        said = Result(hit=1, result="confirmed", findings="x", observed_from=span[0], observed_to=span[1])
        assert of_verification(labels(), HITS, {1}, [said]).score == 50
    assert of_verification(labels(), HITS, set(), []).score == 0
