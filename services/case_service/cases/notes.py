"""What other rooms tell a case: it is opened from a clue, and follows what becomes of its referral."""

from uuid import UUID

from pydantic import AwareDatetime
from sqlmodel import Session

from services.case_service.cases import commands
from services.case_service.cases.models import Case
from services.case_service.cases.stepping import taken
from shared.events import (
    ClueAccepted,
    CriminalResult,
    Event,
    ReferralDrafted,
    ReferralOutcome,
    ReferralReceived,
    ReferralRefused,
    ReferralSent,
    SupplementRequested,
)
from shared.records import evidence
from shared.records.db import visible
from shared.records.journal import Fact, record
from shared.records.room import room_of
from shared.records.views import Body


class Drafted(Body):
    """The referral room drafted the referral."""

    referral_ref: str


class Refused(Body):
    """The head did not approve the referral."""

    reason: str


class Sent(Body):
    """The dossier went out."""

    handed_over_at: AwareDatetime
    referral_ref: str


class ReceiptNoted(Body):
    """The police have it."""

    accepted_at: AwareDatetime
    receipt_number: str


class SupplementWanted(Body):
    """The police ask for more."""

    requested: str


class OutcomeNoted(Body):
    """What the police decided."""

    outcome: str
    outcome_at: AwareDatetime


class OpenedFromClue(Body):
    """What the clue room handed over."""

    clue_ref: str
    title: str


def open_from_clue(session: Session, event: Event) -> Case:
    """Open a case from an accepted clue; its filing clock runs from the clue's discovery."""
    room = room_of(session)
    clue = ClueAccepted.model_validate(event.data)
    values = clue.model_dump(exclude={"manifest"}) | {"clue_ref": event.subject, "journey_id": event.journeyid}
    body = OpenedFromClue(clue_ref=event.subject, title=clue.title)
    case = commands.opened(session, values, "open_from_clue", body, by=room.itself, now=room.clock())
    evidence.adopt(session, case, clue.manifest.model_dump(), by=room.itself, now=room.clock())
    return case


def note_drafted(session: Session, event: Event) -> Case:
    """Note that the referral room drafted the referral."""
    told = ReferralDrafted.model_validate(event.data)
    return _note(session, event, told.case_ref, "note_drafted", Drafted(referral_ref=event.subject), is_new=True)


def note_refusal(session: Session, event: Event) -> Case:
    """Note that the head did not approve the referral: the case goes on."""
    told = ReferralRefused.model_validate(event.data)
    return _note(session, event, told.case_ref, "note_referral_refused", Refused(reason=told.reasons))


def note_sent(session: Session, event: Event) -> Case:
    """Note the hand-over: the penalty clock pauses from that day on (衔接办法第十六条)."""
    told = ReferralSent.model_validate(event.data)
    body = Sent(handed_over_at=told.handed_over_at, referral_ref=event.subject)
    return _note(session, event, told.case_ref, "note_sent", body)


def note_receipt(session: Session, event: Event) -> Case:
    """Note the police receipt."""
    told = ReferralReceived.model_validate(event.data)
    body = ReceiptNoted(accepted_at=told.accepted_at, receipt_number=told.receipt_number)
    return _note(session, event, told.case_ref, "note_receipt", body)


def note_supplement_requested(session: Session, event: Event) -> Case:
    """Note that the police ask for more."""
    told = SupplementRequested.model_validate(event.data)
    body = SupplementWanted(requested=told.requested)
    return _note(session, event, told.case_ref, "note_supplement_requested", body)


def note_outcome(session: Session, event: Event) -> Case:
    """Note what the police decided; without a filing the penalty clock runs on (衔接办法第十六条)."""
    told = ReferralOutcome.model_validate(event.data)
    state = _load(session, told.case_ref).state
    filed = "note_outcome_filed" if state == "referred" else "note_outcome_refiled"
    step = filed if told.outcome == "filed" else "note_outcome_returned"
    return _note(session, event, told.case_ref, step, OutcomeNoted(outcome=told.outcome, outcome_at=told.decided_at))


def note_criminal_result(session: Session, event: Event) -> Case:
    """Note the prosecution, or how the criminal procedure ended; what follows the bureau decides."""
    told = CriminalResult.model_validate(event.data)
    body = OutcomeNoted(outcome=told.result, outcome_at=told.decided_at)
    return _note(session, event, told.case_ref, "note_criminal_result", body)


def _load(session: Session, case_ref: str) -> Case:
    return visible(session, Case, UUID(case_ref.partition(":")[2]), by=room_of(session).itself)


def _note(session: Session, event: Event, case_ref: str, step: str, body: Body, *, is_new: bool = False) -> Case:
    """Take the step where the case waits for this news of its present referral; else write the news down.

    The bureau may have decided, closed or referred anew before the police came back to an older referral: that is no
    fault, so the line of deliveries must not stop at it.
    """
    room, case = room_of(session), _load(session, case_ref)
    procedure = room.catalogue.procedure_version(case.procedure_id, case.procedure_version)
    is_present = is_new or case.referral_ref in (None, event.subject)
    if is_present and case.state in procedure.steps[step].from_states:
        return _perform(session, case, step, body)
    news = {"event": event.type, "referral_ref": event.subject, **body.model_dump(mode="json")}
    record(session, case, Fact("case.referral_news", news), by=room.itself, now=room.clock())
    return case


def _perform(session: Session, case: Case, step: str, body: Body) -> Case:
    room = room_of(session)
    return taken(session, case, step, body, by=room.itself, now=room.clock())
