"""Runs rules over tables and turns what they found into hits with a severity and a slice of evidence."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import polars as pl

from services.clue_service.detection import (
    air,
    constant,
    copied,
    curves,
    drop,
    gaps,
    hugging,
    late_marks,
    layers,
    obd,
    parameters,
    plume,
    samplers,
    sampling,
    section,
    sham_stop,
    shift,
    swap,
    thinned,
    transfer,
    treatment,
    upkeep,
    waste_balance,
    waste_output,
)
from services.clue_service.detection.abreast import abreast
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.hours import Hours, InMemory
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import in_order, live_outlet_hours, live_series, with_live
from services.clue_service.detection.model import Finding, Model
from services.clue_service.detection.windows import POSITION, SERIES
from shared.clock import ZONE

MODELS: Mapping[str, Model] = {
    "R01": drop.MODEL,
    "R02": shift.MODEL,
    "R03": parameters.MODEL,
    "R04": layers.MODEL,
    "R05": swap.MODEL,
    "R06": copied.MODEL,
    "R07": air.MODEL,
    "R08": thinned.MODEL,
    "R09": sham_stop.MODEL,
    "R10": late_marks.MODEL,
    "R11": upkeep.MODEL,
    "R12": waste_output.MODEL,
    "R13": waste_balance.MODEL,
    "R14": constant.MODEL,
    "R15": hugging.MODEL,
    "R16": treatment.MODEL,
    "R17": sampling.MODEL,
    "R18": gaps.MODEL,
    "R19": transfer.MODEL,
    "R20": obd.MODEL,
    "R21": curves.MODEL,
    "R22": samplers.MODEL,
    "R23": plume.MODEL,
    "R24": section.MODEL,
}
THREADS = os.cpu_count() or 1
"""Rules judged at one time: the kernels of the windows keep to one core each."""
GRADES = ((75.0, "A"), (50.0, "B"))
LIMITS = ("limit", "full_scale")


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


@dataclass(frozen=True, slots=True)
class Run:
    """What a run found, and per rule how many rows (or tables) could not be judged and for want of what."""

    hits: list[Hit]
    not_evaluable: dict[str, dict[str, int]]


def run(
    tables: Mapping[str, pl.DataFrame],
    rules: Iterable[Rule],
    *,
    parameters: Mapping[str, Mapping[str, float]] | None = None,
    history: Mapping[str, float] | None = None,
    hours: Hours | None = None,
) -> Run:
    """Run rules over the tables of the import folder (see intake/tables.yaml).

    `parameters` overrides values by rule id; `history` gives each entity's weight of confirmed clues in 24 months
    (0, 0.5 or 1); `hours` stands for the table obs_hour where it is too large to be held. Raises RuleError for an
    override that does not fit. Hits come sorted by rule, entity and time. A rule may stand several times with other
    values; what could not be judged is told of the first of them.
    """
    hits: list[Hit] = []
    hours = hours or (InMemory(tables["obs_hour"]) if "obs_hour" in tables else None)
    chosen = [_chosen(rule, (parameters or {}).get(rule.id), tables, hours) for rule in rules]
    ready = [one for one in chosen if not one.lacks]
    hourly = [one for one in ready if "obs_hour" in one.model.needs]
    weights = history or {}
    if hours is not None and hourly:
        hits += _judged(_batches(tables, hours), hourly, weights)
    for one in ready:
        if "obs_hour" not in one.model.needs:
            hits += _apply(tables, one, weights)
    hits.sort(key=lambda found: (found.rule_id, found.entity_id, found.pollutant or "", found.from_at))
    not_evaluable: dict[str, dict[str, int]] = {}
    for one in chosen:
        not_evaluable.setdefault(one.rule.id, one.lacks)
    return Run(hits, not_evaluable)


def _judged(
    parts: Iterator[Mapping[str, pl.DataFrame]], chosen: Sequence["_Chosen"], history: Mapping[str, float]
) -> list[Hit]:
    """The hits of some rules over all parts. While the rules judge one part the next is read: two are held at most."""
    hits: list[Hit] = []
    with ThreadPoolExecutor(THREADS) as pool:
        running: list[Future[list[Hit]]] = []
        for part in parts:
            work = [pool.submit(_apply, part, one, history) for one in chosen]
            hits += [found for one in running for found in one.result()]
            running = work
        hits += [found for one in running for found in one.result()]
    return hits


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A rule with its values, and per table, column or reason how much of what it reads cannot be judged."""

    rule: Rule
    model: Model
    values: Mapping[str, float]
    lacks: dict[str, int]


