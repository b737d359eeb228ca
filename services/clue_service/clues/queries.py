"""Reads of clues."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from services.clue_service.clues.models import Clue, Receive
from shared.identity import Principal
from shared.records.db import table_of, visible

SAME_WITHIN = timedelta(hours=72)
OPEN_STATES = ("received", "assigned", "verified", "reviewed", "redirected")


def clue(session: Session, clue_id: UUID, *, seen_by: Principal) -> Clue:
    """Return a clue. Raises NotVisible."""
    return visible(session, Clue, clue_id, by=seen_by)


def open_twin(session: Session, owner: str, enterprise_id: str, same_key: str, *, near: datetime) -> Clue | None:
    """Return an open clue of the same thing discovered within 72 hours, if there is one (detection catalogue, B.0)."""
    asked = {"owner": owner, "enterprise": enterprise_id, "same_key": same_key}
    asked_between = {"begin": near - SAME_WITHIN, "end": near + SAME_WITHIN}
    found = session.connection().execute(_TWIN, asked | asked_between).scalar()
    return session.get(Clue, found, populate_existing=True) if found is not None else None


def _twin() -> Select[tuple[UUID]]:
    """Asked at every report, so it is built once and read through Core."""
    clue = table_of(Clue).c
    statement = core_select(clue.id).where(
        clue.owner == bindparam("owner"),
        clue.enterprise_id == bindparam("enterprise"),
        clue.same_key == bindparam("same_key"),
        clue.state.in_(OPEN_STATES),
        clue.discovered_at >= bindparam("begin"),
        clue.discovered_at <= bindparam("end"),
    )
    return statement.order_by(clue.id.desc()).limit(1)


_TWIN = _twin()


def of_episode(session: Session, report: Receive, *, owner: str) -> Clue | None:
    """Return the clue that a rule's earlier run made of the same episode: an open one before one that is done.

    The same episode: same rule, entity and pollutant, and the observed times touch. Without it a run over stored
    series would report what was declined or closed long ago once more.
    """
    statement = select(Clue).where(
        Clue.owner == owner,
        Clue.source == report.source,
        Clue.rule_id == report.rule_id,
        Clue.entity_id == report.entity_id,
        col(Clue.pollutant).is_not_distinct_from(report.pollutant),
        col(Clue.observed_from) <= report.observed_to,
        col(Clue.observed_to) >= report.observed_from,
    )
    found = list(session.exec(statement.order_by(col(Clue.id).desc())))
    return next((one for one in found if one.state in OPEN_STATES), found[0] if found else None)
