"""Referrals on their way, and the questions every step is asked."""

from typing import Any

from shared.identity import Principal
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import OFFICER, POLICE
from tests.stages import stage

ALL_ROLES = ("case_officer", "agency_head", "legal_reviewer", "liaison", "evidence_keeper", "duty_officer")
STRANGERS = (officer("eea-320100", *ALL_ROLES), officer("psb-320100", *ALL_ROLES), officer("pro-320100", *ALL_ROLES))
OTHER_POLICE = officer("psb-320100", "liaison")
NOBODY = officer(journeys.EEA, "auditor")


def path(referral: Any, step: str = "") -> str:
    """The address of a referral or of one of its steps."""
    return f"/v1/referrals/{referral['id']}" + (f"/{step}" if step else "")


def case_of(desk: Desk, referral: Any) -> Any:
    """The case as it stands now."""
    return desk.get(OFFICER, "/v1/cases/" + referral["case_ref"].partition(":")[2])


def clocks(desk: Desk, address: str) -> dict[str, dict[str, Any]]:
    """A subject's clocks by term; of several of one term the newest."""
    listed = sorted(desk.get(OFFICER, f"{address}/deadlines")["items"], key=lambda clock: clock["id"])
    return {clock["term_id"]: clock for clock in listed}


def refusal(desk: Desk, who: Principal | None, address: str, body: Any, **extra: Any) -> tuple[int, str]:
    """Try a step that is refused; returns status and code."""
    answer = desk.call(who, "POST", address, json=body, **extra)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["detail"]
    assert answer.json()["next"]
    return answer.status_code, answer.json()["code"]


def decided(desk: Desk, referral: Any, step: str, **more: Any) -> Any:
    """Let the police decide two days on, and notify it in the same breath."""
    at = desk.clock.advance(days=2).isoformat()
    body = {"decision_number": "苏公〔2026〕1号", "decided_at": at, "notified_at": at} | more
    answer = desk.post(POLICE, path(referral, step), body)
    desk.drain()
    return answer


@stage
def filed(desk: Desk) -> Any:
    """A referral the police filed and notified."""
    return decided(desk, journeys.receipted_referral(desk), "file")


@stage
def not_filed(desk: Desk) -> Any:
    """A referral the police did not file, with the notice."""
    return decided(desk, journeys.receipted_referral(desk), "decline-filing", reasons="证据不足")


def ask_again(desk: Desk, referral: Any) -> Any:
    """Ask for reconsideration with its documents."""
    at = desk.clock.now.isoformat()
    desk.attach(OFFICER, path(referral), "rec_application", b"application")
    desk.attach(OFFICER, path(referral), "rec_non_filing_notice", b"notice", received_at=at)
    asked = desk.post(OFFICER, path(referral, "request-reconsideration"), {"grounds": "证据充分"})
    desk.drain()
    return asked


def letter_of_supervision(desk: Desk, referral: Any, *proofs: str) -> None:
    """Attach what a suggestion of supervision comes with."""
    for document in ("sup_letter", "sup_case_materials", *proofs):
        desk.attach(OFFICER, path(referral), document, f"{document} with {' '.join(proofs)}".encode())


@stage
def upheld(desk: Desk) -> Any:
    """A non-filing that reconsideration upheld."""
    return decided(desk, ask_again(desk, not_filed(desk)), "decline-filing", reasons="维持")


@stage
def items_handed(desk: Desk) -> Any:
    """A filed referral whose items were handed over."""
    referral = filed(desk)
    at = desk.clock.now.isoformat()
    desk.attach(OFFICER, path(referral), "crim_post_filing_items", b"record", handover_record="已办理", handed_at=at)
    return desk.post(OFFICER, path(referral, "hand-over-items"), {"handed_at": at})
