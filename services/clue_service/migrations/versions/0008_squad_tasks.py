"""Tasks of squads, and drills."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.matters import migrating

revision = "0008"
down_revision = "0007"
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
    _drills()


def _drills() -> None:
    op.create_table(
        "drills",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("owner", "name", "state", "set_sha256")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("squads", "tables")),
        *(sa.Column(name, UTCDateTime(), nullable=False) for name in ("begins_at", "ends_at", "created_at")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("labels", "hits")),
    )
    op.create_table(
        "drill_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("drill_id", sa.Uuid(), sa.ForeignKey("drills.id"), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("squad", "part")),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.UniqueConstraint("drill_id", "squad", "part", "attempt"),
    )
    op.create_index("ix_drill_entries_drill_id", "drill_entries", ["drill_id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("drill_entries", "drills", "squad_tasks"):
        op.drop_table(table)
