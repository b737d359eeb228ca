"""What is read from the whole table rather than from some outlets at a time: industries and first hours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from weakref import ReferenceType, ref

import polars as pl

from services.clue_service.detection.marks import by_hand, carrying, listed

LEAST = 5
"""Outlets an industry must have before its percentile says anything."""
LATE = timedelta(days=1)
"""An outlet whose data begin later than the table's by more than this was commissioned in between."""

_lock = Lock()
_seen: dict[str, tuple[ReferenceType[pl.DataFrame], Any]] = {}


def _once(name: str, observations: pl.DataFrame, compute: Any) -> Any:
    """Compute something of the whole table once, though rules see it again with every batch of outlets."""
    with _lock:
        held = _seen.get(name)
        if held is None or held[0]() is not observations:
            held = _seen[name] = (ref(observations), compute(observations))
        return held[1]


def table_begins(observations: pl.DataFrame) -> datetime:
    """The first hour of the whole table."""
    begins: datetime = _once("begins", observations, lambda rows: rows["ts"].min())
    return begins


def beginning(observations: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Outlets among `rows` that began later than the table: outlet_id and `_first`, their first hour with a value."""
    first = rows.filter(pl.col("value").is_not_null()).group_by("outlet_id").agg(_first=pl.col("ts").min())
    return first.filter(pl.col("_first") > table_begins(observations) + LATE)


def upkeep_share(tables: Mapping[str, pl.DataFrame], quantile: float) -> pl.DataFrame:
    """outlet_id and `base_peers`: the quantile of hours marked by hand for upkeep in a week, over its industry.

    Null where the industry is unknown or has fewer than five outlets.
    """
    outlets = tables.get("outlets")
    if outlets is None or "industry" not in outlets.columns:
        return pl.DataFrame(schema={"outlet_id": pl.String, "base_peers": pl.Float64})
    hours, known, weeks = _once("upkeep", tables["obs_hour"], _upkeep_weeks)
    industry = outlets.select("outlet_id", "industry").drop_nulls().unique("outlet_id")
    industry = industry.join(known, on="outlet_id", how="semi").sort("outlet_id")
    sizes = dict(industry.group_by("industry").len().rows())
    marked = hours.join(industry, on="outlet_id").group_by("industry").agg("hours")
    found = {name: _quantile(sorted(some), sizes[name] * weeks, quantile) for name, some in marked.rows()}
    shares = [(name, found.get(name, 0.0)) for name, size in sizes.items() if size >= LEAST]
    each = pl.DataFrame(shares, schema={"industry": pl.String, "base_peers": pl.Float64}, orient="row")
    return industry.join(each, on="industry").select("outlet_id", "base_peers")


def _upkeep_weeks(observations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Marked hours of each outlet and week (of the pollutant with most), the outlets there are, the number of weeks."""
    hours = observations.filter(carrying(observations, listed("upkeep"))).filter(by_hand())
    begins: datetime = observations["ts"].min()  # type: ignore[assignment]  # the rule has rows
    ends: datetime = observations["ts"].max()  # type: ignore[assignment]  # the same
    week = ((pl.col("ts") - begins).dt.total_days() // 7).alias("week")
    each = hours.group_by("outlet_id", "pollutant", week).len("hours")
    most = each.group_by("outlet_id", "week").agg(pl.col("hours").max())
    return most, observations.select(pl.col("outlet_id").unique()), max(1, round((ends - begins) / timedelta(days=7)))


def _quantile(values: list[int], count: int, quantile: float) -> float:
    """The quantile of the sorted values and of zeros that make them `count`."""
    padded = max(count, len(values))
    place = quantile * (padded - 1)
    low = int(place)

    def at(index: int) -> float:
        inside = index - (padded - len(values))
        return float(values[inside]) if 0 <= inside < len(values) else 0.0

    return at(low) + (place - low) * (at(min(low + 1, padded - 1)) - at(low))
