"""One step: ask the law, change the subject, move the clocks, write the journal, queue deliveries and notices."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import BaseModel
from sqlalchemy import delete, update
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.envelopes import frame, framed
from shared.errors import EvidenceMissing, NotYourStep, PreconditionFailed, Stale, StepRefused, Text
from shared.events import EVENTS, Origin
from shared.identity import Principal
from shared.records import clocks, journal, notices
from shared.records.contested import contested
from shared.records.db import Party, Row, columns_of, put, relations_of, table_of, write
from shared.records.deliveries import parcel_values, queue
from shared.records.room import Room, room_of
from shared.records.situations import situation
from shared.rules.procedures import Situation, Step, StepVerdict, may

T = TypeVar("T", bound=Row)


def perform(
    session: Session,
    subject: T,
    step_id: str,
    body: BaseModel | Mapping[str, Any] | None,
    *,
    by: Principal,
    now: datetime,
) -> T:
    """Take a step of a subject's procedure.

    Raises NotYourStep, EvidenceMissing or StepRefused with the law's reasons; then nothing is changed.
    """
    expect(session, subject)
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    relations = relations_of(session, subject.kind, subject.id, by)
    fields = fields_of(body)
    asked = situation(session, subject, procedure.steps[step_id], relations, fields, by=by, now=now)
    verdict = may(procedure, step_id, subject.state, asked, catalogue=room.catalogue)
    if not verdict.allowed:
        refuse(verdict, subject)
    step = procedure.steps[step_id]
    before = subject.state
    changes = changes_of(subject, step, fields)
    put(subject, changes)
    moved = clocks.move(session, subject, step, fields, now=now, by=by.agency)
    fact = fact_of(subject, step, fields, (before, subject.state), moved, is_alone=bool(procedure.parties))
    entry = _stored(session, subject, fact, changes, by=by, now=now)
    tell(session, [Taken(subject, step, entry, fact)], now=now)
    return subject


def require_actor(session: Session, subject: Row, step_id: str, *, by: Principal) -> None:
    """Refuse somebody who could never take a step, before anything else is looked at. Raises NotYourStep."""
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    relations = relations_of(session, subject.kind, subject.id, by)
    asked = Situation(relations=relations, agency_kind=by.kind, roles=by.roles)
    verdict = may(procedure, step_id, subject.state, asked, catalogue=room.catalogue)
    if any(reason.kind == "actor" for reason in verdict.reasons):
        refuse(verdict, subject)


def expect(session: Session, subject: Row) -> None:
    """Refuse a step whose If-Match names another version. Raises PreconditionFailed."""
    given = session.info.get("if_match")
    if given not in (None, "*") and str(given).removeprefix("W/") != subject.etag:
        raise PreconditionFailed(current=subject.etag, given=str(given))


def fields_of(body: BaseModel | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(body, BaseModel):
        return dict(vars(body))
    return dict(body or {})


def refuse(verdict: StepVerdict, subject: Row) -> NoReturn:
    """Raise the refusal a verdict speaks of, with its reasons and articles."""
    kinds = {reason.kind for reason in verdict.reasons}
    first = verdict.reasons[0]
    detail = Text(first.zh, first.en)
    extra = {"subject": subject.ref, "step": verdict.step_id, "state": subject.state, "reasons": verdict.reasons}
    if "actor" in kinds:
        words = next(reason for reason in verdict.reasons if reason.kind == "actor")
        raise NotYourStep(Text(words.zh, words.en), **extra)
    if kinds <= {"document", "fact"}:
        raise EvidenceMissing(detail, **extra)
    raise StepRefused(detail, **extra)


KEPT = frozenset({"id", "journey_id", "owner", "state", "version", "head", "procedure_id", "procedure_version"})
"""Columns that no body sets."""


@cache
def _settable(model: type[Row]) -> frozenset[str]:
    return columns_of(model) - KEPT


def changes_of(subject: Row, step: Step, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the subject's columns that the step sets: the body's fields it has, and its new state."""
    columns = columns_of(type(subject))
    settable = _settable(type(subject))
    changes = {name: value for name, value in fields.items() if name in settable}
    if "stated" in columns:
        said = {name: plain(fields[name]) for name in step.body_fields if fields.get(name) is not None}
        changes["stated"] = subject.known("stated") | {k: v for k, v in said.items() if k not in changes}
    return changes | {"state": step.to_state or subject.state}


