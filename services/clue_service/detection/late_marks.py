"""R10, exceedances marked away afterwards (超标定向补标): late manual marks fall on exceedances and on little else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import Stretch, joined, runs, with_periods
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import ORDER, excused, settings
from services.clue_service.detection.marks import by_hand, carrying, completed, flagged, listed, marked, shown
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking

PERIOD = 14  # days
SUMS = ("over", "over_marked", "calm", "calm_marked")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """All hours of every series with enough exceedances marked by hand and late."""
    rows = tables["live_hours"]
    excuses = with_limits(completed(rows.filter(carrying(rows, listed("any_excuse")))), tables["limits"])
    late = excuses.filter(marked("selective") & _late(values))
    short = lacking(late, ("limit",))
    counts = late.filter(shown() > pl.col("limit")).group_by(ORDER[:2]).len()
    few = counts.filter(pl.col("len") >= values["least_over"] * values["marked_share"]).select(ORDER[:2])
    if few.is_empty():
        return Measured(rows.clear(), short)
    found = rows.join(few, on=ORDER[:2], how="semi", maintain_order="left")
    found = with_limits(completed(found), tables["limits"]).with_columns(base_after_stop=_after_stop(values))
    return Measured(excused(found, tables.get("work_orders"), rule.work_orders), short)


def _late(values: Values) -> pl.Expr:
    """Set by hand, and only some time after the hour began."""
    delay = (pl.col("mark_set_at") - pl.col("ts")).dt.total_minutes()
    return (by_hand() & (delay > 60 * values["late"])).fill_null(False)


def _after_stop(values: Values) -> pl.Expr:
    """Whether the outlet really stood still at some time in the hours before."""
    stood = (pl.col("rp") < settings()["load_share"]) | (pl.col("rp").is_null() & marked("stopped", "stopping"))
    last = pl.when(stood.fill_null(False)).then("ts").forward_fill().over(ORDER[:2])
    return ((pl.col("ts") - last) <= timedelta(hours=values["after_stop"])).fill_null(False)


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Periods among measured rows (columns of `measure`), joined where they share marked exceedances."""
    known = _classed(completed(rows).sort(ORDER), values)
    findings = []
    for series in known.partition_by(ORDER[:2], maintain_order=True):
        hidden = series.filter("over_marked")
        periods = _periods(series, hidden, values)
        for first, last in joined(one.rows for one in periods):
            mine = [one for one in periods if first <= one.rows[0] <= last]
            findings.append(_finding(hidden.slice(first, last - first + 1), max(mine, key=lambda one: one.strength)))
    return findings


