"""R07, flue-gas dilution (烟气稀释): more oxygen than the load explains, or a conversion that does not follow it."""

import math
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.chart import draw_shared
from services.clue_service.detection.episodes import (
    middle,
    of_outlets,
    per_cent,
    stretches,
    trimmed,
    with_outlets,
)
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import excused, live_of, live_series, outlet_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.resistant_line import FIRST, MONTH, SHORT, with_expected
from services.clue_service.detection.windows import (
    POSITION,
    SERIES,
    Window,
    lagged,
    often,
    reached,
    rolled,
    with_series,
)

WEEK = 168  # live hours
ORDER = ["outlet_id", "pollutant", "ts"]
LIVELY = 0.4  # the share of the residual that a plain regression must show before the resistant line is drawn
LINE = ("o2", "production_kw")
AIR = 21.0  # % O2, as the conversion of HJ 212 has it
SHARED = ("o2", "rp", "rf", "flow", "temp")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of flue-gas outlets whose oxygen or conversion was off, with the oxygen their load leads to expect."""
    outlets = tables["outlets"].unique("outlet_id", keep="last")
    gas = outlets.filter(pl.col("medium") == "gas")["outlet_id"]
    known = outlets.select("outlet_id", base_std_o2="std_o2")
    short = _lacking(with_limits(tables["live_hours"], tables["limits"]), gas, known)
    slim = of_outlets(live_series(tables).select("outlet_id", SERIES, "value", "zs_value", "full_scale", "o2"), gas)
    wrong = with_outlets(slim, known).filter(_is_wrong(values))["outlet_id"]
    hours = outlet_series(tables, gas, (*LINE, "rf"))
    suspect = pl.concat([_lively(hours, values), wrong])
    lines = with_expected(of_outlets(hours, suspect))
    lines = lines.with_columns(_high=_is_high(values).fill_null(False).cast(pl.Float64))
    lines = rolled(lines, [Window("_share", "_high", "mean", SHORT, SHORT)])
    lifted = lines.filter(pl.col("_share") >= values["share"])["outlet_id"]
    found = pl.concat([lifted, wrong])
    if found.is_empty():
        return Measured(slim.clear(), short)
    few = live_of(tables, found).drop(SERIES, POSITION)
    few = with_outlets(few if "temp" in few.columns else few.with_columns(temp=pl.lit(None, pl.Float64)), known)
    few = few.join(
        lines.select("outlet_id", "ts", "base_expected_o2"), on=["outlet_id", "ts"], how="left", maintain_order="left"
    )
    weeks = [Window(f"_{name}", name, "median", WEEK, WEEK * 3 // 4) for name in ("value", "flow", "temp")]
    few = rolled(with_series(few, ORDER[:2]), weeks)
    few = few.with_columns([lagged(f"_{name}", SHORT).alias(f"base_{name}") for name in ("value", "flow", "temp")])
    kept = few.select([name for name in few.columns if not name.startswith("_")])
    return Measured(excused(kept, tables.get("work_orders"), rule.work_orders), short)


def _lacking(rows: pl.DataFrame, gas: pl.Series, known: pl.DataFrame) -> dict[str, int]:
    """How many valid hours of flue-gas outlets lack oxygen, full scale or their reference oxygen."""
    rows = rows.select("outlet_id", SERIES, "ok", "o2", "full_scale")
    bare = rows.filter(rows["ok"] & (rows["o2"].is_null() | rows["full_scale"].is_null()))
    nameless = known.filter(pl.col("base_std_o2").is_null())["outlet_id"]
    unknown = int(of_outlets(rows, gas.filter(gas.is_in(nameless.implode())))["ok"].sum())
    return lacking(of_outlets(bare, gas), ("o2", "full_scale")) | ({"base_std_o2": unknown} if unknown else {})


def _lively(hours: pl.DataFrame, values: Values) -> pl.Series:
    """The outlets whose oxygen stood well above a plain regression on production for most of 8 hours.

    The resistant line costs eight medians an hour, the plain one four means: a margin for what draws it upwards.
    """
    load, oxygen = pl.col("production_kw"), pl.col("o2")
    both = load.is_not_null() & oxygen.is_not_null()
    hours = with_series(hours.filter(both), ["outlet_id"]).with_columns(
        _x=load, _y=oxygen, _xy=load * oxygen, _xx=load * load
    )
    hours = rolled(hours, [Window(f"_m{name}", name, "mean", MONTH, FIRST // 2) for name in ("_x", "_y", "_xy", "_xx")])
    spread = pl.col("_m_xx") - pl.col("_m_x") ** 2
    slope = pl.when(spread > 0).then((pl.col("_m_xy") - pl.col("_m_x") * pl.col("_m_y")) / spread).otherwise(0.0)
    slope = pl.min_horizontal(slope, 0.0)
    above = oxygen - (lagged("_m_y", SHORT) + lagged("_slope", SHORT) * (load - lagged("_m_x", SHORT)))
    high = (above >= LIVELY * values["residual"]) & (pl.col("rf") >= values["flow"])
    hours = hours.with_columns(_slope=slope)
    hours, least = hours.with_columns(_high=high), math.ceil(values["share"] * SHORT)
    return often(hours, hours["_high"], least).filter(reached(pl.col("_high"), SHORT, least))["outlet_id"].unique()


def _is_high(values: Values) -> pl.Expr:
    residual = pl.col("o2") - pl.col("base_expected_o2")
    return (residual >= values["residual"]) & (pl.col("rf") >= values["flow"])


def _conversion(values: Values) -> pl.Expr:
    """How far the converted value is from what oxygen makes of the measured one; null where it cannot be said."""
    known = (pl.col("base_std_o2") < AIR) & (pl.col("o2") < values["convertible"]) & (pl.col("value") > 0)
    proper = pl.col("value") * (AIR - pl.col("base_std_o2")) / (AIR - pl.col("o2"))
    return pl.when(known).then((pl.col("zs_value") / proper - 1).abs())


def _is_wrong(values: Values) -> pl.Expr:
    """Null where the conversion cannot be checked: no reference oxygen, too much air, hardly a concentration."""
    enough = pl.col("value") > values["scale"] * pl.col("full_scale")
    return pl.when(enough).then(_conversion(values) >= values["deviation"])


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes of outlets among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    live = with_series(rows.sort(ORDER), ORDER[:2]).with_columns(
        _wrong=_is_wrong(values),
        _off=_conversion(values),
        _fall=pl.when(pl.col("base_value") > 0).then(pl.col("value") / pl.col("base_value")),
    )
    hours = live.group_by("outlet_id", "ts").agg(
        pl.col(*SHARED, "base_expected_o2").max(),
        pl.col("base_excused").any(),
        pl.col("base_flow", "base_temp", "_off", "_fall", "base_std_o2").median(),
        _wrong=pl.col("_wrong").mean(),
    )
    hours = with_series(hours.sort("outlet_id", "ts"), ["outlet_id"]).with_columns(
        _high=(_is_high(values) & ~pl.col("base_excused")).fill_null(False),
        _wrong=(pl.col("_wrong") >= values["pollutants"]).fill_null(False),
    )
    hours = hours.with_columns(_one=pl.col("_high").cast(pl.Float64))
    hours = rolled(hours, [Window("_share", "_one", "mean", SHORT, SHORT)])
    allowed = ~pl.col("base_excused")
    lifted = pl.when((pl.col("_share") >= values["share"]) & allowed).then(SHORT)
    found = [
        _lift(part) for one in stretches(hours, lifted, values["gap"]) if (part := trimmed(one, "_high")).height > 1
    ]
    wrong = pl.when(pl.col("_wrong") & allowed).then(1)
    found += [
        _mismatch(part)
        for part in stretches(hours, wrong, values["conversion_gap"])
        if part["_wrong"].sum() >= values["least_hours"]
    ]
    return _joined(found, hours)


def _joined(found: list[Finding], hours: pl.DataFrame) -> list[Finding]:
    """Findings with those that overlap made one: more oxygen and a wrong conversion at once are one episode."""
    joined: list[Finding] = []
    for one in sorted(found, key=lambda finding: (finding.entity_id, finding.from_ts)):
        last = joined[-1] if joined else None
        if last is None or last.entity_id != one.entity_id or one.from_ts > last.to_ts:
            joined.append(one)
            continue
        to_ts = max(last.to_ts, one.to_ts)
        inside = (pl.col("outlet_id") == one.entity_id) & pl.col("ts").is_between(last.from_ts, to_ts)
        count = float(hours.filter(inside).height)
        joined[-1] = replace(
            last,
            to_ts=to_ts,
            hours=count,
            strength=max(last.strength, one.strength),
            corroboration=max(last.corroboration, one.corroboration),
            zh=last.zh + one.zh,
            en=last.en + one.en,
            statistic={**one.statistic, **last.statistic, "hours": count},
        )
    return joined


def _lift(part: pl.DataFrame) -> Finding:
    high = part.filter("_high")
    statistic = {
        "o2": middle(high, "o2"),
        "expected_o2": middle(high, "base_expected_o2"),
        "residual": middle(high, pl.col("o2") - pl.col("base_expected_o2")),
        "load": middle(high, "rp"),
        "ratio_value": middle(high, "_fall"),
        "ratio_flow": middle(high, pl.when(pl.col("base_flow") > 0).then(pl.col("flow") / pl.col("base_flow"))),
        "temp": middle(high, "temp"),
        "temp_before": middle(high, "base_temp"),
        "hours": float(part.height),
    }
    known = [statistic["ratio_value"] > 0, statistic["temp"] > 0 and statistic["temp_before"] > 0]
    signs = [
        0 < statistic["ratio_value"] <= 0.9,
        0 < statistic["temp"] < 0.97 * statistic["temp_before"],
    ]
    return _finding(
        part,
        statistic,
        statistic["residual"] / 6,
        (1 + sum(signs)) / (1 + sum(known)),
        zh=(
            f"含氧量中位数 {statistic['o2']:.1f}%，按负荷应为 {statistic['expected_o2']:.1f}%，"
            f"高出 {statistic['residual']:.1f} 个百分点，持续 {part.height} 小时",
            f"同期相对负荷 {per_cent(statistic, 'load')}%，流量为前 7 日的 {per_cent(statistic, 'ratio_flow')}%，"
            f"浓度为前 7 日的 {per_cent(statistic, 'ratio_value')}%，疑似混入空气",
        ),
        en=(
            f"oxygen was {statistic['o2']:.1f} % in the median where the load leads to expect "
            f"{statistic['expected_o2']:.1f} %, {statistic['residual']:.1f} points more, for {part.height} hours",
            f"meanwhile the load was {per_cent(statistic, 'load')} % of usual, flow "
            f"{per_cent(statistic, 'ratio_flow')} % and concentration {per_cent(statistic, 'ratio_value')} % of the "
            "7 days before, as if air was let in",
        ),
    )


def _mismatch(part: pl.DataFrame) -> Finding:
    wrong = part.filter("_wrong")
    statistic = {
        "deviation": middle(wrong, "_off"),
        "o2": middle(wrong, "o2"),
        "std_o2": middle(wrong, "base_std_o2"),
        "load": middle(wrong, "rp"),
        "hours": float(part.height),
    }
    return _finding(
        part,
        statistic,
        statistic["deviation"] / 0.5,
        1.0,
        zh=(
            f"折算值与按含氧量重算的结果相差 {per_cent(statistic, 'deviation')}%（中位数），持续 {part.height} 小时",
            f"同期含氧量 {statistic['o2']:.1f}%，基准含氧量 {statistic['std_o2']:g}%，疑似折算参数或含氧量被改动",
        ),
        en=(
            f"converted values differ from those recomputed with the oxygen by {per_cent(statistic, 'deviation')} % "
            f"in the median, for {part.height} hours",
            f"oxygen was {statistic['o2']:.1f} % with a reference of {statistic['std_o2']:g} %; the conversion or the "
            "oxygen may have been changed",
        ),
    )


def _finding(
    part: pl.DataFrame,
    statistic: dict[str, float],
    strength: float,
    corroboration: float,
    *,
    zh: tuple[str, ...],
    en: tuple[str, ...],
) -> Finding:
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=None,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=min(1.0, strength),
        corroboration=corroboration,
        zh=zh,
        en=en,
        statistic=statistic,
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "zs_value", "o2", "production_kw", "flow", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
        "outlets": ("outlet_id", "medium", "std_o2"),
    },
    measure=measure,
    judge=judge,
    medium="gas",
    chart=draw_shared("o2", "含氧量（%）"),
)
