"""A demonstration made of a real series: two outlets send it as HJ 212 frames, one of them with an injected drop."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from services.clue_service.intake.hj212 import encode

HERE = Path(__file__).parent
OUTLETS = {"DEMO00000000000000000001": "DEMO-OUTLET-CLEAN", "DEMO00000000000000000002": "DEMO-OUTLET-DROP"}
"""Device number (MN) to outlet."""
CLEAN, DROPPED = OUTLETS.values()

INJECTED_FROM_HOUR = 42 * 24
"""From this hour of the series on, the NOx values of DEMO-OUTLET-DROP are not real: they are multiplied."""
INJECTED_FACTOR = 0.4
LIMIT, FULL_SCALE = 100.0, 200.0
"""NOx, mg/m³: declared for the demonstration, not part of the source."""


@cache
def series() -> pl.DataFrame:
    """45 days of hours: hour, value (NOx, mg/m³), temp, production_kw, flow (m³/h), treatment_kw, o2."""
    return pl.read_csv(HERE / "gas_turbine_nox.csv")


def scenario(start: datetime) -> list[bytes]:
    """The hour frames (HJ 212-2017, CN=2061) of both outlets in the order of time; `start` is the first hour."""
    frames = []
    for row in series().iter_rows(named=True):
        for mn, outlet in OUTLETS.items():
            is_injected = outlet == DROPPED and row["hour"] >= INJECTED_FROM_HOUR
            nox = row["value"] * (INJECTED_FACTOR if is_injected else 1.0)
            frames.append(_frame(mn, start + timedelta(hours=row["hour"]), nox, row))
    return frames


def _frame(mn: str, began_at: datetime, nox: float, row: dict[str, float]) -> bytes:
    number = (began_at + timedelta(hours=1, minutes=2)).strftime("%Y%m%d%H%M%S000")
    area = (
        f"DataTime={began_at:%Y%m%d%H%M%S};a21002-Avg={nox:.3f},a21002-ZsAvg={nox:.3f},a21002-Flag=N;"
        f"a00000-Avg={row['flow'] / 3600:.4f},a00000-Flag=N;a19001-Avg={row['o2']:.2f},a19001-Flag=N;"
        f"a01012-Avg={row['temp']:.2f},a01012-Flag=N"
    )
    return encode(f"QN={number};ST=31;CN=2061;PW=123456;MN={mn};Flag=5;CP=&&{area}&&")


def power(start: datetime) -> pl.DataFrame:
    """The companion table of both outlets' electricity meters: outlet_id, ts (local), production_kw, treatment_kw."""
    began = start.replace(tzinfo=None)
    hours = [began + timedelta(hours=hour) for hour in series()["hour"].to_list()]
    one = series().select("production_kw", "treatment_kw").with_columns(pl.Series("ts", hours, pl.Datetime("us")))
    both = pl.concat([one.with_columns(outlet_id=pl.lit(outlet)) for outlet in OUTLETS.values()])
    return both.select("outlet_id", "ts", "production_kw", "treatment_kw")


def limits() -> pl.DataFrame:
    """The table `limits` of the demonstration."""
    return pl.DataFrame({"pollutant": ["NOx"], "limit": [LIMIT], "full_scale": [FULL_SCALE]})
