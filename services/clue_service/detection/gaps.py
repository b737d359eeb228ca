"""R18, gaps exactly when it matters (选择性缺数断传): gaps nobody reported, at night, under load, near the limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import Stretch, by_outlet, joined, with_periods
from services.clue_service.detection.limits import limited
from services.clue_service.detection.live import ORDER, excused, settings
from services.clue_service.detection.marks import completed, flagged, marked, shown
from services.clue_service.detection.model import Finding, Measured, Model, Values
from services.clue_service.detection.outages import with_outages
from services.clue_service.detection.outlet_chart import outlet_chart
from services.clue_service.detection.peers import beginning
from services.clue_service.detection.windows import SERIES, Window, lagged, rolled, with_series

PERIOD, DAY = 14, 24  # days, hours
HOUR = timedelta(hours=1)
MARGIN = timedelta(days=PERIOD + 2)
"""Around a finding: whole periods, the day of power before them, and enough to see that a long gap is long."""


def lost() -> pl.Expr:
    """Whether an hour has no valid value, and the machine does not say why."""
    return flagged("flags_lost") | (pl.col("value").is_null() & ~flagged("flags_explained"))


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """The full hourly grid of every outlet with enough short gaps, with what explains a gap."""
    rows = tables["live_hours"]
    gaps = _quick(rows)
    few = gaps.filter(pl.col("hours").is_between(values["shortest"], values["longest"])).rename({"first": "ts"})
    counts = with_periods(few, PERIOD, values["step"]).group_by("outlet_id", "pollutant", "period")
    enough = (pl.len() >= values["least_gaps"]) & (pl.col("hours").sum() >= values["least_hours"])
    found = counts.agg(enough=enough).filter("enough")["outlet_id"].unique()
    if found.is_empty():
        return Measured(rows.clear())
    grid = _grid(completed(rows.filter(pl.col("outlet_id").is_in(found.implode()))))
    grid = excused(limited(grid, tables), tables.get("work_orders"), rule.work_orders)
    if grid.is_empty():
        return Measured(grid)
    grid = with_outages(grid, gaps, rows, tables.get("outlets"))
    grid = grid.join(beginning(tables, grid), on="outlet_id", how="left", maintain_order="left")
    young = (pl.col("ts") - pl.col("_first")) < timedelta(days=values["young_days"])
    return Measured(grid.with_columns(base_young=young.fill_null(False)).drop("_first"))


def _quick(rows: pl.DataFrame) -> pl.DataFrame:
    """Every gap, whether rows without a value or rows that are not there: series, first hour, hours.

    Looks closely only at rows around gaps. What comes before the first row of a series is no gap.
    """
    same = (pl.col("outlet_id") == pl.col("outlet_id").shift(1)) & (pl.col("pollutant") == pl.col("pollutant").shift(1))
    before = pl.when(same).then(pl.col("ts").shift(1))
    empty = pl.col("value").is_null() | (pl.col("flag") != "N").fill_null(True)
    near = rows.select(*ORDER, "value", "flag", before=before).filter(empty | (pl.col("ts") - pl.col("before") > HOUR))
    near = near.with_columns(is_lost=lost(), is_hole=(pl.col("ts") - pl.col("before") > HOUR).fill_null(False))
    near = near.filter(pl.col("is_lost") | pl.col("is_hole"))
    begin = pl.when("is_hole").then(pl.col("before") + HOUR).otherwise("ts")
    end = pl.when("is_lost").then(pl.col("ts") + HOUR).otherwise("ts")
    near = with_series(near.with_columns(begin=begin, end=end), ORDER[:2])
    fresh = pl.col("begin") != lagged("end")
    near = near.with_columns(gap=fresh.fill_null(True).cum_sum())
    each = near.group_by("gap", maintain_order=True).agg(
        pl.col("outlet_id", "pollutant").first(), pl.col("begin").first().alias("first"), pl.col("end").last()
    )
    return each.with_columns(hours=(pl.col("end") - pl.col("first")).dt.total_hours()).drop("gap", "end")


def _grid(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an hour from the first value of each series to its last row; power and load from any pollutant."""
    spans = rows.group_by(ORDER[:2], maintain_order=True).agg(
        first=pl.col("ts").filter(pl.col("value").is_not_null()).min(), last=pl.col("ts").max()
    )
    spans = spans.drop_nulls("first").with_columns(ts=pl.datetime_ranges("first", "last", "1h"))
    hours = spans.select(*ORDER).explode("ts").drop_nulls("ts")
    power = rows.group_by("outlet_id", "ts").agg(base_power=pl.col("production_kw").max(), base_load=pl.col("rp").max())
    grid = hours.join(rows, on=ORDER, how="left", maintain_order="left")
    return grid.join(power, on=["outlet_id", "ts"], how="left", maintain_order="left").with_columns(
        pl.col("ok", "live").fill_null(False)
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Periods among measured rows (columns of `measure`), joined where they share gaps; one for each outlet."""
    if rows.is_empty():
        return []
    findings = []
    for series in _gaps(rows, values).partition_by(ORDER[:2], maintain_order=True):
        periods = _periods(series, values)
        for first, last in joined(one.rows for one in periods):
            mine = [one for one in periods if first <= one.rows[0] <= last]
            best = max(mine, key=lambda one: one.strength)
            findings.append(_finding(series.slice(first, last - first + 1), best))
    return by_outlet(findings)


def _gaps(rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """One row a gap that nothing explains: first and last hour, its hours at night, power against the day before."""
    hours = with_series(completed(rows).sort(ORDER), ORDER[:2])
    hours = rolled(hours, [Window("_day", "base_power", "median", DAY, DAY * 3 // 4)])
    # A meter that fell silent with the rest: power is taken to have run on evenly between its neighbours.
    power = pl.col("base_power").interpolate().over(SERIES)
    hours = hours.with_columns(is_lost=lost(), _shown=shown(), _power=power).with_columns(
        usual=lagged("_day"), before=lagged("_shown"), gap=(pl.col("is_lost") & ~lagged("is_lost").fill_null(False))
    )
    hour = pl.col("ts").dt.hour()
    in_time = pl.col("mark_set_at").is_null() | (
        pl.col("mark_set_at") <= pl.col("ts").first() + timedelta(hours=values["report"])
    )
    usual = pl.when(pl.col("usual") > 0).then("usual").first()
    stood = pl.col("base_load") < settings()["load_share"]
    explained = pl.any_horizontal("base_excused", "base_young", "base_wide", stood.fill_null(False))
    gaps = (
        hours.with_columns(pl.col("gap").cum_sum())
        .filter("is_lost")
        .group_by("gap", maintain_order=True)
        .agg(
            pl.col("outlet_id", "pollutant", "ts", "before", "limit").first(),
            last=pl.col("ts").last(),
            hours=pl.len(),
            night=((hour >= values["night_from"]) | (hour < values["night_to"])).sum(),
            powers=pl.col("_power").drop_nulls() / usual,
            reported=(marked("reported") & in_time).any(),
            explained=explained.mean(),
            site=pl.col("base_site").mean(),
        )
    )
    at_site = (pl.col("site") >= 0.5) & (pl.col("hours") >= values["site_hours"])
    return gaps.filter(
        pl.col("hours").is_between(values["shortest"], values["longest"])
        & ~pl.col("reported")
        & (pl.col("explained") < 0.5)
        & ~at_site
    )


@dataclass(frozen=True, slots=True)
class _Period:
    """Which gaps lie in it, their hours, and the share of these hours under each condition that can be judged."""

    rows: Stretch
    hours: int
    shares: Mapping[str, float]
    held: tuple[str, ...]
    power: float | None

    @property
    def strength(self) -> float:
        return max(self.shares[name] for name in self.held)


def _periods(series: pl.DataFrame, values: Values) -> list[_Period]:
    numbered = with_periods(series.with_row_index("row"), PERIOD, values["step"]).sort("period", "row")
    found = [_period(part, values) for part in numbered.partition_by("period", maintain_order=True)]
    return [one for one in found if one is not None]


def _period(part: pl.DataFrame, values: Values) -> _Period | None:
    hours = int(part["hours"].sum())
    if part.height < values["least_gaps"] or hours < values["least_hours"]:
        return None
    shares, held = {"night": int(part["night"].sum()) / hours}, []
    if shares["night"] >= values["night_share"]:
        held.append("night")
    powers = [one for some in part["powers"].to_list() for one in some if one is not None]
    power = median(powers) if len(powers) >= hours / 2 else None
    if power is not None:
        shares["load"] = sum(one >= values["load_ratio"] for one in powers) / len(powers)
        if power >= values["load_ratio"]:
            held.append("load")
    known = part.filter(pl.col("before").is_not_null() & pl.col("limit").is_not_null())
    if known.height >= part.height / 2:
        near = known.filter(pl.col("before") >= values["near_limit"] * pl.col("limit"))
        shares["limit"] = int(near["hours"].sum()) / hours
        if near.height >= values["near_share"] * known.height:
            held.append("limit")
    rows = (part["row"][0], part["row"][-1])
    return _Period(rows, hours, shares, tuple(held), power) if held else None


def _finding(part: pl.DataFrame, period: _Period) -> Finding:
    hours = int(part["hours"].sum())
    statistic = {
        "hours": float(hours),
        "gaps": float(part.height),
        "hours_in_14_days": float(period.hours),
        **{f"share_{name}": share for name, share in period.shares.items()},
        **({} if period.power is None else {"power_ratio": period.power}),
    }
    zh, en = _reasons(part["pollutant"][0], statistic, period)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=None,
        from_ts=part["ts"][0],
        to_ts=part["last"][-1],
        hours=hours,
        strength=period.strength,
        corroboration=len(period.held) / len(period.shares),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(name: str, statistic: Mapping[str, float], period: _Period) -> tuple[tuple[str, ...], tuple[str, ...]]:
    count, hours = statistic["gaps"], statistic["hours"]
    zh = [f"{name} 有 {count:.0f} 次短时缺数共 {hours:.0f} 小时，均未及时标记说明，疑似选择性断传"]
    en = [f"{name} has {count:.0f} short gaps of {hours:.0f} hours in all, none reported in time: suspected choice"]
    share = {key: 100 * one for key, one in period.shares.items()}
    if "night" in period.held:
        zh.append(f"缺数小时中 {share['night']:.0f}% 在夜间")
        en.append(f"{share['night']:.0f} % of the hours lost lie in the night")
    if "load" in period.held:
        power = 100 * statistic["power_ratio"]
        zh.append(f"缺数期间生产功率中位数为此前 24 小时中位数的 {power:.0f}%")
        en.append(f"production in the gaps ran at a median {power:.0f} % of that of the 24 hours before")
    if "limit" in period.held:
        zh.append(f"缺数小时中 {share['limit']:.0f}% 紧接在接近限值的数值之后")
        en.append(f"{share['limit']:.0f} % of the hours lost follow a value near the limit")
    return tuple(zh), tuple(en)


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The hourly grid around a finding, with the hours that are not there: a period that holds a gap is whole in it."""
    first, last = finding.from_ts - MARGIN, finding.to_ts + MARGIN
    own = rows.filter((pl.col("outlet_id") == finding.entity_id) & pl.col("ts").is_between(first, last))
    inside = pl.col("ts").is_between(finding.from_ts, finding.to_ts)
    return own.with_columns(hit=inside & lost()).sort(ORDER)


MODEL = Model(
    needs={"obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min")},
    measure=measure,
    judge=judge,
    live_only=False,
    cut=cut,
    chart=outlet_chart,
)
