"""Channels, what was sent on them, preferences and mandates, templates and calendar addresses: the tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

HELD = text("send_at IS NOT NULL")
WATCHED = text("pass_at IS NOT NULL")
MAIL = "mail"
"""The name of the channel that every person with a mail address has."""


class NoticeChannel(SQLModel, table=True):
    """A bot or a webhook of a person (`person_id`) or of an agency. `target` and `keys` are sealed.

    `kind`: bot, webhook. `levels`: what an agency's channel carries, comma-separated.
    """

    __tablename__ = "notice_channels"

    id: UUID = Field(primary_key=True)
    agency: str = Field(index=True)
    person_id: UUID | None = Field(default=None, index=True, foreign_key="people.id")
    kind: str
    label: str
    target: str = Field(sa_type=Text)
    keys: str = Field(default="", sa_type=Text)
    levels: str = "urgent,reminder,info"
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return how preferences and sendings name it."""
        return str(self.id)


class NoticeSending(SQLModel, table=True):
    """That a notice goes to somebody by a channel: once, which the key proves.

    `whom`: `person:<uuid>` or `agency:<id>`; `channel`: `mail` or a channel's id. `rank` 0 is the first choice, later
    ones stood in for it. `held` (quiet, digest) waits until `send_at`; `pass_at` is when the next channel is used if
    it has not arrived. `outcome`: passed, not_needed, failed; empty while or because it goes its way.
    """

    __tablename__ = "notice_sendings"
    __table_args__ = (
        Index("ix_notice_sendings_send", "send_at", sqlite_where=HELD, postgresql_where=HELD),
        Index("ix_notice_sendings_pass", "pass_at", sqlite_where=WATCHED, postgresql_where=WATCHED),
    )

    key: str = Field(primary_key=True)
    whom: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    message_id: UUID = Field(index=True)
    notice_id: UUID | None = Field(default=None, index=True)
    level: str
    subject: str
    letter: str = Field(sa_type=Text)
    rank: int = 0
    held: str = ""
    send_at: datetime | None = None
    pass_at: datetime | None = None
    outcome: str = ""
    at: datetime

    @property
    def receiver(self) -> str:
        """Return what its delivery names as the receiver."""
        return receiver_of(self.whom, self.channel)


class NoticePreference(SQLModel, table=True):
    """What a person chose, as JSON (`preferences.Preferences`)."""

    __tablename__ = "notice_preferences"

    person_id: UUID = Field(primary_key=True, foreign_key="people.id")
    chosen: str = Field(sa_type=Text)
    updated_at: datetime


class NoticeMandate(SQLModel, table=True):
    """What an agency asks of its people's choices, as JSON (`preferences.Mandate`)."""

    __tablename__ = "notice_mandates"

    agency: str = Field(primary_key=True)
    asked: str = Field(sa_type=Text)
    updated_at: datetime


class NoticeTemplate(SQLModel, table=True):
    """An agency's own words for a notice of the catalogue (`notice:<id>`, `ladder:<id>:<rung>`)."""

    __tablename__ = "notice_templates"

    agency: str = Field(primary_key=True)
    template: str = Field(primary_key=True)
    title_zh: str
    title_en: str
    body_zh: str = Field(sa_type=Text)
    body_en: str = Field(sa_type=Text)
    updated_at: datetime


class CalendarFeed(SQLModel, table=True):
    """A private calendar address, of a person or of an agency: only the token's digest is stored."""

    __tablename__ = "calendar_feeds"

    id: UUID = Field(primary_key=True)
    digest: str = Field(unique=True)
    agency: str = Field(index=True)
    person_id: UUID | None = Field(default=None, index=True, foreign_key="people.id")
    created_at: datetime
    ended_at: datetime | None = None


class CalendarEvent(SQLModel, table=True):
    """What a calendar was told of a clock: a date that moved raises the sequence (RFC 5545 section 3.8.7.4)."""

    __tablename__ = "calendar_events"

    uid: str = Field(primary_key=True)
    due_at: datetime
    sequence: int = 0
    changed_at: datetime


def receiver_of(whom: str, channel: str) -> str:
    """Return what deliveries name as the receiver of a channel."""
    return f"mail:{whom.removeprefix('person:')}" if channel == MAIL else f"channel:{channel}"


TABLES: tuple[type[SQLModel], ...] = (
    NoticeChannel,
    NoticeSending,
    NoticePreference,
    NoticeMandate,
    NoticeTemplate,
    CalendarFeed,
    CalendarEvent,
)
