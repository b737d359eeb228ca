"""Clocks of a conference or an operation, one for each agency: terms of agreement, drawn out to a stated moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shared.identity import Principal
from shared.records import deadlines
from shared.records.db import Row
from shared.records.deadlines import Deadline, Start
from shared.rules.term_entries import Extension

REPLY, OPINION, SIGNATURE, ACTION = (
    "conference_reply",
    "conference_opinion",
    "conference_minutes_signature",
    "action_item",
)
HOUR = timedelta(hours=1)
Said = list[dict[str, Any]]


def run(
    session: Session,
    found: Row,
    term_id: str,
    agencies: Sequence[str],
    until: datetime,
    *,
    by: Principal,
    now: datetime,
) -> Said:
    """Start a clock of each agency that lapses exactly at `until`; the ledger says who stated that moment."""
    hours = max(1, (until - now) // HOUR)
    started_at = until - hours * HOUR
    starts = [Start(term_id, started_at, agency) for agency in agencies]
    said = deadlines.start(session, found, starts, now=now)
    drawn_out = Extension(hours, "hours", "召集人载明的时间（协议，非法定）", f"{by.agency}/{by.actor}", to_total=True)
    if hours > 1:
        for one in said:
            clock = session.get(Deadline, UUID(one["clock"]))
            assert clock is not None, "it was started in this transaction"
            one |= deadlines.extend(session, clock, drawn_out, now=now) | {"what": "started"}
    return said


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
