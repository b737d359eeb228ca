"""The rows of a PostgreSQL database, copied out and in again: a fresh database for a test in milliseconds."""

from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

LISTED = {
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version')",
}
"""How an engine names its tables."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a database held: each table's rows as PostgreSQL copies them, and the last number each sequence gave."""

    tables: dict[str, bytes]
    numbers: dict[str, int]


def filled_tables(connection: Connection) -> list[str]:
    """Return the tables that hold rows: to ask first costs far less than to treat all."""
    names = connection.execute(text(LISTED[connection.dialect.name])).scalars()
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
    return list(connection.execute(text(asked)).scalars())


def empty(connection: Connection) -> None:
    """Leave no row in any table, and let every sequence begin anew."""
    filled = [f'"{name}"' for name in filled_tables(connection)]
    if filled:
        connection.execute(text(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE"))


def copy_out(connection: Connection) -> Rows:
    """Return everything a database holds."""
    cursor, tables = connection.connection.cursor(), {}
    for table in filled_tables(connection):
        with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT BINARY)') as given:  # type: ignore[attr-defined]
            tables[table] = b"".join(bytes(piece) for piece in given)
    asked = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
    return Rows(tables, {name: last for name, last in connection.execute(text(asked))})


def copy_in(connection: Connection, rows: Rows) -> None:
    """Put what was copied into an empty database, a referenced table before those that refer to it."""
    cursor = connection.connection.cursor()
    order = [table.name for table in SQLModel.metadata.sorted_tables]
    for table in sorted(rows.tables, key=order.index):
        with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT BINARY)') as taken:  # type: ignore[attr-defined]
            taken.write(rows.tables[table])
    for name, last in rows.numbers.items():
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})
