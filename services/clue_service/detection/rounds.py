"""When an outlet's turn comes: at once where a new hour calls for it, else once a day with all that came since.

Judging an outlet reads months of it, whatever one hour adds. A hint is loose and decides nothing: it only says that
waiting for the round would be wrong. What no hint saw is found by the round, as one run over everything finds it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.marks import listed
from services.clue_service.detection.models import DetectionRun
from shared.clock import ZONE

ROUND = timedelta(hours=24)
"""How long what came without a hint waits at most, and how much of it makes a round by itself."""
LATE = timedelta(hours=2)
"""An hour older than what was judged by more than this came late or was changed: what was judged may be wrong."""
RECENT = timedelta(days=30)
LATELY = 24
"""Rows of a pollutant whose median is its level."""

READ = ("outlet_id", "pollutant", "ts", "value", "production_kw", "treatment_kw", "flow", "o2")

Row = Mapping[str, Any]
Levels = dict[str, Any]
"""What an outlet showed lately: load, flow, ratio (treatment to production power), oxygen; by pollutant its level and
its last two values. None where it is not known."""
Seen = dict[str, list[float | None]]
"""By pollutant its level and its last two values."""


def levels(hours: pl.DataFrame) -> dict[str, tuple[datetime, Levels]]:
    """By outlet its latest hour with a value (aware) and its levels, from the stored hours; what is beyond all numbers
    (a ratio to next to nothing) is not known.

    Electricity may be known ahead or come after: it does not say how far an outlet was looked at. An outlet without a
    value in the last 30 days of all of them is left out, and judged whenever something comes.
    """
    if hours.is_empty():
        return {}
    recent = hours.select(READ).filter(hours["ts"] > hours.select(pl.col("ts").max()).item() - RECENT)
    valued = recent.filter(pl.col("value").is_not_null()).sort("outlet_id", "pollutant", "ts")
    latest = valued.group_by("outlet_id").agg(pl.col("ts").max())
    power = pl.when(pl.col("production_kw") > 0).then(pl.col("production_kw"))
    shared = recent.group_by("outlet_id").agg(
        load=power.quantile(0.7, interpolation="linear"),
        flow=pl.col("flow").quantile(0.7, interpolation="linear"),
        ratio=(pl.col("treatment_kw") / power).median(),
        o2=pl.col("o2").median(),
    )
    each = valued.group_by("outlet_id", "pollutant").agg(
        level=pl.col("value").tail(LATELY).median(), last=pl.col("value").tail(2)
    )
    shared, each = shared.with_columns(_finite(pl.exclude("outlet_id"))), each.with_columns(_finite(pl.col("level")))
    found: dict[str, tuple[datetime, Levels]] = {
        outlet: (ts.replace(tzinfo=ZONE), {"values": {}}) for outlet, ts in latest.iter_rows()
    }
    for row in shared.filter(pl.col("outlet_id").is_in(list(found))).iter_rows(named=True):
        found[row.pop("outlet_id")][1].update(row)
    for outlet, pollutant, level, last in each.iter_rows():
        found[outlet][1]["values"][pollutant] = [level, *last]
    return found


def _finite(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def due_at(run: DetectionRun | None, rows: Iterable[Row], *, now: datetime) -> datetime:
    """When an outlet is judged at the latest, now that some rows of it (any order) came.

    It is never later than a round from now, though a clock that was set back says that it was judged tomorrow.
    """
    if run is None or run.ran_at is None or run.looked_to is None:
        return now
    given = sorted(rows, key=lambda row: row["ts"])
    first, last = (given[place]["ts"].replace(tzinfo=ZONE) for place in (0, -1))
    if first < run.looked_to - LATE or last - run.looked_to >= ROUND:
        return now
    seen: Seen = {name: list(values) for name, values in run.levels.get("values", {}).items()}
    for row in given:
        if _calls(row, run.levels, seen):
            return now
    return min(run.ran_at, now) + ROUND


def _calls(row: Row, known: Levels, seen: Seen) -> bool:
    """Whether an hour calls at once; its value is added to those `seen`."""
    level, *last = seen.get(row["pollutant"], [None])
    value = row.get("value")
    if value is not None:
        seen[row["pollutant"]] = [level, *last[-1:], value]
    return (
        _fell(row, level, known)
        or (value is not None and len(last) == len(seen[row["pollutant"]]) - 1 and set(last) == {value})
        or _is_apart(row)
        or _idles(row, known)
        or _runs_stopped(row, known)
        or _has_air(row, known)
    )


@cache
def _values(rule: str) -> Mapping[str, float]:
    return next(one for one in current(load()) if one.id == rule).values(None)


def _share(value: float | None, usual: float | None) -> float:
    """A value as share of the usual; 0 where either is unknown."""
    return value / usual if value is not None and usual else 0.0


def _fell(row: Row, level: float | None, known: Levels) -> bool:
    """R01: far below the level while production goes on, or nobody says that it does not."""
    values, value = _values("R01"), row.get("value")
    if value is None or not level or row.get("flag") not in (None, "N"):
        return False
    production = row.get("production_kw")
    goes_on = production is None or _share(production, known.get("load")) >= 0.5
    return goes_on and value <= values["drop"] * level


def _is_apart(row: Row) -> bool:
    """R04: what was sent is not what the instrument or the logger showed."""
    inst, value = row.get("inst_value"), row.get("value")
    if not inst or value is None or row.get("flag") not in (None, "N"):
        return False
    das = row.get("das_value")
    apart = max(abs(one - inst) for one in (value, das) if one is not None)
    return bool(apart > _values("R04")["tolerance"] * inst)


def _idles(row: Row, known: Levels) -> bool:
    """R16: treatment off while production goes on."""
    values, treatment, production = _values("R16"), row.get("treatment_kw"), row.get("production_kw")
    if treatment is None or not production or not known.get("ratio"):
        return False
    is_off = treatment / production <= values["off_share"] * known["ratio"]
    return bool(is_off and _share(production, known.get("load")) >= values["load"])


def _runs_stopped(row: Row, known: Levels) -> bool:
    """R09: marked as stopped, but running."""
    values = _values("R09")
    if (row.get("mark") or "").strip() not in listed("stopped", "stopping"):
        return False
    return _share(row.get("production_kw"), known.get("load")) >= values["load"]


def _has_air(row: Row, known: Levels) -> bool:
    """R07: far more oxygen than usual at a load that is not low."""
    values, o2, usual = _values("R07"), row.get("o2"), known.get("o2")
    if o2 is None or usual is None:
        return False
    return o2 - usual >= 2 * values["residual"] and _share(row.get("production_kw"), known.get("load")) >= 0.7
