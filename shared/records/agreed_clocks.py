"""Clocks of agreement that lapse at a stated moment: the term is drawn out to it, and the ledger says by whom."""

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
