"""Which hours are live: measured, valid, in normal operation and under load."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from services.clue_service.detection.abreast import Abreast
from services.clue_service.detection.episodes import of_outlets, outlet_hours
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.marks import carrying
from services.clue_service.detection.windows import KEYS, POSITION, SERIES, Window, first_rows, rolled, with_series

ORDER = ("outlet_id", "pollutant", "ts")
METERS = ("production_kw", "flow")
SCREENED = (
    *ORDER,
    *("value", "zs_value", "inst_value", "das_value", "o2", "production_kw", "limit", "full_scale"),
)
SHARED = ("o2", "production_kw", "rf", "flow", "cond", "water_in")
"""What the pollutants of an outlet share, as outlet_hours has it."""


@cache
def settings() -> Mapping[str, Any]:
    """The settings of live.yaml beside this file."""
    text = (Path(__file__).parent / "live.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows sorted by outlet, pollutant and hour, their series numbered; what is stored in order is not sorted."""
    numbered = with_series(rows, KEYS)
    return numbered if _in_order(numbered) else with_series(rows.sort(ORDER), KEYS)


def with_live(rows: pl.DataFrame, hours: Abreast | None) -> pl.DataFrame:
    """Add `rp`, `rf` (relative load and flow), `ok` and `live` to rows in order.

    rp and rf compare with the 70 % quantile of the outlet's own trailing 30 days. `hours` says where the hours of
    outlets stand, if they stand abreast. There is no NaN among the numbers: a comparison with NaN would hold.
    """
    rules = settings()
    marks = [*rules["invalid_marks"], *rules["condition_marks"]]
    rows = rows.with_columns(_loads_abreast(rows, hours, rules) if hours else _loads_grouped(rows, rules))
    ok = (
        (pl.col("flag") == rules["flag_normal"])
        & pl.col("value").is_not_null()
        & ~carrying(rows, marks)
        & (pl.col("valid_min").fill_null(60.0) >= rules["valid_min"])
    )
    rows = rows.with_columns(ok=ok.fill_null(False))
    live = pl.col("ok") & (pl.col("rp") >= rules["load_share"]) & (pl.col("rf") >= rules["flow_share"])
    return rows.with_columns(live=live.fill_null(False))


def _in_order(rows: pl.DataFrame) -> bool:
    """Whether every series has its hours in order, and the series stand in order, as they are stored."""
    is_later = (rows["ts"] > rows["ts"].shift(1)) | (rows[POSITION] == 0)
    outlet, pollutant = (pl.col(name) for name in KEYS)
    each = first_rows(rows, KEYS)
    before, same = outlet.shift(1), outlet == outlet.shift(1)
    order = (outlet > before) | (same & (pollutant > pollutant.shift(1)))
    return bool(is_later.fill_null(False).all()) and bool(each.select(order.slice(1).fill_null(False).all()).item())


def _loads_abreast(rows: pl.DataFrame, hours: Abreast, rules: Mapping[str, Any]) -> list[pl.Series]:
    each = hours.highest(rows, METERS).with_columns(hours.heads(rows, ("outlet_id",)))
    loads = _loads(with_series(each, ["outlet_id"]), rules)
    return [loads[name].gather(hours.hour_of) for name in ("rp", "rf")]


def _loads_grouped(rows: pl.DataFrame, rules: Mapping[str, Any]) -> list[pl.Series]:
    # One number names outlet and hour: grouping and joining by it costs less than by text and time.
    moment = rows.select(_moment=pl.col("outlet_id").rle_id().cast(pl.Int64) * 2**36 + pl.col("ts").dt.epoch("s"))
    each = pl.concat([moment, rows.select(METERS)], how="horizontal").group_by("_moment").agg(pl.col(METERS).max())
    each = with_series(each.sort("_moment").with_columns(_outlet=pl.col("_moment") // 2**36), ["_outlet"])
    loads = moment.join(_loads(each, rules), on="_moment", how="left", maintain_order="left")
    return [loads[name] for name in ("rp", "rf")]


def _loads(each: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """Add rp and rf to one row per outlet and hour: load and flow against the outlet's usual ones."""
    each = each.with_columns(_positive=pl.when(pl.col("flow") > 0).then("flow"))
    size, least, share = rules["usual_hours"], rules["usual_least"], rules["usual_quantile"]
    usual = rolled(
        each,
        [
            Window("_production", "production_kw", "quantile", size, least, share),
            Window("_flow", "_positive", "quantile", size, least, share),
        ],
    )
    ratio = [
        pl.when(pl.col(base) > 0).then(pl.col(value) / pl.col(base)).alias(name)
        for name, value, base in (("rp", "production_kw", "_production"), ("rf", "flow", "_flow"))
    ]
    return usual.with_columns(ratio)


def live_series(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The live rows in the columns that are screened, their series numbered: made once for all rules."""
    known = tables.get("live_series")
    if known is not None:
        return known
    rows = tables["live_hours"]
    if "limits" in tables:
        rows = with_limits(rows, tables["limits"])
    slim = rows.select([name for name in (*SCREENED, SERIES) if name in rows.columns])
    return with_series(slim.filter(rows["live"]), KEYS)


def live_of(tables: Mapping[str, pl.DataFrame], chosen: pl.Series) -> pl.DataFrame:
    """The live rows of some outlets in all columns, their series numbered."""
    rows = of_outlets(tables["live_hours"], chosen).filter("live")
    return with_series(with_limits(rows, tables["limits"]) if "limits" in tables else rows, KEYS)


def outlet_series(tables: Mapping[str, pl.DataFrame], chosen: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """One row per hour with a live pollutant at some outlets; columns that nobody delivered are null."""
    hours = tables.get("outlet_hours")
    if hours is None:
        rows = tables["live_hours"]
        known = [name for name in columns if name in rows.columns]
        hours = outlet_hours(rows.select("outlet_id", "ts", *known).filter(rows["live"]), known)
    missing = [pl.lit(None, pl.Float64).alias(name) for name in columns if name not in hours.columns]
    return of_outlets(hours.with_columns(missing).select("outlet_id", "ts", *columns), chosen)


def live_outlet_hours(rows: pl.DataFrame, hours: Abreast) -> pl.DataFrame:
    """One row per outlet and hour with a live pollutant: the highest of what its live pollutants share."""
    shared = hours.highest(rows, [name for name in SHARED if name in rows.columns], among="live")
    each = shared.with_columns(hours.heads(rows, ("outlet_id", "ts")))
    return each.filter(hours.is_any(rows["live"]))


def excused(rows: pl.DataFrame, orders: pl.DataFrame | None, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Add `base_excused`: the hour lies inside a work order of one of the kinds, at this outlet."""
    if orders is None or orders.is_empty() or rows.is_empty() or not kinds:
        return rows.with_columns(base_excused=pl.lit(False))
    fitting = orders.filter(pl.col("kind").is_in(list(kinds))).select("outlet_id", "t_start", "t_end")
    inside = (
        rows.select("outlet_id", "ts")
        .unique()
        .join(fitting, on="outlet_id")
        .filter((pl.col("ts") >= pl.col("t_start").dt.truncate("1h")) & (pl.col("ts") <= pl.col("t_end")))
        .select("outlet_id", "ts", base_excused=pl.lit(True))
        .unique()
    )
    joined = rows.join(inside, on=["outlet_id", "ts"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("base_excused").fill_null(False))
