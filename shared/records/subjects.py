"""Reads every kind of subject shares: pages, clocks, steps with reasons, journeys, figures."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from shared.identity import Principal
from shared.records.db import Party, Row, relations_of, visible_page
from shared.records.deadlines import OPEN_STATES, Deadline
from shared.records.journal import Entry, timeline
from shared.records.room import Room, room_of
from shared.records.situations import situation
from shared.records.views import EntryView
from shared.rules.entries import StepField
from shared.rules.procedures import Procedure, Step, allowed_steps

T = TypeVar("T", bound=Row)

__all__ = ["clocks_of", "figures", "journey", "open_board", "page", "shown_timeline", "steps_of"]


def page(
    session: Session, model: type[T], *, by: Principal, before: UUID | None, limit: int, state: str | None = None
) -> tuple[list[T], UUID | None]:
    """Return the newest subjects the principal may see, and the id to go on before (None: no more)."""
    ids = visible_page(model.kind, by=by, before=before, limit=limit)
    if state is not None:
        ids = ids.join(model, col(model.id) == Party.subject_id).where(model.state == state)
    found = session.exec(ids).all()
    statement = select(model).where(col(model.id).in_(found)).order_by(col(model.id).desc())
    return list(session.exec(statement)), found[-1] if len(found) == limit else None


def clocks_of(session: Session, subject: Row) -> list[dict[str, Any]]:
    """Return all clocks of a subject, open ones first, nearest first."""
    statement = select(Deadline).where(Deadline.subject == subject.ref).order_by(col(Deadline.due_at))
    rows = sorted(session.exec(statement), key=lambda clock: clock.state not in OPEN_STATES)
    return [described(room_of(session), clock) for clock in rows]


def described(room: Room, clock: Deadline) -> dict[str, Any]:
    """Return a clock with its term's names and article."""
    term = room.catalogue.term(clock.term_id, on=clock.term_on)
    return {
        "id": clock.id,
        "subject": clock.subject,
        "journey_id": clock.journey_id,
        "term_id": clock.term_id,
        "name_zh": term.name_zh,
        "name_en": term.name_en,
        "cite_zh": term.cite.zh,
        "cite_en": term.cite.en,
        "party": clock.party,
        "state": clock.state,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "due_on": clock.due_on.isoformat() if clock.due_on else None,
        "provisional": clock.provisional,
        "authority": term.authority,
        "verified": term.verified,
        "breached_at": clock.breached_at,
        "ended_at": clock.ended_at,
        "awaits": json.loads(clock.awaits),
        "because": json.loads(clock.because),
    }


def open_board(
    session: Session,
    *,
    by: Principal,
    after: tuple[datetime, UUID] | None,
    limit: int,
    agency: str | None = None,
    breached: bool | None = None,
) -> list[dict[str, Any]]:
    """Return open clocks of subjects the principal may see, nearest first, after a place."""
    mine = (
        select(Party.subject_id)
        .where(Party.agency == by.agency, Party.kind == Deadline.kind, Party.subject_id == Deadline.subject_id)
        .exists()
    )
    statement = select(Deadline).where(col(Deadline.state).in_(OPEN_STATES), mine)
    if agency is not None:
        statement = statement.where(Deadline.party == agency)
    if breached is not None:
        known = col(Deadline.breached_at)
        statement = statement.where(known.is_not(None) if breached else known.is_(None))
    if after is not None:
        later = and_(col(Deadline.due_at) == after[0], col(Deadline.id) > after[1])
        statement = statement.where(or_(col(Deadline.due_at) > after[0], later))
    rows = session.exec(statement.order_by(col(Deadline.due_at), col(Deadline.id)).limit(limit))
    return [described(room_of(session), clock) for clock in rows]


INSIDERS = frozenset({"owner", "supervisor", "system"})
"""Relations that read every entry of a subject."""


def journey(session: Session, journey_id: UUID, *, by: Principal) -> list[EntryView]:
    """Return the entries of a journey in this room whose subjects the principal may see, in order."""
    entries = session.exec(select(Entry).where(Entry.journey_id == journey_id).order_by(col(Entry.at), col(Entry.seq)))
    seen: dict[str, frozenset[str]] = {}
    shown = []
    for entry in entries:
        kind, _, subject_id = entry.subject.partition(":")
        if kind not in room_of(session).subjects:
            continue  # a chain that stands without a subject: views, outlets, imports
        if entry.subject not in seen:
            seen[entry.subject] = relations_of(session, kind, UUID(subject_id), by)
        if seen[entry.subject]:
            shown.append(shown_entry(session, entry, seen[entry.subject], by=by))
    return shown


