"""How much an enterprise's confirmed clues weigh in the severity of a new hit."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import func
from sqlmodel import Session, col, select

from services.clue_service.clues.models import Clue
from services.clue_service.clues.queries import OPEN_STATES
from services.clue_service.detection.about import BOOKS
from services.clue_service.detection.functions import MODELS
from services.clue_service.outlets.queries import parts
from shared.records.room import Room

SPAN = timedelta(days=730)
"""The 24 months in which a confirmed clue counts (detection catalogue, B.0)."""
CONFIRMED = ("confirmed", "corrected")
ONE, SEVERAL = 0.5, 1.0


def weights(room: Room, enterprise_of: Mapping[str, str], *, now: datetime) -> dict[str, float]:
    """Return by entity what its enterprise's confirmed clues weigh: 0.5 for one in 24 months, 1 for more.

    Only clues that are done count: one still in hand would raise its own score when its episode is judged again.
    Entities without a confirmed clue are left out.
    """
    with room.reading() as session:
        counted = _confirmed(session, enterprise_of.values(), since=now - SPAN)
    found = {entity: counted.get(enterprise, 0) for entity, enterprise in enterprise_of.items()}
    return {entity: ONE if count == 1 else SEVERAL for entity, count in found.items() if count}


def _confirmed(session: Session, enterprises: Iterable[str], *, since: datetime) -> dict[str, int]:
    counted: dict[str, int] = {}
    for part in parts(enterprises):
        statement = (
            select(Clue.enterprise_id, func.count())
            .where(col(Clue.enterprise_id).in_(part), col(Clue.result).in_(CONFIRMED))
            .where(col(Clue.state).not_in(OPEN_STATES), col(Clue.verified_at) >= since)
            .group_by(Clue.enterprise_id)
        )
        counted |= dict(session.exec(statement).all())
    return counted


def of_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Return the enterprise of every entity that imported tables name together with it."""
    found: dict[str, str] = {}
    for rule_id, book in BOOKS.items():
        entity = MODELS[rule_id].entity
        for frame in tables.values():
            if {entity, book.column} <= set(frame.columns):
                pairs = frame.select(pl.col(entity).cast(pl.String), pl.col(book.column).cast(pl.String).alias("_by"))
                found |= dict(pairs.drop_nulls().unique().sort(entity, "_by").iter_rows())
    return found
