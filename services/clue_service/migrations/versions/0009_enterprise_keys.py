"""Inspections and the positive list hold the key of an enterprise, so that one enterprise is counted once."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Write the ids in capitals and narrow signs; of two entries for one enterprise the later one stands."""
    bind = op.get_bind()
    visits = sa.table("inspections", sa.column("enterprise_id", sa.String()))
    for text in bind.execute(sa.select(visits.c.enterprise_id).distinct()).scalars().all():
        if _key(text) != text:
            bind.execute(sa.update(visits).where(visits.c.enterprise_id == text).values(enterprise_id=_key(text)))
    columns = [sa.column(name, sa.String()) for name in ("agency", "enterprise_id")]
    alone = sa.table("left_alone", *columns, sa.column("changed_at", sa.DateTime()))
    mine = alone.c.agency, alone.c.enterprise_id
    taken = set()
    for agency, text in bind.execute(sa.select(*mine).order_by(alone.c.changed_at.desc())).all():
        found = (alone.c.agency == agency) & (alone.c.enterprise_id == text)
        if (agency, _key(text)) in taken:
            bind.execute(sa.delete(alone).where(found))
        else:
            taken.add((agency, _key(text)))
    for agency, text in bind.execute(sa.select(*mine)).all():
        found = (alone.c.agency == agency) & (alone.c.enterprise_id == text)
        bind.execute(sa.update(alone).where(found).values(enterprise_id=_key(text)))


def _key(text: str) -> str:
    """The key as it was defined when this was written."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return seen.strip().upper()


def downgrade() -> None:
    """Keep the keys: how they were typed is not known any more."""
