"""What better evidence, checkpoints and sealed files add to the tables every database carries."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def upgrade() -> None:
    """Create it."""
    _checkpoints()
    _items()
    _exhibits()


def downgrade() -> None:
    """Drop it."""
    op.drop_table("exhibits")
    with op.batch_alter_table("custody") as custody:
        custody.drop_column("stated")
    with op.batch_alter_table("items") as items:
        items.drop_index("ix_items_sha256")
        items.drop_index("ix_items_last_verified")
        for name in ("kind", "retention", "last_verified_at"):
            items.drop_column(name)
    op.drop_table("checkpoints")


def _items() -> None:
    """Kinds, retention, verification; what was stated of an act."""
    with op.batch_alter_table("items") as items:
        for name in ("kind", "retention"):
            items.add_column(sa.Column(name, AutoString(), nullable=False, server_default=""))
        items.add_column(sa.Column("last_verified_at", UTCDateTime(), nullable=True))
        items.create_index("ix_items_last_verified", ["last_verified_at"])
        items.create_index("ix_items_sha256", ["sha256"])
    with op.batch_alter_table("custody") as custody:
        custody.add_column(sa.Column("stated", AutoString(), nullable=False, server_default="{}"))


def _exhibits() -> None:
    words = ("unit", "features", "storage_place", "seal_number", "sealed_by", "state", "holder")
    op.create_table(
        "exhibits",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in words),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("ix_exhibits_subject", "exhibits", ["subject"])


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
