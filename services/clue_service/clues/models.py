"""Clues: the table, the bodies of the steps, the public view."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime
from pydantic import Field as Said
from sqlalchemy import JSON, Index
from sqlmodel import Field

from shared.events import ManifestData
from shared.records.db import Row
from shared.records.views import Body, Division, JsonObject, LongWords, PastInstant, SubjectView, Words

Source = Literal["rule", "mobile_monitoring", "complaint", "self_inspection", "partner", "joint_operation", "manual"]


class Clue(Row, table=True):
    """A report that may lead to a case (线索)."""

    __tablename__ = "clues"
    __table_args__ = (
        Index("ix_clues_same", "enterprise_id", "same_key"),
        Index("ix_clues_episode", "outlet_id", "rule_id"),
    )
    kind: ClassVar[str] = "clue"

    title: str
    summary: str
    source: str
    enterprise_id: str
    enterprise_name: str
    division: str
    outlet_id: str | None = None
    pollutant: str | None = None
    rule_id: str | None = None
    rule_version: str | None = None
    same_key: str
    """What makes two reports the same clue: source, rule, outlet and pollutant, within 72 hours."""
    score: float
    score_reasons: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    discovered_at: datetime
    observed_from: datetime | None = None
    observed_to: datetime | None = None
    reports: int = 1
    """How many reports were merged into this clue."""
    assigned_to: str | None = None
    result: str | None = None
    """What verification found: confirmed, unfounded or corrected."""
    findings: str | None = None
    reason: str | None = None
    note: str | None = None
    case_ref: str | None = None
    outcome: str | None = None
    """How its case ended."""


class Receive(Body):
    """Report a clue. `discovered_at` starts the filing clock (生态环境行政处罚办法第十八条) and may not lie ahead."""

    title: Words
    summary: LongWords
    source: Source = "manual"
    enterprise_id: Words
    enterprise_name: Words
    division: Division
    outlet_id: Words | None = None
    pollutant: Words | None = None
    rule_id: Words | None = None
    rule_version: Words | None = None
    score: float = Said(default=50, ge=0, le=100)
    score_reasons: list[JsonObject] = Said(default_factory=list, max_length=50)
    discovered_at: PastInstant
    observed_from: PastInstant | None = None
    observed_to: PastInstant | None = None


class Assign(Body):
    """Give the clue to somebody to verify."""

    assigned_to: Words


class Verify(Body):
    """State what verification found, off-site or on-site."""

    result: Literal["confirmed", "unfounded", "corrected"]
    findings: LongWords


class VerifyAgain(Body):
    """Send the clue back for verification, with the reason."""

    reason: LongWords


class Accept(Body):
    """Accept the verified clue: the case room opens a case from it."""

    note: LongWords | None = None


class Decline(Body):
    """Decline the clue, with the reason."""

    reason: LongWords


class Opened(Body):
    """The case room opened a case."""

    case_ref: str


class Closed(Body):
    """The case was closed with a result."""

    outcome: str


class Accepted(Accept):
    """What an acceptance writes: the note, and the evidence frozen at that moment."""

    manifest: ManifestData


class ClueView(SubjectView):
    """A clue as it is shown."""

    title: str
    summary: str
    source: str
    enterprise_id: str
    enterprise_name: str
    division: str
    outlet_id: str | None
    pollutant: str | None
    rule_id: str | None
    rule_version: str | None
    score: float
    score_reasons: list[dict[str, Any]]
    discovered_at: AwareDatetime
    observed_from: AwareDatetime | None
    observed_to: AwareDatetime | None
    reports: int
    assigned_to: str | None
    result: str | None
    findings: str | None
    reason: str | None
    note: str | None
    case_ref: str | None
    outcome: str | None
