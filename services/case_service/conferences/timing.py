"""Clocks of a conference or an operation, one for each agency: terms of agreement, drawn out to a stated moment."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shared.records import deadlines
from shared.records.agreed_clocks import run
from shared.records.db import Row
from shared.records.deadlines import Deadline

__all__ = ["cancel", "cancel_all", "clock", "meet", "of", "run"]

REPLY, OPINION, SIGNATURE, ACTION = (
    "conference_reply",
    "conference_opinion",
    "conference_minutes_signature",
    "action_item",
)
Said = list[dict[str, Any]]


def of(session: Session, found: Row, term_id: str, agency: str | None = None) -> list[Deadline]:
    """Return the open clocks of a term, of one agency where it is named."""
    return [one for one in deadlines.open_clocks(session, found, [term_id]) if agency in (None, one.party)]


def meet(session: Session, found: Row, term_id: str, agency: str, *, at: datetime) -> Said:
    """Meet an agency's clock."""
    return [deadlines.meet(session, one, at=at) for one in of(session, found, term_id, agency)]


def cancel(session: Session, found: Row, term_id: str, agency: str | None = None, *, at: datetime) -> Said:
    """End clocks that bind nobody any more."""
    return [deadlines.cancel(session, one, at=at) for one in of(session, found, term_id, agency)]


def cancel_all(session: Session, found: Row, agency: str, *, at: datetime) -> Said:
    """End the clocks of an agency that stands aside, those of its tasks too: the convener waives or resets them."""
    terms = (REPLY, OPINION, SIGNATURE, ACTION)
    return [said for term in terms for said in cancel(session, found, term, agency, at=at)]


def clock(session: Session, clock_id: UUID) -> Deadline | None:
    """Return one clock."""
    return session.get(Deadline, clock_id)
