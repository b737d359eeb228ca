"""R04, instrument, logger and platform disagree (三层数据不一致): what was measured is not what was sent."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import middle, of_outlets, per_cent, stretches, trimmed
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import excused, live_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import POSITION, SERIES, Window, ahead, lagged, often, rolled, with_series

DAY, LEAST = 24, 18  # live hours
ORDER = ["outlet_id", "pollutant", "ts"]
LAYERS = ("inst_value", "das_value")
UNIT_RATIOS = (1.34, 2.05, 2.86)
"""mg/m³ per ppm of NO, NO2 and SO2 at 0 °C."""
KINDS = {
    "ratio": ("按固定比例折算", "a fixed ratio"),
    "cap": ("封顶", "capped"),
    "free": ("无固定关系", "no fixed relation"),
}


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of outlets whose layers disagreed most of a day, with the instrument's values one hour off."""
    rows = with_limits(tables["live_hours"], tables["limits"])
    short = lacking(rows, (*LAYERS, "full_scale"), "ok")
    live = live_series(tables)
    live = live.select("outlet_id", "value", *LAYERS, "full_scale", SERIES, POSITION).with_columns(
        _apart=_apart("inst_value", values)
    )
    live = often(live, live["_apart"] == 1.0, 1)
    suspect = rolled(live, [_share("_apart")]).filter(pl.col("_share_apart") >= values["share"])
    if suspect.is_empty():
        return Measured(rows.clear(), short)
    few = with_series(of_outlets(rows, suspect["outlet_id"]), ORDER[:2])
    hour = pl.duration(hours=1)
    few = few.with_columns(
        base_inst_before=pl.when(lagged("ts") == pl.col("ts") - hour).then(lagged("inst_value")),
        base_inst_after=pl.when(ahead("ts", 1) == pl.col("ts") + hour).then(ahead("inst_value", 1)),
    )
    return Measured(excused(few.filter("live"), tables.get("work_orders"), rule.work_orders), short)


def _apart(instrument: str, values: Values) -> pl.Expr:
    """1.0 where value or logger differ from the instrument by more than the tolerance, else 0.0; null without one."""
    return (_deviation(instrument, values) > values["tolerance"]).cast(pl.Float64)


def _deviation(instrument: str, values: Values) -> pl.Expr:
    inst = pl.col(instrument)
    # Near zero the share of the reading says nothing: rounding alone would be a large deviation.
    against = pl.max_horizontal(inst, values["floor"] * pl.col("full_scale"))
    apart = pl.max_horizontal((pl.col("value") - inst).abs(), (pl.col("das_value") - inst).abs())
    return pl.when(inst.is_not_null() & pl.col("full_scale").is_not_null() & (against > 0)).then(apart / against)


def _share(name: str, least: int = LEAST) -> Window:
    return Window(f"_share{name}", name, "mean", DAY, least)


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    live = with_series(rows.sort(ORDER), ORDER[:2]).with_columns(
        _apart=_apart("inst_value", values),
        _before=_apart("base_inst_before", values),
        _after=_apart("base_inst_after", values),
    )
    live = rolled(live, [_share("_apart"), _share("_before", 1), _share("_after", 1)])
    # A clock that is an hour off makes the layers agree again once one of them is shifted.
    skewed = pl.min_horizontal("_share_before", "_share_after").fill_null(1.0) < values["shifted"]
    fires = (pl.col("_share_apart") >= values["share"]) & ~skewed & ~pl.col("base_excused")
    live = live.with_columns(_own=(pl.col("_apart") == 1.0) & ~pl.col("base_excused"))
    found = []
    for part in stretches(live, pl.when(fires).then(DAY), values["gap"]):
        own = trimmed(part, "_own")
        # The window holds a day; of its hours the share that must differ is enough.
        if own.height >= values["share"] * values["least_hours"]:
            statistic, kind = _statistic(own, values)
            if not _is_unit(statistic, values):
                found.append(_finding(own, statistic, kind))
    return found


