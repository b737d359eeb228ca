"""The columns and tables of matters between agencies, as 0002 creates them."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from shared.matters import migrating

TABLES = ("supervisions", "consultations")
ADDED = ("summary", "about", "basis", "takes_part", "stated")


def upgrade() -> None:
    """Add to referrals what every matter between agencies has; create supervisions and consultations."""
    with op.batch_alter_table("referrals") as referrals:
        for name in ("summary", "about"):
            referrals.add_column(sa.Column(name, AutoString(), nullable=False, server_default=""))
        referrals.add_column(sa.Column("basis", sa.JSON(), nullable=False, server_default="[]"))
        for name in ("takes_part", "stated"):
            referrals.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="{}"))
        referrals.create_index("ix_referrals_about", ["about"])
    migrating.create(TABLES)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("referrals") as referrals:
        referrals.drop_index("ix_referrals_about")
        for name in ADDED:
            referrals.drop_column(name)
