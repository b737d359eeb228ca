"""R05, sample substitution (样品替换): all pollutants of a waste water go flat and most low, at full flow."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.chart import draw_each
from services.clue_service.detection.episodes import middle, of_medium, of_outlets, per_cent, stretches
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import excused, live_of, live_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import SERIES, Window, lagged, rolled, with_series

SHORT, WEEK, USUAL = 6, 168, 336  # live hours
ORDER = ["outlet_id", "pollutant", "ts"]
WITNESSES = ("ph", "cond")
ASKED = ("full_scale", "production_kw", "flow")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of waste-water outlets with a flat and low hour; the level of a week before and the usual scatter."""
    rows = with_limits(tables["live_hours"], tables["limits"])
    asked = of_medium(rows.select("outlet_id", SERIES, "ok", *ASKED), tables["outlets"], "water")
    short = lacking(asked, ASKED, "ok")
    slim = live_series(tables).select(*ORDER, SERIES, "value", "full_scale")
    live = rolled(
        with_series(of_medium(slim, tables["outlets"], "water"), ORDER[:2]),
        [Window("_std_value", "value", "std", SHORT, SHORT), Window("_mean_value", "value", "mean", SHORT, SHORT)],
    )
    flat = _outlets_with(live.filter(_flat(values)), live, values)
    if flat.is_empty():
        return Measured(rows.clear(), short)
    week = rolled(
        flat,
        [
            Window("_half_value", "value", "median", SHORT, SHORT),
            Window("_week", "value", "median", WEEK, WEEK * 3 // 4),
        ],
    )
    week = week.with_columns(base_week=lagged("_week", SHORT))
    low = pl.col("_half_value") <= values["low"] * pl.col("base_week")
    few = _outlets_with(week.filter(_flat(values) & low), week, values)
    full = live_of(tables, few["outlet_id"])
    witnesses = [pl.lit(None, pl.Float64).alias(name) for name in WITNESSES if name not in full.columns]
    full = full.with_columns(witnesses)
    few = few.hstack(full.select([name for name in full.columns if name not in few.columns]))
    few = _short(few, WITNESSES)
    usual = [
        Window(f"_usual_{name}", f"_std_{name}", "median", USUAL, USUAL * 3 // 4) for name in ("value", *WITNESSES)
    ]
    few = rolled(few, usual).with_columns(
        [lagged(f"_usual_{name}", SHORT).alias(f"base_scatter_{name}") for name in ("value", *WITNESSES)]
    )
    kept = few.select([name for name in few.columns if not name.startswith("_")])
    return Measured(excused(kept, tables.get("work_orders"), rule.work_orders), short)


def _outlets_with(fired: pl.DataFrame, rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """The rows of outlets where in some hour enough pollutants fired together."""
    hours = fired.group_by("outlet_id", "ts").len().filter(pl.col("len") >= values["pollutants"])
    return with_series(of_outlets(rows, hours["outlet_id"]), ORDER[:2])


def _short(rows: pl.DataFrame, signals: tuple[str, ...]) -> pl.DataFrame:
    """Add the scatter, mean and median of 6 live hours: _std_x, _mean_x, _half_x."""
    kinds = (("_std", "std"), ("_mean", "mean"), ("_half", "median"))
    windows = [Window(f"{short}_{name}", name, kind, SHORT, SHORT) for name in signals for short, kind in kinds]  # type: ignore[arg-type]  # the kinds above
    return rolled(rows, windows)


def _flat(values: Values) -> pl.Expr:
    resolution = values["resolution"] * pl.col("full_scale")
    return pl.col("_std_value") <= values["flat"] * pl.col("_mean_value") + 0.5 * resolution


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes of outlets among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    live = _short(with_series(rows.sort(ORDER), ORDER[:2]), ("value", *WITNESSES))
    quiet = pl.col("_std_value") <= values["scatter"] * pl.col("base_scatter_value")
    level = pl.when(pl.col("base_week") > 0).then(pl.col("_half_value") / pl.col("base_week"))
    live = live.with_columns(_level=level, _flat=(_flat(values) & quiet).fill_null(False))
    hours = live.group_by("outlet_id", "ts").agg(
        _all_flat=pl.col("_flat").all(),
        _low=(pl.col("_level") <= values["low"]).fill_null(False).sum(),
        _level=pl.col("_level").mean(),
        _reported=pl.len(),
        base_excused=pl.col("base_excused").any(),
    )
    hours = with_series(hours.sort("outlet_id", "ts"), ["outlet_id"])
    fires = pl.col("_all_flat") & (pl.col("_low") >= values["pollutants"]) & ~pl.col("base_excused")
    hours = hours.with_columns(_fires=fires)
    return [
        _finding(part, live, values)
        for part in stretches(hours, pl.when("_fires").then(SHORT), values["gap"])
        if part.height >= values["least_hours"]
    ]


def _finding(part: pl.DataFrame, live: pl.DataFrame, values: Values) -> Finding:
    outlet, first, last = part["outlet_id"][0], part["ts"][0], part["ts"][-1]
    fired = part.filter("_fires")
    own = live.filter((pl.col("outlet_id") == outlet) & pl.col("ts").is_in(fired["ts"].implode()))
    each = own.group_by("pollutant").agg(pl.col("value", "base_week").median()).sort("pollutant")
    calm = [_calm(own, name) for name in WITNESSES]
    known = [share for share in calm if share is not None]
    quiet = sum(share <= values["witness"] for share in known)
    statistic = {
        "level": float(fired.select(pl.col("_level").mean()).item() or 0.0),
        # A rolling deviation depends in its last digits on what stood before the window.
        "scatter": round(middle(own, pl.col("_std_value") / pl.col("base_scatter_value")), 6),
        "pollutants": float(each.height),
        "witnesses": float(len(known)),
        "witnesses_quiet": float(quiet),
        "flow": middle(own, "flow"),
        "production_kw": middle(own, "production_kw"),
        "hours": float(part.height),
    }
    listed = [(name, before, now) for name, now, before in each.iter_rows()]
    zh, en = _reasons(listed, statistic)
    return Finding(
        entity_id=outlet,
        pollutant=None,
        from_ts=first,
        to_ts=last,
        hours=part.height,
        strength=1 - statistic["level"],
        # Flow and production are conditions of the rule, hence present; pH and conductivity are signals more.
        corroboration=(2 + quiet) / (2 + len(known)),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _calm(own: pl.DataFrame, name: str) -> float | None:
    """The scatter of pH or conductivity as share of its usual one."""
    share = pl.when(pl.col(f"base_scatter_{name}") > 0).then(pl.col(f"_std_{name}") / pl.col(f"base_scatter_{name}"))
    found = own.select(share.median()).item()
    return None if found is None else float(found)


def _reasons(
    listed: list[tuple[str, float, float]], statistic: Mapping[str, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    falls = [f"{name} {before:.3g}→{now:.3g}" for name, before, now in listed if before is not None]
    level, scatter, hours = per_cent(statistic, "level"), per_cent(statistic, "scatter"), statistic["hours"]
    quiet, known = statistic["witnesses_quiet"], statistic["witnesses"]
    zh = (
        f"{len(listed)} 项污染物同时走平并偏低 {hours:.0f} 小时：{'，'.join(falls)}（平均为前 7 日的 {level}%）",
        f"6 小时波动仅为平常的 {scatter}%，pH、电导率 {known:.0f} 项中 {quiet:.0f} 项同时变得平静",
        f"同期流量中位数 {statistic['flow']:.4g} m³/h，生产功率 {statistic['production_kw']:.4g} kW，并未停产停排",
    )
    en = (
        f"{len(listed)} pollutants went flat and low together for {hours:.0f} hours: {', '.join(falls)} "
        f"({level} % of the 7 days before)",
        f"their 6-hour scatter was {scatter} % of the usual; {quiet:.0f} of {known:.0f} of pH and conductivity "
        "went quiet too",
        f"meanwhile the flow was {statistic['flow']:.4g} m³/h and production {statistic['production_kw']:.4g} kW",
    )
    return zh, en


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
        "outlets": ("outlet_id", "medium"),
    },
    measure=measure,
    judge=judge,
    medium="water",
    chart=draw_each,
)
