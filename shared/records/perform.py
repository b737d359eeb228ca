"""One step: ask the law, change the subject, move the clocks, write the journal, queue deliveries and notices."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from operator import itemgetter
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.clock import today
from shared.envelopes import frame, framed
from shared.errors import EvidenceMissing, NotYourStep, PreconditionFailed, Stale, StepRefused, Text
from shared.events import EVENTS, Origin
from shared.identity import Principal
from shared.records import clocks, journal, notices
from shared.records.bulk import waiting_in
from shared.records.db import Party, Row, columns_of, json_columns_of, keep, put, relations_of, table_of, write
from shared.records.deliveries import parcel_values, queue
from shared.records.room import Room, room_of
from shared.records.situations import situation
from shared.rules.procedures import Procedure, Situation, Step, StepVerdict, may, rests_on_actor

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
    fields = _fields(body)
    asked = situation(session, subject, procedure.steps[step_id], relations, fields, by=by, now=now)
    step = _allowed(procedure, may(procedure, step_id, subject.state, asked, catalogue=room.catalogue), subject)
    before = subject.state
    changes = _changes(subject, step, fields)
    put(subject, changes)
    moved = clocks.move(session, subject, step, fields, now=now, by=by.agency)
    fact = _fact(subject, step, fields, (before, subject.state), moved, is_alone=bool(procedure.parties))
    entry = _stored(session, subject, fact, changes, by=by, now=now)
    _tell(session, room, subject, step, entry, fact, now=now)
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
    room = room_of(session)
    procedure = room.catalogue.procedure(subject.procedure_id, on=today(now))
    keep(subject, {"procedure_version": procedure.version})
    fields = _fields(body)
    mine = frozenset(relation for relation, agencies in parties.items() if by.agency in agencies)
    relations = frozenset({"system"}) if by.is_system else mine
    step = _opening(session, subject, procedure, step_id, relations, fields, by=by, now=now)
    keep(subject, _changes(subject, step, fields))
    write(session, Party, _party_rows(subject, parties))
    moved = clocks.move(session, subject, step, fields, now=now, by=by.agency, parties=parties)
    states = (procedure.initial, subject.state)
    fact = _fact(subject, step, fields, states, moved, is_alone=bool(procedure.parties))
    entry = journal.entry_values(subject.ref, 1, "", fact, journey_id=subject.journey_id, by=by, now=now)
    keep(subject, {"version": 1, "head": entry["hash"]})
    write(session, type(subject), [_row(subject)])
    journal.append(session, entry)
    _tell(session, room, subject, step, entry, fact, now=now, parties=parties)
    return subject


def _opening(
    session: Session,
    subject: Row,
    procedure: Procedure,
    step_id: str,
    relations: frozenset[str],
    fields: Mapping[str, Any],
    *,
    by: Principal,
    now: datetime,
) -> Step:
    """Return the step that may open a subject. Where rows wait, what rests on the actor alone is asked once."""
    waiting, step = waiting_in(session), procedure.steps[step_id]
    asked_before = (procedure.id, procedure.version, step_id, relations, by.kind, by.roles)
    if waiting is not None and asked_before in waiting.allowed and rests_on_actor(step, fields):
        return step
    asked = situation(session, subject, step, relations, fields, by=by, now=now)
    catalogue = room_of(session).catalogue
    step = _allowed(procedure, may(procedure, step_id, procedure.initial, asked, catalogue=catalogue), subject)
    if waiting is not None:
        waiting.allowed.add(asked_before)
    return step


def _fields(body: BaseModel | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(body, BaseModel):
        held = vars(body)
        return {name: held[name] for name in columns_of(type(body))}
    return dict(body or {})


def _allowed(procedure: Procedure, verdict: StepVerdict, subject: Row) -> Step:
    if verdict.allowed:
        return procedure.steps[verdict.step_id]
    refuse(verdict, subject)


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


def _changes(subject: Row, step: Step, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the subject's columns that the step sets: the body's fields it has, and its new state."""
    columns = columns_of(type(subject))
    kept = {"id", "journey_id", "owner", "state", "version", "head", "procedure_id", "procedure_version"}
    changes = {name: value for name, value in fields.items() if name in columns and name not in kept}
    if "stated" in columns:
        said = {name: plain(fields[name]) for name in step.body_fields if fields.get(name) is not None}
        changes["stated"] = subject.known("stated") | {k: v for k, v in said.items() if k not in changes}
    return changes | {"state": step.to_state or subject.state}


