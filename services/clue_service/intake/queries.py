"""Reads of what the intake keeps: refused frames, counts, series."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from sqlmodel import Session, col, select

from services.clue_service.access import scope
from services.clue_service.intake.models import FrameCount, RejectedFrame
from shared.clock import ZONE
from shared.errors import BodyInvalid, Text
from shared.identity import Principal
from shared.records.room import room_of

USUAL_SPAN, LONGEST_SPAN = timedelta(days=31), timedelta(days=366)


def _owners(session: Session, by: Principal) -> frozenset[str]:
    """The bureaus whose refused frames a principal sees; those of unknown senders every bureau sees."""
    mine = scope(room_of(session).catalogue, by)
    return mine | {""} if mine else mine


def rejected(
    session: Session, *, by: Principal, before: UUID | None, limit: int, code: str | None
) -> tuple[list[RejectedFrame], UUID | None]:
    """Return refused frames a principal may see, newest first, and the id to go on before (None: no more)."""
    statement = select(RejectedFrame).where(col(RejectedFrame.owner).in_(_owners(session, by)))
    if code is not None:
        statement = statement.where(RejectedFrame.code == code)
    if before is not None:
        statement = statement.where(RejectedFrame.id < before)
    found = list(session.exec(statement.order_by(col(RejectedFrame.id).desc()).limit(limit)))
    return found, found[-1].id if len(found) == limit else None


def counts(session: Session, *, by: Principal) -> list[FrameCount]:
    """Return the counts of the bureaus a principal may see, newest day first."""
    statement = select(FrameCount).where(col(FrameCount.owner).in_(_owners(session, by)))
    return list(session.exec(statement.order_by(col(FrameCount.counted_on).desc(), col(FrameCount.outcome))))


def columnar(rows: pl.DataFrame) -> dict[str, list[Any]]:
    """Return rows of one outlet as one list a column; instants name their zone."""
    local = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    words = [pl.col(name).dt.replace_time_zone(ZONE.key).dt.strftime("%Y-%m-%dT%H:%M:%S%:z") for name in local]
    return rows.drop("outlet_id").with_columns(words).to_dict(as_series=False)


def instant(moment: datetime | None) -> datetime | None:
    """Return an instant; one without zone is local wall time."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)


def span_of(begin: datetime | None, end: datetime | None, *, now: datetime) -> tuple[datetime, datetime]:
    """Return the span that is asked for, the last 31 days unless said. Raises BodyInvalid when it is none or too long.

    What is missing is filled in: the end by `now`, the beginning by the usual span.
    """
    until = instant(end) or now
    since = instant(begin) or until - USUAL_SPAN
    if not timedelta(0) < until - since <= LONGEST_SPAN:
        words = Text("from 应早于 to，且相距不超过 366 天", "from must lie before to, by 366 days at most")
        raise BodyInvalid(words, errors=[{"field": "from", "code": "wrong_span", "message": words}])
    return since, until
