"""Evidence as the rooms keep it."""

from shared.records.versions import r0002

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    r0002.upgrade()


def downgrade() -> None:
    """Drop it."""
    r0002.downgrade()
