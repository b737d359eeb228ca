"""How subjects begin: the law judges each by itself; what their first steps bring is then written for all at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel
from sqlmodel import Session

from shared.clock import today
from shared.identity import Principal
from shared.records import clocks, deadlines, journal
from shared.records.contested import contested
from shared.records.db import Party, Row, json_columns_of, keep, write
from shared.records.perform import Taken, changes_of, fact_of, fields_of, party_rows, plain, refuse, tell
from shared.records.room import room_of
from shared.records.situations import situation
from shared.rules.procedures import Situation, StepVerdict, may, rests_on_actor

T = TypeVar("T", bound=Row)


class Entrance:
    """A step by which subjects begin, and who stands in which relation to them: asked of the law once for all alike."""

    def __init__(
        self,
        session: Session,
        procedure_id: str,
        step_id: str,
        *,
        parties: Mapping[str, Sequence[str]],
        by: Principal,
        now: datetime,
    ) -> None:
        self._session, self._by, self._now = session, by, now
        self._catalogue = room_of(session).catalogue
        self.procedure = self._catalogue.procedure(procedure_id, on=today(now))
        self.step = self.procedure.steps[step_id]
        self.parties = parties
        mine = frozenset(relation for relation, agencies in parties.items() if by.agency in agencies)
        self._relations = frozenset({"system"}) if by.is_system else mine

    def opening(self, subject: T, body: BaseModel | Mapping[str, Any] | None) -> "Opening[T]":
        """Ask the law whether a subject may begin; nothing is written. Raises the refusal."""
        fields = fields_of(body)
        keep(subject, {"procedure_version": self.procedure.version})
        verdict = self._on_actor if rests_on_actor(self.step, fields) else self._verdict(subject, fields)
        if not verdict.allowed:
            refuse(verdict, subject)
        keep(subject, changes_of(subject, self.step, fields))
        return Opening(subject, self, fields)

    @cached_property
    def _on_actor(self) -> StepVerdict:
        given = dict.fromkeys(self.step.required_fields, True)
        return self._judged(Situation(self._relations, self._by.kind, self._by.roles, fields=given))

    def _verdict(self, subject: Row, fields: Mapping[str, Any]) -> StepVerdict:
        session, by, now = self._session, self._by, self._now
        return self._judged(situation(session, subject, self.step, self._relations, fields, by=by, now=now))

    def _judged(self, asked: Situation) -> StepVerdict:
        return may(self.procedure, self.step.id, self.procedure.initial, asked, catalogue=self._catalogue)


class Opening(NamedTuple, Generic[T]):
    """A subject that may begin, with what is stated of it."""

    subject: T
    entrance: Entrance
    fields: Mapping[str, Any]


def begin(
    session: Session,
    subject: T,
    step_id: str,
    body: BaseModel | Mapping[str, Any] | None,
    *,
    parties: Mapping[str, Sequence[str]],
    by: Principal,
    now: datetime,
) -> T:
    """Open a subject by the first step of its procedure; `parties` maps a relation to agencies."""
    entrance = Entrance(session, subject.procedure_id, step_id, parties=parties, by=by, now=now)
    begin_all(session, [entrance.opening(subject, body)], by=by, now=now)
    return subject


def begin_all(session: Session, openings: Sequence[Opening[T]], *, by: Principal, now: datetime) -> None:
    """Write subjects of one kind that begin, each with its entry, clocks, deliveries and notices.

    What goes the same way is done for all before the next: a processor is much faster at it. Raises Stale when somebody
    else took the place of one of their rows.
    """
    if openings:
        with contested(subject=openings[0].subject.ref):
            _begin_all(session, openings, by, now)


def _begin_all(session: Session, openings: Sequence[Opening[T]], by: Principal, now: datetime) -> None:
    subjects = [one.subject for one in openings]
    write(session, Party, [row for one in openings for row in party_rows(one.subject, one.entrance.parties)])
    moved = deadlines.start_all(session, [(one.subject, _clocks(session, one, by, now)) for one in openings], now=now)
    facts = [_fact(one, said) for one, said in zip(openings, moved, strict=True)]
    entries = [
        journal.entry_values(one.ref, 1, "", fact, journey_id=one.journey_id, by=by, now=now)
        for one, fact in zip(subjects, facts, strict=True)
    ]
    for subject, entry in zip(subjects, entries, strict=True):
        keep(subject, {"version": 1, "head": entry["hash"]})
    write(session, type(subjects[0]), [_row(subject) for subject in subjects])
    journal.append_all(session, entries)
    taken = [
        Taken(one.subject, one.entrance.step, entry, fact, one.entrance.parties)
        for one, entry, fact in zip(openings, entries, facts, strict=True)
    ]
    tell(session, taken, now=now)


def _clocks(session: Session, one: Opening[Any], by: Principal, now: datetime) -> list[deadlines.Start]:
    step, parties = one.entrance.step, one.entrance.parties
    return clocks.first(session, one.subject, step, one.fields, parties=parties, by=by.agency, now=now)


def _fact(one: Opening[Any], moved: Sequence[Mapping[str, Any]]) -> journal.Fact:
    procedure, step = one.entrance.procedure, one.entrance.step
    states = (procedure.initial, one.subject.state)
    return fact_of(one.subject, step, one.fields, states, moved, is_alone=bool(procedure.parties))


def _row(subject: Row) -> dict[str, Any]:
    """Return the row of a subject that no session knows, what is nested as JSON."""
    row = dict(vars(subject))
    for name in NO_COLUMNS:
        row.pop(name, None)
    for name in json_columns_of(type(subject)):
        row[name] = plain(row[name])
    return row


NO_COLUMNS = ("_sa_instance_state", "ref")
"""What an object of a row holds besides its columns."""
