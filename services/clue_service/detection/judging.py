"""Some outlets' hours judged by some rules: what is repeated for every part of a table, here or in another process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from services.clue_service.detection.abreast import abreast
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit, hit
from services.clue_service.detection.hours import Part, Piece
from services.clue_service.detection.limits import COLUMNS, with_limits
from services.clue_service.detection.live import in_order, live_outlet_hours, live_series, with_live
from services.clue_service.detection.model import Finding, Model
from services.clue_service.detection.windows import POSITION, SERIES

Tables = Mapping[str, pl.DataFrame]
Lacks = Mapping[str, int]
"""How many rows (or tables) a rule could not judge, by what they lacked."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule with its values."""

    rule: Rule
    values: Mapping[str, float]

    @property
    def model(self) -> Model:
        """Its functions."""
        return MODELS[self.rule.id]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules found in a part: hits and lacks by rule, in their order; the part without its rows."""

    found: Sequence[tuple[list[Hit], Lacks]]
    part: Part


@dataclass(frozen=True, slots=True)
class Judge:
    """Rules with what they read beside the hours: the other tables, and the history of each entity."""

    tables: Tables
    chosen: Sequence[Chosen]
    history: Mapping[str, float]

    def of(self, piece: Piece) -> Judged:
        """Read a piece and judge it, one rule after another."""
        part = piece.read()
        tables = self.batch(part.rows)
        found = [apply(tables, one, self.history) for one in self.chosen]
        return Judged(found, Part(part.rows.clear(), part.errors, part.error_count))

    def batch(self, observations: pl.DataFrame) -> Tables:
        """The tables with the live hours of some outlets: what most rules begin with is made once for all of them.

        `obs_hour` is the whole table where that is held, else these rows.
        """
        tables = {"obs_hour": observations, **self.tables}
        rows, limits = in_order(observations), tables.get("limits")
        hours = abreast(rows)
        live = with_live(rows, hours)
        made = {} if hours is None else {"outlet_hours": live_outlet_hours(live, hours)}
        if limits is None or not {"pollutant", *COLUMNS} <= set(limits.columns):
            return {**tables, **made, "live_hours": live}
        made["live_hours"] = live = with_limits(live, limits)
        return {**tables, **made, "live_series": live_series({"live_hours": live, "limits": limits})}


def apply(tables: Tables, chosen: Chosen, history: Mapping[str, float]) -> tuple[list[Hit], Lacks]:
    """One rule over one batch: its hits, and what it could not judge."""
    model = chosen.model
    measured = model.measure(tables, chosen.rule, chosen.values)
    # Most parts hold nothing that a rule looks at closely.
    findings = [] if measured.rows.is_empty() else model.judge(measured.rows, chosen.values)
    if not findings:
        return [], measured.not_evaluable
    cut = (
        partial(model.cut, _own(measured.rows))
        if model.cut
        else _Slices(tables[model.source], measured.rows, findings, model).of
    )
    hits = []
    for finding in findings:
        weight = history.get(finding.entity_id, 0.0)
        slice_ = cut(finding).with_columns(history=pl.lit(weight))
        hits.append(hit(finding, chosen.rule, chosen.values, slice_, weight))
    return hits, measured.not_evaluable


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
    return name in COLUMNS or name.startswith("base_")
