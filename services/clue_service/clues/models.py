"""Clues: the table, the bodies of the steps, the public view."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime
from pydantic import Field as Said
from sqlalchemy import JSON, Index
from sqlmodel import Field

from services.clue_service.squads.squads import SQUAD_ID
from shared.events import ManifestData
from shared.matters.stating import AgencyId
from shared.records.db import Row
from shared.records.enterprises import EnterpriseId
from shared.records.views import Body, Division, JsonObject, LongWords, PastInstant, SubjectView, Words

Source = Literal[
    "rule",
    "mobile_monitoring",
    "complaint",
    "self_inspection",
    "vehicle_inspection",
    "waste_ledger",
    "river_section",
    "partner",
    "joint_operation",
    "manual",
]
Result = Literal["confirmed", "unfounded", "corrected", "not_ours"]
Method = Literal["off_site", "on_site"]
Priority = Literal["urgent", "high", "normal", "low"]
DECLARED_REF = r"^self_inspection:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
INSPECTION_REF = r"^inspection:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Clue(Row, table=True):
    """A report that may lead to a case (线索)."""

    __tablename__ = "clues"
    __table_args__ = (
        Index("ix_clues_same", "enterprise_id", "same_key"),
        Index("ix_clues_episode", "entity_id", "rule_id"),
        Index("ix_clues_rule", "rule_id"),
    )
    kind: ClassVar[str] = "clue"

    title: str
    summary: str
    source: str
    enterprise_id: str
    enterprise_name: str
    division: str
    outlet_id: str | None = None
    entity_id: str | None = None
    """What a rule is about: an outlet, else an enterprise, a manifest, a test line, a section (input tables)."""
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
    industry: str = ""
    priority: str = "normal"
    assigned_to: str | None = None
    squad: str | None = None
    """The squad it was given to (squads.yaml), of the province, a city or a county."""
    reply_by: datetime | None = None
    result: str | None = None
    """What verification found: confirmed, unfounded, corrected or not ours."""
    method: str | None = None
    """How it was verified: off_site or on_site."""
    inspection_ref: str | None = None
    findings: str | None = None
    verifiers: list[str] = Field(default_factory=list, sa_type=JSON)
    """The people who verified it, each time it was verified; none of them reviews it."""
    verified_at: datetime | None = None
    reviewed_by: str | None = None
    review_opinion: str | None = None
    redirected_to: str | None = None
    reason: str | None = None
    note: str | None = None
    case_ref: str | None = None
    outcome: str | None = None
    """How its case ended."""
    declared_ref: str | None = None
    """The enterprise's own declaration whose span holds all that was observed (`self_inspection:<uuid>`)."""
    ground_ref: str | None = None
    """The verified self-inspection a result `corrected` rests on."""


class Receive(Body):
    """Report a clue. `discovered_at` starts the filing clock (生态环境行政处罚办法第十八条) and may not lie ahead."""

    title: Words
    summary: LongWords
    source: Source = "manual"
    enterprise_id: EnterpriseId
    enterprise_name: Words
    division: Division
    outlet_id: Words | None = None
    entity_id: Words | None = None
    pollutant: Words | None = None
    rule_id: Words | None = None
    rule_version: Words | None = None
    score: float = Said(default=50, ge=0, le=100)
    score_reasons: list[JsonObject] = Said(default_factory=list, max_length=50)
    discovered_at: PastInstant
    observed_from: PastInstant | None = None
    observed_to: PastInstant | None = None
    industry: Annotated[str, Said(max_length=200, pattern=r"^[^\x00]*$")] = ""


class Triage(Body):
    """Say how pressing the clue is, and why."""

    priority: Priority
    reason: LongWords


class Assign(Body):
    """Give the clue to somebody to verify, of a squad where one is named; `reply_by` starts a clock of agreement."""

    assigned_to: Words
    squad: Annotated[str, Said(pattern=SQUAD_ID)] | None = None
    reply_by: AwareDatetime | None = None


class Verify(Body):
    """State what verification found; on site only under an approved inspection (`inspection:<uuid>`).

    `ground_ref` names the verified self-inspection a result `corrected` rests on; left out: the clue's own.
    """

    result: Result
    findings: LongWords
    method: Method = "off_site"
    inspection_ref: Annotated[str, Said(pattern=INSPECTION_REF)] | None = None
    ground_ref: Annotated[str, Said(pattern=DECLARED_REF)] | None = None


class Review(Body):
    """Agree with the verification as a second person."""

    review_opinion: LongWords


class Redirect(Body):
    """Send the clue to the agency that is competent, with the reason."""

    redirected_to: AgencyId
    reason: LongWords


class TakeOver(Body):
    """Take over a clue that was redirected to you."""

    note: LongWords | None = None


class SendBack(Body):
    """Send a redirected clue back, with the reason."""

    reason: LongWords


class VerifyAgain(Body):
    """Send the clue back for verification, with the reason."""

    reason: LongWords


class Accept(Body):
    """Accept the verified clue: the case room opens a case from it."""

    note: LongWords | None = None


class Decline(Body):
    """Decline the clue, with the reason.

    `suppress_days`: where verification found it unfounded, hits of the same rule on the same outlet and pollutant make
    no clue for so many days; they are counted and kept.
    """

    reason: LongWords
    suppress_days: Annotated[int, Said(ge=1, le=180)] | None = None


class Verified(Verify):
    """What a verification writes: who verified so far, and when."""

    verifiers: list[str]
    verified_at: datetime


class Reviewed(Review):
    """What a review writes: who reviewed."""

    reviewed_by: str


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
    entity_id: str | None
    pollutant: str | None
    rule_id: str | None
    rule_version: str | None
    score: float
    score_reasons: list[dict[str, Any]]
    discovered_at: AwareDatetime
    observed_from: AwareDatetime | None
    observed_to: AwareDatetime | None
    reports: int
    industry: str
    priority: str
    assigned_to: str | None
    squad: str | None
    reply_by: AwareDatetime | None
    result: str | None
    method: str | None
    inspection_ref: str | None
    findings: str | None
    verifiers: list[str]
    verified_at: AwareDatetime | None
    reviewed_by: str | None
    review_opinion: str | None
    redirected_to: str | None
    reason: str | None
    note: str | None
    case_ref: str | None
    outcome: str | None
    declared_ref: str | None
    ground_ref: str | None
