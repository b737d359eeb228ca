"""Begin: the shared records and the cases."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the shared records and the cases."""
    r0001.upgrade()
    op.create_table(
        "cases",
        *r0001.row_columns(),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("division", AutoString(), nullable=False),
        sa.Column("enterprise_id", AutoString(), nullable=False),
        sa.Column("enterprise_name", AutoString(), nullable=False),
        sa.Column("clue_ref", AutoString(), nullable=True),
        sa.Column("rule_id", AutoString(), nullable=True),
        sa.Column("rule_version", AutoString(), nullable=True),
        sa.Column("discovered_at", UTCDateTime(), nullable=False),
        sa.Column("case_no", AutoString(), nullable=True),
        sa.Column("officers", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("conduct_on", sa.Date(), nullable=True),
        sa.Column("suspected_offence", AutoString(), nullable=True),
        sa.Column("referral_ref", AutoString(), nullable=True),
        sa.Column("handed_over_at", UTCDateTime(), nullable=True),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.Column("receipt_number", AutoString(), nullable=True),
        sa.Column("requested", AutoString(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=True),
        sa.Column("outcome_at", UTCDateTime(), nullable=True),
        sa.Column("finding", AutoString(), nullable=True),
        sa.Column("proposal", AutoString(), nullable=True),
        sa.Column("decision", AutoString(), nullable=True),
        sa.Column("decision_number", AutoString(), nullable=True),
        sa.Column("reason", AutoString(), nullable=True),
        sa.Column("result", AutoString(), nullable=True),
    )
    op.create_index("ix_cases_journey_id", "cases", ["journey_id"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("cases")
    r0001.downgrade()
