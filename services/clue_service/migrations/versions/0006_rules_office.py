"""The rules office: sets in force, proposals, versions from packs, and what sets in shadow found."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("shadow_hits", "rule_proposals", "rule_versions", "rules_in_force")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "rules_in_force",
        sa.Column("rule_id", AutoString(), primary_key=True),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("since_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "rule_versions",
        sa.Column("rule_id", AutoString(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("signed_by", AutoString(), nullable=False),
        sa.Column("pack_digest", AutoString(), nullable=False),
        sa.Column("imported_at", UTCDateTime(), nullable=False),
    )
    _proposals()
    op.create_table(
        "shadow_hits",
        *(
            sa.Column(name, AutoString(), primary_key=True)
            for name in ("rule_id", "parameters_digest", "owner", "entity_id", "pollutant")
        ),
        sa.Column("observed_from", UTCDateTime(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("observed_to", UTCDateTime(), nullable=False),
        sa.Column("severity", sa.Float(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_clues_rule", "clues", ["rule_id"])


def _proposals() -> None:
    op.create_table(
        "rule_proposals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("rule_id", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("digest", "state", "agency", "actor")),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("proposed_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("pack_digest", AutoString(), nullable=False),
    )
    op.create_index("ix_rule_proposals_rule_id", "rule_proposals", ["rule_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_clues_rule", "clues")
    for table in TABLES:
        op.drop_table(table)
