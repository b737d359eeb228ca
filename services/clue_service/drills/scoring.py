"""What was handed in against the labels: scores from 0 to 100, with their numbers and reasons in words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import polars as pl

from services.clue_service.drills.models import DrillHit, Reason, Result, Verdict
from shared.clock import ZONE

NEGATIVE, PART = "negative", "part"
LABELS: Mapping[str, Any] = {
    "rule_id": pl.String,
    "entity_id": pl.String,
    "from": pl.Datetime,
    "to": pl.Datetime,
    "strength": pl.String,
}
"""Columns of labels.parquet; `strength` is negative (a look-alike), part (of an act labelled elsewhere), or any other
word for an act that is to be found."""
AFTER = timedelta(hours=24)
"""How long after an act another rule may still see its traces, which count neither way."""
Truth = Literal["right", "wrong", "neither"]


class Found(Protocol):
    """A hit: of a run, or of the drill."""

    @property
    def rule_id(self) -> str: ...
    @property
    def entity_id(self) -> str: ...
    @property
    def from_at(self) -> datetime: ...
    @property
    def to_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Label:
    """An act, a part of one, or a look-alike; its first and last moment are aware."""

    rule_id: str
    entity_id: str
    since: datetime
    until: datetime
    strength: str

    def meets(self, found: Found, margin: timedelta = timedelta(0)) -> bool:
        """Whether a hit lies, at least in part, where the label does."""
        return found.from_at <= self.until + margin and found.to_at >= self.since - margin


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its numbers and reasons."""

    score: float
    numbers: Mapping[str, float | None]
    reasons: tuple[Reason, ...]


class Labels:
    """The labels of a set, by entity."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.by_entity: dict[str, list[Label]] = defaultdict(list)
        for rule, entity, since, until, strength in frame.select(*LABELS).iter_rows():
            moments = since.replace(tzinfo=ZONE), until.replace(tzinfo=ZONE)
            self.by_entity[entity].append(Label(rule, entity, *moments, strength))

    def acts(self) -> list[Label]:
        """Return what is to be found."""
        every = (label for labels in self.by_entity.values() for label in labels)
        return [label for label in every if label.strength not in (NEGATIVE, PART)]

    def act_of(self, found: Found) -> Label | None:
        """Return the act a hit of the same rule lies on."""
        own = (label for label in self.by_entity.get(found.entity_id, ()) if label.rule_id == found.rule_id)
        return next((label for label in own if label.strength != NEGATIVE and label.meets(found)), None)

    def truth(self, found: Found) -> Truth:
        """Return whether a hit is right, wrong, or the trace of another rule's act."""
        if self.act_of(found) is not None:
            return "right"
        labels = self.by_entity.get(found.entity_id, ())
        if any(
            label.strength == NEGATIVE and label.rule_id == found.rule_id and label.meets(found) for label in labels
        ):
            return "wrong"
        near = any(label.strength != NEGATIVE and label.meets(found, AFTER) for label in labels)
        return "neither" if near else "wrong"


def of_model(labels: Labels, hits: Sequence[Found]) -> Score:
    """Score the hits of a model by F1 of precision (hits right) and recall (acts found)."""
    by_place: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in hits:
        by_place[one.rule_id, one.entity_id].append(one)
    acts, truths = labels.acts(), [labels.truth(one) for one in hits]
    missed = [act for act in acts if not any(act.meets(one) for one in by_place[act.rule_id, act.entity_id])]
    right, wrong, traces = (truths.count(one) for one in ("right", "wrong", "neither"))
    precision, recall = _share(right, right + wrong), _share(len(acts) - len(missed), len(acts))
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else 0.0
    numbers = {"precision": precision, "recall": recall, "f1": round(f1, 4)}
    reasons = [
        _reason(
            f"命中 {len(hits)} 条：正确 {right}，错误 {wrong}，属其他行为痕迹不计 {traces}",
            f"{len(hits)} hits: {right} right, {wrong} wrong, {traces} traces of other acts not counted",
        ),
        _reason(f"应发现 {len(acts)} 处，漏 {len(missed)} 处", f"{len(acts)} acts to be found, {len(missed)} missed"),
        *_by_rule(missed, [one for one, truth in zip(hits, truths, strict=True) if truth == "wrong"]),
    ]
    return Score(round(100 * f1, 1), numbers, tuple(reasons))