def party_rows(subject: Row, parties: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    kind, subject_id = subject.kind, subject.id
    return [
        {"agency": agency, "kind": kind, "subject_id": subject_id, "relation": relation}
        for relation, agencies in parties.items()
        for agency in dict.fromkeys(agencies)
    ]


def _parties_of(subject: Row) -> SelectOfScalar[Party]:
    return select(Party).where(Party.kind == subject.kind, Party.subject_id == subject.id)


def admit(session: Session, subject: Row, parties: Mapping[str, Sequence[str]]) -> None:
    """Let further agencies see a subject, each in its relation, before the step that sends it to them."""
    known = {(row.agency, row.relation) for row in session.exec(_parties_of(subject))}
    rows = [row for row in party_rows(subject, parties) if (row["agency"], row["relation"]) not in known]
    with contested(subject=subject.ref):
        write(session, Party, rows)


def dismiss(session: Session, subject: Row, *, relation: str, agency: str, now_as: str) -> None:
    """Let an agency stand in another relation to a subject from now on, also where it stood in that one before."""
    admit(session, subject, {now_as: [agency]})
    table = table_of(Party)
    mine = (table.c.agency == agency) & (table.c.kind == subject.kind) & (table.c.subject_id == subject.id)
    session.execute(delete(table).where(mine, table.c.relation == relation))


def fact_of(
    subject: Row,
    step: Step,
    fields: Mapping[str, Any],
    states: tuple[str, str],
    moved: Sequence[Mapping[str, Any]],
    *,
    is_alone: bool,
) -> journal.Fact:
    name = step.event or (f"{subject.kind}.progressed" if is_alone else f"{subject.kind}.{step.id}")
    data = {key: value if value.__class__ in AS_IT_IS else plain(value) for key, value in fields.items()}
    if name in EVENTS:
        model = EVENTS[name].payload
        read = {key: fields.get(key, getattr(subject, key, None)) for key in model.model_fields}
        optional = {key for key, field in model.model_fields.items() if not field.is_required()}
        known = {key: value for key, value in read.items() if value is not None or key not in optional}
        data |= model.model_validate(known).model_dump(mode="json")
    return journal.Fact(name, data, step.id, states[0], states[1], tuple(moved), subject.procedure_id)


AS_IT_IS = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it."""
    if value.__class__ in AS_IT_IS:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _stored(
    session: Session, subject: Row, fact: journal.Fact, changes: Mapping[str, Any], *, by: Principal, now: datetime
) -> dict[str, Any]:
    """Write the changed columns and the entry; the version in the WHERE clause is the lock."""
    table = table_of(type(subject))
    entry = journal.entry_values(
        subject.ref, subject.version + 1, subject.head, fact, journey_id=subject.journey_id, by=by, now=now
    )
    moved = session.execute(
        update(table)
        .where(table.c.id == subject.id, table.c.version == subject.version)
        .values(**changes, version=entry["seq"], head=entry["hash"], updated_at=now)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]  # a cursor result has it
        raise Stale(subject=subject.ref)
    journal.append(session, entry)
    put(subject, {"version": entry["seq"], "head": entry["hash"], "updated_at": now})
    return entry


class Taken(NamedTuple):
    """A step that was taken, and its entry with what it says; `parties` of a subject that has just begun."""

    subject: Row
    step: Step
    entry: Mapping[str, Any]
    fact: journal.Fact
    parties: Mapping[str, Sequence[str]] | None = None


def tell(session: Session, taken: Sequence[Taken], *, now: datetime) -> None:
    """Queue the steps' events for rooms and agencies, and the notices they call for."""
    room = room_of(session)
    agencies = [notices.addressed(session, one.subject, one.step.to + one.step.copies, one.parties) for one in taken]
    events = [
        notices.Told(one.subject, one.fact, str(one.entry["id"]), told, one.parties)
        for one, told in zip(taken, agencies, strict=True)
    ]
    raised = notices.tell_of_events(session, events, now=now)
    queue(
        session,
        [
            parcel
            for one, told, noticed in zip(taken, agencies, raised, strict=True)
            for parcel in (*_event(room, one, told, now), *noticed)
        ],
    )


def _event(room: Room, taken: Taken, agencies: tuple[str, ...], now: datetime) -> list[dict[str, Any]]:
    """Return the deliveries that carry a step's event."""
    subject, entry, fact = taken.subject, taken.entry, taken.fact
    is_ours = fact.type in EVENTS and subject.owner not in room.settings.sealed_routes
    receivers = [*(EVENTS[fact.type].receivers if is_ours else ()), *(["gateway"] if agencies else [])]
    if not receivers:
        return []
    cover = frame(fact.type, Origin(room.name, subject.ref, subject.journey_id, entry["seq"], agencies), now=now)
    body = journal.canonical(framed(cover, dict(fact.data), message_id=entry["id"]))
    return [
        parcel_values(entry["id"], fact.type, body, line=subject.ref, receiver=receiver, now=now)
        for receiver in receivers
    ]