def _statistic(part: pl.DataFrame, values: Values) -> tuple[dict[str, float], str]:
    """The numbers of an episode and its kind: ratio, cap or free."""
    apart = part.filter("_own").with_columns(
        _ratio=pl.when(pl.col("inst_value") > 0).then(pl.col("value") / pl.col("inst_value"))
    )
    ratio, spread = middle(apart, "_ratio"), float(apart.select(pl.col("_ratio").std()).item() or 0.0)
    top = float(apart.select(pl.col("value").max()).item())
    piled = apart.select((pl.col("value") >= top * (1 - values["pile_band"])).mean()).item()
    above = apart.select((pl.col("inst_value") > top).mean()).item()
    logger = pl.min_horizontal(
        (pl.col("das_value") - pl.col("inst_value")).abs(), (pl.col("das_value") - pl.col("value")).abs()
    ) <= values["tolerance"] * pl.max_horizontal("inst_value", values["floor"] * pl.col("full_scale"))
    hidden = (pl.col("inst_value") > pl.col("limit")) & (pl.col("value") <= pl.col("limit"))
    statistic = {
        "deviation": middle(apart, _deviation("inst_value", values)),
        "ratio": ratio,
        "ratio_spread": spread / ratio if ratio > 0 else 0.0,
        "piled_share": float(piled or 0.0),
        "share": apart.height / part.height,
        "logger_agrees": float(apart.select(logger.mean()).item() or 0.0),
        "hidden_hours": float(apart.select(hidden.sum()).item() or 0),
        "value": middle(apart, "value"),
        "inst_value": middle(apart, "inst_value"),
        "hours": float(part.height),
    }
    if 0 < statistic["ratio_spread"] < values["ratio_spread"] or (ratio > 0 and spread == 0):
        return statistic, "ratio"
    is_cap = statistic["piled_share"] >= values["pile_share"] and (above or 0.0) >= values["pile_share"]
    return statistic, "cap" if is_cap else "free"


def _is_unit(statistic: Mapping[str, float], values: Values) -> bool:
    """Whether the platform shows mg/m³ of the instrument's ppm, which is a known ratio above one."""
    if statistic["ratio_spread"] >= values["unit_tolerance"]:
        return False
    return any(abs(statistic["ratio"] / known - 1) <= values["unit_tolerance"] for known in UNIT_RATIOS)


def _finding(part: pl.DataFrame, statistic: dict[str, float], kind: str) -> Finding:
    name, hidden = part["pollutant"][0], statistic["hidden_hours"]
    zh = [
        f"{name} 连续 {part.height} 小时中 {per_cent(statistic, 'share')}% 的小时平台值与仪器值不一致，"
        f"偏差中位数 {per_cent(statistic, 'deviation')}%",
        f"平台中位数 {statistic['value']:.3g}，仪器中位数 {statistic['inst_value']:.3g}，关系类型：{KINDS[kind][0]}",
    ]
    en = [
        f"{name}: the layers disagreed in {per_cent(statistic, 'share')} % of {part.height} hours, "
        f"by {per_cent(statistic, 'deviation')} % in the median",
        f"median {statistic['value']:.3g} on the platform, {statistic['inst_value']:.3g} at the instrument; "
        f"kind: {KINDS[kind][1]}",
    ]
    if hidden:
        zh.append(f"其中 {hidden:.0f} 小时仪器值高于限值而平台值未超限")
        en.append(f"in {hidden:.0f} hours the instrument was above the limit and the platform was not")
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=name,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=min(1.0, statistic["deviation"] / 0.5) + (0.2 if hidden else 0.0),
        # The third layer is the independent witness: it sides with one of the two that differ.
        corroboration=1.0 if statistic["logger_agrees"] >= 0.8 else 0.5,
        zh=tuple(zh),
        en=tuple(en),
        statistic=statistic,
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", *LAYERS, "production_kw", "flow", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
    },
    measure=measure,
    judge=judge,
)
