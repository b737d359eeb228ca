"""Begin: the shared records and the referrals."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the shared records and the referrals."""
    r0001.upgrade()
    op.create_table(
        "referrals",
        *r0001.row_columns(),
        sa.Column("case_ref", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("division", AutoString(), nullable=False),
        sa.Column("enterprise_id", AutoString(), nullable=False),
        sa.Column("enterprise_name", AutoString(), nullable=False),
        sa.Column("suspected_offence", AutoString(), nullable=False),
        sa.Column("conduct_on", sa.Date(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("receiver", AutoString(), nullable=False),
        sa.Column("copied", AutoString(), nullable=False),
        sa.Column("procedure_lawful", sa.Boolean(), nullable=True),
        sa.Column("evidence_lawful", sa.Boolean(), nullable=True),
        sa.Column("approver", AutoString(), nullable=True),
        sa.Column("reasons", AutoString(), nullable=True),
        sa.Column("letter_number", AutoString(), nullable=True),
        sa.Column("handed_over_at", UTCDateTime(), nullable=True),
        sa.Column("sent_manifest", AutoString(), nullable=True),
        *_answers(),
    )
    op.create_index("ix_referrals_case_ref", "referrals", ["case_ref"])
    op.create_index("ix_referrals_journey_id", "referrals", ["journey_id"])


def _answers() -> list[sa.Column[Any]]:
    """What the police and the procuratorate answered, and what followed."""
    return [
        sa.Column("receipt_number", AutoString(), nullable=True),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("requested", AutoString(), nullable=True),
        sa.Column("note", AutoString(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=True),
        sa.Column("decision_number", AutoString(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("notified_at", UTCDateTime(), nullable=True),
        sa.Column("forwarded_to", AutoString(), nullable=True),
        sa.Column("handed_at", UTCDateTime(), nullable=True),
        sa.Column("grounds", AutoString(), nullable=True),
        sa.Column("result", AutoString(), nullable=True),
        sa.Column("platform_entry_number", AutoString(), nullable=True),
    ]


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("referrals")
    r0001.downgrade()
