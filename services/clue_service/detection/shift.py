"""R02, level shift after a maintenance visit (运维后跳降): one pollutant steps down at a visit, the others do not."""

from collections.abc import Mapping
from datetime import timedelta
from math import exp
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import of_outlets, per_cent, with_outlets
from services.clue_service.detection.live import live_series
from services.clue_service.detection.marks import carrying, unusual
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import KEYS, SERIES, first_rows, numbered

LONG, NEAR = 144, 48  # hours before and after a visit
LEVEL = 72  # live hours whose median says whether the level is still down
LONGEST = 96  # hours; a longer stop is an overhaul, after which everything may be different
MARKS, FLAGS, NORMAL = ("维护", "校准"), ("M", "C"), "N"
ORDER = ["outlet_id", "pollutant", "ts"]
VISIT = ["outlet_id", "begin", "end"]
HOUR = timedelta(hours=1)


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Every hour of outlets that shifted at a visit; the first row after the visit names it by begin and end."""
    rows = tables["live_hours"]
    live = _with_shown(live_series(tables))
    visits = _visits(rows)
    short = lacking(rows, ("production_kw",), "ok")
    counts = first_rows(rows, KEYS).group_by("outlet_id").agg(_n=pl.len())
    count = visits.join(counts.filter(pl.col("_n") < 2), on="outlet_id").height
    if count:
        short = {**short, "siblings": count}
    stepped = _around(visits, live, NEAR, values["least_near"]).filter(_fell(values["near"]))
    if stepped.is_empty():
        return Measured(rows.clear(), short)
    shifts = _shifts(stepped.select(VISIT).unique().sort(VISIT), live, values)
    shifts = _strongest(_without(shifts.filter(_holds(values)), tables.get("work_orders"), rule.work_orders))
    logged = _logged(shifts, tables.get("param_log"))
    few = of_outlets(rows, shifts["outlet_id"])
    after = few.select(ORDER).join(logged, on=["outlet_id", "pollutant"]).filter(pl.col("ts") > pl.col("end"))
    first = after.group_by("outlet_id", "pollutant", "begin").agg(pl.all().sort_by("ts").first())
    named = first.select(*ORDER, base_begin="begin", base_end="end", base_logged="_logged").unique(ORDER)
    return Measured(few.join(named, on=ORDER, how="left", maintain_order="left"), short)


def _live(rows: pl.DataFrame) -> pl.DataFrame:
    """The live hours with `_shown`."""
    return _with_shown(rows.filter("live"))


def _with_shown(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_shown`: the converted value, or the measured one where nothing is converted (water)."""
    shown = pl.coalesce("zs_value", "value") if "zs_value" in rows.columns else pl.col("value")
    return rows.with_columns(_shown=shown)


def _visits(rows: pl.DataFrame) -> pl.DataFrame:
    """Maintenance and calibration by hand at each outlet, as blocks of consecutive hours: outlet_id, begin, end."""
    at_work = carrying(rows, list(MARKS)) | unusual(rows["flag"], NORMAL, lambda flags: flags.is_in(FLAGS))
    hours = rows.select([name for name in ("outlet_id", "ts", "mark_by") if name in rows.columns]).filter(at_work)
    if "mark_by" in hours.columns:
        hours = hours.filter(pl.col("mark_by").fill_null("") != "auto")
    hours = hours.select("outlet_id", "ts").unique().sort("outlet_id", "ts")
    breaks = (pl.col("outlet_id") != pl.col("outlet_id").shift(1)) | (pl.col("ts") - pl.col("ts").shift(1) > HOUR)
    numbered = hours.with_columns(_block=breaks.fill_null(True).cum_sum())
    blocks = numbered.group_by("_block").agg(
        pl.col("outlet_id").first(), begin=pl.col("ts").min(), end=pl.col("ts").max()
    )
    short = pl.col("end") - pl.col("begin") < LONGEST * HOUR
    return blocks.filter(short).select(VISIT).sort(VISIT)


