"""Sources of clues: complaints."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

COMPLAINT_WORDS = (
    *("tracking", "query_digest", "filed_by", "category", "channel", "summary", "division"),
    *("place", "enterprise_id", "enterprise_name", "clue_ref"),
)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "complaints",
        *r0001.row_columns(),
        *(sa.Column(name, AutoString(), nullable=False) for name in COMPLAINT_WORDS),
        sa.Column("occurred_at", UTCDateTime(), nullable=True),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("reply", AutoString(), nullable=True),
        sa.Column("replied_at", UTCDateTime(), nullable=True),
    )
    op.create_index("ix_complaints_journey_id", "complaints", ["journey_id"])
    op.create_index("ix_complaints_tracking", "complaints", ["tracking"], unique=True)
    op.create_index("ix_complaints_clue_ref", "complaints", ["clue_ref"])
    op.create_table(
        "complainants",
        sa.Column("complaint_id", sa.Uuid(), primary_key=True),
        sa.Column("sealed", AutoString(), nullable=False),
    )
    op.create_table(
        "complaint_series",
        sa.Column("line", AutoString(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("complaint_series", "complainants", "complaints"):
        op.drop_table(table)
