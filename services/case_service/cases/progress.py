"""What becomes of a case's other referrals, and cases that come back from police, procuratorate or court."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime
from sqlmodel import Session

from services.case_service.cases import commands
from services.case_service.cases.models import Case, Resumed
from services.case_service.cases.stepping import taken
from shared.events import Event, Progressed
from shared.records.journal import Fact, record
from shared.records.room import room_of
from shared.records.views import Body

REVERSE = ("reverse_referral_police", "reverse_referral_procuratorate", "reverse_referral_court")
"""Procedures by which a case comes back to the bureau (衔接办法第十七、十八条)."""
FROM_OTHERS = (*REVERSE, "missing_referral_supervision")
"""What another agency may open about a bureau's case: the case hears of it once the bureau has it."""
WITH_OTHERS = ("referred", "with_police")
GOES_ON = ("discovered", "investigating", "concluded", "referral_requested", "decided")
"""Where the case is with the bureau already: nothing is opened beside it."""


class OpenedFromReferral(Body):
    """What the reverse referral handed over."""

    referral_ref: str
    discovered_at: AwareDatetime


def note_progress(session: Session, event: Event) -> Case | None:
    """Write down what became of a case's referral; a reverse referral that was filed resumes or opens a case."""
    told = Progressed.model_validate(event.data)
    case = _case(session, told.about)
    if case is not None and not _concerns(event, told, case):
        case = None
    is_filed = told.procedure_id in REVERSE and told.step == "file"
    if is_filed and (case is None or case.state not in GOES_ON):
        return _taken_back(session, event, told, case)
    if case is None:
        return None  # it follows from no case, or from one that is none of these agencies' business
    news = {"event": event.type, "referral_ref": event.subject, **told.model_dump(include={"procedure_id", "step"})}
    news |= told.model_dump(mode="json", include={"state", "stated"})
    room = room_of(session)
    record(session, case, Fact("case.referral_news", news), by=room.itself, now=room.clock())
    return case


def _concerns(event: Event, told: Progressed, case: Case) -> bool:
    """Whether a case may hear of a matter: its bureau opened it, or has received what the law lets others open."""
    if case.owner == told.owner:
        return True
    is_here = told.handed_over_at is not None or case.owner in event.recipients.split(",")
    return case.owner == told.receiver and told.procedure_id in FROM_OTHERS and is_here


def _taken_back(session: Session, event: Event, told: Progressed, case: Case | None) -> Case:
    room, stated = room_of(session), told.stated
    now = room.clock()
    if case is not None and case.state in WITH_OTHERS:
        body = Resumed(reason=told.title, outcome_at=_instant(stated.get("received_at"), now))
        return taken(session, case, "resume_administrative_handling", body, by=room.itself, now=now)
    received_at = _instant(stated.get("received_at"), now)
    values = told.model_dump(include={"title", "division", "enterprise_id", "enterprise_name"})
    values |= {"owner": told.receiver, "journey_id": event.journeyid, "source": "other_agency", "summary": told.title}
    values |= {"referral_ref": event.subject, "discovered_at": received_at}
    opened = OpenedFromReferral(referral_ref=event.subject, discovered_at=received_at)
    return commands.opened(session, values, "open_from_referral", opened, by=room.itself, now=now)


def _instant(text: str | None, now: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else now


def _case(session: Session, about: str) -> Case | None:
    kind, _, case_id = about.partition(":")
    return session.get(Case, UUID(case_id), populate_existing=True) if kind == "case" else None
