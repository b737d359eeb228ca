"""Which hours are live: measured, valid, in normal operation and under load."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from services.clue_service.detection.windows import Window, rolled, with_series

ORDER = ("outlet_id", "pollutant", "ts")


@cache
def settings() -> Mapping[str, Any]:
    """The settings of live.yaml beside this file."""
    text = (Path(__file__).parent / "live.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def live_hours(observations: pl.DataFrame) -> pl.DataFrame:
    """obs_hour sorted by outlet, pollutant, hour, with `rp`, `rf` (relative load and flow), `ok` and `live`.

    rp and rf compare with the 70 % quantile of the outlet's own trailing 30 days. NaN becomes null: a comparison with
    NaN would hold.
    """
    rules = settings()
    numbers = [name for name, kind in observations.schema.items() if kind.is_float()]
    rows = observations.with_columns(pl.col(numbers).fill_nan(None))
    rows = (rows if _in_order(rows) else rows.sort(ORDER)).with_columns(_moment=_moment())
    rows = rows.join(_loads(rows, rules), on="_moment", how="left", maintain_order="left").drop("_moment")
    marks = [*rules["invalid_marks"], *rules["condition_marks"]]
    ok = (
        (pl.col("flag") == rules["flag_normal"])
        & pl.col("value").is_not_null()
        & ~pl.col("mark").fill_null("").str.strip_chars().is_in(marks)
        & (pl.col("valid_min").fill_null(60.0) >= rules["valid_min"])
    )
    rows = rows.with_columns(ok=ok.fill_null(False))
    live = pl.col("ok") & (pl.col("rp") >= rules["load_share"]) & (pl.col("rf") >= rules["flow_share"])
    return rows.with_columns(live=live.fill_null(False))


def _in_order(rows: pl.DataFrame) -> bool:
    """Whether rows stand sorted by outlet, pollutant and hour, as the series are stored: sorting them again is dear."""
    outlet, pollutant, ts = (pl.col(name) for name in ORDER)
    same = (outlet == outlet.shift(1)) & (pollutant == pollutant.shift(1))
    later = (outlet > outlet.shift(1)) | ((outlet == outlet.shift(1)) & (pollutant > pollutant.shift(1)))
    order = pl.when(same).then(ts > ts.shift(1)).otherwise(later)
    return bool(rows.select(order.slice(1).fill_null(False).all()).item())


def _moment() -> pl.Expr:
    """One number for outlet and hour in a frame sorted by outlet: joins on it cost less than on text and time."""
    return pl.col("outlet_id").rle_id().cast(pl.Int64) * 2**36 + pl.col("ts").dt.epoch("s")


def _loads(rows: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """One row per outlet and hour (`_moment`): load and flow against the outlet's usual ones."""
    each = rows.group_by("_moment").agg(pl.col("production_kw", "flow").max()).sort("_moment")
    each = with_series(each.with_columns(_outlet=pl.col("_moment") // 2**36), ["_outlet"])
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
    return usual.select("_moment", *ratio)


def live_series(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The live rows with limits, their series numbered: what most rules begin with, made once for all of them."""
    known = tables.get("live_series")
    if known is not None:
        return known
    return with_series(with_limits(tables["live_hours"], tables["limits"]).filter("live"), ORDER[:2])


def with_limits(rows: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Add `limit` and `full_scale`, unless they are there: those of the outlet where it has its own, else the
    pollutant's."""
    columns = ["limit", "full_scale"]
    if set(columns) <= set(rows.columns):
        return rows
    if "outlet_id" not in limits.columns:
        limits = limits.with_columns(outlet_id=pl.lit(None, pl.String))
    general = limits.filter(pl.col("outlet_id").is_null()).unique("pollutant", keep="last")
    own = limits.filter(pl.col("outlet_id").is_not_null()).unique(["outlet_id", "pollutant"], keep="last")
    rows = rows.join(general.select("pollutant", *columns), on="pollutant", how="left", maintain_order="left")
    rows = rows.join(
        own.select("outlet_id", "pollutant", *[pl.col(name).alias(f"_{name}") for name in columns]),
        on=["outlet_id", "pollutant"],
        how="left",
        maintain_order="left",
    )
    return rows.with_columns([pl.coalesce(f"_{name}", name).alias(name) for name in columns]).drop(
        "_limit", "_full_scale"
    )


def excused(rows: pl.DataFrame, orders: pl.DataFrame | None, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Add `base_excused`: the hour lies inside a work order of one of the kinds, at this outlet."""
    if orders is None or orders.is_empty() or not kinds:
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
