"""Synthetic outlets with every column of obs_hour, for the rules about marks, meters, gaps and samplers."""

import math
from datetime import timedelta
from random import Random

import polars as pl

from services.clue_service.detection.engine import Run, run
from services.clue_service.detection.evidence import freeze, replay
from services.clue_service.detection.hits import Hit
from tests.unit.detection.carriers import LIMITS, RULES, START


def plant(outlet: str = "O1", days: int = 45, *, seed: int = 1, pollutants: tuple[str, ...] = ("NOx",)) -> pl.DataFrame:
    """A plant that follows the day, with noise; values around half the limit. Column `hour` is for the tests only."""
    chance = Random(f"{outlet}/{seed}")
    hours = range(days * 24)
    load = [1000 * (0.9 + 0.06 * math.sin(math.tau * (one - 8) / 24) + 0.03 * chance.gauss(0, 1)) for one in hours]
    outlet_hours = pl.DataFrame(
        {
            "hour": hours,
            "production_kw": load,
            "treatment_kw": [0.06 * one * (1 + 0.04 * chance.gauss(0, 1)) for one in load],
            "flow": [100 * one * (1 + 0.02 * chance.gauss(0, 1)) for one in load],
            "o2": [8 + 0.3 * chance.gauss(0, 1) for _ in hours],
            "temp": [120 + chance.gauss(0, 1) for _ in hours],
        }
    )
    return pl.concat([_series(outlet_hours, outlet, name, chance) for name in pollutants])


def _series(hours: pl.DataFrame, outlet: str, pollutant: str, chance: Random) -> pl.DataFrame:
    limit = LIMITS.filter(pl.col("pollutant") == pollutant)["limit"][0]
    drift, values = 0.0, []
    for _ in range(hours.height):
        drift = 0.9 * drift + 0.1 * chance.gauss(0, 1)
        values.append(limit * 0.5 * math.exp(0.8 * drift))
    return hours.select(
        pl.lit(outlet).alias("outlet_id"),
        (pl.lit(START) + pl.duration(hours="hour")).alias("ts"),
        pl.lit(pollutant).alias("pollutant"),
        pl.Series("value", values),
        pl.Series("zs_value", [1.02 * one for one in values]),
        "flow",
        "o2",
        "temp",
        "production_kw",
        "treatment_kw",
        pl.lit("N").alias("flag"),
        pl.lit("").alias("mark"),
        pl.lit(None, pl.String).alias("mark_by"),
        pl.lit(None, pl.Datetime("us")).alias("mark_set_at"),
        pl.lit(60.0).alias("valid_min"),
        "hour",
    )


def mark(
    frame: pl.DataFrame, first: int, count: int, name: str, *, by: str = "manual", hours_later: float = 1
) -> pl.DataFrame:
    """Mark some hours; each mark is set so many hours after its hour began."""
    inside = pl.col("hour").is_between(first, first + count - 1)
    set_at = pl.col("ts") + timedelta(hours=hours_later)
    return frame.with_columns(
        pl.when(inside).then(pl.lit(name)).otherwise("mark").alias("mark"),
        pl.when(inside).then(pl.lit(by)).otherwise("mark_by").alias("mark_by"),
        pl.when(inside).then(set_at).otherwise("mark_set_at").alias("mark_set_at"),
    )


def work_order(kind: str, first: int, count: int, outlet: str = "O1") -> pl.DataFrame:
    begin = START + timedelta(hours=first)
    return pl.DataFrame(
        {
            "work_order": ["W1"],
            "outlet_id": [outlet],
            "t_start": [begin],
            "t_end": [begin + timedelta(hours=count)],
            "kind": [kind],
        }
    )


def judged_without(rule: str, frame: pl.DataFrame, column: str) -> Run:
    return run({"obs_hour": frame.drop(column), "limits": LIMITS}, [RULES[rule]])


def repeats(hit: Hit, again: Hit) -> bool:
    """Whether the frozen slice gives the very same hit, and a second run the very same bytes."""
    frozen, second = freeze(hit, RULES[hit.rule_id]), freeze(again, RULES[hit.rule_id])
    same = (frozen.parquet, frozen.chart) == (second.parquet, second.chart)
    return same and replay(frozen.parquet, hit.rule_id, hit.rule_version, hit.parameters, sha256=frozen.sha256) == hit
