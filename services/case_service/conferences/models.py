"""Conferences: the subject's table and the rows of what agencies did at it."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from shared.records.db import Row


class Conference(Row, table=True):
    """A joint meeting that can resolve (会商、联席会议); `about` names the subjects it is on."""

    __tablename__ = "conferences"
    kind: ClassVar[str] = "conference"

    title: str
    summary: str = ""
    about: list[str] = Field(default_factory=list, sa_type=JSON)
    agenda: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    place: str = ""
    online: str = ""
    """Where to join from afar; empty: nowhere."""
    starts_at: datetime
    ends_at: datetime
    reply_by: datetime
    opinions_by: datetime
    signatures_by: datetime | None = None
    access_until: datetime
    """Until when invited agencies may read the materials."""
    quorum: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    chair: str = ""
    recorder: str = ""
    is_regular: bool = False
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Counts of the room on the day of convening, for a regular joint meeting."""
    manifest: str | None = None
    """Digest of the frozen list of materials."""
    sequence: int = 0
    """How often the invitation was changed (iCalendar SEQUENCE)."""
    minutes: int = 0
    """Number of the newest version of the minutes; 0: none yet."""
    resolutions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    reason: str | None = None
    """Why it was adjourned, cancelled or closed."""


class Invitation(SQLModel, table=True):
    """That an agency is invited, and what it answered."""

    __tablename__ = "conference_invitations"
    __table_args__ = (UniqueConstraint("conference_id", "agency"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    agency: str
    people: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Named persons: `name`, `post`, and `person` where the desk knows the account."""
    state: str
    """invited, accepted, declined, delegated, recused."""
    is_required: bool = False
    answered_at: datetime | None = None
    is_late: bool = False
    reason: str = ""
    delegated_to: str = ""
    """The agency that comes instead; empty: none."""


class Attendance(SQLModel, table=True):
    """That a person of an agency was there, from when to when; or stays away because of a conflict (回避)."""

    __tablename__ = "conference_attendance"
    __table_args__ = (UniqueConstraint("conference_id", "agency", "name"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    agency: str
    name: str
    post: str = ""
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    recused: str = ""
    """Why the person is recused; empty: is not."""


class Opinion(SQLModel, table=True):
    """One version of an agency's written opinion; a later one supersedes it, none is overwritten."""

    __tablename__ = "conference_opinions"
    __table_args__ = (UniqueConstraint("conference_id", "agency", "number"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    agency: str
    number: int
    facts: str = Field(sa_type=Text)
    charge_or_matter: str = Field(sa_type=Text)
    sufficiency: str
    to_supplement: str = Field(default="", sa_type=Text)
    recommendation: str = Field(sa_type=Text)
    is_dissent: bool = False
    is_late: bool = False
    at: datetime
    actor: str
    name: str = ""


class Minutes(SQLModel, table=True):
    """One version of the minutes; `digest` is the SHA-256 of `body`, an exact JSON text."""

    __tablename__ = "conference_minutes"
    __table_args__ = (UniqueConstraint("conference_id", "number"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    number: int
    body: str = Field(sa_type=Text)
    digest: str
    at: datetime
    actor: str


class MinutesSignature(SQLModel, table=True):
    """What an agency said of a version of the minutes; `document` is its signed statement, byte for byte."""

    __tablename__ = "conference_signatures"
    __table_args__ = (UniqueConstraint("conference_id", "number", "agency"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    number: int
    agency: str
    decision: str
    """signed or refused."""
    reasons: str = ""
    at: datetime
    is_late: bool = False
    key: str
    document: str = Field(sa_type=Text)


class ActionItem(SQLModel, table=True):
    """What an agency has to do after the conference, until when, and how far it is."""

    __tablename__ = "conference_actions"
    __table_args__ = (UniqueConstraint("conference_id", "number"),)

    id: UUID = Field(primary_key=True)
    conference_id: UUID
    number: int
    task: str
    agency: str
    subject: str = ""
    due_at: datetime
    state: str = "open"
    """open, done (with proof, to be verified), verified, waived."""
    progress: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    proof: list[str] = Field(default_factory=list, sa_type=JSON)
    """Items of evidence that prove completion."""
    done_at: datetime | None = None
    verified_at: datetime | None = None
    note: str = ""


PARTS: tuple[type[SQLModel], ...] = (Invitation, Attendance, Opinion, Minutes, MinutesSignature, ActionItem)