def _row(subject: Row) -> dict[str, Any]:
    """Return the row of a subject that no session knows, what is nested as JSON."""
    names, read = _columns(type(subject))
    row = dict(zip(names, read(vars(subject)), strict=True))
    for name in json_columns_of(type(subject)):
        row[name] = plain(row[name])
    return row


@cache
def _columns(model: type[Row]) -> tuple[tuple[str, ...], Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    names = tuple(columns_of(model))
    return names, itemgetter(*names)


def _party_rows(subject: Row, parties: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [
        {"agency": agency, "kind": subject.kind, "subject_id": subject.id, "relation": relation}
        for relation, agencies in parties.items()
        for agency in dict.fromkeys(agencies)
    ]


def _parties_of(subject: Row) -> SelectOfScalar[Party]:
    return select(Party).where(Party.kind == subject.kind, Party.subject_id == subject.id)


def admit(session: Session, subject: Row, parties: Mapping[str, Sequence[str]]) -> None:
    """Let further agencies see a subject, each in its relation, before the step that sends it to them."""
    known = {(row.agency, row.relation) for row in session.exec(_parties_of(subject))}
    rows = [row for row in _party_rows(subject, parties) if (row["agency"], row["relation"]) not in known]
    try:
        write(session, Party, rows)
    except IntegrityError as twin:
        raise Stale(subject=subject.ref) from twin


def dismiss(session: Session, subject: Row, *, relation: str, agency: str, now_as: str) -> None:
    """Let an agency stand in another relation to a subject from now on, also where it stood in that one before."""
    admit(session, subject, {now_as: [agency]})
    table = table_of(Party)
    mine = (table.c.agency == agency) & (table.c.kind == subject.kind) & (table.c.subject_id == subject.id)
    session.execute(delete(table).where(mine, table.c.relation == relation))


def _fact(
    subject: Row,
    step: Step,
    fields: Mapping[str, Any],
    states: tuple[str, str],
    moved: Sequence[Mapping[str, Any]],
    *,
    is_alone: bool,
) -> journal.Fact:
    name = step.event or (f"{subject.kind}.progressed" if is_alone else f"{subject.kind}.{step.id}")
    data: dict[str, Any] = {key: plain(value) for key, value in fields.items()}
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


def _tell(
    session: Session,
    room: Room,
    subject: Row,
    step: Step,
    entry: Mapping[str, Any],
    fact: journal.Fact,
    *,
    now: datetime,
    parties: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Queue the step's event for rooms and agencies, and the notices it calls for."""
    agencies = notices.addressed(session, subject, step.to + step.copies, parties)
    origin = Origin(room.name, subject.ref, subject.journey_id, entry["seq"], agencies)
    is_ours = fact.type in EVENTS and subject.owner not in room.settings.sealed_routes
    receivers = [*(EVENTS[fact.type].receivers if is_ours else ()), *(["gateway"] if agencies else [])]
    parcels = notices.tell_of_event(session, subject, fact, str(entry["id"]), told=agencies, parties=parties, now=now)
    if receivers:
        cover = frame(fact.type, origin, now=now)
        body = journal.canonical(framed(cover, dict(fact.data), message_id=entry["id"]))
        parcels = [
            parcel_values(entry["id"], fact.type, body, line=subject.ref, receiver=receiver, now=now)
            for receiver in receivers
        ] + parcels
    queue(session, parcels)
