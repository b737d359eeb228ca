"""Notices of days off."""

from shared.records.versions import r0003

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    r0003.upgrade()


def downgrade() -> None:
    """Drop it."""
    r0003.downgrade()
