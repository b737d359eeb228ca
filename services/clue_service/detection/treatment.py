"""R16, production on, treatment off or idling (产治用电不匹配): treatment power falls away from production power."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import by_outlet, joined, runs
from services.clue_service.detection.live import ORDER, excused, settings
from services.clue_service.detection.load import with_steady_load
from services.clue_service.detection.marks import carrying
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.outlet_chart import outlet_chart
from services.clue_service.detection.windows import (
    SERIES,
    Window,
    extremes,
    lagged,
    often,
    reached,
    rolled,
    with_series,
)

USUAL, RECENT, EARLIER, WEEK = 336, 60, 72, 168  # hours with production
POWERS = ("production_kw", "treatment_kw")
LEVELS = (
    Window("base_usual", "_share", "median", USUAL, USUAL * 3 // 4),
    Window("base_recent", "_share", "median", RECENT, RECENT * 3 // 4),
)


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Producing hours of every series where treatment fell at all against production, with the usual ratios."""
    rows = tables["live_hours"]
    # The order of starting and stopping needs readings every 15 minutes: no hour can be judged on it.
    short = {**lacking(rows, POWERS), "power_15min": rows.height}
    producing = (pl.col("rp") >= values["load"]) & (pl.col("production_kw") > 0) & pl.col("treatment_kw").is_not_null()
    producing &= ~carrying(rows, list(settings()["condition_marks"]))
    share = (pl.col("treatment_kw") / pl.col("production_kw")).alias("_share")
    is_on = rows.select(producing.fill_null(False)).to_series()
    # The screen looks at five columns; only the series it lets through are taken with all of them.
    slim = _distinct(rows.select("outlet_id", SERIES, *POWERS).filter(is_on))
    chosen = _may_fall(slim.select(SERIES, share), values)
    if chosen.is_empty():
        return Measured(rows.clear(), short)
    on = rows.filter(is_on & rows[SERIES].is_in(chosen.implode()))
    on = with_series(on.with_columns(share), ORDER[:2])
    found = rolled(on, LEVELS).with_columns(base_earlier=lagged("base_usual", EARLIER))
    fell = _off(values) | (pl.col("base_recent") <= values["idle_share"] * pl.col("base_earlier"))
    series = found.filter(fell)[SERIES].unique()
    few = with_series(found.filter(pl.col(SERIES).is_in(series.implode())).drop(SERIES, "_position"), ORDER[:2])
    power = [
        Window("_usual_kw", "treatment_kw", "median", USUAL, USUAL * 3 // 4),
        Window("base_recent_kw", "treatment_kw", "median", RECENT, RECENT * 3 // 4),
        Window("_week", "value", "median", WEEK, WEEK * 3 // 4),
    ]
    few = rolled(with_steady_load(few), power).with_columns(
        base_earlier_kw=lagged("_usual_kw", EARLIER), base_value=lagged("_week")
    )
    return Measured(_excused(few.drop("_usual_kw", "_week", "_share"), tables, rule, values), short)


def _may_fall(rows: pl.DataFrame, values: Values) -> pl.Series:
    """The series where treatment may be off or idle: far below, or mostly below, the highest ratio that was usual."""
    share, usual = rows["_share"], (USUAL, USUAL + EARLIER + RECENT)
    near, far = extremes(share, usual, is_highest=True).values()
    off, low = share <= values["off_share"] * near, share <= values["idle_share"] * far
    # What is low now and then is looked at closely, and that in its own series alone.
    least = RECENT * 3 // 8
    mostly = often(rows.select(SERIES, low=low), low, least).filter(reached(pl.col("low"), RECENT, least))
    return pl.concat([rows[SERIES].filter(off), mostly[SERIES]]).unique()


def _excused(few: pl.DataFrame, tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> pl.DataFrame:
    """Add base_excused, and base_refit: a refit excuses a lower ratio until the usual one has followed."""
    orders = tables.get("work_orders")
    later = None if orders is None else orders.with_columns(pl.col("t_end") + timedelta(days=values["refit_days"]))
    few = excused(few, later, rule.work_orders).rename({"base_excused": "base_refit"})
    return excused(few, orders, rule.work_orders)


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop series that repeat the meters of another pollutant of their outlet: most outlets have one pair of meters."""
    sums = [pl.len().alias("count"), *[pl.col(name).sum() for name in POWERS]]
    each = rows.group_by(SERIES, maintain_order=True).agg(pl.col("outlet_id").first(), *sums)
    first = each.unique(["outlet_id", "count", *POWERS], keep="first")[SERIES]
    return rows.filter(pl.col(SERIES).is_in(first.implode())) if first.len() < each.height else rows


def _off(values: Values) -> pl.Expr:
    return (pl.col("base_usual") > 0) & (pl.col("_share") <= values["off_share"] * pl.col("base_usual"))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured rows (columns of `measure`), one for each outlet."""
    on = rows.filter(pl.col("base_excused").is_not_null()).sort(ORDER)
    on = on.with_columns(_share=pl.col("treatment_kw") / pl.col("production_kw"))
    idle = (
        (pl.col("base_earlier") > 0)
        & (pl.col("base_recent") <= values["idle_share"] * pl.col("base_earlier"))
        & (pl.col("base_recent_kw") <= values["level"] * pl.col("base_earlier_kw"))
    )
    producing = pl.col("base_load") >= values["load"]
    marked = on.with_columns(
        _is_off=(_off(values) & producing & ~pl.col("base_excused")).fill_null(False),
        _is_idle=(idle & producing & ~pl.col("base_refit")).fill_null(False),
    )
    return by_outlet(
        [
            _finding(series, episode, values)
            for series in marked.partition_by(ORDER[:2], maintain_order=True)
            for episode in _episodes(series, values)
        ]
    )


@dataclass(frozen=True, slots=True)
class _Episode:
    """First and last row, hours of it that count, the ratio against the usual one, and whether treatment was off."""

    first: int
    last: int
    hours: int
    ratio: float
    is_off: bool


def _episodes(series: pl.DataFrame, values: Values) -> Iterator[_Episode]:
    """Off and idling; where they overlap they are one, and it counts as off."""
    found = [*_offs(series, values), *_idles(series, values)]
    for first, last in joined((one.first, one.last) for one in found):
        mine = [one for one in found if first <= one.first <= last]
        best = max(mine, key=lambda one: (one.is_off, one.hours))
        yield _Episode(first, last, best.hours, min(one.ratio for one in mine), best.is_off)


def _offs(series: pl.DataFrame, values: Values) -> Iterator[_Episode]:
    places = series["_is_off"].arg_true().to_list()
    moments: list[datetime] = series["ts"].gather(places).to_list()
    share, usual = series["_share"].to_list(), series["base_usual"].to_list()
    for first, last in runs(moments, values["gap"]):
        mine = places[first : last + 1]
        if len(mine) >= values["off_hours"]:
            ratio = median(share[row] / usual[row] for row in mine)
            yield _Episode(mine[0], mine[-1], len(mine), ratio, True)


def _idles(series: pl.DataFrame, values: Values) -> Iterator[_Episode]:
    """The 60-hour median answers late and lasts long: the hours themselves say where the episode begins and ends."""
    places = series["_is_idle"].arg_true().to_list()
    share, before = series["_share"].to_list(), series["base_earlier"].to_list()
    for first, last in _neighbours(places):
        if last - first + 1 < values["idle_hours"]:
            continue
        usual, start = before[first], max(0, first - RECENT + 1)
        middle = (1 + values["idle_share"]) / 2 * usual
        low = [one <= middle for one in share[start : last + 1]]
        begin, end = _densest(low)
        part = share[start + begin : start + end + 1]
        hours = sum(low[begin : end + 1])
        if hours >= values["idle_hours"]:
            yield _Episode(start + begin, start + end, hours, median(part) / usual, False)


def _neighbours(places: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _densest(low: Sequence[bool]) -> tuple[int, int]:
    """The stretch in which low hours outnumber the others most."""
    best, span, score, start = 0, (0, 0), 0, 0
    for row, is_low in enumerate(low):
        if score <= 0:
            score, start = 0, row
        score += 1 if is_low else -1
        if score > best:
            best, span = score, (start, row)
    return span


def _finding(series: pl.DataFrame, episode: _Episode, values: Values) -> Finding:
    part = series.slice(episode.first, episode.last - episode.first + 1)
    usual, now = part["base_value"][0], part["value"].median()
    rise = None if not usual or now is None else float(now) / usual  # type: ignore[arg-type]  # a number
    # Production that goes on is a condition of the rule; a value that rose is a signal more, where there is one.
    rose = rise is not None and rise >= values["rise"]
    statistic = {
        "hours": float(episode.hours),
        "ratio": episode.ratio,
        "off": float(episode.is_off),
        "production_kw": float(part["production_kw"].median()),  # type: ignore[arg-type]  # a number
        "treatment_kw": float(part["treatment_kw"].median()),  # type: ignore[arg-type]  # a number
        **({} if rise is None else {"value_ratio": rise}),
    }
    zh, en = _reasons(statistic)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=None,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=episode.hours * (1.0 if episode.is_off else values["idle_weight"]),
        strength=max(0.0, 1 - episode.ratio),
        corroboration=(1 + rose) / (1 + (rise is not None)),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(statistic: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    is_off, hours, ratio = statistic["off"], statistic["hours"], 100 * statistic["ratio"]
    production, treatment = statistic["production_kw"], statistic["treatment_kw"]
    zh = [
        f"生产期间治理与生产用电之比为平常的 {ratio:.0f}%，持续 {hours:.0f} 小时，"
        f"疑似治理设施{'停运' if is_off else '空转或降频运行'}",
        f"同期生产功率中位数 {production:.0f} kW，治理功率中位数 {treatment:.1f} kW",
    ]
    en = [
        f"while producing, treatment to production power was {ratio:.0f} % of the usual for {hours:.0f} hours: "
        f"treatment suspected to be {'off' if is_off else 'idling or throttled'}",
        f"median production power was {production:.0f} kW, median treatment power {treatment:.1f} kW",
    ]
    if "value_ratio" in statistic:
        zh.append(f"同期浓度中位数为此前一周的 {100 * statistic['value_ratio']:.0f}%")
        en.append(f"the median value was {100 * statistic['value_ratio']:.0f} % of the week before")
    return tuple(zh), tuple(en)


MODEL = Model(
    needs={"obs_hour": (*ORDER, "value", "flow", *POWERS, "flag", "mark", "valid_min")},
    measure=measure,
    judge=judge,
    # The median that finds idling answers up to 60 hours late.
    after=timedelta(days=5),
    live_only=False,
    chart=outlet_chart,
)
