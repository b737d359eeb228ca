"""Tasks of squads."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.matters import migrating

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    migrating.create(["squad_tasks"])
    with op.batch_alter_table("squad_tasks") as tasks:
        tasks.add_column(sa.Column("squad", AutoString(), nullable=False, server_default=""))
        tasks.add_column(sa.Column("extensions", sa.Integer(), nullable=False, server_default="0"))
        for name in ("data_direction", "handled_by", "task_result"):
            tasks.add_column(sa.Column(name, AutoString(), nullable=True))
        for name in ("reply_by", "replied_at"):
            tasks.add_column(sa.Column(name, UTCDateTime(), nullable=True))
    op.create_index("ix_squad_tasks_squad", "squad_tasks", ["squad"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("squad_tasks")
