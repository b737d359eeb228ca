"""Referrals over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.referral_service.referrals import answers, bodies, commands
from services.referral_service.referrals.models import Referral, ReferralView
from shared.web.deps import CallDep
from shared.web.evidence_routes import evidence_routes
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])
read_routes(router, Referral, ReferralView)
evidence_routes(router, Referral)


@router.post("/{referral_id}/submit-report", response_model=ReferralView)
def submit_report(referral_id: UUID, body: bodies.SubmitReport, call: CallDep) -> Response:
    """Submit the written report to the head (衔接办法第五条)."""
    return call(commands.submit_report, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/approve", response_model=ReferralView)
def approve(referral_id: UUID, body: bodies.Approve, call: CallDep) -> Response:
    """Approve the referral; 24 hours to hand over begin."""
    return call(commands.approve, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/refuse", response_model=ReferralView)
def refuse(referral_id: UUID, body: bodies.Refuse, call: CallDep) -> Response:
    """Do not approve the referral, with the reasons."""
    return call(commands.refuse, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/send", response_model=ReferralView)
def send(referral_id: UUID, body: bodies.Send, call: CallDep) -> Response:
    """Hand the dossier to the police and copy the letter to the procuratorate."""
    return call(commands.send, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/correct", response_model=ReferralView)
def correct(referral_id: UUID, body: bodies.Supply, call: CallDep) -> Response:
    """Supply the missing materials, or explain in writing."""
    return call(commands.correct, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/supply", response_model=ReferralView)
def supply(referral_id: UUID, body: bodies.Supply, call: CallDep) -> Response:
    """Give the results of the supplementary investigation, or further material unasked."""
    return call(commands.supply, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/hand-over-items", response_model=ReferralView)
def hand_over_items(referral_id: UUID, body: bodies.HandOver, call: CallDep) -> Response:
    """Hand over the items of the case after filing."""
    return call(commands.hand_over_items, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/request-reconsideration", response_model=ReferralView)
def request_reconsideration(referral_id: UUID, body: bodies.Grounds, call: CallDep) -> Response:
    """Ask the police to think again."""
    return call(commands.request_reconsideration, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/suggest-supervision", response_model=ReferralView)
def suggest_supervision(referral_id: UUID, body: bodies.Grounds, call: CallDep) -> Response:
    """Suggest filing supervision to the procuratorate."""
    return call(commands.suggest_supervision, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/record-platform-entry", response_model=ReferralView)
def record_platform_entry(referral_id: UUID, body: bodies.PlatformEntry, call: CallDep) -> Response:
    """Note the entry in the information-sharing platform."""
    return call(commands.record_platform_entry, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/close-not-filed", response_model=ReferralView)
def close_not_filed(referral_id: UUID, body: bodies.CloseNotFiled, call: CallDep) -> Response:
    """Close a referral that was not filed and is not contested."""
    return call(commands.close_not_filed, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/receipt", response_model=ReferralView)
def record_receipt(referral_id: UUID, body: bodies.Receipt, call: CallDep) -> Response:
    """Issue the receipt, bound to the manifest (police)."""
    return call(answers.record_receipt, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/acknowledge-copy", response_model=ReferralView)
def acknowledge_copy(referral_id: UUID, body: bodies.CopyAcknowledged, call: CallDep) -> Response:
    """Acknowledge the copy of the letter (procuratorate)."""
    return call(answers.acknowledge_copy, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/request-correction", response_model=ReferralView)
def request_correction(referral_id: UUID, body: bodies.AskCorrection, call: CallDep) -> Response:
    """Ask for missing materials (police)."""
    return call(answers.request_correction, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/request-supplement", response_model=ReferralView)
def request_supplement(referral_id: UUID, body: bodies.AskSupplement, call: CallDep) -> Response:
    """Ask for supplementary investigation (police)."""
    return call(answers.request_supplement, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/extend-clue-check", response_model=ReferralView)
def extend_clue_check(referral_id: UUID, body: bodies.ExtendClueCheck, call: CallDep) -> Response:
    """Take seven days because the clue must be checked (police)."""
    return call(answers.extend_clue_check, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/extend-complex", response_model=ReferralView)
def extend_complex(referral_id: UUID, body: bodies.ExtendComplex, call: CallDep) -> Response:
    """Take thirty days in a complex case (police)."""
    return call(answers.extend_complex, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/file", response_model=ReferralView)
def file(referral_id: UUID, body: bodies.Filed, call: CallDep) -> Response:
    """File the criminal case (police)."""
    return call(answers.file, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/decline-filing", response_model=ReferralView)
def decline_filing(referral_id: UUID, body: bodies.DecidedAgainst, call: CallDep) -> Response:
    """Do not file, with the reasons (police)."""
    return call(answers.decline_filing, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/notify", response_model=ReferralView)
def notify_decision(referral_id: UUID, body: bodies.Notify, call: CallDep) -> Response:
    """Notify the decision in writing (police)."""
    return call(answers.notify_decision, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/forward", response_model=ReferralView)
def forward(referral_id: UUID, body: bodies.Forward, call: CallDep) -> Response:
    """Send on to the competent police organ (police)."""
    return call(answers.forward, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/return", response_model=ReferralView)
def return_case(referral_id: UUID, body: bodies.ReturnCase, call: CallDep) -> Response:
    """Return what is not for the police (police)."""
    return call(answers.return_case, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/withdraw", response_model=ReferralView)
def record_withdrawal(referral_id: UUID, body: bodies.Withdraw, call: CallDep) -> Response:
    """Withdraw a filed case, with reasons (police)."""
    return call(answers.record_withdrawal, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/return-for-investigation", response_model=ReferralView)
def return_for_investigation(referral_id: UUID, body: bodies.ReturnForInvestigation, call: CallDep) -> Response:
    """Return the case for a supplementary investigation of one month (procuratorate)."""
    return call(answers.return_for_investigation, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/finish-investigation", response_model=ReferralView)
def finish_investigation(referral_id: UUID, body: bodies.Supply, call: CallDep) -> Response:
    """Finish the supplementary investigation (police)."""
    return call(answers.finish_investigation, referral_id, body=body, view=ReferralView)


@router.post("/{referral_id}/criminal-result", response_model=ReferralView)
def record_criminal_result(referral_id: UUID, body: bodies.CriminalResult, call: CallDep) -> Response:
    """Record how the criminal procedure ended (police or procuratorate)."""
    return call(answers.record_criminal_result, referral_id, body=body, view=ReferralView)
