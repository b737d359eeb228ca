"""R09, marked as stopped but running (停运标记与工况矛盾): the mark says stop, power and flow say otherwise."""

from collections.abc import Mapping
from datetime import datetime
from statistics import fmean

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import joined, runs
from services.clue_service.detection.limits import limited
from services.clue_service.detection.live import ORDER, excused
from services.clue_service.detection.load import with_steady_load
from services.clue_service.detection.marks import carrying, completed, listed, marked, shown
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.outlet_chart import outlet_chart
from services.clue_service.detection.windows import Window, lagged, rolled, with_series

USUAL = 720  # hours: 30 days, as for the usual load


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """All hours of every outlet that ran at all under a mark of stop, with its usual temperature."""
    rows = tables["live_hours"]
    stops = rows.filter(carrying(rows, listed("stopped", "stopping")))
    short = lacking(stops, ("production_kw", "flow"))
    outlets = stops.filter(_loaded(values, "rp", "rf"))["outlet_id"].unique()
    if outlets.is_empty():
        return Measured(rows.clear(), short)
    few = completed(rows.filter(pl.col("outlet_id").is_in(outlets.implode())))
    few = with_series(limited(few, tables), ORDER[:2]).with_columns(_temp=pl.when("live").then("temp"))
    few = rolled(with_steady_load(few), [Window("_usual", "_temp", "median", USUAL, USUAL // 10)])
    few = few.with_columns(base_temp=lagged("_usual"), base_marked_hours=_marked_hours())
    few = excused(few, tables.get("work_orders"), rule.work_orders)
    return Measured(_with_shared_meter(few.drop("_temp", "_usual"), tables, values), short)


def _loaded(values: Values, load: str = "base_load", flow: str = "base_flow") -> pl.Expr:
    return (pl.col(load) >= values["load"]) & (pl.col(flow) >= values["flow"])


def _marked_hours() -> pl.Expr:
    """Hours since the row on which the present mark began."""
    mark = pl.col("mark").fill_null("").str.strip_chars()
    begins = (mark != mark.shift(1)) | (pl.col("_position") == 0)
    began = pl.when(begins.fill_null(True)).then("ts").forward_fill()
    return (pl.col("ts") - began).dt.total_minutes() / 60


def _with_shared_meter(few: pl.DataFrame, tables: Mapping[str, pl.DataFrame], values: Values) -> pl.DataFrame:
    """Add base_shared_meter: another outlet of the enterprise, not stopped, shows the very same power in that hour."""
    outlets = tables.get("outlets")
    if few.is_empty() or outlets is None or "enterprise_id" not in outlets.columns:
        return few.with_columns(base_shared_meter=pl.lit(False))
    owners = outlets.select("outlet_id", "enterprise_id").drop_nulls().unique("outlet_id")
    mine = few.filter(marked("stopped", "stopping") & _loaded(values)).select("outlet_id", "ts", "production_kw")
    mine = mine.unique(["outlet_id", "ts"], maintain_order=True).join(owners, on="outlet_id")
    near = owners.filter(pl.col("enterprise_id").is_in(mine["enterprise_id"].unique().implode()))
    observed = tables["obs_hour"]
    others = observed.filter(pl.col("outlet_id").is_in(near["outlet_id"].implode()))
    others = others.filter(~marked("stopped", "stopping") & (pl.col("production_kw") > 0))
    others = others.select("outlet_id", "ts", "production_kw").unique().join(near, on="outlet_id")
    same = mine.join(others, on=["enterprise_id", "ts", "production_kw"], suffix="_other")
    same = same.filter(pl.col("outlet_id") != pl.col("outlet_id_other")).select("outlet_id", "ts").unique()
    shared = same.with_columns(base_shared_meter=pl.lit(True))
    few = few.join(shared, on=["outlet_id", "ts"], how="left", maintain_order="left")
    return few.with_columns(pl.col("base_shared_meter").fill_null(False))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured rows (columns of `measure`), one row an outlet and hour."""
    rows = completed(rows)
    warm = (pl.col("temp") > values["temp"] * pl.col("base_temp")).alias("warm")
    burning = (pl.col("o2") < values["o2"]).alias("burning")
    hours = (
        rows.filter(_marked_stopped(values) & _loaded(values) & ~pl.col("base_excused"))
        .with_columns(warm, burning, over=shown() > pl.col("limit"))
        .filter(~pl.col("base_shared_meter") | pl.any_horizontal("warm", "burning").fill_null(False))
        .sort(ORDER)
        .group_by("outlet_id", "ts", maintain_order=True)
        .agg(
            pl.col("base_load", "base_flow", "production_kw").max(),
            pl.col("warm", "burning", "over").max(),
            pl.col("mark", "mark_set_at").first(),
        )
        .sort("outlet_id", "ts")
    )
    return [
        _finding(outlet.slice(first, last - first + 1), values)
        for outlet in hours.partition_by("outlet_id", maintain_order=True)
        for first, last in _stretches(outlet["ts"].to_list(), values)
    ]


def _marked_stopped(values: Values) -> pl.Expr:
    beyond = marked("stopping") & (pl.col("base_marked_hours") >= values["stopping_hours"])
    return marked("stopped") | beyond


def _stretches(moments: list[datetime], values: Values) -> list[tuple[int, int]]:
    long = [one for one in runs(moments) if one[1] - one[0] + 1 >= values["least_hours"]]
    near = runs(moments, values["gap"])
    # Runs too short by themselves do not stretch an episode; long ones join over small holes.
    inside = [[one for one in long if first <= one[0] <= last] for first, last in near]
    return joined((some[0][0], some[-1][1]) for some in inside if some)


def _finding(part: pl.DataFrame, values: Values) -> Finding:
    load, over = fmean(part["base_load"].to_list()), int(part["over"].sum())
    known = [part[name].drop_nulls() for name in ("warm", "burning")]
    seen = [one for one in known if one.len()]
    # Power and flow are conditions of the rule, hence present; oxygen and temperature are signals more, where measured.
    confirming = sum(float(one.mean() or 0.0) >= 0.5 for one in seen)  # type: ignore[arg-type]  # a share
    name, set_at = part["mark"][0].strip(), part["mark_set_at"][0]
    statistic = {
        "hours": float(part.height),
        "load": load,
        "flow": fmean(part["base_flow"].to_list()),
        "power": fmean(part["production_kw"].to_list()),
        "hours_above_limit": float(over),
        "signals_confirming": float(confirming),
        "signals_available": float(len(seen)),
    }
    zh, en = _reasons(name, set_at, statistic)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=None,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=min(1.0, load + (values["over_bonus"] if over else 0.0)),
        corroboration=(2 + confirming) / (2 + len(seen)),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(
    name: str, set_at: datetime | None, statistic: Mapping[str, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    hours, load, flow = statistic["hours"], 100 * statistic["load"], 100 * statistic["flow"]
    seen, all_of = statistic["signals_confirming"], statistic["signals_available"]
    zh = [
        f"标记为“{name}”的 {hours:.0f} 小时内，生产功率为平常的 {load:.0f}%，流量为平常的 {flow:.0f}%，疑似并未停运",
        f"其中 {statistic['hours_above_limit']:.0f} 小时数值高于限值",
    ]
    en = [
        f"during {hours:.0f} hours marked {name} production ran at {load:.0f} % and flow at {flow:.0f} % of the usual: "
        "a suspected false mark of stop",
        f"in {statistic['hours_above_limit']:.0f} of these hours a value was above its limit",
    ]
    if all_of:
        zh.append(f"含氧量、烟温 {all_of:.0f} 项中有 {seen:.0f} 项同样指向运行")
        en.append(f"{seen:.0f} of {all_of:.0f} signals (oxygen, stack temperature) point to operation too")
    if set_at is not None:
        zh.append(f"首个标记设置于 {set_at:%Y-%m-%d %H:%M}")
        en.append(f"the first of the marks was set at {set_at:%Y-%m-%d %H:%M}")
    return tuple(zh), tuple(en)


MODEL = Model(
    needs={"obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min")},
    measure=measure,
    judge=judge,
    live_only=False,
    chart=outlet_chart,
)
