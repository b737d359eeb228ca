"""Many rows at once: what several commands insert waits, and goes by one call of the driver a table."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Table, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.errors import Stale

Converter = Callable[[Any], Any]
Rows = Sequence[Mapping[str, Any]]
Values = tuple[Any, ...]


class Waiting:
    """Rows that wait to be inserted, by table, in the order in which the tables were first named.

    Only their values are kept: a few thousand dictionaries would not stay in the processor's reach.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = _Dialect(dialect)
        self._rows: dict[Table, tuple[_Insert, list[Values]]] = {}
        self.allowed: set[tuple[Hashable, ...]] = set()
        """What the law allowed to who acts, by all that the verdict rests on: as long as the rows wait."""

    def add(self, table: Table, rows: Rows) -> None:
        """Let rows wait; every row of a table names the same columns."""
        if not rows:
            return
        known = self._rows.get(table)
        if known is None:
            known = self._rows[table] = (_prepared(self._dialect, table, tuple(rows[0])), [])
        known[1].extend(map(known[0].read, rows))

    def mark(self) -> Mapping[Table, int]:
        """Return how many wait, for `back_to`."""
        return {table: len(rows) for table, (_, rows) in self._rows.items()}

    def back_to(self, mark: Mapping[Table, int]) -> None:
        """Forget what came after a mark."""
        for table, (_, rows) in self._rows.items():
            del rows[mark.get(table, 0) :]

    def insert(self, connection: Connection) -> None:
        """Insert all that waits."""
        for known, rows in self._rows.values():
            if rows:
                _insert_many(connection, known, rows)


def waiting_in(session: Session) -> Waiting | None:
    """Return what waits in a session, where its inserts are to wait."""
    return session.info.get("waiting")


@contextmanager
def together(session: Session) -> Iterator[Waiting]:
    """Let what `db.write` inserts within the block wait for its end.

    For commands that begin one subject after another: none of them may read what another wrote. Where the block fails
    nothing is inserted. Raises Stale when somebody else took a place in a chain in the meantime.
    """
    assert waiting_in(session) is None, "inserts wait already"
    waiting = session.info["waiting"] = Waiting(session.get_bind().dialect)
    try:
        yield waiting
    finally:
        del session.info["waiting"]
    try:
        waiting.insert(session.connection())
    except IntegrityError as taken:
        raise Stale from taken


@dataclass(frozen=True, slots=True)
class _Insert:
    """An insert as the driver wants it: its text, its parameters in their order, and which of them are converted."""

    sql: str
    names: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Values]
    converters: tuple[tuple[int, Converter], ...]
    is_positional: bool


def _insert_many(connection: Connection, known: _Insert, rows: Sequence[Values]) -> None:
    """Insert rows by what is known of their insert.

    SQLAlchemy's own way through a list of rows costs more than the database: it looks at each value of each row. Here
    a column is converted at once, and a value that stands in many rows (a moment, an identifier) only once.
    """
    columns = list(zip(*rows, strict=True))
    for index, convert in known.converters:
        columns[index] = _converted(convert, columns[index])
    lines = zip(*columns, strict=True)
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


@cache
def _prepared(key: _Dialect, table: Table, columns: tuple[str, ...]) -> _Insert:
    dialect = key.dialect
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or compiled.params)
    assert set(names) == set(columns), "a column with a default of its own must be named"
    read = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    types = ((index, table.c[name].type) for index, name in enumerate(names))
    converters = ((index, _converter(kind, dialect)) for index, kind in types)
    converting = tuple((index, convert) for index, convert in converters if convert is not None)
    return _Insert(str(compiled), names, read, converting, compiled.positional)


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """Return SQLAlchemy's conversion of a column, with a shorter way to the same for what stands in every row."""
    known = kind.dialect_impl(dialect).bind_processor(dialect)
    if known is None:
        return None
    convert = known
    if isinstance(kind, UTCDateTime) and dialect.name == "sqlite":
        return lambda value: _utc(value) if value is not None and value.tzinfo is not None else convert(value)
    if isinstance(kind, JSON):
        empty = convert([])
        return lambda value: convert(value) if value != [] else empty
    return convert


def _utc(value: datetime) -> str:
    """Return an instant as SQLite keeps it."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _converted(convert: Converter, values: Values) -> Values:
    keys = tuple(map(id, values))
    distinct = dict(zip(keys, values, strict=True))
    if len(distinct) == len(values):
        return tuple(map(convert, values))
    done = dict(zip(distinct, map(convert, distinct.values()), strict=True))
    return tuple(map(done.__getitem__, keys))
