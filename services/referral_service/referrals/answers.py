"""What the police and the procuratorate answer: receipt, requests, decisions. The same verbs by API and by message."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.referral_service.receipts import commands as receipts
from services.referral_service.referrals import bodies, queries
from services.referral_service.referrals.models import Referral
from shared.errors import AlreadyDecided, BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.records.perform import admit, dismiss, perform, require_actor
from shared.records.room import room_of
from shared.records.views import Body

DECIDED = ("filed", "not_filed", "returned_not_police", "items_handed_over", "withdrawn_by_police", "concluded")

SUPERVISED = ("not_filed", "reconsideration_upheld", "withdrawn_by_police")
"""Where the procuratorate's notice to file takes the place of the decision against filing."""


def record_receipt(
    session: Session, referral_id: UUID, body: bodies.Receipt, *, by: Principal, now: datetime
) -> Referral:
    """Record the police's receipt: three days to decide begin (衔接办法第七、九条)."""
    referral = _for(session, referral_id, "record_receipt", by)
    receipts.check_bound(session, referral, body.manifest_digest, lambda: None, by=by, now=now)
    _between(referral.handed_over_at, body.accepted_at, "accepted_at", now)
    if body.signed_receipt is not None:
        receipts.take(session, referral, body.signed_receipt, by=by, now=now)
    written = bodies.Received(**body.model_dump(exclude={"signed_receipt"}))
    performed = perform(session, referral, "record_receipt", written, by=by, now=now)
    receipts.follow(session, performed, written.model_dump(), by=by, now=now)
    return performed


def acknowledge_copy(
    session: Session, referral_id: UUID, body: bodies.CopyAcknowledged, *, by: Principal, now: datetime
) -> Referral:
    """Record that the procuratorate has the copy of the letter (衔接办法第六条)."""
    referral = _for(session, referral_id, "acknowledge_copy", by)
    if referral.acknowledged_at is not None:
        words = Text("抄送已经签收", "The copy was acknowledged before")
        raise StepRefused(words, acknowledged_at=referral.acknowledged_at.isoformat())
    _between(referral.handed_over_at, body.acknowledged_at, "acknowledged_at", now)
    return perform(session, referral, "acknowledge_copy", body, by=by, now=now)


def request_correction(
    session: Session, referral_id: UUID, body: bodies.AskCorrection, *, by: Principal, now: datetime
) -> Referral:
    """Ask for missing materials, within 24 hours of the receipt (衔接办法第八条)."""
    written = bodies.CorrectionAsked(missing_materials=body.missing_materials, requested=body.missing_materials)
    return _step(session, referral_id, "request_correction", written, by=by, now=now)


def request_supplement(
    session: Session, referral_id: UUID, body: bodies.AskSupplement, *, by: Principal, now: datetime
) -> Referral:
    """Ask for supplementary investigation (衔接办法第八条)."""
    written = bodies.SupplementAsked(outline=body.outline, requested=body.outline)
    return _step(session, referral_id, "request_supplement", written, by=by, now=now)


def extend_clue_check(
    session: Session, referral_id: UUID, body: bodies.ExtendClueCheck, *, by: Principal, now: datetime
) -> Referral:
    """Take seven days because the clue must be checked (衔接办法第九条)."""
    return _step(session, referral_id, "extend_filing_clue_check", body, by=by, now=now)


def extend_complex(
    session: Session, referral_id: UUID, body: bodies.ExtendComplex, *, by: Principal, now: datetime
) -> Referral:
    """Take thirty days in a major, difficult or complex case, with the head's approval (衔接办法第九条)."""
    return _step(session, referral_id, "extend_filing_complex", body, by=by, now=now)


