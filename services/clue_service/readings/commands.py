"""Keeps what devices said of minutes, days and moments, and forgets real-time data in time."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, update
from sqlmodel import Session, SQLModel, col, select

from services.clue_service.outlets.queries import parts
from services.clue_service.readings.models import DeviceReading, ReplacedReading
from services.clue_service.readings.moments import Factors, Moment
from shared.clock import new_id
from shared.identity import Principal
from shared.records.db import one_at_a_time, table_of
from shared.records.journal import Fact, chain

STORED, DUPLICATES, REVISED = "values_stored", "values_duplicates", "values_revised"
FORGOTTEN_AT_ONCE = 20_000
"""Rows deleted in one transaction: others wait for it only briefly."""

Place = tuple[str, str, datetime]
"""Kind, outlet, moment."""


@dataclass(slots=True)
class _Merged:
    """What is known of one moment while a delivery is added to it."""

    factors: Factors
    is_new: bool
    has_changed: bool = False
    replaced: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def add(self, code: str, fields: dict[str, str]) -> str:
        """Add what was said of a factor; returns what became of it. The later word wins whole, the older is kept."""
        known = self.factors.get(code)
        if known == fields:
            return DUPLICATES
        self.has_changed = True
        self.factors[code] = fields
        if known is None:
            return STORED
        self.replaced.append((code, known))
        return REVISED


def store(session: Session, moments: Sequence[Moment], *, now: datetime) -> Counter[tuple[str, str]]:
    """Keep moments; returns how many values of each owner are new, were there, or replaced others.

    Same moment, code and values: a duplicate. Other values: the later win, the older are kept beside them.
    """
    outcome: Counter[tuple[str, str]] = Counter()
    if not moments:
        return outcome
    # Of two deliveries that tell of one moment the later must see what the earlier wrote.
    one_at_a_time(session, "device_readings")
    by_place: dict[Place, list[Moment]] = {}
    for one in moments:
        by_place.setdefault((one.kind, one.outlet_id, one.at), []).append(one)
    for part in parts(sorted(by_place)):
        known = _known(session, part)
        for place in part:
            merged = known.setdefault(place, _Merged({}, is_new=True))
            for one in by_place[place]:
                outcome.update((one.owner, merged.add(code, fields)) for code, fields in one.factors.items())
        _write(session, known, now)
    return outcome


def _known(session: Session, places: Sequence[Place]) -> dict[Place, _Merged]:
    """What is kept of these moments, asked for by outlet or by moment, whichever takes fewer questions.

    Tuples in one IN would be one question, for which SQLite reads the whole table.
    """
    table = table_of(DeviceReading)
    by_outlet: dict[tuple[str, str], list[datetime]] = {}
    by_moment: dict[tuple[str, datetime], list[str]] = {}
    for kind, outlet, at in places:
        by_outlet.setdefault((kind, outlet), []).append(at)
        by_moment.setdefault((kind, at), []).append(outlet)
    asked: list[ColumnElement[bool]]
    if len(by_outlet) < len(by_moment):
        asked = [
            _is(kind, table.c.outlet_id == outlet, table.c.at.in_(ats)) for (kind, outlet), ats in by_outlet.items()
        ]
    else:
        asked = [_is(kind, table.c.at == at, table.c.outlet_id.in_(some)) for (kind, at), some in by_moment.items()]
    columns = (table.c.kind, table.c.outlet_id, table.c.at, table.c.factors)
    rows = (row for one in asked for row in session.execute(select(*columns).where(one)))
    return {(kind, outlet, at): _Merged(json.loads(text), is_new=False) for kind, outlet, at, text in rows}


def _is(kind: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(table_of(DeviceReading).c.kind == kind, *conditions)


def _write(session: Session, known: dict[Place, _Merged], now: datetime) -> None:
    table = table_of(DeviceReading)
    changed = [(_named(place), merged) for place, merged in known.items() if merged.has_changed]
    fresh = [{**place, **_stated(merged, now)} for place, merged in changed if merged.is_new]
    others = [
        {**{f"its_{name}": part for name, part in place.items()}, **_stated(merged, now)}
        for place, merged in changed
        if not merged.is_new
    ]
    replaced = [
        {"id": new_id(now), **place, "code": code, "fields": _text(fields), "replaced_at": now}
        for place, merged in changed
        for code, fields in merged.replaced
    ]
    if fresh:
        session.execute(insert(table), fresh)
    if others:
        mine = [table.c[name] == bindparam(f"its_{name}") for name in ("kind", "outlet_id", "at")]
        values: dict[str, Any] = {name: bindparam(name) for name in ("received_at", "factors")}
        session.connection().execute(update(table).where(*mine).values(values), others)
    if replaced:
        session.execute(insert(table_of(ReplacedReading)), replaced)


def _named(place: Place) -> dict[str, Any]:
    return dict(zip(("kind", "outlet_id", "at"), place, strict=True))


def _stated(merged: _Merged, now: datetime) -> dict[str, Any]:
    return {"received_at": now, "factors": _text(merged.factors)}


def _text(value: Factors | dict[str, str]) -> str:
    return json.dumps(value, separators=(",", ":"))


def forget(session: Session, days: int, *, by: Principal, now: datetime) -> int:
    """Delete real-time data that came more than `days` days ago, some of them, and journal it. Returns how many."""
    before = now.astimezone(UTC) - timedelta(days=days)
    readings = _forget_old(session, DeviceReading, col(DeviceReading.received_at), before)
    replaced = _forget_old(session, ReplacedReading, col(ReplacedReading.replaced_at), before)
    if readings + replaced:
        data = {"before": before.isoformat(), "days": days, "readings": readings, "replaced": replaced}
        fact = Fact("readings.forgotten", data)
        chain(session, "readings:real_time", fact, journey_id=new_id(now), by=by, now=now)
    return readings + replaced


def _forget_old(session: Session, model: type[SQLModel], age: Any, before: datetime) -> int:
    table = table_of(model)
    old: ColumnElement[bool] = (table.c.kind == "real_time") & (age < before)
    step = select(age).where(old).order_by(age).offset(FORGOTTEN_AT_ONCE - 1).limit(1)
    up_to = session.exec(step).first()
    found = session.execute(delete(table).where(old if up_to is None else old & (age <= up_to)))
    return int(found.rowcount)  # type: ignore[attr-defined]  # a cursor result has it
