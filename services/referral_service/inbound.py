"""Messages from partners: type -> command, one dict. The gateway verified the signature first."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import orjson
from sqlmodel import Session

from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals import answers, bodies, models
from services.referral_service.referrals.doors import Door, read, take_any
from shared.errors import BodyInvalid, Text
from shared.events import Event
from shared.identity import Principal
from shared.matters.bodies import Name, Take
from shared.matters.models import Between, BetweenView
from shared.records import inbox
from shared.records.room import Room

INBOUND: dict[str, Door] = {
    "partner.receipt": Door(bodies.Receipt, answers.record_receipt),
    "partner.copy_acknowledged": Door(bodies.CopyAcknowledged, answers.acknowledge_copy),
    "partner.correction_requested": Door(bodies.AskCorrection, answers.request_correction),
    "partner.supplement_requested": Door(bodies.AskSupplement, answers.request_supplement),
    "partner.clue_check_extended": Door(bodies.ExtendClueCheck, answers.extend_clue_check),
    "partner.complex_extended": Door(bodies.ExtendComplex, answers.extend_complex),
    "partner.filed": Door(bodies.Filed, answers.file),
    "partner.not_filed": Door(bodies.DecidedAgainst, answers.decline_filing),
    "partner.decision_notified": Door(bodies.Notify, answers.notify_decision),
    "partner.forwarded": Door(bodies.Forward, answers.forward),
    "partner.returned": Door(bodies.ReturnCase, answers.return_case),
    "partner.withdrawn": Door(bodies.Withdraw, answers.record_withdrawal),
    "partner.investigation_returned": Door(bodies.ReturnForInvestigation, answers.return_for_investigation),
    "partner.investigation_finished": Door(bodies.Supply, answers.finish_investigation),
    "partner.criminal_result": Door(bodies.CriminalResult, answers.record_criminal_result),
}


class StepMessage(Take):
    """A step of any procedure, taken by message: its id, what it states, which conditions hold."""

    step: Name


STEP = "partner.step"
"""The message that takes a step of any procedure; its subject may be a referral, a supervision or a consultation."""
MODELS: dict[str, type[Between]] = {one.kind: one for one in (models.Referral, Supervision, Consultation)}
VIEWS: dict[str, type[BetweenView]] = {
    "referral": models.ReferralView,
    "supervision": BetweenView,
    "consultation": BetweenView,
}


def take(room: Room, event: Event, body: bytes, by: Principal) -> inbox.Outcome:
    """Run a partner's message as that partner; its id and its effect commit together."""
    kind, subject_id = _subject(event.subject)
    command = _command(event, kind)
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            taken = command(session, subject_id, by, room.clock())
            view = VIEWS[kind].model_validate(taken).model_dump(mode="json")
            return inbox.Outcome(200, orjson.dumps(view).decode())

        sender = f"partner:{by.agency}"
        digest = inbox.digest_of(body)
        return inbox.once(session, effect, sender=sender, message_id=event.id, digest=digest, now=room.clock())


Command = Callable[[Session, UUID, Principal, datetime], Between]


def _command(event: Event, kind: str) -> Command:
    """Return what a message does. Raises BodyInvalid for a type or a body that is not taken."""
    door = INBOUND.get(event.type)
    if event.type == STEP:
        given = read(Door(StepMessage, take_any), event.data)
        assert isinstance(given, StepMessage)
        model = MODELS[kind]
        body = Take(stated=given.stated, conditions=given.conditions)
        return lambda session, subject_id, by, now: take_any(
            session, model, subject_id, given.step, body, by=by, now=now
        )
    if door is None or kind != "referral":
        words = Text(f"{kind} 不接收 {event.type} 类型的消息", f"A {kind} takes no messages of type {event.type}")
        raise BodyInvalid(words, known=sorted([STEP, *INBOUND]))
    said, command = read(door, event.data), door.command
    return lambda session, subject_id, by, now: command(session, subject_id, said, by=by, now=now)


def _subject(ref: str) -> tuple[str, UUID]:
    kind, _, subject_id = ref.partition(":")
    words = Text(
        "subject 应为 referral:<编号>、supervision:<编号> 或 consultation:<编号>",
        "subject must be referral:<id>, supervision:<id> or consultation:<id>",
    )
    if kind not in VIEWS:
        raise BodyInvalid(words)
    try:
        return kind, UUID(subject_id)
    except ValueError as broken:
        raise BodyInvalid(words) from broken
