"""Everything that can arrive in the clue room."""

from uuid import UUID

from sqlmodel import Session, select

from services.clue_service.clues import commands, operations
from services.clue_service.clues.models import Clue
from services.clue_service.figures.funnel import REFERRED
from shared.events import CaseClosed, CaseOpened, Event
from shared.records import calendars
from shared.records.journal import Fact, record
from shared.records.room import room_of
from shared.web.app import Subscriptions


def _clue_id(ref: str) -> UUID:
    return UUID(ref.partition(":")[2])


def case_opened(session: Session, event: Event) -> Clue | None:
    """Note the case on its clue; a case opened without one is none of ours."""
    told, room = CaseOpened.model_validate(event.data), room_of(session)
    if told.clue_ref is None:
        return None
    return commands.mark_opened(session, _clue_id(told.clue_ref), event.subject, by=room.itself, now=room.clock())


def case_closed(session: Session, event: Event) -> Clue | None:
    """Close the clue with the result of its case."""
    told, room = CaseClosed.model_validate(event.data), room_of(session)
    if told.clue_ref is None:
        return None
    return commands.close(session, _clue_id(told.clue_ref), told.result, by=room.itself, now=room.clock())


def referral_requested(session: Session, event: Event) -> Clue | None:
    """Note in a clue's journal that its case was referred; a case opened without a clue is none of ours."""
    its = select(Clue).where(Clue.journey_id == event.journeyid, Clue.case_ref == event.subject)
    clue = session.exec(its).first()
    if clue is None:
        return None
    room, told = room_of(session), {"case": event.subject, "procedure": event.data.get("procedure")}
    record(session, clue, Fact(REFERRED, told), by=room.itself, now=room.clock())
    return clue


SUBSCRIPTIONS: Subscriptions = {
    "case.opened": case_opened,
    "case.closed": case_closed,
    "case.referral_requested": referral_requested,
    "operation.found": operations.take_finding,
    "calendar.changed": calendars.take,
}
