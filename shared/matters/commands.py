"""Open a matter between agencies, and take its steps: one verb for every procedure that is data alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session

from shared.clock import new_id, today
from shared.errors import BodyInvalid, NotYourStep, Text
from shared.events import ManifestData
from shared.identity import Principal
from shared.matters import stating
from shared.matters.bodies import Open, StatedFact, Take
from shared.matters.models import Between
from shared.records import evidence, facts, parties
from shared.records.beginning import begin
from shared.records.db import relations_of, visible
from shared.records.perform import admit, dismiss, expect, perform, require_actor
from shared.records.room import Room, room_of
from shared.records.situations import shown_verdicts
from shared.rules.catalogue import NotInForce, UnknownEntry
from shared.rules.procedure_entries import Appointment, Procedure, Step

T = TypeVar("T", bound=Between)
Around = Callable[[Session, Between, Step, Mapping[str, Any], Principal, datetime], None]
"""What a room does before or after a step with what it states: session, matter, step, stated, by, now."""


def _nothing(
    _session: Session, _matter: Between, _step: Step, _stated: Mapping[str, Any], _by: Principal, _now: datetime
) -> None:
    """Most rooms have nothing to add to a step."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a room does around the steps of its matters, in the step's transaction.

    `secret` names fields that are checked before the step and written nowhere: MASK stands in their place.
    """

    before: Around = _nothing
    after: Around = _nothing
    secret: frozenset[str] = frozenset()


PLAIN = Habits()
MASK = "***"


def open_matter(
    session: Session, model: type[T], body: Open, *, by: Principal, now: datetime, habits: Habits = PLAIN
) -> T:
    """Open a matter: its procedure is pinned, its parties are found, its first step is taken."""
    room = room_of(session)
    procedure = _procedure(room, body.procedure, model.kind, now)
    step = _first(procedure, body.step, by)
    owner = room.catalogue.agencies.get(by.agency)
    if owner is None:
        raise NotYourStep(Text("您的机关不在名录中", "Your agency is not in the directory"))
    stated = stating.read(room, procedure, step, body.stated, now=now)
    _check_opening(room, body, now)
    takes_part = parties.named(room, procedure, owner, {name: list(ids) for name, ids in body.parties.items()})
    subject = model(
        id=new_id(now),
        journey_id=_journey(session, body, by=by, now=now),
        owner=by.agency,
        state="",
        procedure_id=procedure.id,
        created_at=now,
        updated_at=now,
        about=body.about or "",
        facts=facts.rows(session, _unsupported(body)),
        takes_part=takes_part,
        receiver=next(iter(takes_part.get("receiver", ())), ""),
        **body.model_dump(include={"title", "summary", "division", "enterprise_id", "enterprise_name", "conduct_on"}),
        **body.model_dump(include={"basis", "conditions"}),
    )
    seen_by = {"owner": [by.agency]} | parties.at_once(procedure, takes_part)
    if owner.superior and "supervisor" not in procedure.parties:
        seen_by["supervisor"] = [owner.superior]
    begin(session, subject, step.id, stated | {"step": step.id, "manifest": None}, parties=seen_by, by=by, now=now)
    habits.after(session, subject, step, stated, by, now)
    return subject


def take(
    session: Session,
    model: type[T],
    subject_id: UUID,
    step_id: str,
    body: Take,
    *,
    by: Principal,
    now: datetime,
    habits: Habits = PLAIN,
) -> T:
    """Take a step of a procedure that is data alone."""
    subject = visible(session, model, subject_id, by=by)
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    step = known_step(procedure, step_id)
    require_actor(session, subject, step_id, by=by)
    expect(session, subject)
    stated = stating.read(room, procedure, step, body.stated, now=now)
    if body.conditions:
        stated["conditions"] = subject.conditions | _conditions(room, step, body.conditions, now)
    return taken(session, subject, step, stated, by=by, now=now, habits=habits)


def taken(
    session: Session,
    subject: T,
    step: Step,
    stated: Mapping[str, Any],
    *,
    by: Principal,
    now: datetime,
    habits: Habits = PLAIN,
) -> T:
    """Take a step with what it states, typed: hand over, admit, appoint, perform, and do what follows from it."""
    written: dict[str, Any] = {"step": step.id, "manifest": None, **stated}
    habits.before(session, subject, step, stated, by, now)
    written |= dict.fromkeys(habits.secret & set(stated), MASK)
    if step.hands_over is not None:
        written |= _handed_over(session, subject, now=now)
    takes_part = dict(subject.takes_part)
    admitted: dict[str, list[str]] = {name: takes_part.get(name, []) for name in step.admits}
    above = parties.superiors(room_of(session), [agency for named in admitted.values() for agency in named])
    admit(session, subject, admitted | {"observer": above})
    appointed = {one: str(stated[one.field]) for one in step.appoints if stated.get(one.field)}
    _check_appointments(session, subject, appointed, by)
    before = {one.relation: list(takes_part.get(one.relation, [])) for one in appointed}
    for one, agency in appointed.items():
        admit(session, subject, {one.relation: [agency], "observer": parties.superiors(room_of(session), [agency])})
        takes_part[one.relation] = [agency]
        written |= {"takes_part": takes_part} | ({"receiver": agency} if one.relation == "receiver" else {})
    performed = perform(session, subject, step.id, written, by=by, now=now)
    if step.hands_over == "must" and written["manifest"] is None:
        raise BodyInvalid(Text("没有可移交的材料", "There is nothing to hand over"))
    for one, agency in appointed.items():
        for former in before[one.relation]:
            if former != agency:
                dismiss(session, subject, relation=one.relation, agency=former, now_as=one.former)
    habits.after(session, performed, step, written, by, now)
    return performed


def _check_appointments(
    session: Session, subject: Between, appointed: Mapping[Appointment, str], by: Principal
) -> None:
    room = room_of(session)
    rules = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version).parties
    for one, agency in appointed.items():
        parties.check_appointment(room, rules[one.relation], one, agency, owner=subject.owner, by=by)


def _conditions(room: Room, step: Step, given: Mapping[str, bool], now: datetime) -> dict[str, bool]:
    """Return the conditions a step may say of its own documents. Raises BodyInvalid for any other."""
    name = step.requirement_set
    documents = room.catalogue.requirement_set(name, on=today(now)).documents if name is not None else ()
    known = {one.condition for one in documents if one.condition}
    foreign = sorted(set(given) - known)
    if foreign:
        words = Text(f"本步骤的材料与 {foreign[0]} 无关", f"No document of this step depends on {foreign[0]}")
        raise BodyInvalid(words, known=sorted(known))
    return dict(given)


def known_step(procedure: Procedure, step_id: str) -> Step:
    """Return a step of a procedure. Raises BodyInvalid naming the steps there are."""
    step = procedure.steps.get(step_id)
    if step is None:
        words = Text(f"《{procedure.name_zh}》没有步骤 {step_id}", f"{procedure.name_en} has no step {step_id}")
        raise BodyInvalid(words, known=sorted(procedure.steps))
    return step


def _handed_over(session: Session, subject: Between, *, now: datetime) -> dict[str, Any]:
    """Freeze what is held, show it to the parties, and keep the law's verdicts as they stood."""
    if not any(item.state == "held" for item in evidence.items(session, subject)):
        return {}
    manifest = evidence.freeze(session, subject, now=now)
    evidence.share(session, subject, now=now)
    return {
        "manifest": ManifestData(digest=manifest.digest, body=manifest.body),
        "sent_manifest": manifest.digest,
        "handed_over_at": now,
        "verdicts": shown_verdicts(session, subject, on=today(now)),
    }


