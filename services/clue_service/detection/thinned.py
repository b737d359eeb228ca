"""R08, waste-water dilution (废水稀释): more water for the same production, with everything in it thinner."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.chart import draw_each
from services.clue_service.detection.episodes import (
    middle,
    of_medium,
    of_outlets,
    per_cent,
    stretches,
    trimmed,
)
from services.clue_service.detection.live import excused, live_of, outlet_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import SERIES, Window, lagged, rolled, with_series

SHORT, LAG, WEEK, LEAST = 6, 4, 168, 126  # live hours
RAIN = 12  # hours
ORDER = ["outlet_id", "pollutant", "ts"]
SHARED = ("flow", "production_kw", "cond", "water_in")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of waste-water outlets that let out more water for their production, with the week before."""
    outlets = tables["outlets"].unique("outlet_id", keep="last")
    water = of_medium(tables["live_hours"].select("outlet_id", SERIES, "ok", "flow", "production_kw"), outlets, "water")
    short = lacking(water, ("flow", "production_kw"), "ok")
    hours = outlet_series(tables, water["outlet_id"].unique(), SHARED).with_columns(_water=_water())
    hours = rolled(with_series(hours, ["outlet_id"]), [Window("_usual", "_water", "median", WEEK, LEAST)])
    hours = hours.with_columns(base_water=lagged("_usual", LAG))
    hours = hours.with_columns(_more=(_ratio("_water") >= values["flow"]).fill_null(False).cast(pl.Float64))
    hours = rolled(hours, [Window("_share", "_more", "mean", SHORT, SHORT)])
    chosen = hours.filter(pl.col("_share") >= values["share"])["outlet_id"]
    if chosen.is_empty():
        return Measured(water.clear(), short)
    usual = [Window(f"_{name}", name, "median", WEEK, LEAST) for name in ("cond", "water_in")]
    few = rolled(with_series(of_outlets(hours, chosen), ["outlet_id"]), usual)
    few = few.with_columns([lagged(f"_{name}", LAG).alias(f"base_{name}") for name in ("cond", "water_in")])
    live = live_of(tables, chosen)
    live = live.with_columns([pl.lit(None, pl.Float64).alias(one) for one in SHARED if one not in live.columns])
    rows = _loads(live)
    rows = rows.join(
        few.select("outlet_id", "ts", "base_water", "base_cond", "base_water_in"), on=["outlet_id", "ts"], how="left"
    )
    rows, unknown = _rained(rows.sort(ORDER), outlets, tables.get("weather"), values)
    if unknown:
        short = {**short, "weather": unknown}
    return Measured(excused(rows, tables.get("work_orders"), rule.work_orders), short)


def _water() -> pl.Expr:
    """Water let out for each kW of production."""
    return pl.when(pl.col("production_kw") > 0).then(pl.col("flow") / pl.col("production_kw"))


def _ratio(name: str) -> pl.Expr:
    base = pl.col(f"base{name}" if name.startswith("_") else f"base_{name}")
    return pl.when(base > 0).then(pl.col(name) / base)


