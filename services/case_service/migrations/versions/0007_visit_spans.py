"""From when to when something can have been seen on a visit."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    with op.batch_alter_table("visits") as table:
        table.add_column(sa.Column("began_at", UTCDateTime(), nullable=True))
        table.add_column(sa.Column("until_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("visits") as table:
        table.drop_column("until_at")
        table.drop_column("began_at")
