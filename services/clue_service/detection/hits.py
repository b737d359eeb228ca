"""What a rule found, with its severity and the rows it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.model import Finding
from shared.clock import ZONE

GRADES = ((75.0, "A"), (50.0, "B"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One episode found by one rule. Times are aware; `severity` 0..100; `evidence` is the frozen slice of rows."""

    rule_id: str
    rule_version: int
    entity_id: str
    pollutant: str | None
    from_at: datetime
    to_at: datetime
    severity: float
    grade: str
    reasons: Mapping[str, tuple[str, ...]]
    statistic: Mapping[str, float]
    parameters: Mapping[str, float]
    evidence: pl.DataFrame = field(compare=False, repr=False)


def severity(finding: Finding, rule: Rule, history: float) -> float:
    """S = 45 strength + 25 duration + 20 corroboration + 10 history, each part between 0 and 1.

    What the rule adds, a better grade and the ceiling it sets come after, in this order.
    """
    parts = (
        (45, finding.strength),
        (25, finding.hours / rule.full_hours),
        (20, finding.corroboration),
        (10, history),
    )
    score = round(sum(weight * min(1.0, max(0.0, part)) for weight, part in parts) + finding.points, 1)
    if finding.is_raised:
        score = max(score, next((least for least, _ in reversed(GRADES) if least > score), score))
    return min(score, finding.most, 100.0)


def hit(finding: Finding, rule: Rule, values: Mapping[str, float], evidence: pl.DataFrame, history: float) -> Hit:
    """A finding as a hit: severity, grade, local times made aware."""
    score = severity(finding, rule, history)
    return Hit(
        rule_id=rule.id,
        rule_version=rule.version,
        entity_id=finding.entity_id,
        pollutant=finding.pollutant,
        from_at=finding.from_ts.replace(tzinfo=ZONE),
        to_at=finding.to_ts.replace(tzinfo=ZONE),
        severity=score,
        grade=next((grade for least, grade in GRADES if score >= least), "C"),
        reasons={"zh": finding.zh, "en": finding.en},
        statistic=finding.statistic,
        parameters=dict(values),
        evidence=evidence,
    )
