"""The tables of receipts and sealed files, as 0002 creates them."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("subject", "kind", "agency", "told")),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("manifest_digest", "message_id")),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("number", AutoString(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("key", "digest")),
        sa.Column("document", sa.Text(), nullable=False),
        sa.UniqueConstraint("subject", "kind", "agency", "told", "manifest_digest"),
    )
    op.create_index("ix_receipts_subject", "receipts", ["subject"])
    _sealed_files()


def _sealed_files() -> None:
    op.create_table(
        "sealed_files",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("direction", "desk", "file", "subject")),
        sa.Column("number", sa.Integer(), nullable=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("previous", "message_id", "type")),
        sa.Column("seq", sa.Integer(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("manifest_digest", "bag_digest")),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("direction", "desk", "file"),
        sa.UniqueConstraint("direction", "desk", "subject", "number"),
    )
    for name in ("subject", "message_id", "state"):
        op.create_index(f"ix_sealed_files_{name}", "sealed_files", [name])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("sealed_files")
    op.drop_table("receipts")