def file(session: Session, referral_id: UUID, body: bodies.Filed, *, by: Principal, now: datetime) -> Referral:
    """File the criminal case (立案); after reconsideration, or on the procuratorate's notice, too."""
    referral = _for(session, referral_id, "file", by)
    if body.supervision_notice is None or referral.state not in SUPERVISED:
        _undecided(session, referral_id, by)
    steps = dict.fromkeys(SUPERVISED, "record_supervised_filing")
    steps["reconsideration_requested"] = "note_reconsideration_filed"
    return _decide(session, referral, steps.get(referral.state, "file"), body, "filed", by=by, now=now)


def decline_filing(
    session: Session, referral_id: UUID, body: bodies.DecidedAgainst, *, by: Principal, now: datetime
) -> Referral:
    """Do not file, with the reasons (不予立案); or uphold that after reconsideration."""
    referral = _undecided(session, referral_id, by)
    asked_again = referral.state == "reconsideration_requested"
    step = "note_reconsideration_upheld" if asked_again else "decline_filing"
    return _decide(session, referral, step, body, "not_filed", by=by, now=now)


def notify_decision(
    session: Session, referral_id: UUID, body: bodies.Notify, *, by: Principal, now: datetime
) -> Referral:
    """Notify the decision in writing (衔接办法第九条): the bureau's own clocks begin."""
    referral = _for(session, referral_id, "notify_filing_decision", by)
    _between(referral.decided_at, body.notified_at, "notified_at", now)
    steps = {"filed": "notify_filing_decision", "items_handed_over": "notify_filing_late"}
    step = steps.get(referral.state, "notify_non_filing_decision")
    return perform(session, referral, step, body, by=by, now=now)


def return_case(
    session: Session, referral_id: UUID, body: bodies.ReturnCase, *, by: Principal, now: datetime
) -> Referral:
    """Return what is not for the police (衔接办法第九条)."""
    referral = _undecided(session, referral_id, by)
    _between(referral.accepted_at, body.confirmed_at, "confirmed_at", now)
    written = bodies.Returned(**body.model_dump(), decided_at=now)
    performed = perform(session, referral, "return_case", written, by=by, now=now)
    receipts.refuse_case(session, performed, body.reasons, by=by, now=now)
    return performed


def forward(session: Session, referral_id: UUID, body: bodies.Forward, *, by: Principal, now: datetime) -> Referral:
    """Send on to the police organ that has jurisdiction; it sees the referral from now on (衔接办法第九条)."""
    referral = _undecided(session, referral_id, by)
    known = room_of(session).catalogue.agencies.get(body.forwarded_to)
    if known is None or known.kind != "public_security_organ" or known.id == referral.receiver:
        words = Text("受移送机关应为另一公安机关", "It is forwarded to another police organ")
        raise BodyInvalid(words, errors=[{"field": "forwarded_to", "code": "not_another_police", "message": words}])
    _between(referral.accepted_at, body.confirmed_at, "confirmed_at", now)
    before = referral.receiver
    admit(session, referral, {"partner": [body.forwarded_to]})
    written = bodies.Forwarded(**body.model_dump(), receiver=body.forwarded_to)
    performed = perform(session, referral, "forward", written, by=by, now=now)
    dismiss(session, referral, relation="receiver", agency=before, now_as="observer")
    dismiss(session, referral, relation="partner", agency=body.forwarded_to, now_as="receiver")
    return performed


def record_withdrawal(
    session: Session, referral_id: UUID, body: bodies.Withdraw, *, by: Principal, now: datetime
) -> Referral:
    """Withdraw a filed case, with reasons (衔接办法第九条)."""
    referral = _for(session, referral_id, "record_withdrawal", by)
    _between(referral.decided_at, body.decided_at, "decided_at", now)
    conditions = referral.conditions | {"police_refused_or_withdrew": True}
    written = bodies.Withdrawn(**body.model_dump(), conditions=conditions)
    return perform(session, referral, "record_withdrawal", written, by=by, now=now)


