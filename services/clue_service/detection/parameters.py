"""R03, instrument parameter tampering (仪器参数篡改): a large change of a parameter that no visit explains."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking

RANGE, INTERCEPT, SLOPE = "i13001", "i13007", "i13008"
NAMES = {RANGE: ("量程", "range"), INTERCEPT: ("截距", "intercept"), SLOPE: ("斜率", "slope")}
UNJUDGED = r"^i[12][1-3]"
"""Other codes of instruments and loggers (detection limit, calibration time, states): they change in honest work."""
MARKS, FLAGS = ("维护", "校准"), ("M", "C")
KEY = ["outlet_id", "pollutant", "info_id"]
MOMENT = ["outlet_id", "ts", "pollutant"]
HOUR = timedelta(hours=1)
AROUND = 24  # hours of values compared before and after
EPSILON = 1e-9
"""So that a slope set from 1.0 to 0.9 counts as a change by 0.1."""


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """The log with how far each parameter moved, how long it stayed, and what explains it within the hours around."""
    log = tables["param_log"].unique(maintain_order=True).sort(*KEY, "ts")
    if "work_order" not in log.columns:
        log = log.with_columns(work_order=pl.lit(None, pl.String))
    limits = tables.get("limits")
    log = _scaled(log, limits)
    short = {name: count for name, count in lacking(log, ("old_value", "new_value")).items()}
    unscaled = log.filter((pl.col("info_id") == INTERCEPT) & pl.col("full_scale").is_null()).height
    if unscaled:
        short["full_scale"] = unscaled
    until = pl.col("ts").shift(-1).over(KEY) - pl.col("ts")
    stayed = until.dt.total_seconds() / 3600
    log = log.with_row_index("_row").with_columns(base_stayed=stayed)
    log = _near(log, tables, values)
    return Measured(log.sort("outlet_id", "ts", "pollutant", "info_id").drop("_row"), short)


def changed_outlets(tables: Mapping[str, pl.DataFrame], values: Values) -> pl.Series:
    """The outlets with a large change, whose hours say whether somebody was there."""
    return _scaled(tables["param_log"], tables.get("limits")).filter(_change(values) >= 1 - EPSILON)["outlet_id"]


def _scaled(log: pl.DataFrame, limits: pl.DataFrame | None) -> pl.DataFrame:
    if limits is None:
        return log.with_columns(full_scale=pl.lit(None, pl.Float64))
    return with_limits(log, limits).drop("limit")


def _change(values: Values) -> pl.Expr:
    """How far a parameter moved, 1 being the least that counts as large; null for parameters that are not judged."""
    moved = (pl.col("new_value") - pl.col("old_value")).abs()
    relative = pl.when(pl.col("old_value") != 0).then(moved / pl.col("old_value").abs())
    of_scale = pl.when(pl.col("full_scale") > 0).then(moved / pl.col("full_scale"))
    return (
        pl.when(pl.col("info_id") == SLOPE)
        .then(moved / values["slope"])
        .when(pl.col("info_id") == RANGE)
        .then(relative / values["range"])
        .when(pl.col("info_id") == INTERCEPT)
        .then(of_scale / values["intercept"])
        .when(~pl.col("info_id").str.contains(UNJUDGED))
        .then(relative / values["coefficient"])
    )


def _relative() -> pl.Expr:
    """The change as share of what was set before; of full scale for an intercept, which may have been zero."""
    moved = (pl.col("new_value") - pl.col("old_value")).abs()
    return (
        pl.when(pl.col("info_id") == INTERCEPT)
        .then(moved / pl.col("full_scale"))
        .when(pl.col("old_value") != 0)
        .then(moved / pl.col("old_value").abs())
        .otherwise(moved)
    )


def _near(log: pl.DataFrame, tables: Mapping[str, pl.DataFrame], values: Values) -> pl.DataFrame:
    """Add base_ordered and base_marked (a visit near), base_before and base_after (medians of the values)."""
    large = log.filter(_change(values) >= 1 - EPSILON)
    ordered = _ordered(large, tables.get("work_orders"), values)
    around = _observed(large, tables.get("obs_hour"), values)
    log = log.join(ordered, on="_row", how="left", maintain_order="left")
    log = log.join(around, on="_row", how="left", maintain_order="left")
    return log.with_columns(pl.col("base_ordered", "base_marked").fill_null(False))


def _ordered(large: pl.DataFrame, orders: pl.DataFrame | None, values: Values) -> pl.DataFrame:
    """Rows that name a work order, or with one at the outlet within the hours around."""
    named = pl.col("work_order").fill_null("").str.strip_chars() != ""
    if orders is None or orders.is_empty():
        return large.filter(named).select("_row", base_ordered=pl.lit(True))
    window = timedelta(hours=values["window"])
    near = large.join(orders.select("outlet_id", "t_start", "t_end"), on="outlet_id").filter(
        (pl.col("t_start") <= pl.col("ts") + window)
        & (pl.col("t_end").fill_null(pl.col("t_start")) >= pl.col("ts") - window)
    )
    # An order that is on file for another time or outlet explains nothing; one that is not on file is believed.
    known = pl.col("work_order").is_in(orders["work_order"].implode())
    rows = pl.concat([near["_row"], large.filter(named & ~known)["_row"]]).unique()
    return pl.DataFrame(
        {"_row": rows, "base_ordered": [True] * rows.len()}, schema_overrides={"base_ordered": pl.Boolean}
    )


def _observed(large: pl.DataFrame, observations: pl.DataFrame | None, values: Values) -> pl.DataFrame:
    """Whether an hour near each change was marked, and the median of the pollutant a day before and after."""
    schema = {"_row": pl.UInt32, "base_marked": pl.Boolean, "base_before": pl.Float64, "base_after": pl.Float64}
    columns = {*MOMENT, "value", "flag", "mark"}
    if observations is None or not columns <= set(observations.columns):
        return pl.DataFrame(schema=schema)
    hours = observations.filter(pl.col("outlet_id").is_in(large["outlet_id"].unique().implode()))
    pairs = (
        large.select("_row", "outlet_id", _at="ts", _of="pollutant")
        .join(hours.select(*columns), on="outlet_id")
        .filter(pl.col("ts").is_between(pl.col("_at") - (AROUND + 1) * HOUR, pl.col("_at") + AROUND * HOUR))
    )
    window = timedelta(hours=values["window"])
    at_work = pl.col("mark").fill_null("").str.strip_chars().is_in(list(MARKS)) | pl.col("flag").is_in(list(FLAGS))
    close = (pl.col("ts") > pl.col("_at") - window - HOUR) & (pl.col("ts") <= pl.col("_at") + window)
    own = (pl.col("pollutant") == pl.col("_of")) & (pl.col("flag") == "N")
    earlier = pl.col("ts") + HOUR <= pl.col("_at")
    return pairs.group_by("_row").agg(
        base_marked=(at_work & close).any(),
        base_before=pl.col("value").filter(own & earlier).fill_nan(None).median(),
        base_after=pl.col("value").filter(own & (pl.col("ts") >= pl.col("_at"))).fill_nan(None).median(),
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Large changes that nothing explains, one finding for each moment and pollutant."""
    if rows.is_empty():
        return []
    unexplained = ~pl.col("base_ordered") & ~pl.col("base_marked")
    found = rows.with_columns(_change=_change(values), _relative=_relative()).filter(
        (pl.col("_change") >= 1 - EPSILON) & unexplained
    )
    return [_finding(part, values) for part in found.sort(*MOMENT, "info_id").partition_by(MOMENT, maintain_order=True)]


