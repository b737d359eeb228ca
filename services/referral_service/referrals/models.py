"""Referrals: the table and the public view. The bodies of the steps stand in `bodies.py`."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime
from sqlmodel import Field

from shared.matters.models import Between, BetweenView


class Referral(Between, table=True):
    """A matter handed to another authority, and what follows (移送). What follows is of police referrals only."""

    __tablename__ = "referrals"
    kind: ClassVar[str] = "referral"

    case_ref: str = Field(default="", index=True)
    suspected_offence: str = ""
    copied: str = ""
    """The procuratorate that gets the copy of the letter."""
    procedure_lawful: bool | None = None
    evidence_lawful: bool | None = None
    approver: str | None = None
    reasons: str | None = None
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


class ReferralView(BetweenView):
    """A referral as it is shown."""

    case_ref: str
    suspected_offence: str
    copied: str
    approver: str | None
    reasons: str | None
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
