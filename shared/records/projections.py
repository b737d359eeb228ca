"""What is stored of a running clock beside its ledger: when it lapses and why, its reminders, the next of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

from shared.clock import ZONE
from shared.records.room import Room
from shared.rules.calendar import Calendar
from shared.rules.catalogue import Catalogue
from shared.rules.notices import Rung, RungRule, ladder, reached, rungs_until
from shared.rules.term_entries import Due, Extension, Pause, Term
from shared.rules.terms import due


class Counted(Protocol):
    """What of a clock its projection is computed from."""

    @property
    def term_id(self) -> str: ...
    @property
    def term_on(self) -> date: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def reached(self) -> str: ...


def projection(
    room: Room, term: Term, started_at: datetime, pauses: Sequence[Pause], extensions: Sequence[Extension]
) -> dict[str, Any]:
    """Return what is stored of a count: when it lapses and why, its reminders, the next of them."""
    if not pauses and not extensions and term.unit != "hours":
        start, zone = started_at.astimezone(ZONE), room.calendar.zone
        start_on = start.date() if zone is ZONE else started_at.astimezone(zone).date()
        plain = _plain(room.catalogue, room.calendar, term, start_on)
        return {**plain.lapse, **_ahead_of(plain, start)}
    result = counted(room, term, started_at, pauses, extensions)
    return lapse(result) | reminders(room, term, started_at, result)


@dataclass(frozen=True, slots=True)
class _Plain:
    """What a count in days comes to for every clock that begins on one day and has no ledger yet.

    Each rung has its stored form beside it: at its place, or where it has none of its own, at the end.
    """

    lapses_at: datetime
    lapse: Mapping[str, Any]
    rungs: tuple[tuple[RungRule, Rung, str], ...]


@lru_cache(maxsize=256)
def _plain(catalogue: Catalogue, calendar: Calendar, term: Term, start_on: date) -> _Plain:
    result = due(term, datetime.combine(start_on, time(), calendar.zone), calendar=calendar)
    rungs = rungs_until(catalogue, term, result, calendar)
    stored = tuple((rule, rung, _spelled(rung.name, rung.at)) for rule, rung in rungs)
    return _Plain(result.lapses_at(ZONE), lapse(result), stored)


def _ahead_of(plain: _Plain, start: datetime) -> dict[str, Any]:
    """Return what is stored of the reminders of a clock with this start: only those at a fraction are its own."""
    come_by = []
    for rule, rung, stored in plain.rungs:
        at = reached(rule, rung, plain.lapses_at, start)
        if at is not None:
            come_by.append((at, stored if at is rung.at else _spelled(rung.name, at)))
    come_by.sort(key=itemgetter(0))
    return {
        "rungs": f"[{', '.join([stored for _, stored in come_by])}]",
        "next_notice_at": come_by[0][0] if come_by else None,
    }


def counted(
    room: Room, term: Term, started_at: datetime, pauses: Sequence[Pause] = (), extensions: Sequence[Extension] = ()
) -> Due:
    """Count a term with the room's calendar."""
    local = started_at.astimezone(ZONE)
    return due(term, local, calendar=room.calendar, pauses=tuple(pauses), extensions=tuple(extensions))


def lapse(result: Due) -> dict[str, Any]:
    """Return what is stored of when a count lapses and why."""
    return {
        "due_at": result.lapses_at(ZONE),
        "due_on": result.on,
        "provisional": result.provisional,
        "because": json.dumps(_reasons(result), ensure_ascii=False),
    }


def reminders(room: Room, term: Term, started_at: datetime, result: Due) -> dict[str, Any]:
    """Return what is stored of a count's reminders."""
    return _given_at(rungs_of(room, term, started_at, result))


def _given_at(rungs: Sequence[Rung]) -> dict[str, Any]:
    return {"rungs": _stored(rungs), "next_notice_at": rungs[0].at if rungs else None}


def rungs_of(room: Room, term: Term, started_at: datetime, result: Due) -> tuple[Rung, ...]:
    """Return a count's reminders in the order of time."""
    return ladder(room.catalogue, term, result, started_at.astimezone(ZONE), room.calendar)


def _stored(rungs: Sequence[Rung]) -> str:
    return f"[{', '.join([_spelled(rung.name, rung.at) for rung in rungs])}]"


def _spelled(name: str, at: datetime) -> str:
    """Return one reminder as JSON; a rung's name needs no escapes."""
    return f'["{name}", "{at.isoformat()}"]'


def _reasons(result: Due) -> list[dict[str, Any]]:
    return [
        {"code": step.code, "zh": step.zh, "en": step.en, "on": step.on.isoformat() if step.on else None}
        for step in result.because
    ]


def projected(
    room: Room, clock: Counted, pauses: Sequence[Pause], extensions: Sequence[Extension], *, now: datetime
) -> dict[str, Any]:
    """Return what is stored of a clock with this ledger, its next reminder among those not yet given."""
    term = room.catalogue.term(clock.term_id, on=clock.term_on)
    result = counted(room, term, clock.started_at, pauses, extensions)
    values = lapse(result)
    open_pauses = [line for line in pauses if line.to_on is None]
    if open_pauses:
        because = json.loads(values["because"]) + [_paused_since(line) for line in open_pauses]
        paused = values | {"because": json.dumps(because, ensure_ascii=False)}
        return paused | reminders(room, term, clock.started_at, result) | {"next_notice_at": None}
    return values | ahead(rungs_of(room, term, clock.started_at, result), clock.reached, values["due_at"], now=now)


def ahead(rungs: Sequence[Rung], reached: str, due_at: datetime, *, now: datetime) -> dict[str, Any]:
    """Return what is stored of reminders: the next is the first that was not given of the date it speaks of."""
    given = set(json.loads(reached))
    to_come = [
        rung.at for rung in rungs if (rung.at > now or rung.at >= due_at) and rung_key(rung.name, due_at) not in given
    ]
    return {"rungs": _stored(rungs), "next_notice_at": min(to_come, default=None)}


def _paused_since(line: Pause) -> dict[str, Any]:
    day = line.from_on.isoformat()
    return {
        "code": "paused_since",
        "zh": f"自 {day} 起中止计算（{line.ground}）",
        "en": f"paused since {day} ({line.ground})",
    }


def rung_key(name: str, due_at: datetime) -> str:
    """Return what a reminder is known by: its rung and the date it speaks of."""
    return f"{name}@{due_at.isoformat()}"
