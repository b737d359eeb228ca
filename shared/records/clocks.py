"""What a step does to the clocks of its subject: start, meet, pause, resume, extend, cancel."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session

from shared.clock import ZONE, today
from shared.errors import StepRefused, Text
from shared.records import deadlines
from shared.records.db import Row
from shared.records.deadlines import Deadline, Start
from shared.records.notices import agencies_as
from shared.records.room import room_of
from shared.records.situations import stated_of
from shared.rules.extension_rules import check_extension
from shared.rules.procedures import Clock, Step
from shared.rules.term_entries import Extension


def first(
    session: Session,
    subject: Row,
    step: Step,
    fields: Mapping[str, Any],
    *,
    parties: Mapping[str, Sequence[str]],
    by: str,
    now: datetime,
) -> list[Start]:
    """Return the clocks that start with a subject: there are none yet that its first step could move."""
    return [
        Start(
            wanted.term,
            _moment(session, wanted, subject, fields, now),
            _party(session, subject, wanted, parties, by=by),
        )
        for wanted in _asked(session, subject, step, fields)
        if wanted.action == "start"
    ]


def move(
    session: Session, subject: Row, step: Step, fields: Mapping[str, Any], *, now: datetime, by: str
) -> list[dict[str, Any]]:
    """Move the clocks as the step of agency `by` says, and return what the journal says of them."""
    said: list[dict[str, Any]] = []
    waiting: list[Start] = []
    for wanted in _asked(session, subject, step, fields):
        if wanted.action == "start":
            party = _party(session, subject, wanted, None, by=by)
            waiting.append(Start(wanted.term, _moment(session, wanted, subject, fields, now), party))
            continue
        if any(start.term_id == wanted.term for start in waiting):
            said += deadlines.start(session, subject, waiting, now=now)
            waiting = []
        for clock in _open(session, subject, step).get(wanted.term, ()):
            said += _apply(session, clock, wanted, subject, fields, now=now)
    return said + deadlines.start(session, subject, waiting, now=now)


def _asked(session: Session, subject: Row, step: Step, fields: Mapping[str, Any]) -> list[Clock]:
    """Return what a step does to clocks where what was stated holds."""
    if all(wanted.when is None for wanted in step.clocks):
        return list(step.clocks)
    known = {**vars(subject), **stated_of(session, subject), **fields}
    return [wanted for wanted in step.clocks if wanted.when is None or wanted.when.holds(known)]


def _open(session: Session, subject: Row, step: Step) -> dict[str, list[Deadline]]:
    """Return the open clocks the step may move, by term."""
    found: dict[str, list[Deadline]] = {}
    for clock in deadlines.open_clocks(session, subject, [clock.term for clock in step.clocks]):
        found.setdefault(clock.term_id, []).append(clock)
    return found


def _apply(
    session: Session, clock: Deadline, wanted: Clock, subject: Row, fields: Mapping[str, Any], *, now: datetime
) -> list[dict[str, Any]]:
    at = _moment(session, wanted, subject, fields, now)
    if wanted.action == "meet":
        return [deadlines.meet(session, clock, part=wanted.part, at=at)]
    if wanted.action == "cancel":
        return [deadlines.cancel(session, clock, at=at)]
    if wanted.action == "pause" and clock.state == "running":
        ground = wanted.ground or str(fields.get("ground", ""))
        return [deadlines.pause(session, clock, from_on=today(at), ground=ground, now=now)]
    if wanted.action == "resume" and clock.state == "paused":
        return [deadlines.resume(session, clock, to_on=today(at), now=now)]
    if wanted.action == "extend":
        return [_extend(session, clock, fields, now=now)]
    return []


def _extend(session: Session, clock: Deadline, fields: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    room = room_of(session)
    term = room.catalogue.term(clock.term_id, on=clock.term_on)
    wanted = Extension(
        int(fields["extension_days"]),
        term.unit,
        str(fields["ground"]),
        str(fields["approved_by"]),
        to_total=bool(fields.get("to_total", False)),
    )
    _pauses, extensions = deadlines.ledger(session, clock.id)
    verdict = check_extension(term, extensions, wanted)
    if not verdict.allowed:
        first = verdict.reasons[0]
        raise StepRefused(Text(first.zh, first.en), reasons=verdict.reasons, term=term.id)
    return deadlines.extend(session, clock, wanted, now=now)


def _moment(session: Session, wanted: Clock, subject: Row, fields: Mapping[str, Any], now: datetime) -> datetime:
    """Return the instant a clock counts from: the named field of the body or the subject, else now."""
    if wanted.from_field is None:
        return now
    value = fields.get(wanted.from_field)
    if value is None:
        value = subject.known(wanted.from_field) or stated_of(session, subject).get(wanted.from_field)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min, tzinfo=ZONE)
    return now


def _party(
    session: Session, subject: Row, wanted: Clock, parties: Mapping[str, Sequence[str]] | None, *, by: str
) -> str:
    """Return the agency that must act: the one in the clock's relation, else the owner.

    While one agency hands its place to another both stand in the relation: the one that acts is meant.
    """
    if wanted.party in (None, "owner"):
        return subject.owner
    found = tuple(parties.get(wanted.party, ())) if parties else agencies_as(session, subject, str(wanted.party))
    if by in found:
        return by
    return found[0] if found else subject.owner
