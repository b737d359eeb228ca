"""Cases: the table, the bodies of the steps, the public view."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator
from pydantic import Field as Said
from sqlalchemy import JSON
from sqlmodel import Field

from shared.events import ManifestData
from shared.records.db import Row
from shared.records.enterprises import EnterpriseId
from shared.records.views import NO_NUL, Body, Division, LongWords, PastInstant, SubjectView, Words, storable

FactWords = Annotated[str, Said(max_length=4000)]
PenaltyKind = Literal[
    "warning",
    "fine",
    "confiscation",
    "permit_suspension",
    "permit_revocation",
    "grade_lowering",
    "production_halt",
    "closure",
    "occupation_ban",
]
FactName = Annotated[str, Said(pattern=r"^[a-z0-9_]{1,60}$")]


class Case(Row, table=True):
    """An administrative matter opened under a procedure (案件)."""

    __tablename__ = "cases"
    kind: ClassVar[str] = "case"
    handed_on: ClassVar[str] = "given_at"

    title: str
    summary: str
    source: str
    division: str
    enterprise_id: str
    enterprise_name: str
    clue_ref: str | None = None
    rule_id: str | None = None
    rule_version: str | None = None
    discovered_at: datetime
    case_no: str | None = None
    officers: list[str] = Field(default_factory=list, sa_type=JSON)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    conduct_on: date | None = None
    suspected_offence: str | None = None
    given_at: datetime | None = None
    """When facts and evidence first went to the referral room: from then on it is told of changes."""
    given_manifest: str | None = None
    """Digest of the evidence that went there last."""
    referral_ref: str | None = None
    handed_over_at: datetime | None = None
    accepted_at: datetime | None = None
    receipt_number: str | None = None
    requested: str | None = None
    outcome: str | None = None
    outcome_at: datetime | None = None
    finding: str | None = None
    proposal: str | None = None
    decision: str | None = None
    decision_number: str | None = None
    reason: str | None = None
    result: str | None = None
    stated: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What steps that are data alone stated so far, by field; the latest statement stands."""


class FactBody(BaseModel):
    """A fact of the case: its value, unit, and the items of evidence that support it."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[bool | float | FactWords | list[FactWords], AfterValidator(storable)]
    unit: Annotated[str, Said(max_length=40, pattern=NO_NUL)] | None = None
    evidence: list[str] = Said(default_factory=list, max_length=50)


class Open(Body):
    """Open a case without a clue: on discovery by an officer, a complaint or another agency's hand-over."""

    title: Words
    summary: LongWords
    source: Literal["inspection", "complaint", "other_agency", "self_report"] = "inspection"
    division: Division
    enterprise_id: EnterpriseId
    enterprise_name: Words
    discovered_at: PastInstant


class FileCase(Body):
    """Decide to file the case (立案), with at least two officers (行政处罚法第四十二条)."""

    case_no: Words
    officers: Annotated[list[Words], Said(min_length=2, max_length=20)]
    officer_certificates: Annotated[list[Words], Said(max_length=20)] | None = None
    """Numbers of their enforcement certificates; they may follow with the first inspection."""


class DeclineFiling(Body):
    """Decide not to file the case (不予立案), with the reason."""

    reason: LongWords


class Extend(Body):
    """Extend a running term by an approved amount."""

    extension_days: Annotated[int, Said(ge=1, le=365)]
    ground: LongWords
    approved_by: Words


class Record(Body):
    """Record facts found by the investigation; each may name the evidence that supports it. Facts may be removed."""

    facts: Annotated[dict[FactName, FactBody], Said(default_factory=dict, max_length=100)]
    conduct_on: date | None = None
    """The day of the conduct: it chooses the law that judges it."""
    removed: Annotated[list[FactName], Said(default_factory=list, max_length=100)]
    """Facts that no longer hold; they stay in the journal."""
    because: LongWords | None = None
    """Why; needed where a fact is removed."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.facts or self.removed or self.conduct_on):
            raise ValueError("请至少记录一项事实 / record at least one fact")
        if self.removed and self.because is None:
            raise ValueError("删去事实须说明理由（because） / say why a fact is removed (because)")
        return self


class Recorded(Body):
    """What a record writes: all facts, old and new."""

    facts: dict[str, Any]
    conduct_on: date | None
    because: str | None


class Conclude(Body):
    """Conclude the investigation: was there a violation, and what is proposed."""

    finding: Literal["violation", "no_violation"]
    proposal: LongWords


class Reopen(Body):
    """Investigate further, with the reason."""

    reason: LongWords


class Refer(Body):
    """Ask that a suspected crime be referred to the police (移送涉嫌犯罪案件)."""

    suspected_offence: Words


class ReferOtherwise(Body):
    """Ask that the case, or a part of it, be referred under another procedure (市场监管、行政拘留 …)."""

    procedure: Annotated[str, Said(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
    parties: dict[FactName, Annotated[list[Words], Said(min_length=1, max_length=20)]] = Said(
        default_factory=dict, max_length=8
    )
    note: LongWords | None = None


class OtherReferralAsked(ReferOtherwise):
    """What asking for it writes: whom it goes to, the law's verdicts and the evidence frozen at that moment."""

    verdicts: list[dict[str, Any]]
    manifest: ManifestData
    given_at: AwareDatetime
    given_manifest: str


class ReferralAsked(Refer):
    """What the request writes: the offence, the law's verdicts and the evidence frozen at that moment."""

    verdicts: list[dict[str, Any]]
    manifest: ManifestData
    given_at: AwareDatetime
    given_manifest: str


class Supplement(Body):
    """Give the referral further evidence that was attached to the case."""

    note: LongWords


class Supplemented(Supplement):
    """What a supplement writes: the note and the evidence frozen at that moment."""

    manifest: ManifestData
    given_manifest: str


class Decide(Body):
    """Decide the penalty, or that none is imposed (行政处罚法第五十七条)."""

    decision: Literal["penalty", "no_penalty"]
    decision_number: Words
    reason: LongWords
    decided_at: PastInstant | None = None
    """When it was decided; absent: now."""
    penalty_kind: PenaltyKind | None = None
    fine_yuan: Annotated[int, Said(ge=0, le=10**9)] | None = None
    """The fine in yuan; absent or 0: none."""


class Close(Body):
    """Close the case with its result; the clue and the rule that found it hear of it."""

    result: Literal["penalised", "no_penalty", "unfounded", "criminal_liability"]


class Resume(Body):
    """Resume administrative handling after a reverse referral (衔接办法第十七、十八条)."""

    reason: LongWords
    outcome_at: PastInstant | None = None
    """When the police, procuratorate or court decided: the penalty clock counts from that day. Absent: today."""


class Resumed(Resume):
    """What resuming writes."""

    outcome_at: AwareDatetime


class CaseView(SubjectView):
    """A case as it is shown."""

    title: str
    summary: str
    source: str
    division: str
    enterprise_id: str
    enterprise_name: str
    clue_ref: str | None
    rule_id: str | None
    discovered_at: AwareDatetime
    case_no: str | None
    officers: list[str]
    facts: dict[str, Any]
    conduct_on: date | None
    suspected_offence: str | None
    referral_ref: str | None
    handed_over_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    receipt_number: str | None
    requested: str | None
    outcome: str | None
    outcome_at: AwareDatetime | None
    finding: str | None
    proposal: str | None
    decision: str | None
    decision_number: str | None
    reason: str | None
    result: str | None
    stated: dict[str, Any]
