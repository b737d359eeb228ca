"""Messages from partners: type -> command, one dict. The gateway verified the signature first."""

from uuid import UUID

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.referral_service.referrals import answers, bodies, models
from services.referral_service.referrals.doors import Door, read
from shared.errors import BodyInvalid, Stale, Text
from shared.events import Event
from shared.identity import Principal
from shared.records import inbox
from shared.records.room import Room
from shared.web.deps import TRIES, principal

router = APIRouter(include_in_schema=False)


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


@router.post("/internal/inbound")
async def inbound(request: Request) -> Response:
    """Take a partner's message once."""
    body = await request.body()
    return await run_sync(_take, request, body)


def _take(request: Request, body: bytes) -> Response:
    room: Room = request.app.state.room
    by = principal(request, room)
    event = _event(body)
    for attempt in range(TRIES):
        try:
            outcome = take(room, event, body, by=by)
            break
        except Stale:
            if attempt == TRIES - 1:
                raise
    headers = {"Message-Repeated": "true"} if outcome.repeated else {}
    return Response(outcome.result, status_code=outcome.status, media_type="application/json", headers=headers)


def _event(body: bytes) -> Event:
    try:
        return Event.model_validate_json(body)
    except ValidationError as broken:
        raise BodyInvalid(Text("消息不是 CloudEvents 1.0 格式", "The message is not a CloudEvent")) from broken


def take(room: Room, event: Event, body: bytes, *, by: Principal) -> inbox.Outcome:
    """Run a partner's message as that partner; its id and its effect commit together."""
    door = INBOUND.get(event.type)
    if door is None:
        words = Text(f"不接收 {event.type} 类型的消息", f"Messages of type {event.type} are not taken")
        raise BodyInvalid(words, known=sorted(INBOUND))
    given, referral_id = read(door, event.data), _referral_id(event.subject)
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            referral = door.command(session, referral_id, given, by=by, now=room.clock())
            view = models.ReferralView.model_validate(referral).model_dump(mode="json")
            return inbox.Outcome(200, orjson.dumps(view).decode())

        sender = f"partner:{by.agency}"
        digest = inbox.digest_of(body)
        return inbox.once(session, effect, sender=sender, message_id=event.id, digest=digest, now=room.clock())


def _referral_id(subject: str) -> UUID:
    kind, _, subject_id = subject.partition(":")
    refused = BodyInvalid(Text("subject 应为 referral:<编号>", "subject must be referral:<id>"))
    if kind != "referral":
        raise refused
    try:
        return UUID(subject_id)
    except ValueError as broken:
        raise refused from broken
