"""Reads of clues."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Select, TextualSelect, bindparam, column, text
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


class Place(NamedTuple):
    """What reports of the same thing have in common: whose they are, the enterprise, and the key."""

    owner: str
    enterprise_id: str
    key: str


def open_twin(session: Session, place: Place, *, near: datetime) -> Clue | None:
    """Return an open clue of the same thing discovered within 72 hours, if there is one (detection catalogue, B.0)."""
    asked = {"owner": place.owner, "enterprise": place.enterprise_id, "same_key": place.key}
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


@dataclass(frozen=True, slots=True)
class Twin:
    """An open clue that reports may be the same as, and whether the reporter may see it."""

    id: UUID
    discovered_at: datetime
    is_visible: bool


def open_at(session: Session, places: Collection[Place], *, by: Principal) -> dict[Place, list[Twin]]:
    """Return the open clues at each of many places where there is any, the newest first: `open_twin` for a batch."""
    pairs = sorted({(place.enterprise_id, place.key) for place in places})
    if not pairs:
        return {}
    asked = {f"e{number}": enterprise_id for number, (enterprise_id, _) in enumerate(pairs)}
    asked |= {f"k{number}": key for number, (_, key) in enumerate(pairs)}
    found: dict[Place, list[Twin]] = {}
    for row in session.connection().execute(_twins_at(len(pairs)), asked | {"agency": by.agency}):
        owner, enterprise_id, key, clue_id, discovered_at, is_party = row
        twin = Twin(clue_id, discovered_at, by.is_system or bool(is_party))
        found.setdefault(Place(owner, enterprise_id, key), []).append(twin)
    for twins in found.values():
        twins.sort(key=attrgetter("id"), reverse=True)
    return found


@cache
def _twins_at(number: int) -> TextualSelect:
    """As text: a list of pairs in an expression of SQLAlchemy costs more than the lookup, and `IN` reads all clues."""
    pairs = ", ".join(f"(:e{one}, :k{one})" for one in range(number))
    states = ", ".join(f"'{state}'" for state in OPEN_STATES)
    clue = table_of(Clue).c
    return text(
        f"WITH asked (enterprise_id, same_key) AS (VALUES {pairs}) "
        "SELECT clues.owner, clues.enterprise_id, clues.same_key, clues.id, clues.discovered_at, EXISTS ("
        "SELECT 1 FROM parties WHERE agency = :agency AND kind = 'clue' AND subject_id = clues.id) AS is_party "
        "FROM asked JOIN clues ON clues.enterprise_id = asked.enterprise_id AND clues.same_key = asked.same_key "
        f"WHERE clues.state IN ({states})"
    ).columns(clue.owner, clue.enterprise_id, clue.same_key, clue.id, clue.discovered_at, column("is_party", Boolean))


def is_near(one: datetime, other: datetime) -> bool:
    """Whether two reports at one place are of the same thing."""
    return abs(one - other) <= SAME_WITHIN


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
