"""The chart of a hit on a whole outlet: one of its pollutants, the one with most values."""

import polars as pl

from services.clue_service.detection.chart import draw


def outlet_chart(rows: pl.DataFrame, title: str) -> str:
    """Draw the pollutant of the slice with most values, its limit where there is one, the hit and production power."""
    if rows.is_empty():
        return ""
    counts = (
        rows.group_by("pollutant").agg(pl.col("value").count()).sort(["value", "pollutant"], descending=[True, False])
    )
    name = counts["pollutant"][0]
    own = rows.filter(pl.col("pollutant") == name).sort("ts")
    if "limit" not in own.columns:
        own = own.with_columns(limit=pl.lit(None, pl.Float64))
    return draw(own, title=f"{title} {name}")
