"""Referrals: the table and the public view. The bodies of the steps stand in `bodies.py`."""

from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime
from sqlalchemy import JSON
from sqlmodel import Field

from shared.records.db import Row
from shared.records.views import SubjectView


class Referral(Row, table=True):
    """A case handed to another authority, and what follows (移送)."""

    __tablename__ = "referrals"
    kind: ClassVar[str] = "referral"

    case_ref: str = Field(index=True)
    title: str
    division: str
    enterprise_id: str
    enterprise_name: str
    suspected_offence: str
    conduct_on: date | None = None
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    verdicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    conditions: dict[str, bool] = Field(default_factory=dict, sa_type=JSON)
    """Which conditions of the conditional documents are known to hold or not."""
    receiver: str
    """The police organ it goes to."""
    copied: str
    """The procuratorate that gets the copy of the letter."""
    procedure_lawful: bool | None = None
    evidence_lawful: bool | None = None
    approver: str | None = None
    reasons: str | None = None
    letter_number: str | None = None
    handed_over_at: datetime | None = None
    sent_manifest: str | None = None
    """Digest of the manifest that was handed over."""
    receipt_number: str | None = None
    accepted_at: datetime | None = None
    acknowledged_at: datetime | None = None
    requested: str | None = None
    note: str | None = None
    outcome: str | None = None
    decision_number: str | None = None
    decided_at: datetime | None = None
    notified_at: datetime | None = None
    forwarded_to: str | None = None
    handed_at: datetime | None = None
    grounds: str | None = None
    result: str | None = None
    platform_entry_number: str | None = None


class ReferralView(SubjectView):
    """A referral as it is shown."""

    case_ref: str
    title: str
    division: str
    enterprise_id: str
    enterprise_name: str
    suspected_offence: str
    conduct_on: date | None
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    conditions: dict[str, bool]
    receiver: str
    copied: str
    approver: str | None
    reasons: str | None
    letter_number: str | None
    handed_over_at: AwareDatetime | None
    sent_manifest: str | None
    receipt_number: str | None
    accepted_at: AwareDatetime | None
    acknowledged_at: AwareDatetime | None
    requested: str | None
    note: str | None
    outcome: str | None
    decision_number: str | None
    decided_at: AwareDatetime | None
    notified_at: AwareDatetime | None
    forwarded_to: str | None
    handed_at: AwareDatetime | None
    grounds: str | None
    result: str | None
    platform_entry_number: str | None
