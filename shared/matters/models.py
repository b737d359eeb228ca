"""What passes between agencies: the columns every such matter has, and how it is shown."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import JSON
from sqlmodel import Field

from shared.records.db import Row
from shared.records.views import SubjectView


class Between(Row):
    """A matter between agencies: what it is about, who takes part, what is known and what was stated."""

    title: str
    summary: str = ""
    about: str = Field(default="", index=True)
    """Ref of the subject it follows from, such as `case:018f…`; empty: none."""
    division: str = ""
    enterprise_id: str = ""
    enterprise_name: str = ""
    conduct_on: date | None = None
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    verdicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    conditions: dict[str, bool] = Field(default_factory=dict, sa_type=JSON)
    """Which conditions of the conditional documents are known to hold or not."""
    basis: list[str] = Field(default_factory=list, sa_type=JSON)
    """Ids of the transfer standards it is rested on."""
    takes_part: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    """Relation -> agencies, also those that do not see it yet."""
    stated: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What the steps stated so far, by field; the latest statement stands."""
    receiver: str = ""
    """The agency it goes to."""
    letter_number: str | None = None
    handed_over_at: datetime | None = None
    sent_manifest: str | None = None
    """Digest of the manifest that was handed over last."""


class BetweenView(SubjectView):
    """A matter between agencies as it is shown."""

    title: str
    summary: str
    about: str
    division: str
    enterprise_id: str
    enterprise_name: str
    conduct_on: date | None
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    conditions: dict[str, bool]
    basis: list[str]
    takes_part: dict[str, list[str]]
    stated: dict[str, Any]
    receiver: str
    letter_number: str | None
    handed_over_at: AwareDatetime | None
    sent_manifest: str | None
