"""Who takes part in operations and linkages; objects, tasks and findings of operations."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "members",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        *_words("agency", "relation", "state", "contact", "reason", "case_ref"),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "agency"),
    )
    op.create_index("ix_members_case_ref", "members", ["case_ref"])
    op.create_table(
        "operation_objects",
        *_part("name", "category", "code", "division", "agency", "state"),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.UniqueConstraint("operation_id", "code"),
    )
    op.create_table(
        "operation_tasks",
        *_part("task", "agency", "state"),
        sa.Column("object_number", sa.Integer(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("reports", sa.JSON(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
    )
    names = ("agency", "actor", "title", "summary", "enterprise_id", "enterprise_name", "division", "clue_ref")
    op.create_table(
        "operation_findings",
        *_part(*names),
        sa.Column("object_number", sa.Integer(), nullable=True),
        sa.Column("found_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_operation_findings_clue_ref", "operation_findings", ["clue_ref"])


def downgrade() -> None:
    """Drop it."""
    for table in ("operation_findings", "operation_tasks", "operation_objects", "members"):
        op.drop_table(table)


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, AutoString(), nullable=False) for name in names]


def _part(*names: str) -> list[Any]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *_words(*names),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operation_id", "number"),
    ]
