"""Evidence and facts with provenance."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0002

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    r0002.upgrade()
    _cases()


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("cases") as cases:
        for name in ("given_at", "given_manifest"):
            cases.drop_column(name)
    r0002.downgrade()


def _cases() -> None:
    """When facts and evidence first went to the referral room, and which evidence went last."""
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("given_at", UTCDateTime(), nullable=True))
        cases.add_column(sa.Column("given_manifest", AutoString(), nullable=True))
