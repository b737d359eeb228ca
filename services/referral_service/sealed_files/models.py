"""Sealed files on their way out and in, and what is shown of them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import JSON, BigInteger, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

Direction = Literal["out", "in"]
State = Literal["pending", "written", "delivered", "waiting", "cut", "taken", "refused"]
"""Out: `pending` (to be written), `written` (no receipt yet), `delivered`, `refused`.
In: `cut` (incomplete), `waiting` (its predecessor is not here), `taken`, `refused`."""


class SealedFile(SQLModel, table=True):
    """One sealed file. Out: what it carries, so that it can be written again. In: what became of it."""

    __tablename__ = "sealed_files"
    __table_args__ = (
        UniqueConstraint("direction", "desk", "file"),
        UniqueConstraint("direction", "desk", "subject", "number"),
    )

    id: UUID = Field(primary_key=True)
    direction: str
    desk: str
    """Out: the outbox it lies in. In: the agency that signed it, empty when nobody can tell."""
    file: str
    subject: str = Field(default="", index=True)
    number: int | None = None
    """Place in the line of this subject to this desk; receipts stand in no line."""
    previous: str = ""
    """The message before it in its line."""
    message_id: str = Field(default="", index=True)
    type: str = ""
    seq: int = 0
    """Out: the newest journal entry it tells of."""
    manifest_digest: str = ""
    bag_digest: str = ""
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Out: the message, the signer, the reader, and which items the desk has already."""
    state: str = Field(index=True)
    since: datetime
    reasons: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    receipt: str = Field(default="", sa_type=Text)
    """The signed statement that answers it."""
    size: int = Field(default=0, sa_type=BigInteger)
    changed_ns: int = Field(default=0, sa_type=BigInteger)
    """In: when the file changed last, in nanoseconds, so that an unchanged one is not read again and again."""


class SealedFileView(BaseModel):
    """A sealed file: what it carries, where it stands since when, why; and the nearest clock of its subject."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    direction: Direction
    desk: str
    file: str
    subject: str
    number: int | None
    previous: str
    message_id: str
    type: str
    manifest_digest: str
    bag_digest: str
    state: State
    since: AwareDatetime
    reasons: list[dict[str, str]]
    nearest_term: str | None = None
    nearest_due_at: AwareDatetime | None = None
    nearest_party: str | None = None
