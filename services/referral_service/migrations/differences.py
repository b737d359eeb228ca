"""The table of what changed at the case since its facts and evidence were given, as 0002 creates it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "case_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("what", "key", "name")),
        *(sa.Column(name, sa.JSON(), nullable=True) for name in ("before", "after")),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("agency", "actor")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_case_changes_referral_id", "case_changes", ["referral_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("case_changes")
