"""From HJ 212 hour frames to readings with one name and one unit per quantity, and on to rows of obs_hour."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from services.clue_service.intake.frames import packet
from services.clue_service.intake.hj212 import Frame
from services.clue_service.intake.tables import schema

HOUR_DATA = "2061"
SHARED = ("flow", "o2", "temp", "cond", "ph", "production_kw", "treatment_kw")
_MEANS = ("avg", "rtd")
_CONVERTED = ("zsavg", "zsrtd")
_STATED = ("code", "quantity", "unit", "zh", "en", "wire")


@dataclass(frozen=True, slots=True)
class Factor:
    """What a factor code means: its quantity in obs_hour and the factor from the unit on the wire to ours."""

    code: str
    quantity: str
    scale: float
    unit: str
    zh: str
    en: str
    wire: str
    """The unit on the wire."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One factor of one hour. `quantity` is the code itself when the code is not known (`unit` is then empty).

    `ts` is the hour beginning, local wall time; `value` and `zs_value` (converted to reference oxygen) in `unit`.
    """

    mn: str
    ts: datetime
    code: str
    quantity: str
    value: float | None
    zs_value: float | None
    flag: str | None
    unit: str


@cache
def factors() -> Mapping[str, Factor]:
    """The known factor codes, from factors.yaml beside this file."""
    text = (Path(__file__).parent / "factors.yaml").read_text(encoding="utf-8")
    rows = yaml.safe_load(text)["factors"]
    return {row["code"]: Factor(scale=float(row["scale"]), **{name: row[name] for name in _STATED}) for row in rows}


def factor_of(code: str) -> Factor | None:
    """What a factor code means, in whatever case a device writes it; None when it is not known."""
    return factors().get(code) or factors().get(code.lower()) or factors().get(code.upper())


def number(text: str | None) -> float | None:
    """A finite number, or None: devices write NaN, Inf, blanks and dashes where they have no value."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def hours(frame: Frame) -> list[Reading]:
    """The readings of one hour frame (CN 2061), in the frame's order; none for other frames or without DataTime.

    A packet of a split message gives none either: its readings come with the whole message (frames.Assembler).
    Read from the frame as it came: whether a wrong checksum keeps it out is the caller's decision.
    """
    began_at = frame.data_at
    if frame.cn != HOUR_DATA or began_at is None or not frame.mn or packet(frame):
        return []
    ts = began_at.replace(minute=0, second=0)
    return [_reading(frame.mn, ts, code, fields) for code, fields in frame.factors.items()]


def _reading(mn: str, ts: datetime, code: str, fields: Mapping[str, str]) -> Reading:
    known = factor_of(code)
    named = {name.lower(): text for name, text in fields.items()}
    scale = known.scale if known else 1.0
    values = [next((number(named[name]) for name in names if name in named), None) for names in (_MEANS, _CONVERTED)]
    value, converted = (None if one is None else one * scale for one in values)
    quantity, unit = (known.quantity, known.unit) if known else (code, "")
    return Reading(mn, ts, code, quantity, value, converted, named.get("flag"), unit)


def rows(readings: Iterable[Reading], *, outlets: Mapping[str, str]) -> pl.DataFrame:
    """Rows of obs_hour: one per outlet, pollutant and hour; flow, oxygen and the like repeat on each of its rows.

    `outlets` says which outlet a device (MN) reports for; readings of other devices are left out. An unknown code
    becomes a row of its own under that code, so that nothing received is lost.
    """
    grouped: dict[tuple[str, datetime], list[Reading]] = {}
    for reading in readings:
        if outlet := outlets.get(reading.mn):
            grouped.setdefault((outlet, reading.ts), []).append(reading)
    out: list[dict[str, Any]] = []
    for (outlet, ts), group in grouped.items():
        shared = {one.quantity: one.value for one in group if one.quantity in SHARED}
        out += [
            {
                "outlet_id": outlet,
                "ts": ts,
                "pollutant": one.quantity,
                "value": one.value,
                "zs_value": one.zs_value,
                "flag": one.flag,
                **shared,
            }
            for one in group
            if one.quantity not in SHARED
        ]
    return pl.DataFrame(out, schema=schema("obs_hour"))


def with_power(observations: pl.DataFrame, power: pl.DataFrame) -> pl.DataFrame:
    """Fill production_kw and treatment_kw from a companion table (outlet_id, ts, production_kw, treatment_kw).

    Electricity often comes by another meter and another line than the pollutants; what the frame itself carried wins.
    """
    joined = observations.join(power, on=["outlet_id", "ts"], how="left", suffix="_meter", maintain_order="left")
    names = ("production_kw", "treatment_kw")
    filled = joined.with_columns([pl.coalesce(name, f"{name}_meter").alias(name) for name in names])
    return filled.select(observations.columns)
