"""Everything that can arrive in the clue room."""

from uuid import UUID

from sqlmodel import Session

from services.clue_service.clues import commands, operations
from services.clue_service.clues.models import Clue
from shared.events import CaseClosed, CaseOpened, Event
from shared.records import calendars
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


SUBSCRIPTIONS: Subscriptions = {
    "case.opened": case_opened,
    "case.closed": case_closed,
    "operation.found": operations.take_finding,
    "calendar.changed": calendars.take,
}
