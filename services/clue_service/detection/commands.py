"""What a run of the rules writes: clues with frozen evidence, and how far each outlet was judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, update
from sqlmodel import Session

from services.clue_service.clues import commands as clues
from services.clue_service.clues import suppressing
from services.clue_service.clues.models import Clue, Receive
from services.clue_service.clues.queries import OPEN_STATES, of_episode
from services.clue_service.detection.about import About
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.evidence import freeze
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.models import DetectionRun
from services.clue_service.detection.rounds import Levels
from services.clue_service.upserting import upsert
from shared.clock import ZONE
from shared.identity import Principal
from shared.records import evidence
from shared.records.blobs import BlobStore, Stored
from shared.records.db import table_of
from shared.records.evidence import Description
from shared.records.journal import canonical

MOST_WORDS = 4000
MAKER = "联勤线索室 / Lianqin clue room"
"""Who extracts a slice: the room itself, by a rule."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A hit as a report to the competent bureau, with its evidence stored: slice first, then chart and record."""

    owner: str
    report: Receive
    items: tuple[tuple[Stored, Description], ...]


@dataclass(slots=True)
class Outcome:
    """What a run did, added up over outlets."""

    outlets: int = 0
    hits: int = 0
    clues: dict[str, None] = field(default_factory=dict)
    created: int = 0
    merged: int = 0
    known: int = 0
    shadow: int = 0
    suppressed: int = 0
    not_evaluable: dict[str, dict[str, int]] = field(default_factory=dict)
    levels: dict[str, tuple[datetime, Levels]] = field(default_factory=dict)
    """By outlet judged its latest hour and what it showed lately."""

    def add(self, other: "Outcome") -> None:
        """Add what another run did."""
        for name in ("outlets", "hits", "created", "merged", "known", "shadow", "suppressed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.clues |= other.clues
        self.levels |= other.levels
        self.add_lacks(other.not_evaluable)

    def add_lacks(self, not_evaluable: Mapping[str, Mapping[str, int]]) -> None:
        """Add what each rule could not judge for want of what."""
        for rule_id, lacks in not_evaluable.items():
            added = self.not_evaluable.setdefault(rule_id, {})
            for name, count in lacks.items():
                added[name] = added.get(name, 0) + count


def frozen(found: Hit, rule: Rule, about: About, blobs: BlobStore, *, now: datetime) -> Frozen:
    """Freeze a hit: store its slice (Parquet), chart (SVG) and record (JSON), and word its report."""
    made = freeze(found, rule)
    stem = f"{rule.id}-{found.from_at.astimezone(ZONE):%Y%m%d%H}"
    details = {"rule_id": rule.id, "rule_version": rule.version, "slice_sha256": made.sha256}
    extracted = {
        "source": about.data,
        "method": f"规则 {rule.id} 第 {rule.version} 版命中时冻结数据切片",
        "made_at": now.isoformat(),
        "maker": MAKER,
    }
    parts = [
        ("clue_slice", "parquet", "application/vnd.apache.parquet", made.parquet),
        ("clue_chart", "svg", "image/svg+xml", made.chart.encode()),
        ("clue_record", "json", "application/json", canonical(made.record).encode()),
    ]
    items = tuple(
        (blobs.put([content]), _described(document, f"{stem}.{ending}", media, details, extracted))
        for document, ending, media, content in parts
        if content
    )
    return Frozen(about.owner, _report(found, rule, about, now=now), items)


def _described(
    document: str, name: str, media: str, details: Mapping[str, Any], extracted: Mapping[str, Any]
) -> Description:
    """Describe an item of a hit; the slice is electronic data and says where it comes from and how."""
    if document != "clue_slice":
        return Description(document, name, media, details)
    return Description(document, name, media, {**details, **extracted}, "electronic_data")


def _report(found: Hit, rule: Rule, about: About, *, now: datetime) -> Receive:
    reasons: list[dict[str, Any]] = [
        {"zh": zh, "en": en} for zh, en in zip(found.reasons["zh"], found.reasons["en"], strict=True)
    ]
    told = (*found.reasons["zh"], *(hook.zh for hook in rule.legal))
    said = (*found.reasons["en"], *(hook.en for hook in rule.legal))
    summary = "；".join(told) + "\n" + "; ".join(said)
    return Receive(
        title=f"{rule.name.zh}：{' '.join(dict.fromkeys((about.enterprise_name, about.entity_id)))}"[:200],
        summary=summary[:MOST_WORDS],
        source=about.source,
        enterprise_id=about.enterprise_id,
        enterprise_name=about.enterprise_name,
        division=about.division,
        industry=about.industry,
        entity_id=about.entity_id,
        outlet_id=about.outlet_id,
        pollutant=found.pollutant,
        rule_id=rule.id,
        rule_version=str(rule.version),
        score=found.severity,
        score_reasons=[*reasons, {"statistic": dict(found.statistic), "grade": found.grade}],
        discovered_at=now,
        observed_from=found.from_at,
        observed_to=found.to_at,
    )


def report(
    session: Session, entity: str, given: Sequence[Frozen], outcome: Outcome, *, by: Principal, now: datetime
) -> None:
    """Turn an entity's hits into clues: new ones, or merged into the open clue of the same thing.

    A hit whose very slice a clue holds already changes nothing, so a run may be repeated at will.
    """
    _alone(session, entity)
    for one in given:
        known = of_episode(session, one.report, owner=one.owner)
        if known is not None and known.state not in OPEN_STATES:
            outcome.known += 1
            outcome.clues[known.ref] = None
            continue
        if known is None and (under := suppressing.active(session, one.report, one.owner, now=now)):
            suppressing.hold_back(session, under, one.report, now=now)
            outcome.suppressed += 1
            continue
        held = _digests(session, known) if known else frozenset()
        clue = known
        if clue is None:
            clue = clues.receive(session, one.report, by=by, now=now)
        elif one.items[0][0].sha256 not in held:
            clue = clues.merge(session, clue, one.report, by=by, now=now)
        is_new = known is None and clue.version == 1
        outcome.created += is_new
        outcome.merged += not is_new
        outcome.clues[clue.ref] = None
        for stored, described in one.items:
            if stored.sha256 not in held:
                evidence.attach(session, clue, stored, described, by=by, now=now)


def _digests(session: Session, clue: Clue) -> frozenset[str]:
    return frozenset(item.sha256 for item in evidence.items(session, clue))


def _alone(session: Session, entity: str) -> None:
    """Hold the entity's row to the end of the transaction: two runs at once would both find no clue and make two."""
    row = DetectionRun.fresh(entity, changes=0)
    upsert(session, DetectionRun, [row], lambda table, _fresh: {"changes": table.c.changes})


def put_off(session: Session, run: DetectionRun, *, until: datetime) -> None:
    """Let an outlet wait: what it has is still to be judged."""
    table = table_of(DetectionRun)
    session.connection().execute(update(table).where(table.c.outlet_id == run.outlet_id).values(due_at=until))


def mark_seen(
    session: Session, runs: Sequence[DetectionRun], known: Mapping[str, tuple[datetime, Levels]], *, now: datetime
) -> None:
    """Note that outlets were judged as far as `runs` says; what came in meanwhile is left for the next run.

    `known` has by outlet its latest hour and its levels at that time.
    """
    table = table_of(DetectionRun)
    rest = {
        name: case((table.c.changes > bindparam("judged"), table.c[name]), else_=None)
        for name in ("changed_from", "due_at")
    }
    statement = update(table).where(table.c.outlet_id == bindparam("outlet"))
    statement = statement.values(seen=bindparam("judged"), ran_at=now, **rest)
    statement = statement.values(looked_to=bindparam("latest"), levels=bindparam("shown"))
    rows = []
    for one in runs:
        latest, shown = known.get(one.outlet_id, (one.looked_to, one.levels))
        rows.append({"outlet": one.outlet_id, "judged": one.changes, "latest": latest, "shown": shown})
    if rows:
        session.connection().execute(statement, rows)
