"""R24, river-section incident and upstream source (断面异常与上游关联): a section rises, but not as in a storm."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.ledger import stretches, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.section_chart import chart
from services.clue_service.detection.upstream import (
    NAMES,
    SECTION,
    SOURCE,
    linked_outlets,
    with_drains,
    with_loads,
    with_upstream,
    words_of,
)

SIGNALS = ("turb", "cond", "do")
DAYS = 15
LEAST_SHARE = 0.75  # of the readings 15 days should have
BEFORE, AFTER = timedelta(hours=72), timedelta(hours=24)


def measure(tables: Mapping[str, pl.DataFrame], _rule: Rule, values: Values) -> Measured:
    """Readings of each parameter, with the medians of 15 days before, upstream sections, rain, and loads upstream."""
    sections = taken(tables, "sections").drop_nulls(["section_id", "ts"]).unique(["section_id", "ts"], keep="first")
    sections = sections.sort("section_id", "ts")
    missing = lacking(sections, (*NAMES, "turb", "cond"))
    rows = _long(_with_medians(_with_rain(sections, taken(tables, "weather"))))
    if rows.is_empty():
        return Measured(rows, missing)
    high = rows.with_columns(_high=_is_high(values))
    count = pl.col("_high").cast(pl.Int64).sum().over("section_id", "ts")
    rows = high.with_columns(base_others=count - pl.col("_high").cast(pl.Int64))
    rows = with_upstream(rows, taken(tables, "section_sources"), values["around"]).drop("_high")
    rows = with_drains(rows, tables)
    return Measured(with_loads(rows, judge(rows, values), tables, values), missing)


def _with_rain(sections: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """Add base_rain: millimetres of the 24 hours before, the mean over stations; null without a table."""
    hourly = weather.drop_nulls(["ts", "rain_mm"]).group_by("ts").agg(pl.col("rain_mm").mean()).sort("ts")
    if hourly.is_empty():
        return sections.with_columns(base_rain=pl.lit(None, pl.Float64))
    day = hourly.rolling("ts", period="24h").agg(base_rain=pl.col("rain_mm").sum())
    joined = sections.sort("ts").join_asof(day, on="ts", strategy="backward", tolerance="6h")
    return joined.sort("section_id", "ts")


def _with_medians(sections: pl.DataFrame) -> pl.DataFrame:
    """Add the medians of 15 days before (null where too few readings), the usual step, oxygen's highest of a day.

    Oxygen rises by half on any sunny day in some rivers: its highest of a day is held against that of other days.
    """
    steps = sections.group_by("section_id").agg(
        base_step=pl.col("ts").diff().dt.total_seconds().cast(pl.Float64).median() / 3600
    )
    rows = sections.join(steps, on="section_id", how="left", maintain_order="left")
    day = rows.rolling("ts", period="24h", group_by="section_id").agg(base_do_top=pl.col("do").max())
    rows = rows.join(day, on=["section_id", "ts"], how="left", maintain_order="left")
    names = [*NAMES, *SIGNALS]
    before = rows.rolling("ts", period=f"{DAYS}d", closed="left", group_by="section_id").agg(
        *[pl.col(name).median().alias(f"base_{name}") for name in names],
        *[pl.col(name).count().alias(f"_count_{name}") for name in names],
        base_do_usual=pl.col("base_do_top").median(),
    )
    rows = rows.join(before, on=["section_id", "ts"], how="left", maintain_order="left")
    rows = _with_usual_conductivity(rows)
    least = LEAST_SHARE * DAYS * 24 / pl.col("base_step")
    known = [pl.when(pl.col(f"_count_{name}") >= least).then(f"base_{name}").alias(f"base_{name}") for name in names]
    return rows.with_columns(known).drop([f"_count_{name}" for name in names])


def _with_usual_conductivity(rows: pl.DataFrame) -> pl.DataFrame:
    """Replace base_cond by the median of the same hour of the 15 days before, where that is known.

    In many rivers conductivity swings by a tenth every day, as much as a storm would dilute it.
    """
    rows = rows.with_columns(_hour=pl.col("ts").dt.hour())
    same = rows.rolling("ts", period=f"{DAYS}d", closed="left", group_by=["section_id", "_hour"]).agg(
        _same=pl.col("cond").median(), _days=pl.col("cond").count()
    )
    rows = rows.join(same, on=["section_id", "_hour", "ts"], how="left", maintain_order="left")
    known = pl.when(pl.col("_days") >= LEAST_SHARE * DAYS).then("_same")
    return rows.with_columns(base_cond=pl.coalesce(known, "base_cond")).drop("_hour", "_same", "_days")


def _long(rows: pl.DataFrame) -> pl.DataFrame:
    shared = [
        "section_id",
        "ts",
        *SIGNALS,
        *[f"base_{name}" for name in SIGNALS],
        "base_do_top",
        "base_do_usual",
        "base_step",
        "base_rain",
    ]
    parts = [
        rows.select(
            *shared, pollutant=pl.lit(name), value=pl.col(name), base_value=pl.col(f"base_{name}"), kind=pl.lit(SECTION)
        )
        for name in NAMES
    ]
    return pl.concat(parts).sort("section_id", "pollutant", "ts")


def _is_high(values: Values) -> pl.Expr:
    """Above its class and its own past, in water that neither a storm nor algae have changed."""
    limit = pl.col("pollutant").replace_strict(
        {name: values[f"limit_{name}"] for name in NAMES}, return_dtype=pl.Float64
    )
    algae = (pl.col("base_do_top") >= values["algae"] * pl.col("base_do_usual")).fill_null(False)
    return (
        (pl.col("value") > limit)
        & (pl.col("value") >= values["rise"] * pl.col("base_value"))
        & (pl.col("turb") < values["turbidity"] * pl.col("base_turb"))
        & (pl.col("cond") >= values["conductivity"] * pl.col("base_cond"))
        & (pl.col("base_cond") > 0)
        & ~algae
    ).fill_null(False)


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes of each section and parameter, with the loads upstream that fit (columns of `measure`)."""
    if rows.is_empty():
        return []
    readings = rows.filter(pl.col("kind") == SECTION).sort("section_id", "pollutant", "ts")
    marked = readings.with_columns(_high=_is_high(values))
    some = marked.filter("_high").select("section_id", "pollutant").unique()
    series = marked.join(some, on=["section_id", "pollutant"], how="semi", maintain_order="left")
    findings = []
    for part in series.partition_by("section_id", "pollutant", maintain_order=True):
        for episode in _episodes(part, values):
            findings.append(_finding(part, episode, rows, values))
    return findings


