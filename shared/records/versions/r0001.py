"""The tables every database carries, as they began."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

PENDING = sa.text("state = 'pending'")
OPEN = sa.text("next_notice_at IS NOT NULL")


def upgrade() -> None:
    """Create them, those others point to first."""
    for create in CREATED.values():
        create()


def downgrade() -> None:
    """Drop them in the opposite order."""
    for name in reversed(CREATED):
        op.drop_table(name)


def row_columns() -> list[sa.Column[Any]]:
    """Return the columns every subject's table begins with."""
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("journey_id", sa.Uuid(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("procedure_id", AutoString(), nullable=False),
        sa.Column("procedure_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
    ]


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("relation", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "kind", "subject_id", "relation"),
    )
    op.create_index("ix_parties_subject", "parties", ["kind", "subject_id"])


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("journey_id", sa.Uuid(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("actor", AutoString(), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("prev", AutoString(), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "seq"),
    )
    op.create_index("ix_entries_journey_at", "entries", ["journey_id", "at"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", AutoString(), nullable=False),
        sa.Column("receiver", AutoString(), nullable=False),
        sa.Column("carrier", AutoString(), nullable=False),
        sa.Column("address", AutoString(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("last_error", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_deliveries_line", "deliveries", ["line", "receiver", "id"])


def _received() -> None:
    op.create_table(
        "received",
        sa.Column("sender", AutoString(), nullable=False),
        sa.Column("message_id", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("result", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "message_id"),
    )


def _deadlines() -> None:
    op.create_table(
        "deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("journey_id", sa.Uuid(), nullable=False),
        sa.Column("term_id", AutoString(), nullable=False),
        sa.Column("term_on", sa.Date(), nullable=False),
        sa.Column("party", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("breached_at", UTCDateTime(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("because", AutoString(), nullable=False),
        sa.Column("awaits", AutoString(), nullable=False),
        sa.Column("rungs", AutoString(), nullable=False),
        sa.Column("reached", AutoString(), nullable=False),
        sa.Column("next_notice_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_deadlines_next_notice",
        "deadlines",
        ["next_notice_at"],
        sqlite_where=sa.text("next_notice_at IS NOT NULL"),
        postgresql_where=sa.text("next_notice_at IS NOT NULL"),
    )
    op.create_index("ix_deadlines_party_due", "deadlines", ["party", "state", "due_at"])
    op.create_index("ix_deadlines_subject", "deadlines", ["subject", "term_id"])


def _deadline_changes() -> None:
    op.create_table(
        "deadline_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deadline_id", sa.Uuid(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("unit", AutoString(), nullable=False),
        sa.Column("to_total", sa.Boolean(), nullable=False),
        sa.Column("ground", AutoString(), nullable=False),
        sa.Column("approved_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadlines.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_deadline_changes_deadline_id", "deadline_changes", ["deadline_id"])


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("document", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("media_type", AutoString(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("details", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("added_by", AutoString(), nullable=False),
        sa.Column("adopted_from", AutoString(), nullable=False),
        sa.Column("shared_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_items_subject", "items", ["subject"])


def _custody() -> None:
    op.create_table(
        "custody",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("act", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("actor", AutoString(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_custody_item_id", "custody", ["item_id"])


def _manifests() -> None:
    op.create_table(
        "manifests",
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("frozen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "digest"),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("level", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("title_zh", AutoString(), nullable=False),
        sa.Column("title_en", AutoString(), nullable=False),
        sa.Column("body_zh", AutoString(), nullable=False),
        sa.Column("body_en", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("key", "agency", "role"),
    )
    op.create_index("ix_notices_id", "notices", ["id"])
    op.create_index("ix_notices_subject", "notices", ["subject"])


CREATED = {
    "parties": _parties,
    "entries": _entries,
    "deliveries": _deliveries,
    "received": _received,
    "deadlines": _deadlines,
    "deadline_changes": _deadline_changes,
    "items": _items,
    "custody": _custody,
    "manifests": _manifests,
    "notices": _notices,
}