def _chosen(
    rule: Rule, overrides: Mapping[str, float] | None, tables: Mapping[str, pl.DataFrame], hours: Hours | None
) -> _Chosen:
    model = MODELS[rule.id]
    return _Chosen(rule, model, rule.values(overrides), _absent(model, tables, hours))


def _batches(tables: Mapping[str, pl.DataFrame], hours: Hours) -> Iterator[Mapping[str, pl.DataFrame]]:
    """The tables with some outlets' hours at a time: what is needed in memory does not grow with the outlets.

    `obs_hour` is the whole table where it is held, else these outlets; what is asked of the whole is beside it.
    """
    whole_tables = {**tables, **hours.whole()}
    for part in hours.parts(tables.get("outlets")):
        yield _batch({"obs_hour": part, **whole_tables}, part)


def _batch(tables: Mapping[str, pl.DataFrame], observations: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """The tables with the live hours of some outlets; what most rules begin with is made once for all of them."""
    rows, limits = in_order(observations), tables.get("limits")
    hours = abreast(rows)
    live = with_live(rows, hours)
    made = {} if hours is None else {"outlet_hours": live_outlet_hours(live, hours)}
    if limits is None or not {"pollutant", *LIMITS} <= set(limits.columns):
        return {**tables, **made, "live_hours": live}
    made["live_hours"] = live = with_limits(live, limits)
    return {**tables, **made, "live_series": live_series({"live_hours": live, "limits": limits})}


def _apply(tables: Mapping[str, pl.DataFrame], chosen: _Chosen, history: Mapping[str, float]) -> list[Hit]:
    """One rule over one batch; what it could not judge is added to its `lacks`."""
    rule, model, values, lacks = chosen.rule, chosen.model, chosen.values, chosen.lacks
    measured = model.measure(tables, rule, values)
    for name, count in measured.not_evaluable.items():
        lacks[name] = lacks.get(name, 0) + count
    findings = model.judge(measured.rows, values)
    if not findings:
        return []
    cut = (
        partial(model.cut, _own(measured.rows))
        if model.cut
        else _Slices(tables[model.source], measured.rows, findings, model).of
    )
    hits = []
    for finding in findings:
        weight = history.get(finding.entity_id, 0.0)
        hits.append(hit(finding, rule, values, cut(finding).with_columns(history=pl.lit(weight)), weight))
    return hits


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


def _absent(model: Model, tables: Mapping[str, pl.DataFrame], hours: Hours | None) -> dict[str, int]:
    """Tables and columns the rule needs and nobody delivered; one count each, or the rows they leave unjudged."""
    absent = {}
    for name, columns in model.needs.items():
        table: Hours | pl.DataFrame | None = hours if name == "obs_hour" else tables.get(name)
        if table is None:
            absent[name] = 1
            continue
        for column in columns:
            if column not in table.columns:
                absent[f"{name}.{column}"] = table.height
    return absent


class _Slices:
    """Cuts the rows around each finding out of a table, once per entity."""

    def __init__(self, source: pl.DataFrame, measured: pl.DataFrame, findings: list[Finding], model: Model) -> None:
        self._model = model
        entities = pl.Series([finding.entity_id for finding in findings], dtype=pl.String).unique().implode()
        mine = pl.col(model.entity).is_in(entities)
        source = _own(source)
        extra = [name for name in measured.columns if name not in source.columns and _is_frozen(name)]
        own = measured.filter(mine).select(*model.keys, *extra)
        joined = source.filter(mine).join(own, on=list(model.keys), how="left", maintain_order="left")
        self._rows = joined.partition_by(model.entity, as_dict=True)

    def of(self, finding: Finding) -> pl.DataFrame:
        """The slice, sorted; column `hit` marks the rows of the finding."""
        model, time = self._model, pl.col(self._model.time)
        rows = self._rows[(finding.entity_id,)]
        near = rows.filter(time.is_between(finding.from_ts - model.before, finding.to_ts + model.after))
        inside = time.is_between(finding.from_ts, finding.to_ts)
        if finding.pollutant is not None:
            inside &= pl.col("pollutant") == finding.pollutant
        return near.with_columns(hit=inside).sort(model.keys)


def _own(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without what numbers their series."""
    return rows.drop(SERIES, POSITION, strict=False)


def _is_frozen(name: str) -> bool:
    return name in LIMITS or name.startswith("base_")
