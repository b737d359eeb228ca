"""Hits against labels: what was found, what was missed, what was cried over nothing."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.labelled.labels import PART, STRENGTHS, Label

RULES = tuple(f"R{number:02d}" for number in range(1, 25))
AFTER = timedelta(hours=24)
"""How long after an act another rule may still see its traces."""
Z = 1.96
"""Two-sided 95 %."""


@dataclass(frozen=True)
class Found:
    """A hit as the command line wrote it."""

    rule_id: str
    entity_id: str
    since: datetime
    until: datetime
    pollutant: str | None = None
    reason: str = ""

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Found":
        """Read one line of the hits file."""
        since, until = (datetime.fromisoformat(line[name]) for name in ("from", "to"))
        texts = line["reasons"].get("en") or []
        return cls(line["rule_id"], line["entity_id"], since, until, line.get("pollutant"), "; ".join(texts))

    def meets(self, label: Label, margin: timedelta = timedelta(0)) -> bool:
        """Whether it lies, at least in part, where the label does."""
        return (
            self.entity_id == label.entity_id
            and self.since <= label.until + margin
            and self.until >= label.since - margin
        )


@dataclass
class Tally:
    """One rule's numbers."""

    rule_id: str
    labelled: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """By strength, and by carrier under `real` and `synthetic`."""
    true_hits: int = 0
    false_by: Counter[str] = field(default_factory=Counter)
    """False alarms by the look-alike, with its rule in front when another's; `elsewhere`: where nothing was put."""
    negatives: Counter[str] = field(default_factory=Counter)
    traces: Counter[str] = field(default_factory=Counter)
    """Hits on acts of other rules, by those rules: they are right to see them, and count neither way."""
    on_real: int = 0
    """Hits on real carriers where nothing was put: they are the real series' own, and judged with those, once."""
    beside: Counter[str] = field(default_factory=Counter)
    """Hits on outlets that carry another rule's act, outside the act, by that rule: listed apart, most likely false."""
    missed: list[Label] = field(default_factory=list)
    wrong: list[Found] = field(default_factory=list)

    @property
    def false_hits(self) -> int:
        """Hits where nothing was."""
        return sum(self.false_by.values())

    @property
    def harsh_precision(self) -> float | None:
        """The same with every hit beside another rule's act taken for false."""
        hits = self.true_hits + self.false_hits + sum(self.beside.values())
        return self.true_hits / hits if hits else None

    @property
    def precision(self) -> float | None:
        """Right hits over right and wrong ones; none without hits."""
        hits = self.true_hits + self.false_hits
        return self.true_hits / hits if hits else None

    def recall(self, strengths: Iterable[str] = STRENGTHS) -> float | None:
        """Found over labelled among these strengths; none without labels."""
        wanted = list(strengths)
        labelled = sum(self.labelled[one] for one in wanted)
        return sum(self.found[one] for one in wanted) / labelled if labelled else None


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927); 0 to 1 when there is nothing."""
    if of == 0:
        return 0.0, 1.0
    share, squared = right / of, Z * Z
    centre = (share + squared / (2 * of)) / (1 + squared / of)
    half = Z * math.sqrt(share * (1 - share) / of + squared / (4 * of * of)) / (1 + squared / of)
    return max(0.0, centre - half), min(1.0, centre + half)


def tallies(labels: list[Label], hits: Iterable[Found]) -> dict[str, Tally]:
    """Return each rule's numbers."""
    out = {rule: Tally(rule) for rule in RULES}
    by_entity: dict[str, list[Label]] = defaultdict(list)
    seen = list(hits)
    for label in labels:
        by_entity[label.entity_id].append(label)
        _search(out[label.rule_id], label, seen)
    real = {label.entity_id for label in labels if label.carrier == "real"}
    for hit in seen:
        _judge(out[hit.rule_id], hit, by_entity[hit.entity_id], hit.entity_id in real)
    return out


def _search(tally: Tally, label: Label, hits: list[Found]) -> None:
    if label.is_negative:
        tally.negatives[label.kind] += 1
        return
    if label.strength == PART:
        return
    tally.labelled.update((label.strength, label.carrier))
    if any(hit.rule_id == label.rule_id and hit.meets(label) for hit in hits):
        tally.found.update((label.strength, label.carrier))
    else:
        tally.missed.append(label)


def _judge(tally: Tally, hit: Found, labels: list[Label], is_real: bool) -> None:
    """A hit is right, a false alarm on a look-alike, a trace of another act, or a false alarm elsewhere."""
    own = [label for label in labels if label.rule_id == hit.rule_id and hit.meets(label)]
    if any(not label.is_negative for label in own):
        tally.true_hits += 1
        return
    acts = [label for label in labels if not label.is_negative and hit.meets(label, AFTER)]
    if not own and acts:
        tally.traces[acts[0].rule_id] += 1
        return
    if is_real:
        tally.on_real += 1
        return
    if not own and (beside := [label for label in labels if not label.is_negative]):
        tally.beside[beside[0].rule_id] += 1
        return
    others = [f"{label.rule_id} {label.kind}" for label in labels if label.is_negative and hit.meets(label)]
    tally.false_by[own[0].kind if own else (*others, "elsewhere")[0]] += 1
    tally.wrong.append(hit)
