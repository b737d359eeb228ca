"""What better evidence, checkpoints and sealed files add to the tables every database carries."""


def upgrade() -> None:
    """Create it."""


def downgrade() -> None:
    """Drop it."""