def shown_timeline(session: Session, subject: Row, *, by: Principal, after: int, limit: int) -> list[EntryView]:
    """Return a subject's entries as the principal may read them."""
    relations = relations_of(session, subject.kind, subject.id, by)
    rows = timeline(session, subject.ref, after=after, limit=limit)
    return [shown_entry(session, row, relations, by=by) for row in rows]


def shown_entry(session: Session, entry: Entry, relations: frozenset[str], *, by: Principal) -> EntryView:
    """Return an entry; to a party it says what that party did or was told, else only its place in the chain.

    The hash stays, so that a party can still check the chain against what it is shown later.
    """
    view = EntryView.model_validate(entry)
    if relations & INSIDERS or entry.agency == by.agency:
        return view
    said = orjson.loads(entry.body)
    addressed = _addressed(session, said.get("procedure"), said["step"])
    told = said["data"].get("party") == by.agency or bool(relations & addressed)
    return view if told else view.model_copy(update={"body": None, "actor": ""})


def _addressed(session: Session, procedure_id: str | None, step_id: str | None) -> frozenset[str]:
    """Return the relations a step's event is addressed to, in any version of its procedure."""
    versions = room_of(session).catalogue.procedures.get(procedure_id or "", ())
    steps = (one.steps[step_id] for one in versions if step_id is not None and step_id in one.steps)
    return frozenset(relation for step in steps for relation in step.to + step.copies)


def steps_of(session: Session, subject: Row, *, by: Principal, now: datetime) -> Sequence[dict[str, Any]]:
    """Return every step that leads on from here, allowed or not, with names, article, clocks and reasons."""
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    relations = relations_of(session, subject.kind, subject.id, by)
    asked = situation(session, subject, None, relations, {}, by=by, now=now)
    declared = room.catalogue.step_fields
    listed = []
    for verdict in allowed_steps(procedure, subject.state, asked, catalogue=room.catalogue):
        step = procedure.steps[verdict.step_id]
        asked_for = {f"{kind}_{name}" for kind in ("field_missing", "guard") for name in step.body_fields}
        reasons = [reason for reason in verdict.reasons if reason.code not in asked_for]
        listed.append(
            {
                "step": step.id,
                "name_zh": step.name_zh,
                "name_en": step.name_en,
                "allowed": not reasons,
                "to": step.to_state or subject.state,
                "fields": list(step.body_fields),
                "required": list(step.required_fields),
                "states": _states(procedure, step, declared),
                "cite": {"zh": step.cite.zh, "en": step.cite.en},
                "clocks": [{"action": clock.action, "term": clock.term} for clock in verdict.clocks],
                "reasons": reasons,
            }
        )
    return listed


def _states(procedure: Procedure, step: Step, declared: Mapping[str, StepField]) -> list[StepField]:
    """Return what a step that is data states; a step with a body of its own is described by the published API."""
    is_data = bool(procedure.parties) or all(name in declared for name in step.body_fields)
    return [declared[name] for name in step.body_fields if name in declared] if is_data else []


def figures(session: Session, *, by: Principal, on: date) -> dict[str, Any]:
    """Return how many visible subjects stand in each state, and how the clocks of the agency ended."""
    room = room_of(session)
    counted: dict[str, dict[str, int]] = {}
    for kind, model in room.subjects.items():
        statement = (
            select(model.state, func.count())
            .join(Party, and_(col(Party.subject_id) == model.id, col(Party.kind) == kind))
            .where(Party.agency == by.agency)
            .group_by(model.state)
        )
        counted[kind] = {state: int(number) for state, number in session.exec(statement)}
    late = func.count(col(Deadline.breached_at))
    ended = select(Deadline.state, func.count(), late).where(Deadline.party == by.agency).group_by(Deadline.state)
    clocks = {state: {"count": int(number), "late": int(lapsed)} for state, number, lapsed in session.exec(ended)}
    return {"room": room.name, "on": on.isoformat(), "subjects": counted, "clocks": clocks}
