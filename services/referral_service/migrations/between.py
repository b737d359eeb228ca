"""The columns and tables of matters between agencies, as 0002 creates them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

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
    for table in TABLES:
        op.create_table(table, *r0001.row_columns(), *_columns())
        op.create_index(f"ix_{table}_about", table, ["about"])
        op.create_index(f"ix_{table}_journey_id", table, ["journey_id"])


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("referrals") as referrals:
        referrals.drop_index("ix_referrals_about")
        for name in ADDED:
            referrals.drop_column(name)


def _columns() -> list[sa.Column[Any]]:
    words = ("title", "summary", "about", "division", "enterprise_id", "enterprise_name", "receiver")
    objects = ("facts", "verdicts", "conditions", "basis", "takes_part", "stated")
    return [
        *(sa.Column(name, AutoString(), nullable=False) for name in words),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in objects),
        sa.Column("conduct_on", sa.Date(), nullable=True),
        sa.Column("letter_number", AutoString(), nullable=True),
        sa.Column("handed_over_at", UTCDateTime(), nullable=True),
        sa.Column("sent_manifest", AutoString(), nullable=True),
    ]
