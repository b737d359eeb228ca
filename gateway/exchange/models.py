"""What is exchanged: the message log, webhook subscriptions, and the notices people find in their inbox."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Said
from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from gateway.identity.models import Body, Line

EventName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z_]+\.[a-z_]+)$", max_length=80)]
EventNames = Annotated[
    list[EventName], Said(min_length=1, max_length=40), AfterValidator(lambda names: sorted(set(names)))
]


class MessageCounter(SQLModel, table=True):
    """How many messages an agency's log has; moved under lock, so that the log has no gaps and no overtaking."""

    __tablename__ = "message_counters"

    agency: str = Field(primary_key=True)
    newest: int = 0


class Message(SQLModel, table=True):
    """One message to (`out`) or from (`in`) an agency: the exact text, and for `in` what we answered."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_message", "agency", "message_id"),)

    agency: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    direction: str
    message_id: str
    type: str
    subject: str
    body: str = Field(sa_type=Text)
    at: datetime
    actor: str = ""
    status: int | None = None
    answer: str = Field(default="", sa_type=Text)


class Subscription(SQLModel, table=True):
    """A partner's address for pushed events. `types` and `keys` are JSON lists; `keys` are sealed, newest first."""

    __tablename__ = "subscriptions"

    id: UUID = Field(primary_key=True)
    agency: str = Field(index=True)
    url: str
    types: str
    keys: str = Field(sa_type=Text)
    active: bool = True
    created_at: datetime
    stopped_at: datetime | None = None
    stopped_because: str = ""

    @property
    def ref(self) -> str:
        """Return what deliveries name as their receiver."""
        return f"subscription:{self.id}"


FOLLOWED = text("follow_at IS NOT NULL")


class PersonNotice(SQLModel, table=True):
    """One notice in one person's inbox; (key, person) makes each telling happen once."""

    __tablename__ = "person_notices"
    __table_args__ = (
        UniqueConstraint("key", "person_id"),
        Index("ix_person_notices_person", "person_id", "id"),
        Index("ix_person_notices_follow", "follow_at", sqlite_where=FOLLOWED, postgresql_where=FOLLOWED),
    )

    id: UUID = Field(primary_key=True)
    key: str
    person_id: UUID = Field(foreign_key="people.id")
    agency: str
    type: str
    level: str
    subject: str
    title_zh: str
    title_en: str
    body_zh: str = Field(sa_type=Text)
    body_en: str = Field(sa_type=Text)
    at: datetime
    acknowledged_at: datetime | None = None
    needs_answer: bool = False
    in_hours: bool = False
    follow_at: datetime | None = None
    """When it is asked about again, unless acknowledged before."""
    followed: int = 0
    """How often it was."""


class NewSubscription(Body):
    """An address to push events to; `agency` is one's own unless said."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^https?://")]
    types: EventNames = Said(default=["*"])
    agency: Line | None = None
    signature: Literal["hmac", "ed25519"] = "hmac"


class View(BaseModel):
    """What is shown of a row."""

    model_config = ConfigDict(from_attributes=True)


class SubscriptionView(View):
    """A subscription, without its secret."""

    id: UUID
    agency: str
    url: str
    types: list[str]
    active: bool
    created_at: datetime
    stopped_at: datetime | None
    stopped_because: str


class SubscriptionSecret(SubscriptionView):
    """A new or rotated subscription: the only time its verification key is shown (`whsec_`, or `whpk_`)."""

    verification_key: str


class MessageView(View):
    """A line of the message log."""

    sequence: int
    direction: Literal["in", "out"]
    message_id: str
    type: str
    subject: str
    at: datetime
    actor: str
    status: int | None


class MessageContent(MessageView):
    """A message with its exact text and, for one that came in, our answer."""

    body: str
    answer: str


class Feed(BaseModel):
    """Events for the agency in the order of its log; go on with `after=next`."""

    events: list[dict[str, Any]]
    next: int
    more: bool


class NoticeView(View):
    """A notice in the reader's language."""

    id: UUID
    type: str
    level: str
    subject: str
    title: str
    body: str
    at: datetime
    acknowledged_at: datetime | None
    needs_answer: bool = False
