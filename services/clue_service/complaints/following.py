"""What a complaint hears of its clue: when the clue has ended, a reply is due."""

from datetime import datetime

from sqlmodel import Session, col, select

from services.clue_service.complaints.models import Complaint
from shared.records.perform import perform
from shared.records.room import room_of


def clue_ended(session: Session, clue_ref: str, state: str, *, now: datetime) -> None:
    """Let every complaint of a clue that was declined, taken over or closed wait for its reply."""
    statement = select(Complaint).where(Complaint.clue_ref == clue_ref, Complaint.state == "received")
    for one in session.exec(statement.order_by(col(Complaint.id)).execution_options(populate_existing=True)):
        perform(session, one, "await_reply", {"clue_state": state}, by=room_of(session).itself, now=now)
