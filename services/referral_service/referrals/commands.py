"""What the referring bureau does with a referral: one verb each. The police's verbs stand in `answers.py`."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings import supervised
from services.referral_service.receipts import commands as receipts
from services.referral_service.referrals import bodies, queries
from services.referral_service.referrals.models import Referral
from shared.errors import BodyInvalid, Text
from shared.events import ManifestData
from shared.identity import Principal
from shared.records import evidence, parties
from shared.records.evidence import Manifest
from shared.records.perform import admit, perform, require_actor
from shared.records.room import room_of
from shared.records.views import Body

UNDECIDED = ("accepted", "correction_requested", "supplementary_investigation_by_agency")


def submit_report(
    session: Session, referral_id: UUID, body: bodies.SubmitReport, *, by: Principal, now: datetime
) -> Referral:
    """Submit the written report to the head: three days to decide begin (衔接办法第五条)."""
    return _step(session, referral_id, "submit_report", body, by=by, now=now)


def approve(session: Session, referral_id: UUID, body: bodies.Approve, *, by: Principal, now: datetime) -> Referral:
    """Approve: 24 hours to hand over begin (衔接办法第六条)."""
    return _step(session, referral_id, "approve", body, by=by, now=now)


def refuse(session: Session, referral_id: UUID, body: bodies.Refuse, *, by: Principal, now: datetime) -> Referral:
    """Do not approve, with the reasons."""
    return _step(session, referral_id, "refuse", body, by=by, now=now)


def send(session: Session, referral_id: UUID, body: bodies.Send, *, by: Principal, now: datetime) -> Referral:
    """Hand the dossier to the police and copy the letter to the procuratorate: both may see it from now on."""
    referral = queries.referral(session, referral_id, seen_by=by)
    require_actor(session, referral, "send", by=by)
    manifest = _hand_over(session, referral, now=now)
    above = parties.superiors(room_of(session), [referral.receiver, referral.copied])
    admit(session, referral, {"receiver": [referral.receiver], "copied": [referral.copied], "observer": above})
    written = bodies.Sent(
        letter_number=body.letter_number,
        handed_over_at=now,
        sent_manifest=manifest.digest,
        manifest=ManifestData(digest=manifest.digest, body=manifest.body),
    )
    performed = perform(session, referral, "send", written, by=by, now=now)
    receipts.follow(session, performed, {"manifest": written.manifest}, by=by, now=now)
    return performed


def correct(session: Session, referral_id: UUID, body: bodies.Supply, *, by: Principal, now: datetime) -> Referral:
    """Supply the materials that were missing, or explain in writing (衔接办法第八条)."""
    return _supplied(session, referral_id, "correct", body, by=by, now=now)


def supply(session: Session, referral_id: UUID, body: bodies.Supply, *, by: Principal, now: datetime) -> Referral:
    """Give the results of the supplementary investigation, or further material unasked (衔接办法第八条)."""
    referral = queries.referral(session, referral_id, seen_by=by)
    step = "supply" if referral.state == "supplementary_investigation_by_agency" else "supply_further"
    return _supplied(session, referral_id, step, body, by=by, now=now)


def hand_over_items(
    session: Session, referral_id: UUID, body: bodies.HandOver, *, by: Principal, now: datetime
) -> Referral:
    """Hand over the items of the case after filing (衔接办法第十条)."""
    referral = queries.referral(session, referral_id, seen_by=by)
    require_actor(session, referral, "hand_over_items", by=by)
    _hand_over(session, referral, now=now)
    return perform(session, referral, "hand_over_items", body, by=by, now=now)


def request_reconsideration(
    session: Session, referral_id: UUID, body: bodies.Grounds, *, by: Principal, now: datetime
) -> Referral:
    """Ask the police to think again about not filing; they see the application (衔接办法第十一条)."""
    referral = queries.referral(session, referral_id, seen_by=by)
    performed = perform(session, referral, "request_reconsideration", body, by=by, now=now)
    _hand_over(session, performed, now=now)
    return performed


def suggest_supervision(
    session: Session, referral_id: UUID, body: bodies.Grounds, *, by: Principal, now: datetime
) -> Referral:
    """Suggest to the procuratorate that it supervise the filing; it sees the letter (衔接办法第十二、十三条)."""
    referral = queries.referral(session, referral_id, seen_by=by)
    is_undecided = referral.state in UNDECIDED
    conditions = referral.conditions | {"police_decision_overdue": is_undecided}
    written = bodies.Supervise(grounds=body.grounds, conditions=conditions)
    step = "suggest_supervision_overdue" if is_undecided else "suggest_supervision"
    performed = perform(session, referral, step, written, by=by, now=now)
    _hand_over(session, performed, now=now)
    supervised.open_from_referral(session, performed, body.grounds, now=now)
    return performed


def record_platform_entry(
    session: Session, referral_id: UUID, body: bodies.PlatformEntry, *, by: Principal, now: datetime
) -> Referral:
    """Note the entry in the information-sharing platform (衔接办法第三十四条)."""
    return _step(session, referral_id, "record_platform_entry", body, by=by, now=now)


def close_not_filed(
    session: Session, referral_id: UUID, body: bodies.CloseNotFiled, *, by: Principal, now: datetime
) -> Referral:
    """Close a referral that was not filed and is not contested."""
    return _step(session, referral_id, "close_not_filed", body, by=by, now=now)


def _step(session: Session, referral_id: UUID, step: str, body: Body, *, by: Principal, now: datetime) -> Referral:
    return perform(session, queries.referral(session, referral_id, seen_by=by), step, body, by=by, now=now)


def _supplied(
    session: Session, referral_id: UUID, step: str, body: bodies.Supply, *, by: Principal, now: datetime
) -> Referral:
    referral = queries.referral(session, referral_id, seen_by=by)
    require_actor(session, referral, step, by=by)
    manifest = _hand_over(session, referral, now=now)
    written = bodies.Supplied(note=body.note, manifest=ManifestData(digest=manifest.digest, body=manifest.body))
    performed = perform(session, referral, step, written, by=by, now=now)
    receipts.follow(session, performed, {"manifest": written.manifest}, by=by, now=now)
    return performed


def _hand_over(session: Session, referral: Referral, *, now: datetime) -> Manifest:
    """Freeze what is held and let the parties see it. Raises BodyInvalid when there is nothing."""
    manifest = evidence.freeze(session, referral, now=now)
    if not evidence.share(session, referral, now=now):
        raise BodyInvalid(Text("没有可移交的材料", "There is nothing to hand over"))
    return manifest
