"""What the case room knows of approved visits."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    words = ("owner", "partners", "enterprise_id", "enterprise_name", "state")
    op.create_table(
        "visits",
        sa.Column("ref", AutoString(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in words),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_visits_enterprise_id", "visits", ["enterprise_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("visits")
