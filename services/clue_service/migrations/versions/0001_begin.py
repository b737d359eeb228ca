"""Begin: the shared records and the clues."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the shared records and the clues."""
    r0001.upgrade()
    op.create_table(
        "clues",
        *r0001.row_columns(),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("enterprise_id", AutoString(), nullable=False),
        sa.Column("enterprise_name", AutoString(), nullable=False),
        sa.Column("division", AutoString(), nullable=False),
        sa.Column("outlet_id", AutoString(), nullable=True),
        sa.Column("pollutant", AutoString(), nullable=True),
        sa.Column("rule_id", AutoString(), nullable=True),
        sa.Column("rule_version", AutoString(), nullable=True),
        sa.Column("same_key", AutoString(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("score_reasons", sa.JSON(), nullable=False),
        sa.Column("discovered_at", UTCDateTime(), nullable=False),
        sa.Column("observed_from", UTCDateTime(), nullable=True),
        sa.Column("observed_to", UTCDateTime(), nullable=True),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("assigned_to", AutoString(), nullable=True),
        sa.Column("result", AutoString(), nullable=True),
        sa.Column("findings", AutoString(), nullable=True),
        sa.Column("reason", AutoString(), nullable=True),
        sa.Column("note", AutoString(), nullable=True),
        sa.Column("case_ref", AutoString(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=True),
    )
    op.create_index("ix_clues_journey_id", "clues", ["journey_id"])
    op.create_index("ix_clues_same", "clues", ["enterprise_id", "same_key"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("clues")
    r0001.downgrade()
