"""Peaks of a run, judged as rule R23 judges them, with the enterprises upwind of each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from services.clue_service.detection import plume
from services.clue_service.detection.catalogue import Rule, RuleError, current, load
from services.clue_service.detection.ledger import taken
from services.clue_service.detection.model import Finding
from services.clue_service.van_runs.models import Candidate, Peak
from shared.errors import BodyInvalid, Text

POLLUTANT = "tvoc_ppb"


@cache
def measured() -> Mapping[str, Mapping[str, str]]:
    """Return what vans measure, and which parameter of which rule is the threshold."""
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(
        (Path(__file__).parent / "thresholds.yaml").read_text(encoding="utf-8")
    )
    return found


@cache
def _rule() -> Rule:
    return next(rule for rule in current(load()) if rule.id == measured()[POLLUTANT]["rule"])


def values(thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return the rule's parameters with a run's own threshold. Raises RuleError for one out of range."""
    parameter = measured()[POLLUTANT]["parameter"]
    return _rule().values({parameter: thresholds[POLLUTANT]} if POLLUTANT in thresholds else None)


def held(thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return the threshold that holds for each pollutant."""
    return {name: values(thresholds)[entry["parameter"]] for name, entry in measured().items()}


def require_thresholds(thresholds: Mapping[str, float]) -> None:
    """Refuse a threshold of what no van measures, and one out of the rule's range. Raises BodyInvalid."""
    foreign = sorted(set(thresholds) - set(measured()))
    if foreign:
        listed = ", ".join(measured())
        words = Text(f"走航不测 {foreign[0]}；可设：{listed}", f"No van measures {foreign[0]}; there are: {listed}")
        raise BodyInvalid(words, errors=[{"field": "thresholds", "code": "unknown_pollutant", "message": words}])
    try:
        values(thresholds)
    except RuleError as broken:
        words = Text(str(broken), str(broken))
        raise BodyInvalid(words, errors=[{"field": "thresholds", "code": "out_of_range", "message": words}]) from broken


def found(points: pl.DataFrame, sites: pl.DataFrame, thresholds: Mapping[str, float]) -> list[Peak]:
    """Return the peaks of one run's points (table van_points), in order of time."""
    used = values(thresholds)
    tables = {"van_points": points, "enterprise_sites": sites}
    rows = plume.measure(tables, _rule(), used).rows
    findings = sorted(plume.judge(rows, used), key=lambda one: one.from_ts)
    known = taken(tables, "enterprise_sites")
    return [_peak(number, one, rows, known, used) for number, one in enumerate(findings, start=1)]


def _peak(number: int, one: Finding, rows: pl.DataFrame, sites: pl.DataFrame, used: dict[str, float]) -> Peak:
    inside = rows.filter(pl.col("ts").is_between(one.from_ts, one.to_ts))
    is_valid = pl.col("flag").str.to_uppercase() == "N"
    top = inside.filter(is_valid & (pl.col(POLLUTANT) == one.statistic["peak_ppb"])).row(0, named=True)
    sources = plume.upwind(top, sites, used)
    return Peak(
        number=number,
        begin=one.from_ts,
        end=one.to_ts,
        lat=top["lat"],
        lon=top["lon"],
        peak=one.statistic["peak_ppb"],
        background=one.statistic["background_ppb"],
        seconds=one.statistic["seconds"],
        passes=int(one.statistic["peaks"]),
        wind_dir=top["wind_dir"],
        wind_ms=top["wind_ms"],
        zh=list(one.zh),
        en=list(one.en),
        candidates=[_candidate(rank, source, top) for rank, source in enumerate(sources, start=1)],
    )


def _candidate(rank: int, source: plume.Source, top: Mapping[str, Any]) -> Candidate:
    wind = f"{top['wind_dir']:.0f}"
    return Candidate(
        rank=rank,
        enterprise_id=source.enterprise_id,
        name=source.name,
        off_degrees=round(source.degrees, 1),
        metres=round(source.metres, 0),
        lat=source.lat,
        lon=source.lon,
        zh=f"在上风向（风向 {wind}°）偏 {source.degrees:.0f}°、{source.metres:.0f} 米处，仅供排查",
        en=f"{source.degrees:.0f}° off the wind from {wind}°, {source.metres:.0f} m away: to be looked at",
    )