def _procedure(room: Room, procedure_id: str, kind: str, now: datetime) -> Procedure:
    """Return the procedure in force today. Raises BodyInvalid when it is none that can be opened as this kind."""
    try:
        procedure = room.catalogue.procedure(procedure_id, on=today(now))
    except (UnknownEntry, NotInForce) as unknown:
        words = Text(f"没有现行程序 {procedure_id}", f"No procedure {procedure_id} is in force")
        raise BodyInvalid(words, known=_openable(room, kind)) from unknown
    if procedure.subject != kind or not procedure.parties:
        words = Text(f"程序 {procedure_id} 不能在此建立", f"Procedure {procedure_id} is not opened here")
        raise BodyInvalid(words, known=_openable(room, kind))
    return procedure


def _openable(room: Room, kind: str) -> list[str]:
    newest = (versions[-1] for versions in room.catalogue.procedures.values())
    return sorted(one.id for one in newest if one.subject == kind and one.parties)


def _first(procedure: Procedure, wanted: str | None, by: Principal) -> Step:
    """Return the step by which this principal opens it, the one named where there are several.

    Raises NotYourStep when the law lets others begin, BodyInvalid for a step it does not begin with.
    """
    steps = [step for step in procedure.initial_steps if any(actor.relation == "owner" for actor in step.by)]
    if wanted is not None and wanted not in (known := [step.id for step in steps]):
        words = Text(
            f"《{procedure.name_zh}》不能由步骤 {wanted} 开始", f"{procedure.name_en} does not begin with {wanted}"
        )
        raise BodyInvalid(words, errors=[{"field": "step", "code": "not_a_beginning", "message": words}], known=known)
    steps = [step for step in steps if wanted in (None, step.id)]
    for step in steps:
        for actor in step.by:
            if actor.relation == "owner" and actor.agency_kind in (None, by.kind):
                return step
    zh, en = f"您的机关不能启动《{procedure.name_zh}》", f"Your agency cannot begin '{procedure.name_en}'"
    raise NotYourStep(Text(zh, en), begun_by=sorted({str(one.agency_kind) for step in steps for one in step.by}))


def _check_opening(room: Room, body: Open, now: datetime) -> None:
    """Refuse a day that has not come and standards nobody knows. Raises BodyInvalid."""
    if body.conduct_on is not None and body.conduct_on > today(now):
        words = Text("行为日期晚于今日", "conduct_on lies in the future")
        raise BodyInvalid(words, errors=[{"field": "conduct_on", "code": "in_the_future", "message": words}])
    foreign = [name for name in body.basis if name not in room.catalogue.standards]
    if foreign:
        words = Text(f"目录中没有移送标准 {foreign[0]}", f"The catalogue has no standard {foreign[0]}")
        raise BodyInvalid(words, errors=[{"field": "basis", "code": "unknown_standard", "message": words}])


def _unsupported(body: Open) -> dict[str, StatedFact]:
    """Return the facts of a matter that does not hold any evidence yet. Raises BodyInvalid for ones that name some."""
    if any(fact.evidence for fact in body.facts.values()):
        words = Text(
            "建立时尚无证据；请先建立、上传证据，再登记事实",
            "There is no evidence yet: open, upload, then record the facts",
        )
        raise BodyInvalid(words, errors=[{"field": "facts", "code": "unknown_evidence", "message": words}])
    return body.facts


def _journey(session: Session, body: Open, *, by: Principal, now: datetime) -> UUID:
    """Return the journey of what it follows from, where that is in this room and seen by the opener."""
    kind, _, subject_id = (body.about or "").partition(":")
    model = room_of(session).subjects.get(kind)
    if model is not None and relations_of(session, kind, UUID(subject_id), by):
        return visible(session, model, UUID(subject_id), by=by).journey_id
    return body.journey_id or new_id(now)
