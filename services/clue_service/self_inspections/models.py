"""Self-inspections: the table, the bodies of the steps, what is shown."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field as Said
from sqlalchemy import Index
from sqlmodel import Field

from shared.records.db import Row
from shared.records.enterprises import EnterpriseId
from shared.records.views import Body, Division, LongWords, SubjectView, Words

Direction = Annotated[str, Said(pattern=r"^D\d{1,2}$", description="Direction of the rules it concerns (D1 to D11)")]


class SelfInspection(Row, table=True):
    """A problem an enterprise found and declared by itself (企业自查), with the day by which it is to be corrected."""

    __tablename__ = "self_inspections"
    __table_args__ = (Index("ix_self_inspections_enterprise_id", "enterprise_id"),)
    kind: ClassVar[str] = "self_inspection"

    title: str
    enterprise_id: str
    enterprise_name: str
    division: str
    outlet_id: str | None = None
    pollutant: str | None = None
    direction: str | None = None
    problem: str
    found_on: date
    planned_on: date
    corrected_on: date | None = None
    correction: str | None = None
    corrected_by: str | None = None
    verified_by: str | None = None
    findings: str | None = None
    reason: str | None = None
    declared_by: str = Field(default="")

    @property
    def until_on(self) -> date:
        """The last day the declaration speaks of: the day of correction, never beyond the planned one."""
        return min(self.planned_on, self.corrected_on or self.planned_on)


class Declare(Body):
    """Declare a problem. Where no outlet, pollutant or direction is named, it is about all of the enterprise."""

    enterprise_id: EnterpriseId
    enterprise_name: Words
    division: Division
    outlet_id: Words | None = None
    pollutant: Words | None = None
    direction: Direction | None = None
    problem: LongWords
    found_on: date
    planned_on: date


class Correct(Body):
    """Report the correction; its evidence was uploaded before (`POST …/evidence`)."""

    corrected_on: date
    correction: LongWords


class VerifyCorrection(Body):
    """Say what was found when the correction was looked at."""

    findings: LongWords


class SendBackCorrection(Body):
    """Send it back: it is not corrected; a new planned day is agreed on."""

    reason: LongWords
    planned_on: date


class WithdrawDeclaration(Body):
    """Withdraw the declaration, with the reason."""

    reason: LongWords


class SelfInspectionView(SubjectView):
    """A self-inspection as it is shown."""

    title: str
    enterprise_id: str
    enterprise_name: str
    division: str
    outlet_id: str | None
    pollutant: str | None
    direction: str | None
    problem: str
    found_on: date
    planned_on: date
    until_on: date
    corrected_on: date | None
    correction: str | None
    corrected_by: str | None
    verified_by: str | None
    findings: str | None
    reason: str | None
    declared_by: str
