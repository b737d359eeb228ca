"""What is read from the whole table rather than from some outlets at a time: industries and first hours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from services.clue_service.detection.marks import by_hand, carrying, listed

LEAST = 5
"""Outlets an industry must have before its percentile says anything."""
LATE = timedelta(days=1)
"""An outlet whose data begin later than the table's by more than this was commissioned in between."""

SPAN, UPKEEP, OUTLETS = "whole_span", "whole_upkeep", "whole_outlets"
"""What of the whole table is handed on with every batch of outlets: its first and last hour; hours of upkeep by hand of
each outlet and week, of the pollutant with most; its outlets."""
NEEDED = ("outlet_id", "ts", "pollutant", "mark", "mark_by")


def whole(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Read what the rules ask of the whole table; columns that nobody delivered count as null."""
    span = rows.select(begins=pl.col("ts").min(), ends=pl.col("ts").max())
    return whole_of(rows, span, list(dict.fromkeys(rows["outlet_id"].rle().struct.field("value").to_list())))


def whole_of(marked: pl.DataFrame, span: pl.DataFrame, outlets: Sequence[str | None]) -> dict[str, pl.DataFrame]:
    """The same from the rows that have a mark (more do no harm), the first and last hour, and the outlets."""
    missing = [pl.lit(None, pl.String).alias(name) for name in NEEDED if name not in marked.columns]
    rows = marked.with_columns(missing).select(NEEDED)
    upkeep = rows.filter(carrying(rows, listed("upkeep"))).filter(by_hand())
    known = pl.DataFrame({"outlet_id": outlets}, schema={"outlet_id": pl.String})
    begins = pl.lit(span["begins"][0], pl.Datetime("us"))
    week = ((pl.col("ts") - begins).dt.total_days() // 7).alias("week")
    each = upkeep.group_by("outlet_id", "pollutant", week).len("hours")
    most = each.group_by("outlet_id", "week").agg(pl.col("hours").max())
    return {SPAN: span, UPKEEP: most, OUTLETS: known}


def _whole(tables: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    return tables if SPAN in tables else whole(tables["obs_hour"])


def beginning(tables: Mapping[str, pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    """Outlets among `rows` that began later than the table: outlet_id and `_first`, their first hour with a value."""
    valued = rows.select("outlet_id", "ts").filter(rows["value"].is_not_null())
    first = valued.group_by("outlet_id").agg(_first=pl.col("ts").min())
    begins: datetime = _whole(tables)[SPAN]["begins"][0]
    return first.filter(pl.col("_first") > begins + LATE)


def upkeep_share(tables: Mapping[str, pl.DataFrame], quantile: float) -> pl.DataFrame:
    """outlet_id and `base_peers`: the quantile of hours marked by hand for upkeep in a week, over its industry.

    Null where the industry is unknown or has fewer than five outlets.
    """
    outlets = tables.get("outlets")
    if outlets is None or "industry" not in outlets.columns:
        return pl.DataFrame(schema={"outlet_id": pl.String, "base_peers": pl.Float64})
    held = _whole(tables)
    begins, ends = held[SPAN].row(0)
    hours, known, weeks = held[UPKEEP], held[OUTLETS], max(1, round((ends - begins) / timedelta(days=7)))
    industry = outlets.select("outlet_id", "industry").drop_nulls().unique("outlet_id")
    industry = industry.join(known, on="outlet_id", how="semi").sort("outlet_id")
    sizes = dict(industry.group_by("industry").len().rows())
    marked = hours.join(industry, on="outlet_id").group_by("industry").agg("hours")
    found = {name: _quantile(sorted(some), sizes[name] * weeks, quantile) for name, some in marked.rows()}
    shares = [(name, found.get(name, 0.0)) for name, size in sizes.items() if size >= LEAST]
    each = pl.DataFrame(shares, schema={"industry": pl.String, "base_peers": pl.Float64}, orient="row")
    return industry.join(each, on="industry").select("outlet_id", "base_peers")


def _quantile(values: list[int], count: int, quantile: float) -> float:
    """The quantile of the sorted values and of zeros that make them `count`."""
    padded = max(count, len(values))
    place = quantile * (padded - 1)
    low = int(place)

    def at(index: int) -> float:
        inside = index - (padded - len(values))
        return float(values[inside]) if 0 <= inside < len(values) else 0.0

    return at(low) + (place - low) * (at(min(low + 1, padded - 1)) - at(low))
