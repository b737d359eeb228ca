"""Complaints: the table, who complained (sealed, apart), the bodies of the steps, what is shown."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, SecretStr
from pydantic import Field as Said
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from shared.records.db import Row
from shared.records.enterprises import EnterpriseId
from shared.records.views import Body, Division, LongWords, PastInstant, SubjectView, Words, storable

Channel = Literal["hotline_12345", "hotline_12369", "online", "letter", "visit"]
Category = Literal["waste_gas", "odour", "waste_water", "noise", "dust", "solid_waste", "vehicle", "ecology", "other"]


class Complaint(Row, table=True):
    """A citizen's complaint (投诉举报). Who complained is not here: see `Complainant`."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index("ix_complaints_tracking", "tracking", unique=True),
        Index("ix_complaints_clue_ref", "clue_ref"),
    )
    kind: ClassVar[str] = "complaint"

    tracking: str
    query_digest: str
    """SHA-256 of the code the complainant asks with; the code itself is kept nowhere."""
    filed_by: str
    """The agency that put it down: it may ask for state and reply."""
    category: str
    channel: str
    summary: str
    division: str
    place: str = ""
    enterprise_id: str = ""
    enterprise_name: str = ""
    occurred_at: datetime | None = None
    is_named: bool = False
    """Whether the complainant gave a name or a contact."""
    clue_ref: str
    reply: str | None = None
    replied_at: datetime | None = None


class Complainant(SQLModel, table=True):
    """Who complained: sealed under a key of its own, in a table of its own."""

    __tablename__ = "complainants"

    complaint_id: UUID = Field(primary_key=True)
    sealed: str


class ComplaintSeries(SQLModel, table=True):
    """The last number of each series of tracking numbers."""

    __tablename__ = "complaint_series"

    line: str = Field(primary_key=True)
    last: int


def _typed(value: SecretStr) -> SecretStr:
    if not storable(value.get_secret_value()).strip():
        raise ValueError("不能为空 / must not be blank")
    return value


Secret = Annotated[SecretStr, Said(min_length=1, max_length=200), AfterValidator(_typed)]


class Identity(Body):
    """Who complains, as far as it was said. Never shown again but by `POST …/identity`.

    Secrets also to the digest an Idempotency-Key is kept with: a telephone number could be guessed from one.
    """

    name: Secret | None = None
    contact: Secret | None = None


class FileComplaint(Body):
    """Put down a complaint: what, where, when, by which channel; who complains may be left out.

    The texts may not name the complainant (`identity_in_text`): they travel with the clue.
    """

    category: Category
    channel: Channel
    summary: LongWords
    division: Division
    place: Words | None = None
    enterprise_id: EnterpriseId | None = None
    enterprise_name: Words | None = None
    occurred_at: PastInstant | None = None
    complainant: Identity | None = None


class Reply(Body):
    """Answer the complaint."""

    reply: LongWords


class WithdrawComplaint(Body):
    """Withdraw the complaint, with the reason; its clue goes on."""

    reason: LongWords


class OpenIdentity(Body):
    """Open who complained, with the reason; the journal keeps who opened it and why."""

    reason: LongWords


class ComplaintView(SubjectView):
    """A complaint as it is shown: nothing of who complained."""

    tracking: str
    filed_by: str
    category: str
    channel: str
    summary: str
    division: str
    place: str
    enterprise_id: str
    enterprise_name: str
    occurred_at: AwareDatetime | None
    is_named: bool
    clue_ref: str
    reply: str | None
    replied_at: AwareDatetime | None


class FiledView(ComplaintView):
    """A complaint just put down, with the code that is given this once."""

    query_code: str


class AnswerView(BaseModel):
    """What a hotline may tell the complainant."""

    tracking: str
    category: str
    received_at: AwareDatetime
    state: str
    state_zh: str
    state_en: str
    reply: str | None
    replied_at: AwareDatetime | None


class IdentityView(BaseModel):
    """Who complained."""

    tracking: str
    name: str | None
    contact: str | None
