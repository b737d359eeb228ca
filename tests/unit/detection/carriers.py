"""Real series in the columns of obs_hour, for injections and as negatives."""

from datetime import datetime, timedelta
from math import exp, pi, sin
from pathlib import Path
from random import Random

import polars as pl

from services.clue_service.demo_data.demo import series
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import Run, run
from services.clue_service.detection.hits import Hit

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


def change(frame: pl.DataFrame, first: int, count: int, pollutant: str | None = None, **made: pl.Expr) -> pl.DataFrame:
    """Compute columns anew over some hours, of one pollutant or of all."""
    inside = pl.col("hour").is_between(first, first + count - 1)
    if pollutant is not None:
        inside &= pl.col("pollutant") == pollutant
    return frame.with_columns([pl.when(inside).then(made[name]).otherwise(name).alias(name) for name in made])


def work_order(first: int, count: int, kind: str, outlet: str = "O1") -> pl.DataFrame:
    begin = START + timedelta(hours=first)
    end = begin + timedelta(hours=count)
    row = {"work_order": "W1", "outlet_id": outlet, "t_start": begin, "t_end": end, "kind": kind}
    return pl.DataFrame([row], schema_overrides={"t_start": pl.Datetime("us"), "t_end": pl.Datetime("us")})


def found(rule: str, *frames: pl.DataFrame, **tables: pl.DataFrame) -> list[tuple[str, str | None, int, int]]:
    """The hits on gas and waste-water carriers: entity, pollutant, first and last hour."""
    hits = judged(rule, *frames, **{"limits": ALL_LIMITS, "outlets": OUTLETS, **tables}).hits
    return [(hit.entity_id, hit.pollutant, *span(hit)) for hit in hits]


def judged(rule: str, *frames: pl.DataFrame, **tables: pl.DataFrame) -> Run:
    return run({"obs_hour": pl.concat(frames, how="diagonal"), "limits": LIMITS, **tables}, [RULES[rule]])


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


OUTLETS = pl.DataFrame(
    {
        "outlet_id": ["O1", "O2", "W1", "W2"],
        "medium": ["gas", "gas", "water", "water"],
        "kind": ["cont"] * 4,
        "industry": ["火力发电", "火力发电", "化工", "化工"],
        "std_o2": [15.0, 15.0, None, None],
        "combined_rain": [False, False, False, True],
    }
)
WATER_LIMITS = pl.DataFrame(
    {"pollutant": ["COD", "NH3N", "TP"], "limit": [50.0, 5.0, 0.5], "full_scale": [200.0, 20.0, 2.0]}
)

ALL_LIMITS = pl.concat(
    [LIMITS, pl.DataFrame({"pollutant": ["PM"], "limit": [10.0], "full_scale": [50.0]}), WATER_LIMITS]
)


def wandering(seed: int, count: int, share: float, memory: float = 0.8) -> list[float]:
    """Multipliers around 1 that wander: `share` is their scatter, `memory` how much of an hour stays in the next."""
    draw = Random(seed)
    state, found = 0.0, []
    for _ in range(count):
        state = memory * state + (1 - memory**2) ** 0.5 * draw.gauss(0, share)
        found.append(exp(state))
    return found


def gas(outlet: str = "O1") -> pl.DataFrame:
    """The real carrier as NOx with SO2 and PM beside it; oxygen falls with load; all layers alike, well converted."""
    real = carrier(outlet)
    count = real.height
    load = pl.col("production_kw") / 160000
    real = real.with_columns(
        o2=10 - 4 * load + (pl.Series(wandering(11, count, 0.3)).log()),
        temp=pl.lit(130.0) + 5 * load,
        mark_by=pl.lit(""),
    )
    other = [
        real.with_columns(
            pollutant=pl.lit(name), value=pl.Series(wandering(seed, count, 0.15)) * level * load.clip(0.5, 1.5)
        )
        for name, seed, level in (("SO2", 12, 20.0), ("PM", 13, 4.0))
    ]
    return converted(pl.concat([real, *other])).with_columns(inst_value="value", das_value="value")


def converted(frame: pl.DataFrame, std_o2: float = 15.0) -> pl.DataFrame:
    """The frame with `zs_value` as its oxygen makes it."""
    return frame.with_columns(zs_value=pl.col("value") * (21 - std_o2) / (21 - pl.col("o2")))


def water(outlet: str = "W1", seed: int = 1) -> pl.DataFrame:
    """45 days of a made-up waste water: three pollutants that wander by a tenth, flow with production, calm salt."""
    hours = list(range(1080))
    load = [1 + 0.15 * sin(2 * pi * (hour % 24) / 24) for hour in hours]
    shared = pl.DataFrame(
        {
            "outlet_id": outlet,
            "ts": [START + timedelta(hours=hour) for hour in hours],
            "flow": [80 * one * noise for one, noise in zip(load, wandering(seed, 1080, 0.05), strict=True)],
            "production_kw": [
                900 * one * noise for one, noise in zip(load, wandering(seed + 1, 1080, 0.03), strict=True)
            ],
            "treatment_kw": 60.0,
            "cond": [1800 * noise for noise in wandering(seed + 2, 1080, 0.04)],
            "ph": [7.4 * noise for noise in wandering(seed + 3, 1080, 0.01)],
            "water_in": [100 * one for one in load],
            "flag": "N",
            "mark": "",
            "mark_by": "",
            "valid_min": 60.0,
            "hour": hours,
        }
    ).with_columns(pl.col("ts").cast(pl.Datetime("us")), pl.lit(None, pl.Float64).alias("zs_value"))
    return pl.concat(
        [
            shared.with_columns(
                pollutant=pl.lit(name), value=pl.Series([level * one for one in wandering(seed + 4 + place, 1080, 0.1)])
            )
            for place, (name, level) in enumerate((("COD", 30.0), ("NH3N", 2.0), ("TP", 0.25)))
        ]
    )
