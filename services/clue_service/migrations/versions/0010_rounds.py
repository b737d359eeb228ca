"""When an outlet is judged at the latest, and what it showed when it was judged last."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what waits already has no moment and is judged at once."""
    with op.batch_alter_table("detection_runs") as runs:
        for name in ("due_at", "looked_to"):
            runs.add_column(sa.Column(name, UTCDateTime(), nullable=True))
        runs.add_column(sa.Column("levels", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index("ix_detection_runs_due_at", "detection_runs", ["due_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_detection_runs_due_at", "detection_runs")
    with op.batch_alter_table("detection_runs") as runs:
        for name in ("due_at", "looked_to", "levels"):
            runs.drop_column(name)
