"""Limits and full scales joined to rows: an outlet's own go before those of its pollutant."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.windows import KEYS, series_of

COLUMNS = ("limit", "full_scale")


def with_limits(rows: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Add `limit` and `full_scale`, unless they are there: those of the outlet where it has its own, else the
    pollutant's."""
    if set(COLUMNS) <= set(rows.columns):
        return rows
    # Rows of a series stand together: its limits are looked up once and then handed to every row.
    starts, place = series_of(rows, KEYS)
    each = _joined(rows.select(pl.col("outlet_id", "pollutant").gather(starts)), limits)
    return rows.with_columns([each[name].gather(place) for name in COLUMNS])


def _joined(rows: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    if "outlet_id" not in limits.columns:
        limits = limits.with_columns(outlet_id=pl.lit(None, pl.String))
    general = limits.filter(pl.col("outlet_id").is_null()).unique("pollutant", keep="last")
    own = limits.filter(pl.col("outlet_id").is_not_null()).unique(["outlet_id", "pollutant"], keep="last")
    rows = rows.join(general.select("pollutant", *COLUMNS), on="pollutant", how="left", maintain_order="left")
    rows = rows.join(
        own.select("outlet_id", "pollutant", *[pl.col(name).alias(f"_{name}") for name in COLUMNS]),
        on=["outlet_id", "pollutant"],
        how="left",
        maintain_order="left",
    )
    return rows.select([pl.coalesce(f"_{name}", name).alias(name) for name in COLUMNS])


def limited(rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Add `limit` and `full_scale` for a rule that can do without: nulls when nobody delivered a table of limits."""
    limits = tables.get("limits")
    if limits is None or not {"pollutant", *COLUMNS} <= set(limits.columns):
        nothing = pl.lit(None, pl.Float64)
        return rows.with_columns(limit=nothing, full_scale=nothing)
    return with_limits(rows, limits)
