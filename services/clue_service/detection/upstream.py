"""What lies upstream of a section: other sections and outlets, looked at when the water that came by was there."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from services.clue_service.detection.ledger import taken
from services.clue_service.detection.model import Finding, Values

NAMES: Mapping[str, tuple[str, str, str]] = {
    "nh3n": ("NH3N", "氨氮", "ammonia nitrogen"),
    "tp": ("TP", "总磷", "total phosphorus"),
    "codmn": ("COD", "高锰酸盐指数", "the permanganate index"),
}
"""Parameters of a section: the pollutant of outlets that makes them, and their names."""
SECTION, SOURCE = "section", "source"
DAYS = timedelta(days=15)
SHOWN = timedelta(hours=72)
LEAST_HOURS = 48  # of a load, before it can stand out
QUIET = 0.05  # least spread of a load as share of its mean: a steady pump has none of its own
MOST_NAMED = 5


def with_upstream(rows: pl.DataFrame, sources: pl.DataFrame, around: float) -> pl.DataFrame:
    """Add base_upstream and base_upstream_high: upstream sections with readings at the time, and those high then.

    `rows` are readings with `_high`, sorted by time within a section; only high ones are looked up.
    """
    links = sources.drop_nulls().filter(pl.col("outlet_id").is_in(rows["section_id"].unique().implode()))
    links = links.filter(pl.col("outlet_id") != pl.col("section_id"))
    window = pl.duration(hours=around)
    asked = rows.filter("_high").select("section_id", "pollutant", "ts").join(links, on="section_id")
    asked = asked.with_columns(_at=pl.col("ts") - pl.duration(minutes=(pl.col("travel_h") * 60).cast(pl.Int64)))
    above = rows.select(outlet_id="section_id", pollutant="pollutant", _seen="ts", _above="_high")
    seen = asked.join(above, on=["outlet_id", "pollutant"]).filter((pl.col("_seen") - pl.col("_at")).abs() <= window)
    each = seen.group_by("section_id", "pollutant", "ts", "outlet_id").agg(pl.col("_above").any())
    counted = each.group_by("section_id", "pollutant", "ts").agg(
        base_upstream=pl.len().cast(pl.Int64), base_upstream_high=pl.col("_above").cast(pl.Int64).sum()
    )
    joined = rows.join(counted, on=["section_id", "pollutant", "ts"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("base_upstream", "base_upstream_high").fill_null(0))


def with_drains(rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Add base_rain_outlets: outlets upstream that drain rain; and the columns of loads, which no reading has."""
    rainy = taken(tables, "outlets").filter("combined_rain").select("outlet_id")
    linked = taken(tables, "section_sources").drop_nulls().join(rainy, on="outlet_id", how="semi")
    drains = linked.group_by("section_id").agg(base_rain_outlets=pl.col("outlet_id").unique().sort().str.join("、"))
    of_loads = {"base_source": pl.String(), "base_z": pl.Float64(), "base_travel": pl.Float64()}
    joined = rows.join(drains, on="section_id", how="left", maintain_order="left")
    return joined.with_columns([pl.lit(None, kind).alias(name) for name, kind in of_loads.items()])


def linked_outlets(tables: Mapping[str, pl.DataFrame], _values: Values) -> pl.Series:
    """The outlets that drain into a section, whose loads are compared with it."""
    return taken(tables, "section_sources")["outlet_id"].drop_nulls()


def with_loads(
    rows: pl.DataFrame, findings: Sequence[Finding], tables: Mapping[str, pl.DataFrame], values: Values
) -> pl.DataFrame:
    """Add the hourly loads (g/h) of outlets upstream of the findings' sections, on the section's time.

    base_source names the outlet, base_z says how far the load stands above its 15 days before.
    """
    found = [finding.entity_id for finding in findings]
    links = taken(tables, "section_sources").drop_nulls().filter(pl.col("section_id").is_in(found))
    links = links.unique(["section_id", "outlet_id"], maintain_order=True)
    hours = tables.get("obs_hour")
    if hours is None or links.is_empty() or not {"outlet_id", "ts", "pollutant", "value", "flow"} <= set(hours.columns):
        return rows
    loads = _loads(hours, links, findings)
    by_section: dict[str, list[tuple[str, float]]] = {}
    for section, outlet, travel in links.select("section_id", "outlet_id", "travel_h").iter_rows():
        by_section.setdefault(section, []).append((outlet, travel))
    reached = [_reached(finding, findings, by_section, values["around"]) for finding in findings]
    parts = pl.concat([_of_finding(*pair, loads, values) for pair in zip(findings, reached, strict=True)])
    distinct = parts.unique(["section_id", "pollutant", "base_source", "ts"], maintain_order=True)
    both = pl.concat([rows, distinct], how="diagonal")
    return both.sort("section_id", "pollutant", "kind", "ts", "base_source")


