"""Look-alikes of what was found unfounded: for a stated time their hits make no clue, but each is counted and kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from services.clue_service.access import scope
from services.clue_service.clues.models import Clue, Receive
from services.clue_service.upserting import upsert
from shared.clock import new_id
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records.db import write
from shared.records.journal import Fact, record
from shared.records.room import room_of


class Suppression(SQLModel, table=True):
    """That hits of one rule on one entity and pollutant make no clue until `until_at`."""

    __tablename__ = "suppressions"

    id: UUID = Field(primary_key=True)
    owner: str = Field(index=True)
    rule_id: str
    entity_id: str = Field(index=True)
    pollutant: str | None = None
    clue_id: UUID
    reason: str
    since_at: datetime
    until_at: datetime


class SuppressedHit(SQLModel, table=True):
    """A hit that made no clue; the same episode again is counted, not kept twice."""

    __tablename__ = "suppressed_hits"

    suppression_id: UUID = Field(primary_key=True)
    observed_from: datetime = Field(primary_key=True)
    observed_to: datetime
    score: float
    times: int
    first_at: datetime
    last_at: datetime


class SuppressionView(BaseModel):
    """A suppression with how many hits it has held back."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    owner: str
    rule_id: str
    entity_id: str
    pollutant: str | None
    clue: str
    reason: str
    since_at: AwareDatetime
    until_at: AwareDatetime
    episodes: int
    hits: int


def suppress(session: Session, clue: Clue, days: int, *, by: Principal, now: datetime) -> Suppression:
    """Hold look-alikes of an unfounded clue back for some days. Raises BodyInvalid for any other clue."""
    if clue.result != "unfounded" or clue.rule_id is None or clue.entity_id is None:
        words = Text(
            "只有规则产生并经核查不属实的线索可以抑制同类命中",
            "Only look-alikes of a rule's clue that was found unfounded can be suppressed",
        )
        raise BodyInvalid(words, errors=[{"field": "suppress_days", "code": "not_unfounded", "message": words}])
    row = Suppression(
        id=new_id(now),
        owner=clue.owner,
        rule_id=clue.rule_id,
        entity_id=clue.entity_id,
        pollutant=clue.pollutant,
        clue_id=clue.id,
        reason=clue.reason or "",
        since_at=now,
        until_at=now + timedelta(days=days),
    )
    write(session, Suppression, [row.model_dump()])
    said = row.model_dump(mode="json", include={"rule_id", "entity_id", "pollutant", "until_at"})
    record(session, clue, Fact("clue.suppresses", said | {"days": days}), by=by, now=now)
    return row


def active(session: Session, report: Receive, owner: str, *, now: datetime) -> Suppression | None:
    """Return the suppression a rule's report falls under at this moment."""
    statement = select(Suppression).where(
        Suppression.owner == owner,
        Suppression.rule_id == report.rule_id,
        Suppression.entity_id == report.entity_id,
        col(Suppression.pollutant).is_not_distinct_from(report.pollutant),
        Suppression.until_at > now,
    )
    return session.exec(statement.order_by(col(Suppression.until_at).desc())).first()


def hold_back(session: Session, under: Suppression, report: Receive, *, now: datetime) -> None:
    """Keep a hit that makes no clue."""
    row = {
        "suppression_id": under.id,
        "observed_from": report.observed_from or report.discovered_at,
        "observed_to": report.observed_to or report.discovered_at,
        "score": report.score,
        "times": 1,
        "first_at": now,
        "last_at": now,
    }

    def again(table: Any, fresh: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "times": table.c.times + 1,
            "observed_to": fresh["observed_to"],
            "score": fresh["score"],
            "last_at": fresh["last_at"],
        }

    upsert(session, SuppressedHit, [row], again)


def listed(session: Session, *, by: Principal) -> list[SuppressionView]:
    """Return the suppressions of the bureaus one may see, the latest to end first."""
    owners = scope(room_of(session).catalogue, by)
    if not owners:
        raise NotVisible(Text("没有可供您查看的抑制", "There are no suppressions that you may see"))
    statement = select(Suppression).where(col(Suppression.owner).in_(owners))
    rows = list(session.exec(statement.order_by(col(Suppression.until_at).desc()).limit(1000)))
    totals = session.exec(
        select(SuppressedHit.suppression_id, func.count(), func.sum(SuppressedHit.times))
        .where(col(SuppressedHit.suppression_id).in_([row.id for row in rows]))
        .group_by(col(SuppressedHit.suppression_id))
    ).all()
    counted = {one: (int(episodes), int(hits)) for one, episodes, hits in totals}
    return [_shown(row, *counted.get(row.id, (0, 0))) for row in rows]


def _shown(row: Suppression, episodes: int, hits: int) -> SuppressionView:
    clue = f"clue:{row.clue_id}"
    return SuppressionView(**row.model_dump(exclude={"clue_id"}), clue=clue, episodes=episodes, hits=hits)