def _loads(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the usual concentration and the usual load (flow times concentration) of each pollutant."""
    rows = with_series(rows, ORDER[:2]).with_columns(_load=pl.col("flow") * pl.col("value"))
    windows = [Window(f"_usual_{name}", name, "median", WEEK, LEAST) for name in ("value", "_load")]
    rows = rolled(rows, windows).with_columns(
        base_value=lagged("_usual_value", LAG), base_load=lagged("_usual__load", LAG)
    )
    return rows.select([name for name in rows.columns if not name.startswith("_")])


def _rained(
    rows: pl.DataFrame, outlets: pl.DataFrame, weather: pl.DataFrame | None, values: Values
) -> tuple[pl.DataFrame, int]:
    """Add base_rain, the rain of 12 hours at outlets where rain drains through; rows of those with no weather go.

    Which station is the outlet's is not on record, so the wettest one counts. Gives also how many rows went.
    """
    joined = outlets.filter(pl.col("combined_rain").fill_null(True)).select("outlet_id", _joined=pl.lit(True))
    rows = rows.join(joined, on="outlet_id", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("_joined").fill_null(False))
    if weather is None or weather.is_empty():
        rain = pl.DataFrame(schema={"ts": rows.schema["ts"], "base_rain": pl.Float64})
    else:
        hourly = weather.group_by(pl.col("ts").dt.truncate("1h")).agg(pl.col("rain_mm").max()).sort("ts")
        sums = hourly.upsample("ts", every="1h").with_columns(pl.col("rain_mm").fill_null(0.0))
        rain = sums.select("ts", base_rain=pl.col("rain_mm").rolling_sum(RAIN, min_samples=1))
        rain = rain.with_columns(pl.col("ts").cast(rows.schema["ts"]))
    rows = rows.join(rain, on="ts", how="left", maintain_order="left")
    unknown = pl.col("_joined") & pl.col("base_rain").is_null()
    count = int(rows.select(unknown.sum()).item())
    rows = rows.filter(~unknown).with_columns(
        base_wet=(pl.col("_joined") & (pl.col("base_rain") >= values["rain"])).fill_null(False)
    )
    return rows.drop("_joined"), count


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes of outlets among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    each = rows.with_columns(
        _water=_water(),
        _load=pl.col("flow") * pl.col("value"),
    ).with_columns(
        _thin=_ratio("value"),
        _same=_ratio("_load"),
    )
    hours = each.group_by("outlet_id", "ts").agg(
        pl.col("_thin", "_same").mean(),
        pl.col(*SHARED, "_water", "base_water", "base_cond", "base_water_in", "base_rain").max(),
        pl.col("base_wet", "base_excused").any(),
    )
    hours = with_series(hours.sort("outlet_id", "ts"), ["outlet_id"]).with_columns(
        _more=_ratio("_water"), _salt=_ratio("cond"), _fresh=_ratio("water_in")
    )
    # Without conductivity the load must stay: what is only spread over more water is still all there.
    thinner = (
        pl.when(pl.col("_salt").is_not_null())
        .then(pl.col("_salt") <= values["cond"])
        .otherwise(pl.col("_same").is_between(values["load_low"], values["load_high"]))
    )
    fires = (
        (pl.col("_more") >= values["flow"])
        & (pl.col("_thin") <= values["concentration"])
        & thinner
        & ~pl.col("base_wet")
        & ~pl.col("base_excused")
    )
    hours = hours.with_columns(_own=fires.fill_null(False)).with_columns(_one=pl.col("_own").cast(pl.Float64))
    hours = rolled(hours, [Window("_share", "_one", "mean", SHORT, SHORT)])
    reach = pl.when(pl.col("_share") >= values["share"]).then(SHORT)
    return [
        _finding(own, each)
        for part in stretches(hours, reach, values["gap"])
        if (own := trimmed(part, "_own")).height >= values["share"] * SHORT
    ]


def _finding(part: pl.DataFrame, each: pl.DataFrame) -> Finding:
    own = part.filter("_own")
    outlet = part["outlet_id"][0]
    fell = each.filter((pl.col("outlet_id") == outlet) & pl.col("ts").is_in(own["ts"].implode()))
    thin = fell.group_by("pollutant").agg(pl.col("_thin").median()).sort("pollutant")
    medians = {
        "ratio_water": "_more",
        "ratio_concentration": "_thin",
        "ratio_cond": "_salt",
        "ratio_load": "_same",
        "ratio_water_in": "_fresh",
        "flow": "flow",
        "production_kw": "production_kw",
        "rain_12h": "base_rain",
    }
    statistic = {name: middle(own, column) for name, column in medians.items()}
    statistic |= {"share": own.height / part.height, "hours": float(part.height)}
    fresh, salt = statistic["ratio_water_in"], statistic["ratio_cond"]
    # Concentration and flow make the rule; an unchanged load, conductivity and fresh water are signals more.
    known = [True, salt > 0, fresh > 0]
    signs = [0.7 <= statistic["ratio_load"] <= 1.3, salt > 0, fresh >= 1.15]
    zh, en = _reasons(thin.rows(), statistic)
    return Finding(
        entity_id=outlet,
        pollutant=None,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=1 - statistic["ratio_concentration"],
        corroboration=sum(signs) / sum(known),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(
    thin: list[tuple[str, float | None]], statistic: Mapping[str, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shares = [(name, round(100 * (ratio or 0))) for name, ratio in thin]
    more, load, salt = (per_cent(statistic, f"ratio_{key}") for key in ("water", "load", "cond"))
    hours, flow = statistic["hours"], statistic["flow"]
    zh = (
        f"单位生产功率排水量为前 7 日的 {more}%，持续 {hours:.0f} 小时（流量 {flow:.4g} m³/h）",
        f"同期浓度为前 7 日的：{'，'.join(f'{name} {share}%' for name, share in shares)}；"
        f"污染物总量为 {load}%，疑似掺入清水",
    )
    en = (
        f"water per kW of production was {more} % of the 7 days before for {hours:.0f} hours (flow {flow:.4g} m³/h)",
        f"meanwhile of the 7 days before: {', '.join(f'{name} {share} %' for name, share in shares)}; "
        f"the load was {load} %, as if clean water was added",
    )
    if not salt:
        return zh, en
    return (
        (*zh, f"电导率为前 7 日的 {salt}%"),
        (*en, f"conductivity was {salt} % of the 7 days before"),
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "valid_min"),
        "outlets": ("outlet_id", "medium", "combined_rain"),
    },
    measure=measure,
    judge=judge,
    medium="water",
    chart=draw_each,
)
