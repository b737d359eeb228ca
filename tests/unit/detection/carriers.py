"""Real series in the columns of obs_hour, for injections and as negatives."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from services.clue_service.demo_data.demo import series
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import Hit, Run, run

RULES = {rule.id: rule for rule in current(load())}
START = datetime(2026, 3, 1)  # noqa: DTZ001  the tables hold local wall time
LIMITS = pl.DataFrame({"pollutant": ["NOx", "SO2"], "limit": [100.0, 50.0], "full_scale": [200.0, 100.0]})


def carrier(outlet: str = "O1", pollutant: str = "NOx", scale: float = 1.0) -> pl.DataFrame:
    """45 real days of NOx with load; column `hour` counts from 0 and is for the tests only."""
    return series().select(
        pl.lit(outlet).alias("outlet_id"),
        (pl.lit(START) + pl.duration(hours="hour")).alias("ts"),
        pl.lit(pollutant).alias("pollutant"),
        pl.col("value") * scale,
        "flow",
        "o2",
        "production_kw",
        "treatment_kw",
        pl.lit("N").alias("flag"),
        pl.lit("").alias("mark"),
        pl.lit(60.0).alias("valid_min"),
        "hour",
    )


def times(frame: pl.DataFrame, first: int, count: int, **factors: float) -> pl.DataFrame:
    """Multiply columns over some hours."""
    inside = pl.col("hour").is_between(first, first + count - 1)
    return frame.with_columns(
        [pl.when(inside).then(pl.col(name) * factor).otherwise(name).alias(name) for name, factor in factors.items()]
    )


def put(frame: pl.DataFrame, first: int, count: int, **values: object) -> pl.DataFrame:
    """Set columns over some hours."""
    inside = pl.col("hour").is_between(first, first + count - 1)
    return frame.with_columns(
        [pl.when(inside).then(pl.lit(value)).otherwise(name).alias(name) for name, value in values.items()]
    )


def judged(rule: str, *frames: pl.DataFrame, **tables: pl.DataFrame) -> Run:
    observations = pl.concat(frames)
    return run({"obs_hour": observations, "limits": LIMITS, **tables}, [RULES[rule]])


def span(hit: Hit) -> tuple[int, int]:
    """First and last hour of a hit, counted from START."""
    local = (hit.from_at.replace(tzinfo=None), hit.to_at.replace(tzinfo=None))
    first, last = ((moment - START) // timedelta(hours=1) for moment in local)
    return first, last


def mercury() -> pl.DataFrame:
    """Two real coal units; heat stands for flow, a share of load for treatment power. `op_time` rides along."""
    path = Path(__file__).parent / "data" / "epa_mats_2015.csv"
    measured = pl.col("measure") == "Measured"
    return pl.read_csv(path).select(
        pl.col("unit").alias("outlet_id"),
        pl.col("hour").str.to_datetime("%Y-%m-%d %H:%M", time_unit="us").alias("ts"),
        pl.lit("Hg").alias("pollutant"),
        pl.col("hg_lb_tbtu").alias("value"),
        (pl.col("heat_mmbtu") * 300).alias("flow"),
        pl.lit(6.0).alias("o2"),
        (pl.col("load_mw") * 1000).alias("production_kw"),
        (pl.col("load_mw") * 20).alias("treatment_kw"),
        pl.when(measured).then(pl.lit("N")).otherwise(pl.lit("B")).alias("flag"),
        pl.lit("").alias("mark"),
        pl.lit(60.0).alias("valid_min"),
        "op_time",
    )
