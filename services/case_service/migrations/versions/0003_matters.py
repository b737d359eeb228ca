"""Measures, joint operations and linked matters beside a case; what steps of a case state; notices of days off."""

import sqlalchemy as sa
from alembic import op

from shared.matters import migrating
from shared.records.versions import r0003

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("measures", "operations", "linkages")


def upgrade() -> None:
    """Create it."""
    r0003.upgrade()
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("stated", sa.JSON(), nullable=False, server_default="{}"))
    migrating.create(TABLES)


def downgrade() -> None:
    """Drop it."""
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("cases") as cases:
        cases.drop_column("stated")
    r0003.downgrade()
