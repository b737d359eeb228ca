"""Annual plans with caps, and the list of enterprises left alone: set by each agency's head, journalled."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from services.clue_service.access import scope
from services.clue_service.inspections.models import InspectionPlan, LeaveAlone, LeftAlone, Plan
from services.clue_service.upserting import upsert
from shared.clock import new_id
from shared.errors import NotYourStep, Text
from shared.identity import Principal
from shared.records.enterprises import enterprise_key
from shared.records.journal import Fact, chain
from shared.records.room import room_of

HEAD = "agency_head"


def set_plan(session: Session, year: int, body: Plan, *, by: Principal, now: datetime) -> InspectionPlan:
    """Set an agency's plan of a year anew."""
    _require_head(by)
    row = InspectionPlan(agency=by.agency, year=year, changed_at=now, **body.model_dump())
    _put(session, row, f"inspection-plan:{by.agency}:{year}", "inspection.planned", by=by, now=now)
    return row


def leave_alone(session: Session, enterprise_id: str, body: LeaveAlone, *, by: Principal, now: datetime) -> LeftAlone:
    """Put an enterprise on the positive list, or change its entry; a day that has passed takes it off."""
    _require_head(by)
    enterprise_id = enterprise_key(enterprise_id)
    row = LeftAlone(agency=by.agency, enterprise_id=enterprise_id, changed_at=now, **body.model_dump())
    _put(session, row, f"left-alone:{by.agency}:{enterprise_id}", "enterprise.left_alone", by=by, now=now)
    return row


def plans(session: Session, *, by: Principal) -> list[InspectionPlan]:
    """Return the plans of one's own agency and those under it."""
    mine = {by.agency, *scope(room_of(session).catalogue, by)}
    statement = select(InspectionPlan).where(col(InspectionPlan.agency).in_(mine))
    return list(session.exec(statement.order_by(col(InspectionPlan.year).desc(), col(InspectionPlan.agency))))


def positive_list(session: Session, *, by: Principal) -> list[LeftAlone]:
    """Return the enterprises left alone by one's own agency and those under it."""
    mine = {by.agency, *scope(room_of(session).catalogue, by)}
    statement = select(LeftAlone).where(col(LeftAlone.agency).in_(mine))
    return list(session.exec(statement.order_by(col(LeftAlone.agency), col(LeftAlone.enterprise_id))))


def _require_head(by: Principal) -> None:
    if HEAD not in by.roles:
        words = Text("由本机关负责人设定", "Set by the head of the agency")
        raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])


def _put(session: Session, row: SQLModel, ref: str, kind: str, *, by: Principal, now: datetime) -> None:
    values: dict[str, Any] = row.model_dump()
    keys = {column.name for column in type(row).__table__.primary_key}  # type: ignore[attr-defined]  # a table
    upsert(session, type(row), [values], lambda _table, fresh: {name: fresh[name] for name in set(values) - keys})
    chain(session, ref, Fact(kind, row.model_dump(mode="json")), journey_id=new_id(now), by=by, now=now)
