"""One door for every step of a case: those with a body of their own run their command, all others are data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session

from services.case_service.cases import commands, models, queries, serious
from services.case_service.cases.models import Case
from services.case_service.cases.stepping import taken
from services.case_service.visits import approved as visits
from shared.clock import today
from shared.errors import BodyInvalid, NotYourStep, StepRefused, Text
from shared.identity import Principal
from shared.matters import stating
from shared.matters.bodies import Take
from shared.matters.commands import known_step
from shared.records.perform import expect, require_actor
from shared.records.room import room_of
from shared.records.views import Body
from shared.rules.procedures import Procedure, Situation, Step, may


@dataclass(frozen=True, slots=True)
class Door:
    """The body a step must carry and the command it runs."""

    body: type[Body]
    command: Callable[..., Case]


STEPS: Mapping[str, Door] = {
    "file_case": Door(models.FileCase, commands.file_case),
    "decline_filing": Door(models.DeclineFiling, commands.decline_filing),
    "extend_filing": Door(models.Extend, commands.extend_filing),
    "extend_case_limit": Door(models.Extend, commands.extend_case_limit),
    "record_investigation": Door(models.Record, commands.record_investigation),
    "conclude_investigation": Door(models.Conclude, commands.conclude_investigation),
    "reopen_investigation": Door(models.Reopen, commands.reopen_investigation),
    "request_referral": Door(models.Refer, commands.refer),
    "refer_decided_case": Door(models.Refer, commands.refer_decided),
    "refer_otherwise": Door(models.ReferOtherwise, commands.refer_otherwise),
    "supplement": Door(models.Supplement, commands.supplement),
    "resume_administrative_handling": Door(models.Resume, commands.resume),
    "mark_serious": Door(serious.TurnSerious, serious.turn),
    "end_serious": Door(serious.EndSerious, serious.end),
    "decide": Door(models.Decide, commands.decide),
    "close": Door(models.Close, commands.close),
    "close_no_violation": Door(models.Close, commands.close),
    "close_after_judgment": Door(models.Close, commands.close),
}
"""Step with a body of its own -> its door."""
ALSO: Mapping[str, Mapping[str, Any]] = {"decide_on_spot": {"decision": "penalty"}}
"""What a step that is data sets besides what it states."""


def take(session: Session, case_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime) -> Case:
    """Take a step of a case by its id in the catalogue; `stated` holds what the step asks for."""
    case = queries.case(session, case_id, seen_by=by)
    room = room_of(session)
    procedure = room.catalogue.procedure_version(case.procedure_id, case.procedure_version)
    step = known_step(procedure, step_id)
    if all(actor.relation == "system" for actor in step.by):
        words = Text(f"“{step.name_zh}”由系统自动办理", f"'{step.name_en}' is taken by the desk itself")
        raise NotYourStep(words, step=step_id)
    require_actor(session, case, step_id, by=by)
    door = STEPS.get(step_id)
    if door is not None:
        _require_no_other(procedure, step, case)
        return door.command(session, case_id, read(door, body.stated), by=by, now=now)
    _require_open(procedure, step, case)
    expect(session, case)
    stated = stating.read(room, procedure, step, body.stated, now=now) | dict(ALSO.get(step_id, {}))
    visits.check_stated(session, stated, case, by=by)
    ended_on = stated.get("conduct_ended_on")
    if ended_on is not None and ended_on > today(now):
        words = Text("行为终了之日晚于今日", "conduct_ended_on lies in the future")
        raise BodyInvalid(
            words, errors=[{"field": "stated.conduct_ended_on", "code": "in_the_future", "message": words}]
        )
    if step_id == "decide_on_spot":
        stated["served_at"] = stated["decided_at"]
    return taken(session, case, step_id, stated, by=by, now=now)


def _require_open(procedure: Procedure, step: Step, case: Case) -> None:
    """Refuse a step by which a case is opened: it is open. Raises StepRefused."""
    if procedure.initial in step.from_states:
        words = Text(f"案件已建立，“{step.name_zh}”不再办理", f"The case is open: '{step.name_en}' is not taken again")
        raise StepRefused(words, subject=case.ref, step=step.id, state=case.state)


def _require_no_other(procedure: Procedure, step: Step, case: Case) -> None:
    """Refuse a step that its command would take as another one, because of the state. Raises StepRefused."""
    command = STEPS[step.id].command
    others = (procedure.steps[name] for name, door in STEPS.items() if door.command is command)
    if case.state not in step.from_states and any(case.state in other.from_states for other in others):
        verdict = may(procedure, step.id, case.state, Situation(frozenset(), "", frozenset()))
        reasons = [reason for reason in verdict.reasons if reason.kind == "state"]
        words = Text(reasons[0].zh, reasons[0].en)
        raise StepRefused(words, subject=case.ref, step=step.id, state=case.state, reasons=reasons)


def read(door: Door, stated: Any) -> Body:
    """Return the body a door takes. Raises BodyInvalid naming each field that does not fit."""
    try:
        return door.body.model_validate(stated)
    except ValidationError as broken:
        errors = [
            {"field": ".".join(("stated", *map(str, one["loc"]))), "code": one["type"], "message": one["msg"]}
            for one in broken.errors()
        ]
        raise BodyInvalid(errors=errors) from broken
