"""What the case room tells a referral: it is drafted from a request, and given further evidence."""

from uuid import UUID

from sqlmodel import Session

from services.referral_service.proceedings import drafting
from services.referral_service.referrals import commands
from services.referral_service.referrals.bodies import Supply
from services.referral_service.referrals.models import Referral
from shared.clock import new_id
from shared.events import CaseSupplemented, Event, ReferralRequested
from shared.records import evidence
from shared.records.beginning import begin
from shared.records.db import visible
from shared.records.journal import Fact, record
from shared.records.room import Room, room_of
from shared.records.views import Body

PROCEDURE = "police_criminal_referral"
UNSENT = ("investigating", "referral_report_submitted", "referral_approved", "referral_refused")
ENDED = ("returned_not_police", "concluded", "closed_not_filed")


class DraftedFromCase(Body):
    """What the case room asked for."""

    case_ref: str
    title: str


def draft_from_case(session: Session, event: Event) -> Referral:
    """Draft a referral from a case's request, adopting its evidence."""
    room, now = room_of(session), room_of(session).clock()
    asked = ReferralRequested.model_validate(event.data)
    if asked.procedure != PROCEDURE:
        return drafting.draft_from_case(session, event, asked)
    division = _city(asked.division)
    referral = Referral(
        id=new_id(now),
        journey_id=event.journeyid,
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        case_ref=event.subject,
        receiver=_same_level(room, "psb", asked.owner, division),
        copied=_same_level(room, "pro", asked.owner, division),
        about=event.subject,
        **asked.model_dump(exclude={"manifest", "procedure", "parties", "summary"}),
    )
    superior = room.catalogue.agencies[referral.owner].superior
    parties = {"owner": [referral.owner], "supervisor": [superior] if superior else []}
    body = DraftedFromCase(case_ref=event.subject, title=asked.title)
    begin(session, referral, "draft_from_case", body, parties=parties, by=room.itself, now=now)
    evidence.adopt(session, referral, asked.manifest.model_dump(), by=room.itself, now=now)
    return referral


def supplemented(session: Session, event: Event) -> Referral:
    """Adopt what the case gave; the police see it at once where the dossier is with them."""
    room, now = room_of(session), room_of(session).clock()
    told = CaseSupplemented.model_validate(event.data)
    referral = visible(session, Referral, UUID(told.referral_ref.partition(":")[2]), by=room.itself)
    if not evidence.adopt(session, referral, told.manifest.model_dump(), by=room.itself, now=now):
        refused = {"manifest": told.manifest.digest, "note": told.note, "why": "nothing in it is new"}
        record(session, referral, Fact("referral.supplement_refused", refused), by=room.itself, now=now)
        return referral
    if referral.state in UNSENT:
        return referral  # it goes with the dossier
    answer = commands.correct if referral.state == "correction_requested" else commands.supply
    if referral.state not in ENDED:
        answer(session, referral.id, Supply(note=told.note), by=room.itself, now=now)
    return referral


def _city(division: str) -> str:
    return division[:4] + "00"


def _same_level(room: Room, prefix: str, owner: str, division: str) -> str:
    """Return the agency of the referring bureau's own level (同级, 衔接办法第六条), by administrative division."""
    code = owner.partition("-")[2]
    for candidate in (f"{prefix}-{code}", f"{prefix}-{division}"):
        if candidate in room.catalogue.agencies:
            return candidate
    return f"{prefix}-{division[:2]}0000"