def _around(visits: pl.DataFrame, live: pl.DataFrame, size: int, least: float) -> pl.DataFrame:
    """Medians of `size` hours before and after each visit, by pollutant; null with fewer than `least` live hours."""
    visits = visits.with_row_index("_visit").with_columns(_outlet=pl.col("outlet_id").rank("dense"))
    span = pl.duration(hours=size)
    sides = [
        visits.select(
            "_visit", ts=pl.datetime_ranges(begin, end, "1h"), _after=pl.lit(is_after), _outlet="_outlet"
        ).explode("ts")
        for begin, end, is_after in (
            (pl.col("begin") - span, pl.col("begin") - HOUR, False),
            (pl.col("end") + HOUR, pl.col("end") + span, True),
        )
    ]
    hours = with_outlets(numbered(live), visits.select("outlet_id", "_outlet").unique()).select(
        "pollutant", SERIES, "_shown", "production_kw", _moment=_moment()
    )
    near = pl.concat(sides).select("_visit", "_after", _moment=_moment()).join(hours, on="_moment")
    enough = pl.col("_shown").count() >= least
    medians = near.group_by("_visit", SERIES, "_after").agg(
        pl.col("pollutant").first(),
        level=pl.when(enough).then(pl.col("_shown").median()),
        load=pl.col("production_kw").median(),
    )
    before, after = (medians.filter(pl.col("_after") == side).drop("_after") for side in (False, True))
    both = before.join(after.drop("pollutant"), on=["_visit", SERIES], suffix="_after")
    both = both.join(visits.drop("_outlet"), on="_visit").drop("_visit", SERIES)
    # In one order, so that sums over the pollutants come out the same to the last digit.
    return both.sort(*VISIT, "pollutant")


def _moment() -> pl.Expr:
    """One number for outlet and hour: joining by it costs less than by text and time."""
    return pl.col("_outlet").cast(pl.Int64) * 2**36 + pl.col("ts").dt.epoch("s")


def _fell(most: float) -> pl.Expr:
    return (pl.col("level") > 0) & (pl.col("level_after") <= most * pl.col("level"))


