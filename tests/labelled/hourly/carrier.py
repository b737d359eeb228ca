"""One outlet's hours, as they were measured and as they may be tampered with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import polars as pl

Column = list[Any]
SHARED = ("flow", "o2", "temp", "cond", "ph", "water_in", "production_kw", "treatment_kw")
OWN = ("value", "zs_value", "inst_value", "das_value", "flag", "mark", "mark_by", "mark_set_at", "valid_min")
FULL_MINUTES = 60.0
NO_AIR = 20.9
"""Percent oxygen at which nothing of the flue gas is left."""


@dataclass(frozen=True)
class Span:
    """Hours of an outlet, counted from its first; both ends belong to it."""

    first: int
    last: int

    def __iter__(self):
        return iter(range(self.first, self.last + 1))

    def wider(self, hours: int) -> "Span":
        """The same with so many hours more at both ends."""
        return Span(self.first - hours, self.last + hours)

    def __contains__(self, hour: int) -> bool:
        return self.first <= hour <= self.last


@dataclass
class Carrier:
    """An outlet: its master data, its shared columns and, per pollutant, its own."""

    outlet_id: str
    medium: str
    industry: str
    start: datetime
    count: int
    limits: dict[str, tuple[float, float]]
    """Pollutant to limit and full scale."""
    chance: Random
    std_o2: float | None = None
    combined_rain: bool = False
    real: bool = False
    enterprise_id: str = ""
    shared: dict[str, Column] = field(default_factory=dict)
    own: dict[str, dict[str, Column]] = field(default_factory=dict)
    orders: list[tuple[str, str, datetime, datetime, str]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    quiet: Span = Span(-1, -1)
    """Hours in which nothing happens by itself, because something will be put there."""

    def __post_init__(self) -> None:
        for name in SHARED:
            self.shared.setdefault(name, [None] * self.count)
        self.enterprise_id = self.enterprise_id or f"E-{self.outlet_id}"

    @property
    def pollutants(self) -> list[str]:
        """What it reports, the one most often tampered with first."""
        return list(self.limits)

    def at(self, hour: int) -> datetime:
        """The local time at which an hour begins."""
        return self.start + timedelta(hours=hour)

    def report(self, pollutant: str, values: list[float | None]) -> None:
        """Begin a pollutant with what its analyser measured; every hour normal and unmarked."""
        self.own[pollutant] = {
            **{name: [None] * self.count for name in OWN},
            "flag": ["N"] * self.count,
            "mark": [""] * self.count,
            "valid_min": [FULL_MINUTES] * self.count,
        }
        for hour, value in enumerate(values):
            self.put(pollutant, hour, value)

    def put(self, pollutant: str, hour: int, value: float | None) -> None:
        """Let the analyser have seen this value: all three layers and the converted one follow."""
        columns = self.own[pollutant]
        if value is None:
            for name in ("value", "zs_value", "inst_value", "das_value"):
                columns[name][hour] = None
            return
        digits = 6 if self.real else 4 if self.limits[pollutant][1] <= 10 else 2
        columns["inst_value"][hour] = round(value * (1 + self.chance.gauss(0, 0.001)), digits + 1)
        columns["value"][hour] = columns["das_value"][hour] = round(value, digits)
        columns["zs_value"][hour] = self.converted(hour, value)

    def converted(self, hour: int, value: float) -> float | None:
        """A concentration at reference oxygen; null for water and where too little flue gas is left."""
        o2 = self.shared["o2"][hour]
        if self.std_o2 is None or o2 is None or o2 > NO_AIR - 1:
            return None
        return round(value * (21 - self.std_o2) / (21 - float(o2)), 2)

    def value(self, pollutant: str, hour: int) -> float:
        """What the platform holds; 0 for a lost hour."""
        return float(self.own[pollutant]["value"][hour] or 0.0)

    def times(self, pollutant: str, span: Span, factor: float) -> None:
        """Multiply what the analyser sees."""
        for hour in span:
            if self.own[pollutant]["value"][hour] is not None:
                self.put(pollutant, hour, self.value(pollutant, hour) * factor)

    def set_flag(self, span: Span, flag: str, valid_min: float = 0.0) -> None:
        """Let the machine flag an hour in all pollutants."""
        for columns in self.own.values():
            for hour in span:
                columns["flag"][hour], columns["valid_min"][hour] = flag, valid_min

    def set_mark(self, span: Span, mark: str, *, by: str = "manual", late: float = 1.0) -> None:
        """Mark hours in all pollutants, `late` hours after the last of them ended (after its own hour when auto)."""
        for columns in self.own.values():
            for hour in span:
                ended = hour if by == "auto" else span.last
                columns["mark"][hour], columns["mark_by"][hour] = mark, by
                columns["mark_set_at"][hour] = self.at(ended) + timedelta(hours=late)

    def lose(self, span: Span) -> None:
        """Lose hours on the way: null and flag B."""
        for pollutant in self.own:
            for hour in span:
                self.put(pollutant, hour, None)
        self.set_flag(span, "B")

    def order(self, span: Span, kind: str) -> None:
        """Put a work order on file over these hours."""
        number = f"WO-{self.outlet_id}-{len(self.orders) + 1:03d}"
        self.orders.append((number, self.outlet_id, self.at(span.first), self.at(span.last + 1), kind))

    def change(self, hour: int, pollutant: str, info: str, values: tuple[float, float], order: str = "") -> None:
        """Log a change of a parameter half an hour into an hour."""
        moment = self.at(hour) + timedelta(minutes=30)
        self.changes.append((self.outlet_id, moment, pollutant, info, *values, "运维-01", order))

    def frame(self) -> pl.DataFrame:
        """The outlet's rows of `obs_hour`."""
        hours = [self.at(hour) for hour in range(self.count)]
        parts = [
            pl.DataFrame({"ts": hours, **self.shared, **columns}, schema_overrides=TYPES, strict=False).with_columns(
                pl.lit(self.outlet_id).alias("outlet_id"), pl.lit(pollutant).alias("pollutant")
            )
            for pollutant, columns in self.own.items()
        ]
        return pl.concat(parts).select("outlet_id", "ts", "pollutant", *OWN[:4], *SHARED, *OWN[4:])


def drive(outlet: Carrier, span: Span, production: float, treatment: float | None = None) -> None:
    """Multiply production (flow with it) and treatment, which follows production unless told otherwise."""
    for hour in span:
        shared = outlet.shared
        before = shared["production_kw"][hour]
        shared["production_kw"][hour] = round(before * production, 1)
        shared["flow"][hour] = round(shared["flow"][hour] * production, 1)
        shared["treatment_kw"][hour] = round(
            shared["treatment_kw"][hour] * (production if treatment is None else treatment), 2
        )


TYPES: dict[str, Any] = {
    **dict.fromkeys((*SHARED, *OWN[:4], "valid_min"), pl.Float64),
    **dict.fromkeys(("flag", "mark", "mark_by"), pl.String),
    **dict.fromkeys(("ts", "mark_set_at"), pl.Datetime("us")),
}
