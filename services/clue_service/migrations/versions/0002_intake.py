"""Intake: outlets with their limits, refused frames, counts, and how far the rules have judged."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, and the index by which a rule's clue is found again."""
    _outlets()
    _frames()
    op.create_table(
        "detection_runs",
        sa.Column("outlet_id", AutoString(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("changed_from", UTCDateTime(), nullable=True),
        sa.Column("ran_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("outlet_id"),
    )
    op.create_index("ix_clues_episode", "clues", ["outlet_id", "rule_id"])


def _outlets() -> None:
    op.create_table(
        "outlets",
        sa.Column("outlet_id", AutoString(), nullable=False),
        sa.Column("mn", AutoString(), nullable=True),
        sa.Column("enterprise_id", AutoString(), nullable=False),
        sa.Column("enterprise_name", AutoString(), nullable=False),
        sa.Column("division", AutoString(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("medium", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("industry", AutoString(), nullable=False),
        sa.Column("std_o2", sa.Float(), nullable=True),
        sa.Column("combined_rain", sa.Boolean(), nullable=False),
        sa.Column("journey_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("outlet_id"),
        sa.UniqueConstraint("mn"),
    )
    op.create_index("ix_outlets_owner", "outlets", ["owner"])
    op.create_table(
        "limits",
        sa.Column("outlet_id", AutoString(), nullable=False),
        sa.Column("pollutant", AutoString(), nullable=False),
        sa.Column("limit", sa.Float(), nullable=True),
        sa.Column("full_scale", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("outlet_id", "pollutant"),
    )


def _frames() -> None:
    op.create_table(
        "rejected_frames",
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("transport", AutoString(), nullable=False),
        sa.Column("sender", AutoString(), nullable=False),
        sa.Column("mn", AutoString(), nullable=True),
        sa.Column("raw", AutoString(), nullable=False),
        sa.Column("reason_zh", AutoString(), nullable=False),
        sa.Column("reason_en", AutoString(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", "code", "owner"),
    )
    op.create_index("ix_rejected_frames_id", "rejected_frames", ["id"])
    op.create_table(
        "frame_counts",
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("transport", AutoString(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("counted_on", "transport", "owner", "outcome"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_clues_episode", "clues")
    for name in ("detection_runs", "frame_counts", "rejected_frames", "limits", "outlets"):
        op.drop_table(name)
