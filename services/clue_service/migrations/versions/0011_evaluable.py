"""Which outlets each rule could judge in a month."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "evaluable_outlets",
        *(sa.Column(name, AutoString(), primary_key=True) for name in ("rule_id", "month", "outlet_id")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("evaluable_outlets")
