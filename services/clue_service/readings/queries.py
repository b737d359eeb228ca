"""Reads of minute, day and real-time data."""

import json
from datetime import datetime

from sqlmodel import Session, col, or_, select

from services.clue_service.intake.queries import span_of
from services.clue_service.intake.readings import factor_of, factors, number
from services.clue_service.readings.models import (
    DeviceReading,
    FactorView,
    ReadingsQuery,
    ReadingView,
    ReplacedReading,
    ReplacedView,
)
from services.clue_service.readings.moments import FAST
from shared.clock import ZONE
from shared.web.paging import cursor, instant_of

Replaced = dict[tuple[datetime, str], list[ReplacedView]]


def page(
    session: Session, outlet_id: str, asked: ReadingsQuery, *, now: datetime
) -> tuple[list[ReadingView], str | None]:
    """Return what a device said, in the order of time, and the cursor to go on from (None: no more).

    Raises BodyInvalid for a span that is none or too long, and for a cursor that is not ours.
    """
    since, until = span_of(asked.begin, asked.end, now=now + FAST)
    is_first = col(DeviceReading.at) >= since
    if (after := instant_of(asked.after)) is not None:
        is_first = is_first & (col(DeviceReading.at) > after)
    statement = select(DeviceReading).where(
        DeviceReading.outlet_id == outlet_id, DeviceReading.kind == asked.kind, is_first, DeviceReading.at < until
    )
    if asked.pollutant is not None:
        # A first sieve: the names of codes stand in the text. What it lets through is looked at below.
        text = col(DeviceReading.factors)
        names = (f"{json.dumps(code)}:" for code in _codes(asked.pollutant))
        statement = statement.where(or_(*(text.contains(name, autoescape=True) for name in names)))
    found = list(session.exec(statement.order_by(col(DeviceReading.at)).limit(asked.limit)))
    replaced = _replaced(session, found)
    views = [_view(one, replaced, asked.pollutant) for one in found]
    goes_on = cursor(found[-1].at.isoformat()) if len(found) == asked.limit else None
    return [one for one in views if one.factors], goes_on


def _codes(pollutant: str) -> set[str]:
    """Every code, in every case a device may write it, under which a quantity or a code may stand."""
    named = {pollutant} | {one.code for one in factors().values() if one.quantity == pollutant}
    return {spelt for code in named for spelt in (code, code.lower(), code.upper())}


def _replaced(session: Session, found: list[DeviceReading]) -> Replaced:
    """What was said before of these moments, by moment and code, the oldest first."""
    before: Replaced = {}
    if not found:
        return before
    first, last = found[0], found[-1]
    statement = select(ReplacedReading).where(
        ReplacedReading.outlet_id == first.outlet_id,
        ReplacedReading.kind == first.kind,
        col(ReplacedReading.at).between(first.at, last.at),
    )
    for one in session.exec(statement.order_by(col(ReplacedReading.id))):
        view = ReplacedView(sent=json.loads(one.fields), replaced_at=one.replaced_at)
        before.setdefault((one.at, one.code), []).append(view)
    return before


def _view(one: DeviceReading, replaced: Replaced, pollutant: str | None) -> ReadingView:
    shown = [_factor(code, sent, replaced.get((one.at, code), [])) for code, sent in json.loads(one.factors).items()]
    return ReadingView(
        at=one.at.astimezone(ZONE),
        received_at=one.received_at,
        factors=[each for each in shown if pollutant in (None, each.quantity) or each.code in _codes(pollutant or "")],
    )


def _factor(code: str, sent: dict[str, str], replaced: list[ReplacedView]) -> FactorView:
    known = factor_of(code)
    named = {name.lower(): text for name, text in sent.items()}
    return FactorView(
        code=code,
        quantity=known.quantity if known else code,
        name_zh=known.zh if known else "",
        name_en=known.en if known else "",
        unit=known.wire if known else "",
        average=number(named.get("avg")),
        minimum=number(named.get("min")),
        maximum=number(named.get("max")),
        sampled=number(named.get("rtd")),
        total=number(named.get("cou")),
        flag=named.get("flag"),
        sent=sent,
        replaced=replaced,
    )