def _by_rule(missed: Iterable[Label], wrong: Iterable[Found]) -> list[Reason]:
    lost: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for act in missed:
        lost[act.rule_id][0] += 1
    for one in wrong:
        lost[one.rule_id][1] += 1
    return [
        _reason(f"{rule}：漏 {miss} 处，误报 {false} 条", f"{rule}: {miss} missed, {false} false")
        for rule, (miss, false) in sorted(lost.items())
    ]


def of_screening(labels: Labels, hits: Sequence[DrillHit], verdicts: Sequence[Verdict]) -> Score:
    """Score verdicts by the share of hits judged rightly; hits that count neither way are left out."""
    given = {one.hit: one.verdict for one in verdicts}
    truths = {one.number: labels.truth(one) for one in hits}
    counted = {number: truth for number, truth in truths.items() if truth != "neither"}
    kept = sum(truth == "right" and given.get(number) == "accepted" for number, truth in counted.items())
    turned = sum(truth == "wrong" and given.get(number) == "rejected" for number, truth in counted.items())
    silent = sum(number not in given for number in counted)
    lost = sum(truth == "right" and given.get(number) == "rejected" for number, truth in counted.items())
    false = sum(truth == "wrong" and given.get(number) == "accepted" for number, truth in counted.items())
    share = _share(kept + turned, len(counted))
    reasons = (
        _reason(f"计分命中 {len(counted)} 条", f"{len(counted)} hits count"),
        _reason(f"正确采纳 {kept}，正确排除 {turned}", f"{kept} rightly accepted, {turned} rightly rejected"),
        _reason(
            f"错误采纳 {false}，错误排除 {lost}，未作判断 {silent}",
            f"{false} wrongly accepted, {lost} wrongly rejected, {silent} left out",
        ),
    )
    return Score(round(100 * (share or 0.0), 1), {"share": share, "counted": float(len(counted))}, reasons)


def of_verification(labels: Labels, hits: Sequence[DrillHit], accepted: set[int], results: Sequence[Result]) -> Score:
    """Score results on the hits a squad accepted: one point for the right result, of a confirmed act half of it for
    saying from when to when (what both spans share over what they cover together)."""
    given = {one.hit: one for one in results}
    chosen = [one for one in hits if one.number in accepted and labels.truth(one) != "neither"]
    points, right, overlaps = 0.0, 0, []
    for one in chosen:
        act, said = labels.act_of(one), given.get(one.number)
        if said is None or (said.result == "confirmed") != (act is not None):
            continue
        right += 1
        overlap = _overlap(act, said) if act is not None else 1.0
        points += 0.5 + 0.5 * overlap
        if act is not None:
            overlaps.append(overlap)
    share, mean = _share(right, len(chosen)), _mean(overlaps)
    reasons = (
        _reason(f"核查 {len(chosen)} 条，结论正确 {right}", f"{len(chosen)} looked at, {right} with the right result"),
        _reason(
            f"属实者起止时间平均重合 {100 * mean:.0f}%（占一半分）" if mean is not None else "没有查实的行为",
            f"spans of the confirmed agree by {100 * mean:.0f} % (half the points)"
            if mean is not None
            else "no act confirmed",
        ),
    )
    score = 100 * points / len(chosen) if chosen else 0.0
    return Score(round(score, 1), {"share": share, "overlap": mean}, reasons)


def _overlap(act: Label, said: Result) -> float:
    if said.observed_from is None or said.observed_to is None or said.observed_to < said.observed_from:
        return 0.0
    shared = (min(act.until, said.observed_to) - max(act.since, said.observed_from)).total_seconds()
    together = (max(act.until, said.observed_to) - min(act.since, said.observed_from)).total_seconds()
    if together == 0:
        return 1.0
    return max(0.0, shared) / together


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _reason(zh: str, en: str) -> Reason:
    return Reason(zh=zh, en=en)
