"""How filing supervision and the referral it watches move one another."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings.models import Supervision
from services.referral_service.referrals import answers, bodies
from services.referral_service.referrals.models import Referral
from shared.clock import new_id
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.beginning import begin
from shared.records.room import room_of

PROCEDURE = "filing_supervision"


def open_from_referral(session: Session, referral: Referral, grounds: str, *, now: datetime) -> Supervision:
    """Open the supervision a bureau suggested: the procuratorate sees it, the police once they are asked."""
    room = room_of(session)
    situations = {"not_filed": "not_filed", "reconsideration_upheld": "not_filed", "withdrawn_by_police": "withdrawn"}
    takes_part = {"receiver": [referral.copied], "respondent": [referral.receiver]}
    supervision = Supervision(
        id=new_id(now),
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        about=referral.ref,
        takes_part=takes_part,
        receiver=referral.copied,
        summary=grounds,
        **referral.model_dump(include={"journey_id", "owner", "title", "division", "enterprise_id", "enterprise_name"}),
        **referral.model_dump(include={"conduct_on", "facts", "verdicts"}),
    )
    stated = {"filing_situation": situations.get(referral.state, "overdue"), "grounds": grounds}
    seen_by = {"owner": [referral.owner], "receiver": [referral.copied]}
    body = stated | {"step": "begin_from_referral", "manifest": None}
    return begin(session, supervision, "begin_from_referral", body, parties=seen_by, by=room.itself, now=now)


def file_referral(session: Session, supervision: Between, by: Principal, now: datetime) -> None:
    """Let the referral that is supervised know that the police filed, in the same transaction."""
    kind, _, referral_id = supervision.about.partition(":")
    referral = session.get(Referral, UUID(referral_id), populate_existing=True) if kind == "referral" else None
    if referral is None or referral.receiver != by.agency or referral.state not in (*answers.SUPERVISED, *UNDECIDED):
        return
    stated = supervision.stated
    decided = bodies.Filed(
        decision_number=stated["decision_number"],
        decided_at=datetime.fromisoformat(stated["decided_at"]),
        supervision_notice=stated.get("notice_number") or supervision.ref,
    )
    answers.file(session, referral.id, decided, by=by, now=now)


UNDECIDED = ("accepted", "correction_requested", "supplementary_investigation_by_agency")
"""Where the police had not decided when supervision was suggested."""
