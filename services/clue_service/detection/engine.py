"""Runs rules over tables: every rule over every part of the hours, several at a time, and over the other tables."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.hits import Hit
from services.clue_service.detection.hours import Hours, InMemory
from services.clue_service.detection.judging import Chosen, Judge, Lacks, Tables, apply
from services.clue_service.detection.model import Model
from services.clue_service.detection.processes import judged_apart

THREADS = os.cpu_count() or 1
"""Rules judged at one time: the kernels of the windows keep to one core each."""


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
    processes: int = 1,
) -> Run:
    """Run rules over the tables of the import folder (see intake/tables.yaml).

    `parameters` overrides values by rule id; `history` gives each entity's weight of confirmed clues in 24 months
    (0, 0.5 or 1); `hours` stands for the table obs_hour where it is too large to be held. Raises RuleError for an
    override that does not fit. With several `processes` so many parts of hours that any process can read are judged at
    a time: Python does one thing at once, whatever its threads. Hits come sorted by rule, entity and time. A rule may
    stand several times with other values; what could not be judged is told of the first of them.
    """
    hours = hours or (InMemory(tables["obs_hour"]) if "obs_hour" in tables else None)
    chosen = [Chosen(rule, rule.values((parameters or {}).get(rule.id))) for rule in rules]
    lacks = [_absent(one.model, tables, hours) for one in chosen]
    ready = [number for number, absent in enumerate(lacks) if not absent]
    hourly = [number for number in ready if "obs_hour" in chosen[number].model.needs]
    found: list[tuple[int, list[Hit], Lacks]] = []
    if hours is not None and hourly:
        judge = Judge({**tables, **hours.whole()}, [chosen[number] for number in hourly], history or {})
        for part in _parts_judged(judge, hours, tables.get("outlets"), processes):
            found += [(number, hits, short) for number, (hits, short) in zip(hourly, part, strict=True)]
    for number in (one for one in ready if one not in hourly):
        one = chosen[number]
        found.append((number, *apply(_with_hours(tables, one, hours), one, history or {})))
    for number, _, short in found:
        for name, count in short.items():
            lacks[number][name] = lacks[number].get(name, 0) + count
    hits = [hit for _, some, _ in found for hit in some]
    hits.sort(key=lambda found: (found.rule_id, found.entity_id, found.pollutant or "", found.from_at))
    not_evaluable: dict[str, dict[str, int]] = {}
    for one, absent in zip(chosen, lacks, strict=True):
        not_evaluable.setdefault(one.rule.id, absent)
    return Run(hits, not_evaluable)


def _with_hours(tables: Tables, chosen: Chosen, hours: Hours | None) -> Tables:
    """The tables with the hours of the outlets a rule looks at beside them, where the table itself is not held."""
    beside = chosen.model.beside
    if beside is None or hours is None or "obs_hour" in tables:
        return tables
    return {**tables, "obs_hour": hours.named(set(beside(tables, chosen.values).to_list()))}


Found = Sequence[tuple[list[Hit], Lacks]]
"""Hits and lacks by rule, in the order of the rules."""


def _parts_judged(judge: Judge, hours: Hours, outlets: pl.DataFrame | None, processes: int) -> Iterator[Found]:
    shared = hours.shared() if processes > 1 else None
    pieces = shared.pieces(outlets) if shared is not None else ()
    if shared is None or len(pieces) < 2 * processes:
        yield from _in_threads(judge, hours.parts(outlets))
        return
    for one in judged_apart(judge, pieces, processes):
        shared.note(one.part)
        yield one.found


def _in_threads(judge: Judge, parts: Iterator[pl.DataFrame]) -> Iterator[Found]:
    """Every rule over every part. While the rules judge one part the next is read: two are held at most."""
    with ThreadPoolExecutor(THREADS) as pool:
        running: list[Future[tuple[list[Hit], Lacks]]] = []
        for rows in parts:
            tables = judge.batch(rows)
            work = [pool.submit(apply, tables, one, judge.history) for one in judge.chosen]
            if running:
                yield [one.result() for one in running]
            running = work
        if running:
            yield [one.result() for one in running]


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