def _shifts(visits: pl.DataFrame, live: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Each visit and pollutant with s (6 days), s48, the mean s of the others and the change of load."""
    few = of_outlets(live, visits["outlet_id"])
    s = pl.when((pl.col("level") > 0) & (pl.col("level_after") > 0)).then(
        (pl.col("level_after") / pl.col("level")).log()
    )
    near = _around(visits, few, NEAR, values["least_near"]).select(*VISIT, "pollutant", s48=s)
    long = _around(visits, few, LONG, values["least_live"]).with_columns(
        s=s, load_change=pl.when(pl.col("load") > 0).then(pl.col("load_after") / pl.col("load") - 1)
    )
    known = pl.col("s").count().over(VISIT) - pl.col("s").is_not_null()
    others = (pl.col("s").sum().over(VISIT) - pl.col("s")) / known
    long = long.with_columns(others=pl.when(known > 0).then(others), siblings=known.cast(pl.Float64))
    return long.join(near, on=[*VISIT, "pollutant"]).sort(*VISIT, "pollutant")


def _holds(values: Values) -> pl.Expr:
    return (
        (pl.col("s").exp() <= values["shift"])
        & (pl.col("s48").exp() <= values["near"])
        & (pl.col("s") - pl.col("others") <= -values["apart"])
        & (pl.col("load_change").abs() <= values["load"])
    ).fill_null(False)


def _strongest(shifts: pl.DataFrame) -> pl.DataFrame:
    """Of visits whose 6 days overlap the one with the deepest shift: a level falls once."""
    kept: list[dict[str, Any]] = []
    for one in shifts.sort("s", "outlet_id", "pollutant", "begin").iter_rows(named=True):
        near = [
            other
            for other in kept
            if (other["outlet_id"], other["pollutant"]) == (one["outlet_id"], one["pollutant"])
            and abs(other["begin"] - one["begin"]) < LONG * HOUR
        ]
        if not near:
            kept.append(one)
    return pl.DataFrame(kept, schema=shifts.schema)


def _without(shifts: pl.DataFrame, orders: pl.DataFrame | None, kinds: tuple[str, ...]) -> pl.DataFrame:
    """The shifts that no work order on file explains within a day of the visit."""
    if orders is None or orders.is_empty():
        return shifts
    fitting = orders.filter(pl.col("kind").is_in(list(kinds))).select("outlet_id", "t_start", "t_end")
    explained = shifts.join(fitting, on="outlet_id").filter(
        (pl.col("t_start") <= pl.col("end") + 24 * HOUR) & (pl.col("t_end") >= pl.col("begin") - 24 * HOUR)
    )
    return shifts.join(explained, on=[*VISIT, "pollutant"], how="anti", maintain_order="left")


def _logged(shifts: pl.DataFrame, log: pl.DataFrame | None) -> pl.DataFrame:
    """Add `_logged`: whether a parameter was changed at the visit; null where nobody keeps a log."""
    visits = shifts.select(*VISIT, "pollutant")
    if log is None:
        return visits.with_columns(_logged=pl.lit(None, pl.Boolean))
    at = log.select("outlet_id", _at="ts")
    inside = visits.join(at, on="outlet_id").filter(
        pl.col("_at").is_between(pl.col("begin") - 2 * HOUR, pl.col("end") + 3 * HOUR)
    )
    return visits.join(
        inside.select(*VISIT, "pollutant", _logged=pl.lit(True)).unique(), on=[*VISIT, "pollutant"], how="left"
    ).with_columns(pl.col("_logged").fill_null(False))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Shifts at the visits that measured rows name, computed anew from the hours around them."""
    if rows.is_empty():
        return []
    named = rows.filter(pl.col("base_begin").is_not_null())
    visits = named.select("outlet_id", begin="base_begin", end="base_end").unique().sort(VISIT)
    live = _live(rows)
    held = _shifts(visits, live, values).filter(_holds(values))
    held = held.join(
        named.select("outlet_id", "pollutant", "ts", "base_logged", begin="base_begin"),
        on=["outlet_id", "pollutant", "begin"],
    ).sort(*VISIT, "pollutant")
    return [_finding(one, live, values) for one in held.iter_rows(named=True)]


def _lasting(one: Mapping[str, Any], live: pl.DataFrame, values: Values) -> pl.DataFrame:
    """The live hours from the visit until the level has come half the way back."""
    half = one["level"] * (one["level_after"] / one["level"]) ** 0.5
    begin = one["ts"]
    after = live.filter(
        (pl.col("outlet_id") == one["outlet_id"])
        & (pl.col("pollutant") == one["pollutant"])
        & pl.col("ts").is_between(begin, begin + values["most_hours"] * HOUR)
    ).sort("ts")
    level = after["_shown"].rolling_median(LEVEL, min_samples=LEVEL)
    back = (level > half).fill_null(False).arg_true()
    down = after.head(int(back[0])) if back.len() else after
    last = (down["_shown"] <= half).fill_null(False).arg_true()
    return down.head(int(last[-1]) + 1 if last.len() else 1)


def _finding(one: Mapping[str, Any], live: pl.DataFrame, values: Values) -> Finding:
    part = _lasting(one, live, values)
    names = ("s", "s48", "others", "siblings", "load_change", "level", "level_after")
    statistic = {name: float(one[name]) for name in names}
    statistic["hours"] = float(part.height)
    statistic["ratio"] = statistic["level_after"] / statistic["level"]
    statistic["ratio_others"] = exp(statistic["others"])
    logged = one["base_logged"]
    zh, en = _reasons(one, statistic)
    return Finding(
        entity_id=one["outlet_id"],
        pollutant=one["pollutant"],
        from_ts=one["ts"],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=min(1.0, -statistic["s"]),
        # The siblings and the load are conditions of the rule, hence present; a parameter log is one signal more.
        corroboration=(2 + (logged is True)) / (2 + (logged is not None)),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(one: Mapping[str, Any], statistic: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    begin, end, name = one["begin"], one["end"], one["pollutant"]
    before, after, siblings = (statistic[key] for key in ("level", "level_after", "siblings"))
    ratio, others, load = (per_cent(statistic, key) for key in ("ratio", "ratio_others", "load_change"))
    zh = (
        f"{begin:%m-%d %H:%M} 至 {end:%m-%d %H:%M} 运维或校准后，"
        f"{name} 6 日中位数由 {before:.3g} 降至 {after:.3g}（{ratio}%）",
        f"同排口其他 {siblings:.0f} 项污染物为运维前的 {others}%，负荷变化 {load}%",
    )
    en = (
        f"after maintenance or calibration from {begin:%m-%d %H:%M} to {end:%m-%d %H:%M} the 6-day median of {name} "
        f"went from {before:.3g} to {after:.3g} ({ratio} %)",
        f"the other {siblings:.0f} pollutants stood at {others} % of before, the load changed by {load} %",
    )
    if one["base_logged"] is None:
        return zh, en
    logged = one["base_logged"]
    return (
        (*zh, "期间有参数变更记录" if logged else "期间无参数变更记录"),
        (*en, "parameters were changed during it" if logged else "no parameter change is on record"),
    )


MODEL = Model(
    needs={"obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min")},
    measure=measure,
    judge=judge,
    before=timedelta(hours=LONG + LONGEST + 24),
    after=timedelta(hours=LONG + 24),
    live_only=False,
)