def _episodes(series: pl.DataFrame, values: Values) -> list[list[int]]:
    """Runs of consecutive high readings, long enough, joined over short holes."""
    ts, high = series["ts"].to_list(), series["_high"].to_list()
    step = float(series["base_step"][0] or 0.0)
    near = timedelta(hours=1.5 * step)
    runs: list[list[int]] = []
    for index in [row for row, is_high in enumerate(high) if is_high]:
        if runs and index == runs[-1][-1] + 1 and ts[index] - ts[runs[-1][-1]] <= near:
            runs[-1].append(index)
        else:
            runs.append([index])
    inside = {index for run in runs if len(run) >= values["readings"] for index in run}
    return list(stretches(ts, [index in inside for index in range(len(ts))], timedelta(hours=values["gap"] + step)))


def _finding(series: pl.DataFrame, episode: list[int], rows: pl.DataFrame, values: Values) -> Finding:
    part = series[episode]
    first: Mapping[str, Any] = part.row(0, named=True)
    last = part["ts"][-1]
    highest = float(part["value"].max())  # type: ignore[arg-type]  # a number here
    limit = values[f"limit_{first['pollutant']}"]
    seen = _loads_then(rows, first, last, values["around"])
    loads = _standing_out(seen, values["load"])
    upstream, upstream_high = first["base_upstream"], first["base_upstream_high"]
    signals = [bool(part["base_others"].max())]
    if not seen.is_empty():
        signals.append(bool(loads))
    if upstream:
        signals.append(upstream_high == 0)
    if first["base_rain"] is not None:
        signals.append(first["base_rain"] < values["rain"])
    hours = part.height * float(first["base_step"] or 0.0)
    statistic = {
        "highest": highest,
        "limit": limit,
        "before": first["base_value"],
        "readings": float(part.height),
        "candidates": float(len(loads)),
        "upstream_sections": float(upstream),
        "upstream_high": float(upstream_high),
    }
    is_wet = first["base_rain"] is not None and first["base_rain"] >= values["rain"]
    zh, en = words_of(first, statistic, hours, loads, is_wet=is_wet)
    return Finding(
        entity_id=first["section_id"],
        pollutant=first["pollutant"],
        from_ts=first["ts"],
        to_ts=last,
        hours=hours,
        strength=(highest / limit - 1) / 2,
        corroboration=sum(signals) / len(signals),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _loads_then(rows: pl.DataFrame, first: Mapping[str, Any], last: Any, around: float) -> pl.DataFrame:
    """Loads upstream of the section, of its parameter, when the water that came by was there."""
    window = timedelta(hours=around)
    return rows.filter(
        (pl.col("kind") == SOURCE)
        & (pl.col("section_id") == first["section_id"])
        & (pl.col("pollutant") == first["pollutant"])
        & pl.col("ts").is_between(first["ts"] - window, last + window)
    )


def _standing_out(loads: pl.DataFrame, least: float) -> list[dict[str, Any]]:
    """Each outlet's highest load that stood out; by load over travel time."""
    standing = loads.filter(pl.col("base_z") >= least).sort("value", "ts", descending=[True, False])
    best = standing.unique("base_source", keep="first", maintain_order=True)
    # Distances are in no table; a short way takes little time.
    ranked = best.with_columns(_rank=pl.col("value") / pl.col("base_travel").clip(0.5, None))
    return ranked.sort("_rank", "base_source", descending=[True, False]).to_dicts()


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The section's readings of that parameter from 72 h before to 24 h after, and the loads upstream on its time."""
    own = rows.filter(
        (pl.col("section_id") == finding.entity_id)
        & (pl.col("pollutant") == finding.pollutant)
        & pl.col("ts").is_between(finding.from_ts - BEFORE, finding.to_ts + AFTER)
    )
    inside = (pl.col("kind") == SECTION) & pl.col("ts").is_between(finding.from_ts, finding.to_ts)
    return own.with_columns(hit=inside)


MODEL = Model(
    needs={"sections": ("section_id", "ts", "turb", "cond")},
    measure=measure,
    judge=judge,
    entity="section_id",
    cut=cut,
    chart=chart,
    beside=linked_outlets,
)
