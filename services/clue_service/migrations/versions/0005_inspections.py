"""Inspections with plans, and what a clue says of its triage, squad, verification, review and redirection."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.matters import migrating

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = ("entity_id", "squad", "method", "inspection_ref", "reviewed_by", "review_opinion", "redirected_to")


def upgrade() -> None:
    """Create them."""
    with op.batch_alter_table("clues") as clues:
        for name in WORDS:
            clues.add_column(sa.Column(name, AutoString(), nullable=True))
        clues.add_column(sa.Column("industry", AutoString(), nullable=False, server_default=""))
        clues.add_column(sa.Column("priority", AutoString(), nullable=False, server_default="normal"))
        clues.add_column(sa.Column("verifiers", sa.JSON(), nullable=False, server_default="[]"))
        clues.add_column(sa.Column("reply_by", UTCDateTime(), nullable=True))
        clues.add_column(sa.Column("verified_at", UTCDateTime(), nullable=True))
    op.execute("UPDATE clues SET entity_id = outlet_id WHERE rule_id IS NOT NULL")
    op.drop_index("ix_clues_episode", "clues")
    op.create_index("ix_clues_episode", "clues", ["entity_id", "rule_id"])
    migrating.create(["inspections"])
    with op.batch_alter_table("inspections") as inspections:
        for name in ("requester", "visit_category", "visit_nature"):
            inspections.add_column(sa.Column(name, AutoString(), nullable=False, server_default=""))
        for name in ("visit_result", "door_code"):
            inspections.add_column(sa.Column(name, AutoString(), nullable=True))
        for name in ("planned_on", "planned_until_on"):
            inspections.add_column(sa.Column(name, sa.Date(), nullable=True))
        for name in ("visit_started_at", "approved_at"):
            inspections.add_column(sa.Column(name, UTCDateTime(), nullable=True))
    for name in ("planned_on", "door_code"):
        op.create_index(f"ix_inspections_{name}", "inspections", [name])
    op.create_index("ix_inspections_enterprise_id", "inspections", ["enterprise_id"])
    _registers()
    _suppressions()


def _registers() -> None:
    op.create_table(
        "inspection_plans",
        sa.Column("agency", AutoString(), primary_key=True),
        sa.Column("year", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "left_alone",
        sa.Column("agency", AutoString(), primary_key=True),
        sa.Column("enterprise_id", AutoString(), primary_key=True),
        sa.Column("enterprise_name", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )


def _suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, AutoString(), nullable=False) for name in ("owner", "rule_id", "entity_id", "reason")),
        sa.Column("pollutant", AutoString(), nullable=True),
        sa.Column("clue_id", sa.Uuid(), nullable=False),
        sa.Column("since_at", UTCDateTime(), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
    )
    for name in ("owner", "entity_id"):
        op.create_index(f"ix_suppressions_{name}", "suppressions", [name])
    op.create_table(
        "suppressed_hits",
        sa.Column("suppression_id", sa.Uuid(), primary_key=True),
        sa.Column("observed_from", UTCDateTime(), primary_key=True),
        sa.Column("observed_to", UTCDateTime(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("suppressed_hits", "suppressions", "left_alone", "inspection_plans", "inspections"):
        op.drop_table(table)
    op.drop_index("ix_clues_episode", "clues")
    op.create_index("ix_clues_episode", "clues", ["outlet_id", "rule_id"])
    with op.batch_alter_table("clues") as clues:
        for name in (*WORDS, "industry", "priority", "verifiers", "reply_by", "verified_at"):
            clues.drop_column(name)
