"""Inspections: the register of every visit, annual plans with caps, and the list of enterprises left alone."""

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic import Field as Said
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from shared.matters.models import Between, BetweenView
from shared.records.views import Body, LongWords, Words


class Inspection(Between, table=True):
    """A visit to an enterprise (涉企检查); `about` names the clue or case it is made for.

    Routine visits of one enterprise (`enterprise_id` is its key) count against its cap; the code is shown at the door
    and is in no journal.
    """

    __tablename__ = "inspections"
    __table_args__ = (Index("ix_inspections_enterprise_id", "enterprise_id"),)
    kind: ClassVar[str] = "inspection"

    requester: str = ""
    planned_on: date | None = Field(default=None, index=True)
    planned_until_on: date | None = None
    visit_category: str = ""
    visit_nature: str = ""
    visit_result: str | None = None
    visit_started_at: datetime | None = None
    approved_at: datetime | None = None
    door_code: str | None = Field(default=None, index=True)


class InspectionView(BetweenView):
    """An inspection as it is shown."""

    requester: str
    planned_on: date | None
    planned_until_on: date | None
    visit_category: str
    visit_nature: str
    visit_result: str | None
    visit_started_at: AwareDatetime | None
    approved_at: AwareDatetime | None
    door_code: str | None


class InspectionPlan(SQLModel, table=True):
    """An agency's plan of a year: how often one enterprise is visited at most by routine."""

    __tablename__ = "inspection_plans"

    agency: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    cap: int
    note: str
    changed_at: datetime


class LeftAlone(SQLModel, table=True):
    """An enterprise on the positive list (正面清单), by its key: it obeys, so no routine visits until a day."""

    __tablename__ = "left_alone"

    agency: str = Field(primary_key=True)
    enterprise_id: str = Field(primary_key=True)
    enterprise_name: str
    reason: str
    until_on: date
    changed_at: datetime


class Plan(Body):
    """Set the annual plan: the cap of routine visits to one enterprise."""

    cap: Annotated[int, Said(ge=0, le=366)]
    note: LongWords


class LeaveAlone(Body):
    """Put an enterprise on the positive list until a day."""

    enterprise_name: Words
    reason: LongWords
    until_on: date


class PlanView(BaseModel):
    """An annual plan as it is shown."""

    model_config = ConfigDict(from_attributes=True)

    agency: str
    year: int
    cap: int
    note: str
    changed_at: AwareDatetime


class LeftAloneView(BaseModel):
    """An entry of the positive list as it is shown."""

    model_config = ConfigDict(from_attributes=True)

    agency: str
    enterprise_id: str
    enterprise_name: str
    reason: str
    until_on: date
    changed_at: AwareDatetime


class VisitWarning(BaseModel):
    """That an enterprise is visited often: how many visits, within how many days, and the number agreed on."""

    code: str
    visits: int
    days: int
    most: int
    zh: str
    en: str


class CodeView(BaseModel):
    """What anybody who is shown a code learns: that it holds, whose visit it is, and for which days."""

    code: str
    holds: bool
    agency: str
    enterprise_name: str
    visit_category: str
    planned_on: date | None
    planned_until_on: date | None
    state: str
    items: list[str]
