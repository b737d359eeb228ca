"""What changed at the case since its facts and evidence were given: the rows, and what is shown of the difference."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import JSON
from sqlmodel import Field, SQLModel


class CaseChange(SQLModel, table=True):
    """One change of a fact or an item at the case, as the case room told it. Rows are written once."""

    __tablename__ = "case_changes"

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(index=True)
    seq: int
    """Place in the case's journal."""
    what: str
    key: str
    """Name of the fact, or id of the item in the case room."""
    name: str
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reason: str = ""
    at: datetime
    agency: str
    actor: str


class Sent(BaseModel):
    """What was sent, as it was sent; `is_sent` false: what the draft was made from, for nothing went out yet."""

    is_sent: bool
    handed_over_at: AwareDatetime | None
    manifest: str | None
    facts: dict[str, Any]
    items: list[dict[str, Any]]
    supplements: list[dict[str, Any]]
    """Items that were handed over after that, as supplements."""


class Difference(BaseModel):
    """One difference between what was sent and what is now; when it came about and by whom.

    `what`: fact_added, fact_changed, fact_removed, fact_unsupported (an item it rests on no longer counts),
    item_added, item_withdrawn, item_frozen, exhibit_moved. `where`: the room in which it is so.
    """

    what: str
    where: str
    name: str
    item: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""
    at: AwareDatetime
    agency: str
    actor: str


class Differences(BaseModel):
    """What was sent beside what is now: an empty list says that nothing changed since."""

    sent: Sent
    facts: list[Difference]
    items: list[Difference]
