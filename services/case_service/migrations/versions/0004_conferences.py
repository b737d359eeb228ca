"""Conferences: invitations, attendance, opinions, minutes with signatures, action items."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    op.create_table("conferences", *r0001.row_columns(), *_conference())
    op.create_index("ix_conferences_journey_id", "conferences", ["journey_id"])
    for name, (columns, unique) in _parts().items():
        op.create_table(
            name,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("conference_id", sa.Uuid(), nullable=False),
            *columns,
            sa.PrimaryKeyConstraint("id"),
            sa.UniqueConstraint("conference_id", *unique),
        )


def downgrade() -> None:
    """Drop it."""
    for name in (*reversed(_parts()), "conferences"):
        op.drop_table(name)


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, AutoString(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _objects(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _instants(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UTCDateTime(), nullable=nullable) for name in names]


def _conference() -> list[sa.Column[Any]]:
    return [
        *_words("title", "summary", "place", "online", "chair", "recorder"),
        *_objects("about", "agenda", "quorum", "figures", "resolutions"),
        *_instants("starts_at", "ends_at", "reply_by", "opinions_by", "access_until"),
        *_instants("signatures_by", nullable=True),
        *_flags("is_regular"),
        *_numbers("sequence", "minutes"),
        sa.Column("manifest", AutoString(), nullable=True),
        sa.Column("reason", AutoString(), nullable=True),
    ]


def _parts() -> dict[str, tuple[list[sa.Column[Any]], tuple[str, ...]]]:
    """Return each table's columns beside its key, and what is unique within a conference."""
    invitations = [
        *_words("agency", "state", "reason", "delegated_to"),
        *_objects("people"),
        *_flags("is_required", "is_late"),
        *_instants("answered_at", nullable=True),
    ]
    attendance = [*_words("agency", "name", "post", "recused"), *_instants("arrived_at", "left_at", nullable=True)]
    opinions = [
        *_words("agency", "sufficiency", "actor", "name"),
        *_texts("facts", "charge_or_matter", "to_supplement", "recommendation"),
        *_numbers("number"),
        *_flags("is_dissent", "is_late"),
        *_instants("at"),
    ]
    minutes = [*_words("digest", "actor"), *_texts("body"), *_numbers("number"), *_instants("at")]
    signatures = [
        *_words("agency", "decision", "reasons", "key"),
        *_texts("document"),
        *_numbers("number"),
        *_flags("is_late"),
        *_instants("at"),
    ]
    actions = [
        *_words("task", "agency", "subject", "state", "note"),
        *_objects("progress", "proof"),
        *_numbers("number"),
        *_instants("due_at"),
        *_instants("done_at", "verified_at", nullable=True),
    ]
    return {
        "conference_invitations": (invitations, ("agency",)),
        "conference_attendance": (attendance, ("agency", "name")),
        "conference_opinions": (opinions, ("agency", "number")),
        "conference_minutes": (minutes, ("number",)),
        "conference_signatures": (signatures, ("number", "agency")),
        "conference_actions": (actions, ("number",)),
    }