def _finding(part: pl.DataFrame, values: Values) -> Finding:
    first = part.sort("_change", "info_id", descending=[True, False]).row(0, named=True)
    before, after = first["base_before"], first["base_after"]
    known = before is not None and after is not None and before > 0
    moved = bool(known and abs(after / before - 1) >= values["moved"])
    stayed = min(
        values["most_hours"], first["base_stayed"] if first["base_stayed"] is not None else values["most_hours"]
    )
    statistic = {
        "old_value": first["old_value"],
        "new_value": first["new_value"],
        "relative_change": first["_relative"],
        "times_threshold": first["_change"],
        "parameters": float(part.height),
        "hours": float(stayed),
    }
    if known:
        statistic |= {"value_before": before, "value_after": after}
    zh, en = _reasons(part, statistic, values)
    return Finding(
        entity_id=first["outlet_id"],
        pollutant=first["pollutant"],
        from_ts=first["ts"],
        to_ts=first["ts"],
        hours=stayed,
        strength=min(1.0, first["_relative"] / 0.5),
        # That nothing on file explains the change is a condition; a step of the values is one signal more.
        corroboration=(1 + moved) / (1 + known),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(
    part: pl.DataFrame, statistic: Mapping[str, float], values: Values
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    changes = [
        (*NAMES.get(info, (info, info)), old, new)
        for info, old, new in part.select("info_id", "old_value", "new_value").iter_rows()
    ]
    name, moment = part["pollutant"][0] or "", part["ts"][0]
    window, operator = values["window"], part["operator"][0] if "operator" in part.columns else None
    zh = [
        f"{moment:%m-%d %H:%M} {name} " + "，".join(f"{one[0]}由 {one[2]:g} 改为 {one[3]:g}" for one in changes),
        f"前后 {window:g} 小时内无工单、无校准或维护标记" + (f"，操作人 {operator}" if operator else ""),
    ]
    en = [
        f"{moment:%m-%d %H:%M} {name}: " + ", ".join(f"{one[1]} set from {one[2]:g} to {one[3]:g}" for one in changes),
        f"no work order and no mark of calibration or maintenance within {window:g} hours"
        + (f"; set by {operator}" if operator else ""),
    ]
    if "value_before" in statistic:
        zh.append(f"前后一日中位数由 {statistic['value_before']:.3g} 变为 {statistic['value_after']:.3g}")
        en.append(f"the daily median went from {statistic['value_before']:.3g} to {statistic['value_after']:.3g}")
    return tuple(zh), tuple(en)


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The outlet's log from 30 days before the change to 7 days after; `hit` marks the change."""
    own = pl.col("pollutant").eq_missing(pl.lit(finding.pollutant))
    near = rows.filter(
        (pl.col("outlet_id") == finding.entity_id)
        & pl.col("ts").is_between(finding.from_ts - timedelta(days=30), finding.to_ts + timedelta(days=7))
        & (own | (pl.col("ts") != finding.from_ts))
    )
    return near.with_columns(hit=(pl.col("ts") == finding.from_ts) & own)


MODEL = Model(
    needs={"param_log": ("outlet_id", "ts", "pollutant", "info_id", "old_value", "new_value")},
    measure=measure,
    judge=judge,
    source="param_log",
    cut=cut,
    beside=changed_outlets,
)
