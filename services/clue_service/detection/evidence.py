"""Freezes what a hit rests on, and judges it again from the frozen bytes alone."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule, RuleError, load
from services.clue_service.detection.chart import draw
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit, hit
from services.clue_service.detection.model import Finding, Model


@dataclass(frozen=True, slots=True)
class Evidence:
    """The frozen slice (Parquet), its SHA-256, the chart (SVG) and the record of how the hit was computed."""

    parquet: bytes
    sha256: str
    chart: str
    record: Mapping[str, Any]


class ReplayError(ValueError):
    """A slice that no longer gives a hit under the rule, version and parameters named."""


def freeze(found: Hit, rule: Rule) -> Evidence:
    """Freeze a hit. The same hit gives the same bytes, whoever does it and whenever."""
    buffer = io.BytesIO()
    found.evidence.write_parquet(buffer, compression="zstd", compression_level=3, statistics=False)
    parquet = buffer.getvalue()
    digest, chart = hashlib.sha256(parquet).hexdigest(), _chart(found, rule)
    drawn = chart.encode()
    record = {
        "rule_id": found.rule_id,
        "rule_version": found.rule_version,
        "rule_name": rule.name.model_dump(),
        "parameters": dict(found.parameters),
        "entity_id": found.entity_id,
        "pollutant": found.pollutant,
        "from": found.from_at.isoformat(),
        "to": found.to_at.isoformat(),
        "statistic": dict(found.statistic),
        "severity": found.severity,
        "grade": found.grade,
        "exclusions_tested": [text.model_dump() for text in rule.exclusions],
        "legal_hooks": [hook.model_dump() for hook in rule.legal],
        "slice": {"sha256": digest, "rows": found.evidence.height, "bytes": len(parquet)},
        "chart": {"sha256": hashlib.sha256(drawn).hexdigest(), "bytes": len(drawn)} if drawn else None,
        "marks": _marks(found.evidence),
    }
    return Evidence(parquet, digest, chart, record)


def replay(
    slice_bytes: bytes,
    rule_id: str,
    version: int,
    parameters: Mapping[str, float],
    *,
    sha256: str | None = None,
    versions: Mapping[tuple[str, int], Rule] | None = None,
) -> Hit:
    """Judge a frozen slice again. Gives the same hit, or raises ReplayError; RuleError for an unknown version.

    What reaches further back than the slice (usual load, 7-day and 14-day medians) is read from its baseline columns;
    everything else is computed anew from the rows. `sha256` is checked first when it is given; `versions` are the
    rules to judge by, else those of our files.
    """
    if sha256 is not None and hashlib.sha256(slice_bytes).hexdigest() != sha256:
        raise ReplayError("切片与其 SHA-256 不符 / the slice does not match its SHA-256")
    rule = (load() if versions is None else versions).get((rule_id, version))
    if rule is None or rule_id not in MODELS:
        raise RuleError(f"没有规则 {rule_id} 第 {version} 版 / no rule {rule_id} version {version}")
    model, values = MODELS[rule_id], rule.values(parameters)
    rows = pl.read_parquet(io.BytesIO(slice_bytes))
    findings = _known_again(model, values, rows)
    if not findings:
        raise ReplayError(
            "按该规则、版本和参数，切片不再命中 / the slice no longer hits under this rule and parameters"
        )
    best = max(findings, key=lambda finding: finding.hours)
    return hit(best, rule, values, rows, float(rows["history"][0]))


def _known_again(model: Model, values: Mapping[str, float], rows: pl.DataFrame) -> list[Finding]:
    """What judging a slice gives of the finding it was frozen for: that which touches its `hit` rows."""
    marked = rows.filter("hit")
    times = sorted(marked[model.time].to_list())
    is_hourly = model.source == "live_hours" and "live" in rows.columns
    judged = rows.filter("live") if is_hourly and model.live_only else rows
    return [
        finding
        for finding in model.judge(judged, values)
        if times
        and finding.from_ts <= times[-1]
        and finding.to_ts >= times[0]
        and finding.entity_id == marked[model.entity][0]
        and (finding.pollutant is None or finding.pollutant == marked["pollutant"][0])
        and (model.cut is None or model.cut(rows, finding)["hit"].equals(rows["hit"]))
    ]


def _marks(rows: pl.DataFrame) -> list[dict[str, str]]:
    """The mark history of the slice: each mark with who set it and when."""
    names = [name for name in ("ts", "pollutant", "mark", "mark_by", "mark_set_at") if name in rows.columns]
    if "mark" not in names:
        return []
    marked = rows.filter(pl.col("mark").fill_null("") != "").select(pl.col(names).cast(pl.String))
    return [{key: value for key, value in row.items() if value is not None} for row in marked.to_dicts()]


def _chart(found: Hit, rule: Rule) -> str:
    rows, model = found.evidence, MODELS[rule.id]
    if model.chart is not None:
        return model.chart(rows, f"{rule.id} {rule.name.zh}：{found.entity_id}")
    if found.pollutant is None or "value" not in rows.columns:
        return ""
    own = rows.filter(pl.col("pollutant") == found.pollutant).sort("ts")
    limit = own["limit"] if "limit" in own.columns else pl.Series("limit", [None] * own.height, dtype=pl.Float64)
    title = f"{rule.id} {rule.name.zh}：{found.entity_id} {found.pollutant}"
    return draw(own.with_columns(limit=limit), title=title)
