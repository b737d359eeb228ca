"""What a person saw who looked at each hit on the real series: data in `judgements.yaml`, matched to hits by place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.labelled.score import Found

PATH = Path(__file__).with_name("judgements.yaml")


@dataclass(frozen=True)
class Judgement:
    """One hit looked at: whether it is false, and why, in both languages."""

    rule_id: str
    entity_id: str
    pollutant: str | None
    since: datetime
    until: datetime
    is_false: bool
    zh: str
    en: str

    def covers(self, hit: Found) -> bool:
        """Whether the hit is the one looked at: the same place, and at least half of its time."""
        same = (self.rule_id, self.entity_id, self.pollutant) == (hit.rule_id, hit.entity_id, hit.pollutant)
        common = min(self.until, hit.until) - max(self.since, hit.since)
        return same and common.total_seconds() >= (hit.until - hit.since).total_seconds() / 2


def judgements(path: Path = PATH) -> list[Judgement]:
    """Read the judgements; a reason that is not listed is a KeyError."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    reasons = data["reasons"]
    return [
        Judgement(
            rule,
            entity,
            pollutant,
            datetime.fromisoformat(since),
            datetime.fromisoformat(until),
            verdict == "false",
            reasons[reason]["zh"],
            reasons[reason]["en"],
        )
        for rule, entity, pollutant, since, until, verdict, reason in data["hits"]
    ]


def judged(hits: Iterable[Found], known: list[Judgement]) -> list[tuple[Found, Judgement | None]]:
    """Pair every hit with what was seen there, none when nobody looked."""
    return [(hit, next((one for one in known if one.covers(hit)), None)) for hit in hits]
