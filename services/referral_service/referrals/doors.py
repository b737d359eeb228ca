"""Every step of the police referral with the body it carries and the command it runs; any other procedure is data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session

from services.referral_service.proceedings import commands as proceedings
from services.referral_service.referrals import answers, bodies, commands
from shared.errors import BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.matters.bodies import Take
from shared.matters.commands import known_step
from shared.matters.models import Between
from shared.records.db import visible
from shared.records.perform import require_actor
from shared.records.room import room_of
from shared.records.views import Body
from shared.rules.procedures import Procedure, Situation, Step, may


@dataclass(frozen=True, slots=True)
class Door:
    """What a step or a partner's message does: the body it must carry and the command it runs.

    `is_named`: its command finds the step by the body, and is told here which one is meant.
    """

    body: type[Body]
    command: Callable[..., Between]
    is_named: bool = False


STEPS: Mapping[str, Door] = {
    "submit_report": Door(bodies.SubmitReport, commands.submit_report),
    "approve": Door(bodies.Approve, commands.approve),
    "refuse": Door(bodies.Refuse, commands.refuse),
    "send": Door(bodies.Send, commands.send),
    "correct": Door(bodies.Supply, commands.correct),
    "supply": Door(bodies.Supply, commands.supply),
    "supply_further": Door(bodies.Supply, commands.supply),
    "hand_over_items": Door(bodies.HandOver, commands.hand_over_items),
    "request_reconsideration": Door(bodies.Grounds, commands.request_reconsideration),
    "suggest_supervision": Door(bodies.Grounds, commands.suggest_supervision),
    "suggest_supervision_overdue": Door(bodies.Grounds, commands.suggest_supervision),
    "record_platform_entry": Door(bodies.PlatformEntry, commands.record_platform_entry),
    "close_not_filed": Door(bodies.CloseNotFiled, commands.close_not_filed),
    "record_receipt": Door(bodies.Receipt, answers.record_receipt),
    "acknowledge_copy": Door(bodies.CopyAcknowledged, answers.acknowledge_copy),
    "request_correction": Door(bodies.AskCorrection, answers.request_correction),
    "request_supplement": Door(bodies.AskSupplement, answers.request_supplement),
    "extend_filing_clue_check": Door(bodies.ExtendClueCheck, answers.extend_clue_check),
    "extend_filing_complex": Door(bodies.ExtendComplex, answers.extend_complex),
    "file": Door(bodies.Filed, answers.file),
    "note_reconsideration_filed": Door(bodies.Filed, answers.file),
    "record_supervised_filing": Door(bodies.Filed, answers.file),
    "decline_filing": Door(bodies.DecidedAgainst, answers.decline_filing),
    "note_reconsideration_upheld": Door(bodies.DecidedAgainst, answers.decline_filing),
    "notify_filing_decision": Door(bodies.Notify, answers.notify_decision),
    "notify_non_filing_decision": Door(bodies.Notify, answers.notify_decision),
    "notify_filing_late": Door(bodies.Notify, answers.notify_decision),
    "forward": Door(bodies.Forward, answers.forward),
    "return_case": Door(bodies.ReturnCase, answers.return_case),
    "record_withdrawal": Door(bodies.Withdraw, answers.record_withdrawal),
    "record_prosecution": Door(bodies.CriminalResult, answers.record_criminal_result, is_named=True),
    "return_for_investigation": Door(bodies.ReturnForInvestigation, answers.return_for_investigation),
    "finish_investigation": Door(bodies.Supply, answers.finish_investigation),
    "record_non_prosecution": Door(bodies.CriminalResult, answers.record_criminal_result, is_named=True),
    "record_criminal_result": Door(bodies.CriminalResult, answers.record_criminal_result, is_named=True),
}
"""Step of the police referral -> its door."""


def take_any(
    session: Session,
    model: type[Between],
    subject_id: UUID,
    step_id: str,
    body: Take,
    *,
    by: Principal,
    now: datetime,
) -> Between:
    """Take a step of any procedure of this room, by its id in the catalogue."""
    subject = visible(session, model, subject_id, by=by)
    procedure = room_of(session).catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    if procedure.parties:
        return proceedings.take(session, model, subject_id, step_id, body, by=by, now=now)
    step = known_step(procedure, step_id)
    door = STEPS.get(step.id)
    if door is None:
        words = Text(f"“{step.name_zh}”由系统自动办理", f"'{step.name_en}' is taken by the desk itself")
        raise StepRefused(words, step=step_id)
    require_actor(session, subject, step_id, by=by)
    _require_no_other(procedure, step, subject)
    named = {"step": step.id} if door.is_named else {}
    return door.command(session, subject_id, read(door, body.stated), by=by, now=now, **named)


def _require_no_other(procedure: Procedure, step: Step, subject: Between) -> None:
    """Refuse a step that its command would take as another one, because of the state. Raises StepRefused."""
    command = STEPS[step.id].command
    others = (procedure.steps[name] for name, door in STEPS.items() if door.command is command)
    if subject.state not in step.from_states and any(subject.state in other.from_states for other in others):
        verdict = may(procedure, step.id, subject.state, Situation(frozenset(), "", frozenset()))
        reasons = [reason for reason in verdict.reasons if reason.kind == "state"]
        words = Text(reasons[0].zh, reasons[0].en)
        raise StepRefused(words, subject=subject.ref, step=step.id, state=subject.state, reasons=reasons)


def read(door: Door, data: Any) -> Body:
    """Return the body a door takes. Raises BodyInvalid naming each field that does not fit."""
    try:
        return door.body.model_validate(data)
    except ValidationError as broken:
        errors = [
            {
                "field": ".".join(str(part) for part in item["loc"]),
                "code": item["type"],
                "message": item["msg"],
            }
            for item in broken.errors()
        ]
        raise BodyInvalid(errors=errors) from broken
