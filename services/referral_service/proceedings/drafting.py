"""A referral under a procedure that is data alone, drafted from a case's request with its evidence."""

from sqlmodel import Session

from services.referral_service.referrals.models import Referral
from shared.clock import new_id, today
from shared.events import Event, ReferralRequested
from shared.records import evidence, parties
from shared.records.beginning import begin
from shared.records.room import room_of


def draft_from_case(session: Session, event: Event, asked: ReferralRequested) -> Referral:
    """Draft a referral as the case asked, adopting its evidence."""
    room, now = room_of(session), room_of(session).clock()
    procedure = room.catalogue.procedure(asked.procedure, on=today(now))
    referral = Referral(
        id=new_id(now),
        journey_id=event.journeyid,
        owner=asked.owner,
        state="",
        procedure_id=procedure.id,
        created_at=now,
        updated_at=now,
        case_ref=event.subject,
        about=event.subject,
        takes_part=asked.parties,
        receiver=next(iter(asked.parties.get("receiver", ())), ""),
        **asked.model_dump(include={"title", "summary", "division", "enterprise_id", "enterprise_name"}),
        **asked.model_dump(include={"conduct_on", "facts", "verdicts"}),
    )
    seen_by = {"owner": [asked.owner]} | parties.at_once(procedure, asked.parties)
    superior = room.catalogue.agencies[asked.owner].superior
    if superior and "supervisor" not in asked.parties:
        seen_by["supervisor"] = [superior]
    body = {"step": "draft_from_case", "manifest": None}
    begin(session, referral, "draft_from_case", body, parties=seen_by, by=room.itself, now=now)
    evidence.adopt(session, referral, asked.manifest.model_dump(), by=room.itself, now=now)
    return referral
