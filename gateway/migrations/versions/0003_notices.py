"""How notices reach people: channels, sendings, preferences, mandates, templates and calendar addresses."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "notice_channels",
    "notice_sendings",
    "notice_preferences",
    "notice_mandates",
    "notice_templates",
    "calendar_feeds",
    "calendar_events",
)


def upgrade() -> None:
    """Create it."""
    _person_notices()
    _channels()
    _sendings()
    _choices()
    _calendars()


def downgrade() -> None:
    """Drop it."""
    for name in reversed(TABLES):
        op.drop_table(name)
    with op.batch_alter_table("person_notices") as notices:
        notices.drop_index("ix_person_notices_follow")
        for name in ("needs_answer", "in_hours", "follow_at", "followed"):
            notices.drop_column(name)


def _person_notices() -> None:
    with op.batch_alter_table("person_notices") as notices:
        for name in ("needs_answer", "in_hours"):
            notices.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        notices.add_column(sa.Column("follow_at", UTCDateTime(), nullable=True))
        notices.add_column(sa.Column("followed", sa.Integer(), nullable=False, server_default="0"))
    _partial("ix_person_notices_follow", "person_notices", "follow_at")


def _channels() -> None:
    op.create_table(
        "notice_channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("label", AutoString(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("levels", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
    )
    op.create_index("ix_notice_channels_agency", "notice_channels", ["agency"])
    op.create_index("ix_notice_channels_person_id", "notice_channels", ["person_id"])


def _sendings() -> None:
    op.create_table(
        "notice_sendings",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("whom", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("level", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("held", AutoString(), nullable=False),
        sa.Column("send_at", UTCDateTime(), nullable=True),
        sa.Column("pass_at", UTCDateTime(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "whom", "channel"),
    )
    op.create_index("ix_notice_sendings_message_id", "notice_sendings", ["message_id"])
    op.create_index("ix_notice_sendings_notice_id", "notice_sendings", ["notice_id"])
    _partial("ix_notice_sendings_send", "notice_sendings", "send_at")
    _partial("ix_notice_sendings_pass", "notice_sendings", "pass_at")


def _choices() -> None:
    op.create_table(
        "notice_preferences",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
    )
    op.create_table(
        "notice_mandates",
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency"),
    )
    op.create_table(
        "notice_templates",
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("template", AutoString(), nullable=False),
        sa.Column("title_zh", AutoString(), nullable=False),
        sa.Column("title_en", AutoString(), nullable=False),
        sa.Column("body_zh", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "template"),
    )


def _calendars() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
    )
    op.create_index("ix_calendar_feeds_agency", "calendar_feeds", ["agency"])
    op.create_index("ix_calendar_feeds_person_id", "calendar_feeds", ["person_id"])
    op.create_table(
        "calendar_events",
        sa.Column("uid", AutoString(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )


def _partial(name: str, table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
