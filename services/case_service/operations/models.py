"""What agencies do together: joint operations, matters that touch several jurisdictions, and the rows of both."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from shared.matters.models import Between


class Operation(Between, table=True):
    """A joint operation of several agencies (联合执法): objects, tasks, findings, results."""

    __tablename__ = "operations"
    kind: ClassVar[str] = "operation"


class Linkage(Between, table=True):
    """Matters of several jurisdictions that belong together (跨区域联动): one lead, shared facts, own competence."""

    __tablename__ = "linkages"
    kind: ClassVar[str] = "linkage"


class Member(SQLModel, table=True):
    """That an agency takes part in an operation or a linkage, and what it answered."""

    __tablename__ = "members"

    subject_id: UUID = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    relation: str
    """owner (it leads), partner (it leads too, or is linked) or receiver (it supports)."""
    state: str
    """invited, joined or declined."""
    contact: str = ""
    reason: str = ""
    answered_at: datetime | None = None
    leads: bool = False
    case_ref: str = Field(default="", index=True)
    """The member's own case in a linkage; empty: none."""


class OperationObject(SQLModel, table=True):
    """What an operation looks at: an enterprise, a vehicle, an inspection body, a repair station, a place."""

    __tablename__ = "operation_objects"
    __table_args__ = (UniqueConstraint("operation_id", "number"), UniqueConstraint("operation_id", "code"))

    id: UUID = Field(primary_key=True)
    operation_id: UUID
    number: int
    name: str
    category: str
    code: str
    """Unified social credit code, plate or another number that nothing else of the operation has."""
    division: str
    agency: str
    """The agency that looks at it."""
    state: str
    """listed, clean, found or absent."""
    checks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Every look at it: when, which agency, who, what it came to, in words."""


class OperationTask(SQLModel, table=True):
    """A task of an agency; it has the id of its clock."""

    __tablename__ = "operation_tasks"
    __table_args__ = (UniqueConstraint("operation_id", "number"),)

    id: UUID = Field(primary_key=True)
    operation_id: UUID
    number: int
    task: str
    agency: str
    object_number: int | None = None
    due_at: datetime
    state: str
    """open, done, verified or waived."""
    reports: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """What was said of it: when, which agency, who, in words."""
    done_at: datetime | None = None


class OperationFinding(SQLModel, table=True):
    """What an agency found; the clue room makes a clue of it and says which."""

    __tablename__ = "operation_findings"
    __table_args__ = (UniqueConstraint("operation_id", "number"),)

    id: UUID = Field(primary_key=True)
    operation_id: UUID
    number: int
    agency: str
    actor: str
    object_number: int | None = None
    title: str
    summary: str
    enterprise_id: str
    enterprise_name: str
    division: str
    found_at: datetime
    clue_ref: str = Field(default="", index=True)
    """The clue it became; empty: not yet told."""


PARTS: tuple[type[SQLModel], ...] = (Member, OperationObject, OperationTask, OperationFinding)
"""The tables beside the subjects' own."""
