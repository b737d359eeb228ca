"""What the rules office keeps of each rule, and the bodies of its steps."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field as Said
from pydantic import Strict, model_validator
from sqlalchemy import JSON
from sqlalchemy import Text as LongText
from sqlmodel import Field, SQLModel

from shared.records.views import Body, Instant, LongWords, Words

Number = Annotated[float, Strict(), Said(allow_inf_nan=False)]
Overrides = Annotated[dict[Words, Number], Said(max_length=100)]


class RuleInForce(SQLModel, table=True):
    """Which version and which overrides of a rule are in force; without a row, what its newest file says holds."""

    __tablename__ = "rules_in_force"

    rule_id: str = Field(primary_key=True)
    owner: str
    """The bureau that decides on the rule."""
    version: int
    parameters: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    """Only what differs from the version's defaults."""
    status: str
    """active, shadow (observed: counted, no clue) or retired."""
    since_at: datetime
    """Since when this set is active; precision that takes a rule out of service is counted from here."""
    changed_at: datetime


class RuleVersion(SQLModel, table=True):
    """A version that came in a pack: the very text of its file, and who signed the pack."""

    __tablename__ = "rule_versions"

    rule_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    document: str = Field(sa_type=LongText)
    signed_by: str
    pack_digest: str
    imported_at: datetime


class RuleProposal(SQLModel, table=True):
    """A version with overrides that runs beside the set in force, in shadow, until it is activated or withdrawn."""

    __tablename__ = "rule_proposals"

    id: UUID = Field(primary_key=True)
    rule_id: str = Field(index=True)
    version: int
    parameters: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    digest: str
    """SHA-256 of rule, version and every parameter value."""
    state: str
    """shadow, activated, withdrawn, or failed: it broke while it ran."""
    agency: str
    actor: str
    reasons: str = Field(sa_type=LongText)
    proposed_at: datetime
    decided_at: datetime | None = None
    pack_digest: str = ""
    """The pack it came in; empty: it was proposed here."""


class ShadowHit(SQLModel, table=True):
    """An episode a set in shadow found: kept once, the repeats counted; it made no clue."""

    __tablename__ = "shadow_hits"

    rule_id: str = Field(primary_key=True)
    parameters_digest: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    entity_id: str = Field(primary_key=True)
    pollutant: str = Field(primary_key=True)
    """Empty where the rule names none."""
    observed_from: datetime = Field(primary_key=True)
    version: int
    observed_to: datetime
    severity: float
    times: int
    first_at: datetime
    last_at: datetime


class Propose(Body):
    """Propose a set: values that differ from the defaults of a version (the newest, when none is named)."""

    version: Annotated[int, Said(ge=1, le=1_000_000)] | None = None
    parameters: Overrides = Said(default_factory=dict)
    reasons: LongWords


class Activate(Body):
    """Put a proposal in force, as another person than who proposed it."""

    proposal: UUID
    reasons: LongWords


class Retire(Body):
    """Retire the rule; with `proposal`, withdraw only that."""

    proposal: UUID | None = None
    reasons: LongWords


class Observe(Body):
    """Let the rule run on in shadow: it is counted and makes no clue."""

    reasons: LongWords


class BackTest(Body):
    """Try a set on the stored series of your own outlets, over the times from `from` to `to`."""

    version: Annotated[int, Said(ge=1, le=1_000_000)] | None = None
    parameters: Overrides = Said(default_factory=dict)
    from_at: Instant = Said(alias="from")
    to_at: Instant = Said(alias="to")
    outlets: Annotated[list[Words], Said(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "BackTest":
        if self.from_at >= self.to_at:
            raise ValueError("from 应早于 to / from must lie before to")
        return self