def _loads(hours: pl.DataFrame, links: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """Loads of the linked outlets with their z-score against the 15 days before."""
    slowest = timedelta(hours=float(links["travel_h"].sum()))  # no way up is longer than all of them together
    begin = min(finding.from_ts for finding in findings) - slowest - DAYS - SHOWN
    end = max(finding.to_ts for finding in findings) + SHOWN
    names = {outlet: name for name, (outlet, _, _) in NAMES.items()}
    # obs_hour comes as it is stored, for speed; types are settled on the few rows that are looked at.
    few = hours.filter(
        pl.col("outlet_id").cast(pl.String).is_in(links["outlet_id"].unique().implode())
        & pl.col("ts").is_between(begin, end)
        & pl.col("pollutant").is_in(list(names))
    ).select(
        pl.col("outlet_id", "pollutant").cast(pl.String),
        pl.col("ts").cast(pl.Datetime("us")),
        value=pl.col("value") * pl.col("flow"),
    )
    few = few.with_columns(pl.col("pollutant").replace(names), pl.col("value").cast(pl.Float64).fill_nan(None))
    few = few.drop_nulls().unique(["outlet_id", "pollutant", "ts"], keep="first").sort("outlet_id", "pollutant", "ts")
    before = few.rolling("ts", period="15d", closed="left", group_by=["outlet_id", "pollutant"]).agg(
        _mean=pl.col("value").mean(), _std=pl.col("value").std(), _count=pl.len()
    )
    few = few.join(before, on=["outlet_id", "pollutant", "ts"], how="left", maintain_order="left")
    spread = pl.max_horizontal("_std", QUIET * pl.col("_mean"))
    enough = (pl.col("_count") >= LEAST_HOURS) & (spread > 0)
    return few.with_columns(base_z=pl.when(enough).then((pl.col("value") - pl.col("_mean")) / spread)).drop(
        "_mean", "_std", "_count"
    )


def _of_finding(finding: Finding, reached: Mapping[str, float], loads: pl.DataFrame, values: Values) -> pl.DataFrame:
    mine = pl.DataFrame(
        {"outlet_id": list(reached), "travel_h": list(reached.values())},
        schema={"outlet_id": pl.String, "travel_h": pl.Float64},
    )
    travel = pl.duration(minutes=(pl.col("travel_h") * 60).cast(pl.Int64))
    around = max(SHOWN, timedelta(hours=values["around"]))
    aligned = loads.filter(pl.col("pollutant") == finding.pollutant).join(mine, on="outlet_id")
    return aligned.select(
        section_id=pl.lit(finding.entity_id),
        ts=pl.col("ts") + travel,
        pollutant="pollutant",
        value="value",
        kind=pl.lit(SOURCE),
        base_source="outlet_id",
        base_z="base_z",
        base_travel="travel_h",
    ).filter(pl.col("ts").is_between(finding.from_ts - around, finding.to_ts + around))


def _reached(
    finding: Finding, findings: Sequence[Finding], links: Mapping[str, Sequence[tuple[str, float]]], around: float
) -> dict[str, float]:
    """Outlets upstream with their travel time: up to the next section, and beyond it where that was high as well."""
    found: dict[str, float] = {}
    todo, seen = [(finding.entity_id, 0.0)], {finding.entity_id}
    while todo:
        section, way = todo.pop()
        for outlet, travel in links.get(section, ()):
            found[outlet] = min(found.get(outlet, way + travel), way + travel)
            if outlet not in seen and _was_high(outlet, finding, findings, way + travel, around):
                seen.add(outlet)
                todo.append((outlet, way + travel))
    return found


def _was_high(section: str, finding: Finding, findings: Sequence[Finding], travel: float, around: float) -> bool:
    begin = finding.from_ts - timedelta(hours=travel + around)
    end = finding.to_ts - timedelta(hours=travel - around)
    return any(
        one.entity_id == section and one.pollutant == finding.pollutant and one.from_ts <= end and one.to_ts >= begin
        for one in findings
    )


def words_of(
    first: Mapping[str, Any],
    figures: Mapping[str, float],
    hours: float,
    loads: Sequence[Mapping[str, Any]],
    *,
    is_wet: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What an episode of a section says: how high, what the water says, what lies upstream."""
    _, name_zh, name_en = NAMES[first["pollutant"]]
    share = figures["highest"] / figures["before"] if figures["before"] else 0.0
    zh = [
        f"断面 {first['section_id']} {name_zh}最高 {figures['highest']:.3g} mg/L，限值 {figures['limit']:g}，"
        f"为前 15 日中位数的 {share:.1f} 倍，持续约 {hours:.0f} 小时",
        f"浊度为中位数的 {first['turb'] / first['base_turb']:.1f} 倍、电导率 "
        f"{first['cond'] / first['base_cond']:.2f} 倍，不似暴雨冲刷",
    ]
    en = [
        f"{name_en} at section {first['section_id']} reached {figures['highest']:.3g} mg/L "
        f"(limit {figures['limit']:g}), {share:.1f} times the median of 15 days before, for about {hours:.0f} h",
        f"turbidity was {first['turb'] / first['base_turb']:.1f} and conductivity "
        f"{first['cond'] / first['base_cond']:.2f} times the median: not like a storm",
    ]
    if figures["upstream_sections"]:
        count, high = figures["upstream_sections"], figures["upstream_high"]
        zh.append(
            f"上游 {count:.0f} 个断面在传播时间前{'均正常，来源应在区间内' if not high else f'有 {high:.0f} 个也异常'}"
        )
        en.append(
            f"of {count:.0f} sections upstream {high:.0f} were high a travel time before"
            + ("" if high else ": the source lies between")
        )
    if loads:
        told = _loads_words(loads[:MOST_NAMED])
        zh.append(told[0])
        en.append(told[1])
    if is_wet and first.get("base_rain_outlets"):
        zh.append(f"此前 24 小时降雨 {first['base_rain']:.0f} mm，另查雨水排口 {first['base_rain_outlets']}")
        en.append(f"{first['base_rain']:.0f} mm of rain in 24 h: look at rain outlets {first['base_rain_outlets']} too")
    return tuple(zh), tuple(en)


def _loads_words(loads: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    listed = [(one["base_source"], one["value"] / 1000, one["base_z"]) for one in loads]
    return (
        "上游负荷突增的排口（仅供排查）：" + "、".join(f"{a}（{b:.2f} kg/h，z={c:.1f}）" for a, b, c in listed),
        "sudden loads, to be looked at: " + ", ".join(f"{a} ({b:.2f} kg/h, z={c:.1f})" for a, b, c in listed),
    )
