"""Labels of a back-test on tables, and its report: hits of both sets, precision and recall against the labels."""

import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.hits import Hit
from services.clue_service.rules_office.back_testing import Found, meets
from services.clue_service.rules_office.feedback import wilson
from services.clue_service.rules_office.registry import digest_of
from shared.clock import ZONE

NEEDED = ("entity_id", "from", "to")


@dataclass(frozen=True, slots=True)
class Label:
    """A known anomaly; without a pollutant every hit on the entity in its time meets it."""

    entity_id: str
    pollutant: str | None
    begin: datetime
    end: datetime

    def is_met_by(self, one: Hit) -> bool:
        """Whether a hit is of this anomaly."""
        return meets(one, self.entity_id, self.pollutant or one.pollutant, self.begin, self.end)


@dataclass(frozen=True, slots=True)
class Score:
    """Hits of a set; of them true ones, precision with its 95 % interval; of the labels those found, and recall."""

    hits: int
    true_hits: int
    precision: float | None
    interval: tuple[float, float] | None
    labels: int
    labels_found: int
    recall: float | None


def read(path: Path, rule_id: str) -> list[Label]:
    """Read labels: CSV with entity_id, from, to (local time), pollutant and rule_id where known. Raises ValueError."""
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as broken:
        raise ValueError(f"{path}: {broken}") from broken
    if absent := [name for name in NEEDED if name not in rows.columns]:
        raise ValueError(f"{path}: 缺少列 / columns missing: {', '.join(absent)}")
    found = []
    for number, row in enumerate(rows.iter_rows(named=True), start=2):
        if row.get("rule_id") in (None, "", rule_id):
            found.append(_label(row, f"{path} 第 {number} 行 / row {number}"))
    return found


def _label(row: dict[str, Any], place: str) -> Label:
    try:
        begin, end = (datetime.fromisoformat(row[name] or "") for name in ("from", "to"))
    except ValueError as broken:
        raise ValueError(f"{place}: {broken}") from broken
    local = [one if one.tzinfo else one.replace(tzinfo=ZONE) for one in (begin, end)]
    return Label(row["entity_id"] or "", row.get("pollutant") or None, *local)


def report(found: Found, rule: Rule, present: Rule, labels: list[Label] | None) -> dict[str, Any]:
    """Return a back-test as JSON carries it."""
    old, new = present.values(), rule.values()
    said: dict[str, Any] = {
        "rule_id": rule.id,
        "changed": {name: [old.get(name), value] for name, value in new.items() if old.get(name) != value},
        "proposed": {"version": rule.version, "digest": digest_of(rule), "hits": len(found.proposed)},
        "in_force": {"version": present.version, "digest": digest_of(present), "hits": len(found.in_force)},
        "only_proposed": [_episode(one) for one in found.only_proposed()],
        "only_in_force": [_episode(one) for one in found.only_in_force()],
        "not_evaluable": found.lacks,
    }
    if labels is not None:
        said["proposed"] |= asdict(_score(found.proposed, labels))
        said["in_force"] |= asdict(_score(found.in_force, labels))
    return said


def _score(hits: list[Hit], labels: list[Label]) -> Score:
    true_hits = sum(any(label.is_met_by(one) for label in labels) for one in hits)
    met = sum(any(label.is_met_by(one) for one in hits) for label in labels)
    return Score(
        hits=len(hits),
        true_hits=true_hits,
        precision=true_hits / len(hits) if hits else None,
        interval=wilson(true_hits, len(hits)),
        labels=len(labels),
        labels_found=met,
        recall=met / len(labels) if labels else None,
    )


def _episode(one: Hit) -> dict[str, Any]:
    return {
        "entity_id": one.entity_id,
        "pollutant": one.pollutant,
        "from": one.from_at.replace(tzinfo=None).isoformat(),
        "to": one.to_at.replace(tzinfo=None).isoformat(),
        "severity": one.severity,
    }


def show(said: dict[str, Any], *, as_json: bool) -> None:
    """Print a report, for a program or for a reader."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
        return
    changed = ", ".join(f"{name} {old} → {new}" for name, (old, new) in said["changed"].items())
    print(f"{said['rule_id']}  {changed or '参数相同 / the same values'}")
    for name, label in (("in_force", "现行 / in force"), ("proposed", "拟用 / proposed")):
        print(f"{label}: {_line(said[name])}")
    for name, label in (("only_proposed", "仅拟用 / only proposed"), ("only_in_force", "仅现行 / only in force")):
        print(f"{label}: {len(said[name])}")
        for one in said[name][:20]:
            print(f"  {one['entity_id']} {one['pollutant'] or ''} {one['from']}–{one['to']} {one['severity']:g}")


def _line(part: dict[str, Any]) -> str:
    text = f"命中 {part['hits']} / {part['hits']} hits"
    if "labels" not in part:
        return text
    low, high = part["interval"] or (0.0, 1.0)
    precision = "–" if part["precision"] is None else f"{part['precision']:.1%} ({low:.1%}–{high:.1%})"
    recall = "–" if part["recall"] is None else f"{part['recall']:.1%}"
    return f"{text}, 精确率 / precision {precision}, 召回率 / recall {recall} ({part['labels_found']}/{part['labels']})"
