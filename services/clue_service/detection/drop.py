"""R01, steep drop then a low plateau (陡降后低位维持): the value falls and stays down while load and flow do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import excused, live_of, live_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import (
    POSITION,
    SERIES,
    Window,
    ahead,
    lagged,
    often,
    reached,
    rolled,
    with_series,
)

BEFORE, AFTER, WEEK, RECOVERY = 24, 8, 168, 5  # live hours
ORDER = ["outlet_id", "pollutant", "ts"]
SIGNALS = ("value", "production_kw", "flow", "treatment_kw")
NEEDED = (*SIGNALS, "limit")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of every series that fell at all, with the medians before each hour: 24 live hours and 7 days."""
    rows = with_limits(tables["live_hours"], tables["limits"])
    short = lacking(rows, NEEDED, "ok")
    slim = live_series(tables).select("outlet_id", "value", "limit", SERIES, POSITION)
    slim = rolled(slim, [Window("_highest", "value", "max", BEFORE + AFTER, 1)])
    fallen = _may_fall(slim, values)
    if fallen.is_empty():
        return Measured(rows.clear(), short)
    live = live_of(tables, fallen)
    found = _after(_before(live, ("value",)), ("value",))
    fell = (pl.col("post_value") <= values["drop"] * pl.col("base_value")) & (
        pl.col("base_value") >= values["pre_share"] * pl.col("limit")
    )
    outlets = found.filter(fell)["outlet_id"].unique()
    # The other pollutants of those outlets come along: a sibling that stayed is the second signal.
    few = with_series(live.filter(pl.col("outlet_id").is_in(outlets.implode())), ORDER[:2])
    full = rolled(_before(few, SIGNALS), [Window("_week", "value", "median", WEEK, WEEK * 3 // 4)])
    full = full.with_columns(base_week=lagged("_week")).drop("_week")
    return Measured(excused(full, tables.get("work_orders"), rule.work_orders), short)


def _may_fall(rows: pl.DataFrame, values: Values) -> pl.Series:
    """The outlets where a fall may end: half of the hours after it lie below the share of the highest hour before."""
    highest, least = pl.col("_highest"), AFTER * 3 // 8
    low = (pl.col("value") <= values["drop"] * highest) & (highest >= values["pre_share"] * pl.col("limit"))
    rows = rows.with_columns(_low=low)
    return often(rows, rows["_low"], least).filter(reached(pl.col("_low"), AFTER, least))["outlet_id"].unique()


def _before(rows: pl.DataFrame, signals: tuple[str, ...]) -> pl.DataFrame:
    windows = [Window(f"_{name}", name, "median", BEFORE, BEFORE * 3 // 4) for name in signals]
    rows = rolled(rows, windows)
    return rows.with_columns([lagged(f"_{name}").alias(f"base_{name}") for name in signals]).drop(
        [f"_{name}" for name in signals]
    )


def _after(rows: pl.DataFrame, signals: tuple[str, ...]) -> pl.DataFrame:
    windows = [Window(f"_{name}", name, "median", AFTER, AFTER * 3 // 4) for name in signals]
    rows = rolled(rows, windows)
    return rows.with_columns([ahead(f"_{name}", AFTER - 1).alias(f"post_{name}") for name in signals]).drop(
        [f"_{name}" for name in signals]
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    live = _after(with_series(rows.sort(ORDER), ORDER[:2]), SIGNALS)
    live = live.with_columns(
        [_ratio(name).alias(f"r_{name}") for name in SIGNALS], r_week=pl.col("post_value") / pl.col("base_week")
    )
    candidate = (
        (pl.col("base_value") >= values["pre_share"] * pl.col("limit"))
        & (pl.col("r_value") <= values["drop"])
        & (_least("production_kw") >= values["production"])
        & (_least("flow") >= values["flow"])
        & (pl.max_horizontal("r_treatment_kw", _earlier("treatment_kw")) <= values["treatment"])
        & (pl.col("r_week") <= values["week"])
        & ~pl.col("base_excused")
    )
    marked = live.with_columns(candidate=candidate.fill_null(False))
    falling = marked.filter("candidate")[SERIES].unique()
    findings = []
    for series in marked.filter(pl.col(SERIES).is_in(falling.implode())).partition_by(SERIES, maintain_order=True):
        for episode in _merged(list(_episodes(series, values)), series["ts"], values["gap"]):
            findings.append(_finding(series, episode, marked, values))
    return findings


def _ratio(name: str) -> pl.Expr:
    return pl.when(pl.col(f"base_{name}") > 0).then(pl.col(f"post_{name}") / pl.col(f"base_{name}"))


def _earlier(name: str) -> pl.Expr:
    """The hours after against the median half a window earlier.

    Half a day after load or treatment took a step, the 24 hours before hold both levels, and their median neither.
    """
    before = lagged(f"base_{name}", BEFORE // 2)
    return pl.when(before > 0).then(pl.col(f"post_{name}") / before)


def _least(name: str) -> pl.Expr:
    return pl.min_horizontal(f"r_{name}", _earlier(name))


@dataclass(frozen=True, slots=True)
class _Episode:
    candidate: int
    first: int
    last: int


def _episodes(series: pl.DataFrame, values: Values) -> Iterator[_Episode]:
    """Walk from each candidate to the recovery: the 5-hour median above its share of the level before."""
    value, ts, base = series["value"].to_list(), series["ts"].to_list(), series["base_value"].to_list()
    reached = -1
    for index in series["candidate"].arg_true().to_list():
        if index <= reached:
            continue
        level = values["recovery"] * base[index]
        first = next((row for row in range(index, len(value)) if value[row] <= level), None)
        if first is None:  # a recovery set below the drop: no plateau so deep follows
            continue
        end = ts[first] + timedelta(hours=values["most_hours"])
        row = first
        while row < len(value) and ts[row] < end:
            if row - first >= RECOVERY - 1 and median(value[row - RECOVERY + 1 : row + 1]) > level:
                break
            row += 1
        last = max(one for one in range(first, row) if value[one] <= level)
        reached = last
        if last - first + 1 >= values["least_hours"]:
            yield _Episode(index, first, last)


def _merged(episodes: list[_Episode], ts: pl.Series, gap: float) -> list[_Episode]:
    joined: list[_Episode] = []
    for episode in episodes:
        if joined and ts[episode.first] - ts[joined[-1].last] <= timedelta(hours=gap + 1):
            joined[-1] = _Episode(joined[-1].candidate, joined[-1].first, episode.last)
        else:
            joined.append(episode)
    return joined


def _finding(series: pl.DataFrame, episode: _Episode, rows: pl.DataFrame, values: Values) -> Finding:
    part = series.slice(episode.first, episode.last - episode.first + 1)
    start = series.row(episode.candidate, named=True)
    low, before = float(part["value"].median() or 0.0), start["base_value"]  # type: ignore[arg-type]  # a number here
    ratio = low / before
    siblings = rows.filter(
        (pl.col("outlet_id") == start["outlet_id"])
        & (pl.col("ts") == start["ts"])
        & (pl.col("pollutant") != start["pollutant"])
    )["r_value"].drop_nulls()
    steady = siblings.filter(siblings >= values["sibling"]).len()
    # Load, flow and treatment are conditions of the rule, hence present; the siblings are one signal more.
    present, available = 3 + (steady > 0), 3 + (siblings.len() > 0)
    statistic = {
        "before": before,
        "after": low,
        "ratio": ratio,
        "ratio_week": start["r_week"],
        "ratio_production": start["r_production_kw"],
        "ratio_flow": start["r_flow"],
        "ratio_treatment": start["r_treatment_kw"],
        "limit": start["limit"],
        "hours": float(part.height),
        "siblings": float(siblings.len()),
        "siblings_steady": float(steady),
    }
    zh, en = _reasons(start["pollutant"], statistic)
    return Finding(
        entity_id=start["outlet_id"],
        pollutant=start["pollutant"],
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=1 - ratio,
        corroboration=present / available,
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(name: str, statistic: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before, after, limit, hours = (statistic[key] for key in ("before", "after", "limit", "hours"))
    of_before, of_limit = round(100 * statistic["ratio"]), round(100 * before / limit)
    power, flow, treatment = (round(100 * statistic[f"ratio_{key}"]) for key in ("production", "flow", "treatment"))
    zh = (
        f"{name} 由 {before:.3g} 降至 {after:.3g}（降前的 {of_before}%），持续 {hours:.0f} 小时",
        f"同期生产功率为降前的 {power}%，流量 {flow}%，治理功率 {treatment}%",
        f"降前中位数为限值 {limit:g} 的 {of_limit}%",
    )
    en = (
        f"{name} fell from {before:.3g} to {after:.3g} ({of_before} % of before) for {hours:.0f} hours",
        f"meanwhile production ran at {power} %, flow at {flow} % and treatment at {treatment} % of before",
        f"the median before was {of_limit} % of the limit {limit:g}",
    )
    return zh, en


MODEL = Model(
    needs={"obs_hour": (*ORDER, *SIGNALS, "flag", "mark", "valid_min"), "limits": ("pollutant", "limit", "full_scale")},
    measure=measure,
    judge=judge,
)
