"""Made-up hourly tables for the detection benchmarks: sorted by outlet, pollutant and hour, mostly honest."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

START = datetime(2025, 1, 1)  # noqa: DTZ001  the tables hold local wall time
POLLUTANTS = {"gas": ("NOx", "PM", "SO2"), "water": ("COD", "NH3N", "TP")}
LEVELS = {"NOx": 60.0, "PM": 6.0, "SO2": 22.0, "COD": 45.0, "NH3N": 3.5, "TP": 0.32}
GROUP = 25
"""Outlets written in one row group."""


def outlet_hours(number: int, hours: int) -> pl.DataFrame:
    """The hours of one outlet: load with a day and a week, values that follow it, maintenance once a fortnight."""
    chance = random.Random(number)
    medium = "gas" if number % 5 else "water"
    hour = pl.int_range(hours, dtype=pl.Int64)
    noise = [chance.gauss(0, 1) for _ in range(hours)]
    swing = (hour * 2 * 3.14159 / 24).sin() * 0.12 + (hour * 2 * 3.14159 / 168).sin() * 0.05
    base = pl.DataFrame({"noise": noise}).select(
        outlet_id=pl.lit(f"DA{number:05d}"),
        ts=pl.lit(START) + pl.duration(hours=hour),
        load=(0.8 + swing + pl.col("noise") * 0.03).clip(0.35, 1.1),
        noise="noise",
        serviced=(hour % 336) < 3,
    )
    return pl.concat([_series(base, pollutant, place, medium) for place, pollutant in enumerate(POLLUTANTS[medium])])


def _series(base: pl.DataFrame, pollutant: str, place: int, medium: str) -> pl.DataFrame:
    level, gas = LEVELS[pollutant], medium == "gas"
    own = pl.col("noise").shift(place * 7 + 1, fill_value=0.3)
    value = (level * (0.55 + 0.4 * pl.col("load") + 0.09 * own)).clip(level * 0.05).round(3)
    o2 = (9.5 - 3.0 * pl.col("load") + 0.15 * pl.col("noise")).round(2)
    nothing = pl.lit(None, pl.Float64)
    return base.select(
        "outlet_id",
        "ts",
        pollutant=pl.lit(pollutant),
        value=value,
        zs_value=(value * 15 / (21 - o2)).round(3) if gas else nothing,
        inst_value=value,
        das_value=value,
        flow=((120_000 if gas else 60) * pl.col("load") * (1 + 0.02 * pl.col("noise"))).round(1),
        o2=o2 if gas else nothing,
        temp=(110 + 12 * pl.col("load") if gas else 24 + pl.col("noise") * 0.4).round(1),
        cond=nothing if gas else (1500 + 40 * pl.col("noise")).round(0),
        ph=nothing if gas else (7.4 + 0.05 * pl.col("noise")).round(2),
        water_in=nothing if gas else (66 * pl.col("load")).round(1),
        production_kw=(2400 * pl.col("load")).round(1),
        treatment_kw=(310 * pl.col("load") * (1 + 0.02 * pl.col("noise"))).round(1),
        flag=pl.when("serviced").then(pl.lit("M")).otherwise(pl.lit("N")),
        mark=pl.when("serviced").then(pl.lit("维护")).otherwise(pl.lit("")),
        mark_by=pl.when("serviced").then(pl.lit("manual")),
        mark_set_at=pl.when("serviced").then(pl.col("ts") + pl.duration(hours=1)),
        valid_min=pl.lit(60.0),
    )


def write_tables(folder: Path, outlets: int, hours: int) -> None:
    """Write obs_hour in row groups of some outlets, with outlets, limits and work orders."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / "parts"
    parts.mkdir()
    for first in range(0, outlets, GROUP):
        some = pl.concat([outlet_hours(number, hours) for number in range(first, min(first + GROUP, outlets))])
        some.write_parquet(parts / f"{first:06d}.parquet", compression="zstd", row_group_size=some.height)
    pl.scan_parquet(parts / "*.parquet").sink_parquet(folder / "obs_hour.parquet", compression="zstd")
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    _registers(folder, outlets, hours)


def _registers(folder: Path, outlets: int, hours: int) -> None:
    numbers = range(outlets)
    names = [f"DA{number:05d}" for number in numbers]
    pl.DataFrame(
        {
            "outlet_id": names,
            "medium": ["gas" if number % 5 else "water" for number in numbers],
            "kind": ["cont"] * outlets,
            "industry": [("火电", "水泥", "化工", "造纸", "印染")[number % 5] for number in numbers],
            "std_o2": [6.0 if number % 5 else None for number in numbers],
            "combined_rain": [False] * outlets,
        }
    ).write_parquet(folder / "outlets.parquet")
    limits = {"pollutant": list(LEVELS), "limit": [2 * one for one in LEVELS.values()]}
    pl.DataFrame(limits | {"full_scale": [8 * one for one in LEVELS.values()]}).write_parquet(folder / "limits.parquet")
    starts = [START + timedelta(hours=hour) for hour in range(0, hours, 336)]
    orders = [(f"W{name}{at:%m%d}", name, at, at + timedelta(hours=3), "维护") for name in names for at in starts]
    columns = ["work_order", "outlet_id", "t_start", "t_end", "kind"]
    pl.DataFrame(orders, schema=columns, orient="row").write_parquet(folder / "work_orders.parquet")
    rain = pl.datetime_range(START, START + timedelta(hours=hours - 1), "1h", eager=True)
    pl.DataFrame({"ts": rain}).with_columns(rain_mm=pl.lit(0.0)).write_parquet(folder / "weather.parquet")
