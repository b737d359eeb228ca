"""Minute, day and real-time data of devices, and what they said before they said otherwise."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "device_readings",
        sa.Column("outlet_id", AutoString(), primary_key=True),
        sa.Column("kind", AutoString(), primary_key=True),
        sa.Column("at", UTCDateTime(), primary_key=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("factors", AutoString(), nullable=False),
    )
    op.create_index("ix_device_readings_age", "device_readings", ["kind", "received_at"])
    op.create_table(
        "replaced_readings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("outlet_id", "kind")),
        sa.Column("at", UTCDateTime(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("code", "fields")),
        sa.Column("replaced_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_replaced_readings_moment", "replaced_readings", ["outlet_id", "kind", "at"])
    op.create_index("ix_replaced_readings_age", "replaced_readings", ["kind", "replaced_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("replaced_readings")
    op.drop_table("device_readings")