def record_criminal_result(
    session: Session, referral_id: UUID, body: bodies.CriminalResult, *, by: Principal, now: datetime, step: str = ""
) -> Referral:
    """Record that it was prosecuted, or how the criminal procedure ended (衔接办法第十八条); `step` may be named."""
    steps = {"prosecuted": "record_prosecution"}
    if body.result == "not_prosecuted" and by.kind == "people_procuratorate":
        steps["not_prosecuted"] = "record_non_prosecution"
    step = step or steps.get(body.result, "record_criminal_result")
    referral = _for(session, referral_id, step, by)
    _between(referral.decided_at, body.decided_at, "decided_at", now)
    return perform(session, referral, step, body, by=by, now=now)


def return_for_investigation(
    session: Session, referral_id: UUID, body: bodies.ReturnForInvestigation, *, by: Principal, now: datetime
) -> Referral:
    """Return the case to the police for a supplementary investigation of one month (衔接办法第十九条)."""
    referral = _for(session, referral_id, "return_for_investigation", by)
    _between(referral.decided_at, body.returned_at, "returned_at", now)
    return perform(session, referral, "return_for_investigation", body, by=by, now=now)


def finish_investigation(
    session: Session, referral_id: UUID, body: bodies.Supply, *, by: Principal, now: datetime
) -> Referral:
    """Finish the supplementary investigation (衔接办法第十九条)."""
    return _step(session, referral_id, "finish_investigation", body, by=by, now=now)


def _step(session: Session, referral_id: UUID, step: str, body: Body, *, by: Principal, now: datetime) -> Referral:
    return perform(session, queries.referral(session, referral_id, seen_by=by), step, body, by=by, now=now)


def _for(session: Session, referral_id: UUID, step: str, by: Principal) -> Referral:
    """Return a referral to somebody who may take the step at all. Raises NotVisible or NotYourStep."""
    referral = queries.referral(session, referral_id, seen_by=by)
    require_actor(session, referral, step, by=by)
    return referral


def _decide(
    session: Session, referral: Referral, step: str, body: bodies.Decided, outcome: str, *, by: Principal, now: datetime
) -> Referral:
    """Take a deciding step, and notify it in the same transaction where the body says when."""
    _between(referral.decided_at or referral.accepted_at, body.decided_at, "decided_at", now)
    conditions = referral.conditions | {
        "police_refused_or_withdrew": outcome == "not_filed",
        "reconsideration_upheld": step == "note_reconsideration_upheld",
    }
    written = bodies.DecisionWritten.model_validate(body.model_dump() | {"outcome": outcome, "conditions": conditions})
    perform(session, referral, step, written, by=by, now=now)
    if body.notified_at is not None and referral.state in ("filed", "not_filed"):
        notify_decision(session, referral.id, bodies.Notify(notified_at=body.notified_at), by=by, now=now)
    return referral


def _undecided(session: Session, referral_id: UUID, by: Principal) -> Referral:
    """Return a referral nobody decided yet. Raises AlreadyDecided: a second decision never replaces the first."""
    referral = _for(session, referral_id, "file", by)
    if referral.state in DECIDED:
        words = Text(
            f"该移送已于 {referral.decided_at:%Y-%m-%d} 作出决定（{referral.decision_number}）",
            f"The referral was decided on {referral.decided_at:%Y-%m-%d} ({referral.decision_number})",
        )
        raise AlreadyDecided(words, outcome=referral.outcome, decision_number=referral.decision_number)
    return referral


def _between(earliest: datetime | None, instant: datetime, name: str, now: datetime) -> None:
    """Refuse an instant before what it answers, or in the future. Raises BodyInvalid."""
    if instant > now:
        words = Text(f"{name} 晚于当前时间", f"{name} lies in the future")
        raise BodyInvalid(words, errors=[{"field": name, "code": "in_the_future", "message": words}])
    if earliest is not None and instant < earliest:
        words = Text(f"{name} 早于其所答复的事项", f"{name} lies before what it answers")
        raise BodyInvalid(words, errors=[{"field": name, "code": "too_early", "message": words}])
