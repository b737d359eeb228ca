"""Many rows at once, by one call of the driver."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, Connection, Dialect, Table, Uuid, insert
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel.sql.sqltypes import UTCDateTime

Values = tuple[Any, ...]
Converter = Callable[[Any], Any]
ColumnConverter = Callable[[Values], Values]


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, each of which names the same columns, by one call of the driver.

    SQLAlchemy's own way through a list of rows costs more than the database: it looks at each value of each row. Here
    a column is converted at once, and one that holds nothing in any row is not named.
    """
    dialect = _Dialect(connection.dialect)
    prepared = _prepared(dialect, table, tuple(rows[0]))
    columns = {
        name: convert(values) if convert is not None else values
        for name, convert, values in zip(
            prepared.names, prepared.converters, zip(*map(prepared.read, rows), strict=True), strict=True
        )
    }
    named = tuple(name for name, values in columns.items() if values[0] is not None or values.count(None) < len(values))
    known = _insert(dialect, table, named)
    lines = zip(*(columns[name] for name in known.names), strict=True)
    if known.is_positional:
        connection.exec_driver_sql(known.sql, list(lines))
    else:
        connection.exec_driver_sql(known.sql, [dict(zip(known.names, line, strict=True)) for line in lines])


class _Dialect:
    """A dialect as a key: those of one name and driver write an insert alike."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._name = (dialect.name, dialect.driver)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Dialect) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)


class _Prepared(NamedTuple):
    """How the values of some columns are read from a row, and which of them are converted."""

    names: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Values]
    converters: tuple[ColumnConverter | None, ...]


@cache
def _prepared(key: _Dialect, table: Table, names: tuple[str, ...]) -> _Prepared:
    read = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return _Prepared(names, read, tuple(_converter(table.c[name], key.dialect) for name in names))


class _Insert(NamedTuple):
    """An insert as the driver wants it: its text, and its parameters in their order."""

    sql: str
    names: tuple[str, ...]
    is_positional: bool


@cache
def _insert(key: _Dialect, table: Table, columns: tuple[str, ...]) -> _Insert:
    compiled = insert(table).compile(dialect=key.dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or compiled.params)
    assert set(names) == set(columns), "a column with a default of its own must be named"
    return _Insert(str(compiled), names, compiled.positional)


def _converter(column: Column[Any], dialect: Dialect) -> ColumnConverter | None:
    """Return SQLAlchemy's conversion of a column, with a shorter way to the same for what stands in every row."""
    kind = column.type
    known = kind.dialect_impl(dialect).bind_processor(dialect)
    if known is None:
        return None
    if isinstance(kind, Uuid) and dialect.name == "sqlite" and not column.nullable:
        return _hexadecimal
    convert = known
    if isinstance(kind, UTCDateTime) and dialect.name == "sqlite":
        return partial(_each_once, lambda value: _utc(value) or convert(value))
    if isinstance(kind, JSON):
        empty = convert([])
        return partial(_each_once, lambda value: convert(value) if value != [] else empty)
    return partial(_each_once, convert)


def _hexadecimal(values: Values) -> Values:
    return tuple([f"{value.int:032x}" for value in values])


def _utc(value: datetime | None) -> str | None:
    """Return an aware instant as SQLite keeps it."""
    if value is None or value.tzinfo is None:
        return None
    return value.astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")]


def _each_once(convert: Converter, values: Values) -> Values:
    """Convert a column; a value that stands in many rows (a moment, an empty list) only once."""
    keys = list(map(id, values))
    if keys.count(keys[0]) == len(keys):
        return (convert(values[0]),) * len(values)
    distinct = dict(zip(keys, values, strict=True))
    if len(distinct) == len(values):
        return tuple(map(convert, values))
    done = dict(zip(distinct, map(convert, distinct.values()), strict=True))
    return tuple(map(done.__getitem__, keys))