def _classed(rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Add for each hour that counts: over or calm (above or within the limit), and the same as marked."""
    starting = marked("starting") & pl.col("base_after_stop").fill_null(False)
    judged = (
        ~flagged("flags_not_judged")
        & (pl.col("valid_min").fill_null(60.0) >= settings()["valid_min"])
        & ~(marked("stopped", "stopping") | starting | pl.col("base_excused").fill_null(False))
    )
    rows = rows.filter(judged & shown().is_not_null() & pl.col("limit").is_not_null())
    over = shown() > pl.col("limit")
    calm = ~over & flagged("flags_normal")
    return rows.with_columns(
        over=over,
        over_marked=over & marked("selective") & _late(values),
        calm=calm,
        calm_marked=calm & marked("any_excuse"),
    )


@dataclass(frozen=True, slots=True)
class _Period:
    """Counts of hours in one period, and which of the marked exceedances lie in it."""

    rows: Stretch
    over: int
    over_marked: int
    calm: int
    calm_marked: int
    episodes: int

    @property
    def strength(self) -> float:
        return self.over_marked / self.over * (1 - self.calm_marked / self.calm)


def _periods(series: pl.DataFrame, hidden: pl.DataFrame, values: Values) -> list[_Period]:
    if hidden.height < values["least_over"] * values["marked_share"]:
        return []
    sums = with_periods(series, PERIOD, values["step"]).group_by("period").agg(pl.col(SUMS).sum())
    firing = sums.filter(
        (pl.col("over") >= values["least_over"])
        & (pl.col("over_marked") >= values["marked_share"] * pl.col("over"))
        & (pl.col("calm") >= values["least_calm"])
        & (pl.col("calm_marked") <= values["calm_share"] * pl.col("calm"))
    ).sort("period")
    numbered = with_periods(hidden.with_row_index("row"), PERIOD, values["step"])
    found = []
    for period, over, over_marked, calm, calm_marked in firing.select("period", *SUMS).rows():
        mine = numbered.filter(pl.col("period") == period)
        episodes = len(runs(mine["ts"].to_list(), values["gap"]))
        if episodes >= values["least_episodes"]:
            found.append(_Period((mine["row"][0], mine["row"][-1]), over, over_marked, calm, calm_marked, episodes))
    return found


def chance(period: tuple[int, int, int, int]) -> float:
    """Fisher's exact test, one-sided: the probability that so many of the exceedances were marked by accident.

    `period` holds hours over the limit, of these marked, hours within it, of these marked.
    """
    over, over_marked, calm, calm_marked = period
    marks, every = over_marked + calm_marked, over + calm
    whole = _ways(every, over)
    terms = range(over_marked, min(over, marks) + 1)
    total = sum(
        exp(_ways(marks, hit) + _ways(every - marks, over - hit) - whole)
        for hit in terms
        if over - hit <= every - marks
    )
    return min(1.0, total)


def _ways(every: int, some: int) -> float:
    """The logarithm of the number of ways to choose."""
    return lgamma(every + 1) - lgamma(some + 1) - lgamma(every - some + 1)


def _finding(part: pl.DataFrame, period: _Period) -> Finding:
    delays = (part["mark_set_at"] - part["ts"]).dt.total_minutes()
    odds = chance((period.over, period.over_marked, period.calm, period.calm_marked))
    statistic = {
        "hours": float(part.height),
        "limit": float(part["limit"][0]),
        "over": float(period.over),
        "over_marked": float(period.over_marked),
        "calm": float(period.calm),
        "calm_marked": float(period.calm_marked),
        "episodes": float(period.episodes),
        "fisher_p": odds,
        "median_delay_h": float(delays.median()) / 60,  # type: ignore[arg-type]  # a number
        "highest": float(part.select(seen=shown())["seen"].max()),  # type: ignore[arg-type]  # a number
    }
    zh, en = _reasons(part["pollutant"][0], statistic)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=part["pollutant"][0],
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=period.strength,
        corroboration=1.0 if odds < 0.001 else 0.5,
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(name: str, statistic: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    over, hidden, calm = (statistic[key] for key in ("over", "over_marked", "calm"))
    of_over, of_calm = 100 * hidden / over, 100 * statistic["calm_marked"] / calm
    limit, odds, episodes = statistic["limit"], statistic["fisher_p"], statistic["episodes"]
    delay, highest = statistic["median_delay_h"], statistic["highest"]
    zh = (
        f"14 天内 {name} 超过限值 {limit:g} 的 {over:.0f} 小时中，有 {hidden:.0f} 小时（{of_over:.0f}%）"
        f"为事后人工标记，分属 {episodes:.0f} 次，疑似以标记规避超标认定",
        f"未超限的 {calm:.0f} 小时中仅 {of_calm:.1f}% 有标记；巧合的概率（Fisher 精确检验）为 {odds:.1e}",
        f"标记晚于该小时开始的时间中位数为 {delay:.1f} 小时；被标记数值最高 {highest:.3g}",
    )
    en = (
        f"within 14 days {name} was above its limit {limit:g} in {over:.0f} hours, of which {hidden:.0f} "
        f"({of_over:.0f} %) in {episodes:.0f} episodes were marked by hand afterwards: suspected marking to avoid a "
        "finding of exceedance",
        f"of {calm:.0f} hours within the limit only {of_calm:.1f} % are marked; probability of chance (Fisher's exact "
        f"test) {odds:.1e}",
        f"the marks were set a median of {delay:.1f} hours after the hour began; the highest value marked is "
        f"{highest:.3g}",
    )
    return zh, en


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "mark_by", "mark_set_at", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
    },
    measure=measure,
    judge=judge,
    # A period that holds any hour of the finding lies wholly in the slice.
    before=timedelta(days=PERIOD + 1),
    after=timedelta(days=PERIOD + 1),
    live_only=False,
)
