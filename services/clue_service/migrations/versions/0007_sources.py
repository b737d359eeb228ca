"""Sources of clues: complaints, self-inspections, van runs."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COMPLAINT_WORDS = (
    *("tracking", "query_digest", "filed_by", "category", "channel", "summary", "division"),
    *("place", "enterprise_id", "enterprise_name", "clue_ref"),
)
SELF_INSPECTION_WORDS = ("title", "enterprise_id", "enterprise_name", "division", "problem", "declared_by")
SELF_INSPECTION_SAID = (
    *("outlet_id", "pollutant", "direction", "correction", "corrected_by", "verified_by", "findings", "reason"),
)


def upgrade() -> None:
    """Create them."""
    _complaints()
    _self_inspections()
    _van_runs()


def _complaints() -> None:
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


def _self_inspections() -> None:
    op.create_table(
        "self_inspections",
        *r0001.row_columns(),
        *(sa.Column(name, AutoString(), nullable=False) for name in SELF_INSPECTION_WORDS),
        *(sa.Column(name, AutoString(), nullable=True) for name in SELF_INSPECTION_SAID),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("found_on", "planned_on")),
        sa.Column("corrected_on", sa.Date(), nullable=True),
    )
    op.create_index("ix_self_inspections_journey_id", "self_inspections", ["journey_id"])
    op.create_index("ix_self_inspections_enterprise_id", "self_inspections", ["enterprise_id"])
    with op.batch_alter_table("clues") as clues:
        for name in ("declared_ref", "ground_ref"):
            clues.add_column(sa.Column(name, AutoString(), nullable=True))


def _van_runs() -> None:
    op.create_table(
        "van_runs",
        *(sa.Column(name, sa.Uuid(), primary_key=name == "id", nullable=False) for name in ("id", "journey_id")),
        *(
            sa.Column(name, AutoString(), nullable=False)
            for name in ("owner", "run_id", "vehicle", "route", "registered_by")
        ),
        sa.Column("run_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("officers", "calibration", "thresholds")),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.UniqueConstraint("owner", "run_id"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("van_runs")
    with op.batch_alter_table("clues") as clues:
        for name in ("declared_ref", "ground_ref"):
            clues.drop_column(name)
    op.drop_table("self_inspections")
    for table in ("complaint_series", "complainants", "complaints"):
        op.drop_table(table)
