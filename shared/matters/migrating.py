"""The tables of matters between agencies, as migrations create them."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.records.versions import r0001


def create(tables: Iterable[str]) -> None:
    """Create tables of matters between agencies, with their indexes."""
    for table in tables:
        op.create_table(table, *r0001.row_columns(), *matter_columns())
        op.create_index(f"ix_{table}_about", table, ["about"])
        op.create_index(f"ix_{table}_journey_id", table, ["journey_id"])


def matter_columns() -> list[sa.Column[Any]]:
    """Return what every matter between agencies adds to the columns of a subject."""
    words = ("title", "summary", "about", "division", "enterprise_id", "enterprise_name", "receiver")
    objects = ("facts", "verdicts", "conditions", "basis", "takes_part", "stated")
    return [
        *(sa.Column(name, AutoString(), nullable=False) for name in words),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in objects),
        sa.Column("conduct_on", sa.Date(), nullable=True),
        sa.Column("letter_number", AutoString(), nullable=True),
        sa.Column("handed_over_at", UTCDateTime(), nullable=True),
        sa.Column("sent_manifest", AutoString(), nullable=True),
    ]
