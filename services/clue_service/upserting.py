"""Insert, or change the row that is there, in one statement: the one place that differs between the two databases."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from shared.records.db import table_of

Changes = Callable[[Table, Mapping[str, ColumnElement[Any]]], Mapping[str, Any]]
"""From the table and the row that could not be inserted: what to set on the row that is there."""


def upsert(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]], changes: Changes) -> None:
    """Write rows; where one with the same primary key stands, apply `changes` to it instead.

    Hand rows in in the order of their keys: two writers that take locks in one order never wait for each other.
    """
    if not rows:
        return
    table = table_of(model)
    keys = [column.name for column in table.primary_key]
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    written = statement.on_conflict_do_update(index_elements=keys, set_=changes(table, statement.excluded))
    session.execute(written, [dict(row) for row in rows])
