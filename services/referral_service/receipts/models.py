"""Receipts: the table and the public view."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

Kind = Literal["submitted", "delivered", "accepted", "refused"]


class Receipt(SQLModel, table=True):
    """One receipt; `document` is the signed statement, byte for byte, that `lianqin verify` checks."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("subject", "kind", "agency", "told", "manifest_digest"),)

    id: UUID = Field(primary_key=True)
    subject: str = Field(index=True)
    kind: str
    agency: str
    """Who issued and signed it."""
    told: str
    """Whom it is about or meant for: the addressee of what was submitted or delivered, else the sender."""
    manifest_digest: str
    message_id: str
    at: datetime
    number: str = ""
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)
    key: str
    digest: str
    document: str = Field(sa_type=Text)


class ReceiptView(BaseModel):
    """A receipt: its kind, who issued it for which manifest, when, and the signed statement to verify offline."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject: str
    kind: Kind
    agency: str
    told: str
    manifest_digest: str
    message_id: str
    at: AwareDatetime
    number: str
    reasons: list[str]
    key: str
    digest: str
    document: str
