"""Every procedure of a referral: what steps state, supervisions, consultations, documents."""

from services.referral_service.migrations import between, differences, documents, dossiers
from shared.records.versions import r0002

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    r0002.upgrade()
    between.upgrade()
    documents.upgrade()
    dossiers.upgrade()
    differences.upgrade()


def downgrade() -> None:
    """Drop it."""
    differences.downgrade()
    dossiers.downgrade()
    documents.downgrade()
    between.downgrade()
    r0002.downgrade()
