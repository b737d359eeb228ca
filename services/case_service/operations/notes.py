"""What the clue room tells an operation: which clue a finding became."""

from sqlalchemy import update
from sqlmodel import Session

from services.case_service.operations.models import Operation, OperationFinding
from shared.events import Event
from shared.payloads import ClueOfOperation
from shared.records.db import put, table_of
from shared.records.journal import Fact, record
from shared.records.room import room_of


def note_clue(session: Session, event: Event) -> OperationFinding | None:
    """Note the clue on its finding, and in the operation's journal; a finding nobody knows is none of ours."""
    told, room = ClueOfOperation.model_validate(event.data), room_of(session)
    finding = session.get(OperationFinding, told.finding)
    if finding is None:
        return None
    operation = session.get_one(Operation, finding.operation_id, populate_existing=True)
    said = {"finding": finding.number, "clue": event.subject, "owner": told.owner}
    record(session, operation, Fact("operation.clue_noted", said), by=room.itself, now=room.clock())
    table = table_of(OperationFinding)
    session.execute(update(table).where(table.c.id == finding.id).values(clue_ref=event.subject))
    put(finding, {"clue_ref": event.subject})
    return finding
