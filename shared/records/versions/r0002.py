"""What better evidence, checkpoints and sealed files add to the tables every database carries."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def upgrade() -> None:
    """Create it."""
    _checkpoints()


def downgrade() -> None:
    """Drop it."""
    op.drop_table("checkpoints")


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
    )
