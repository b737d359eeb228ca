"""The tables of issued documents and of the templates agencies replaced, as 0002 creates them."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("number", AutoString(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("number_reason", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("issued_by", AutoString(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("superseded_at", UTCDateTime(), nullable=True),
        sa.UniqueConstraint("subject", "agency", "kind", "version"),
        sa.UniqueConstraint("agency", "number"),
    )
    op.create_index("ix_documents_register", "documents", ["agency", "kind", "year"])
    op.create_table(
        "document_templates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agency", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("format", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("added_by", AutoString(), nullable=False),
        sa.UniqueConstraint("agency", "kind", "format", "version"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("document_templates")
    op.drop_table("documents")
