"""The database of a room: engines, the one transaction of a step, and the row every subject is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from typing import cast as as_type
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    Engine,
    Index,
    Insert,
    LargeBinary,
    Table,
    cast,
    event,
    func,
    insert,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import class_mapper
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Field, Session, SQLModel, col, create_engine, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records import bulk
from shared.records.write_ahead import write_ahead

FEW = 20
"""Rows that go through SQLAlchemy as everything else does; more go to the driver at once."""


class Row(SQLModel):
    """What every subject (clue, case, referral) carries: identity, state, version and the head of its chain."""

    kind: ClassVar[str]
    """The word before the colon of a ref."""
    handed_on: ClassVar[str] = ""
    """The column that is set once another room was given this subject's facts and evidence: from then on it is told
    when they change. Empty: no room is."""
    kept_by: ClassVar[frozenset[str]] = frozenset({"owner"})
    """The relations whose officers keep the evidence: the owner's, and of a task also those who answer it."""

    id: UUID = Field(primary_key=True)
    journey_id: UUID = Field(index=True)
    owner: str
    """The agency whose subject it is."""
    state: str
    procedure_id: str
    procedure_version: int = 0
    version: int = 0
    """Number of journal entries so far; also the ETag."""
    head: str = ""
    """Hash of the newest journal entry."""
    created_at: datetime
    updated_at: datetime

    @cached_property
    def ref(self) -> str:
        """Return the subject's address, such as `case:018f…`."""
        return f"{self.kind}:{self.id}"

    @property
    def etag(self) -> str:
        """Return the entity tag of this version."""
        return f'"{self.version}"'

    def known(self, name: str) -> Any:
        """Return what a column holds, or None where this kind of subject has no such column."""
        return getattr(self, name) if name in columns_of(type(self)) else None


class Party(SQLModel, table=True):
    """That an agency may see a subject, and as what: owner, receiver, copied, supervisor, observer."""

    __tablename__ = "parties"
    __table_args__ = (Index("ix_parties_subject", "kind", "subject_id"),)

    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    relation: str = Field(primary_key=True)


def make_engine(url: str, *, writer: bool, durable: bool = True) -> Engine:
    """Return an engine for `url`.

    SQLite: WAL, one connection for writers that begins IMMEDIATE (a queue in the process is fairer than
    sleeping retries), FULL synchronisation where `durable`. PostgreSQL: psycopg 3 with a bounded pool.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=8, max_overflow=4, pool_pre_ping=True)
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    size = 1 if writer else 4
    engine = create_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=30, connect_args={"check_same_thread": False, "timeout": 10}
    )
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"
    pragmas = [
        f"synchronous={'FULL' if durable else 'NORMAL'}",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-20000",
        # 64 MB of log before it is carried over: a batch then writes a page that it changes again and again only once.
        "wal_autocheckpoint=16000",
    ]

    @event.listens_for(engine, "connect")
    def _settings(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # sqlite3: we begin ourselves
        cursor = connection.cursor()
        write_ahead(cursor)
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Database:
    """The two engines of one room: one that writes, one that reads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = make_engine(url, writer=True)
        self.reader = self.writer if not url.startswith("sqlite") else make_engine(url, writer=False)

    @contextmanager
    def transaction(self, info: dict[str, Any]) -> Iterator[Session]:
        """One writing transaction: commits when the block ends well, else leaves nothing behind."""
        with Session(self.writer, info=info, autoflush=False, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self, info: dict[str, Any]) -> Iterator[Session]:
        """One reading transaction."""
        with Session(self.reader, info=info, autoflush=False, expire_on_commit=False) as session:
            yield session

    def healthy(self) -> bool:
        """Whether the database answers."""
        with self.reader.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar())

    def close(self) -> None:
        """Give every connection back."""
        self.writer.dispose()
        self.reader.dispose()


M = TypeVar("M", bound=SQLModel)
T = TypeVar("T", bound=Row)


def relations_of(session: Session, kind: str, subject_id: UUID, by: Principal) -> frozenset[str]:
    """Return what the principal's agency is to a subject; a room itself is `system`."""
    if by.is_system:
        return frozenset({"system"})
    statement = select(Party.relation).where(
        Party.agency == by.agency, Party.kind == kind, Party.subject_id == subject_id
    )
    return frozenset(session.exec(statement))


def visible(session: Session, table: type[T], subject_id: UUID, *, by: Principal, is_alone: bool = False) -> T:
    """Return a subject the principal may see. Raises NotVisible otherwise, never telling which of the two it is.

    With `is_alone` others wait until this transaction ends: for acts that follow in crowds and never exclude
    one another, such as uploads, and for a command that found somebody else was faster.
    """
    waits = is_alone or bool(session.info.get("is_alone"))
    found = session.get(table, subject_id, populate_existing=True, with_for_update=waits or None)
    if found is None or not relations_of(session, table.kind, subject_id, by):
        raise NotVisible(Text("没有可供您查看的该事项", "There is no such subject that you may see"))
    return found


def one_at_a_time(session: Session, *keys: str) -> None:
    """Let others that name one of these keys wait until this transaction ends.

    SQLite needs nothing: its writers stand in one queue. PostgreSQL is asked for locks that end with the transaction,
    always in the same order: two that name several of the same keys never wait for each other.
    """
    if keys and session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_LOCKS, {"keys": sorted(set(keys))})


_LOCKS = text("SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(CAST(:keys AS text[])) AS key")


def visible_page(kind: str, *, by: Principal, before: UUID | None, limit: int) -> SelectOfScalar[UUID]:
    """Return the statement that selects the newest subject ids visible to the principal, keyset-paged."""
    statement = select(Party.subject_id).where(Party.agency == by.agency, Party.kind == kind)
    if before is not None:
        statement = statement.where(Party.subject_id < before)
    return statement.distinct().order_by(col(Party.subject_id).desc()).limit(limit)


def put(instance: SQLModel, values: Mapping[str, Any]) -> None:
    """Set on an object what a Core statement wrote to its row, so that nothing is written a second time."""
    if "_sa_instance_state" not in vars(instance):
        return keep(instance, values)
    for name, value in values.items():
        set_committed_value(instance, name, value)


def keep(instance: SQLModel, values: Mapping[str, Any]) -> None:
    """Set values on an object that no session knows: there is no change to be tracked."""
    vars(instance).update(values)


def fresh(model: type[M], values: Mapping[str, Any]) -> M:
    """Return an object of a new row from values that fit its columns; what is not named has its default.

    It is what the constructor makes, at a hundredth of its cost: nothing is validated and no change is tracked, so that
    it is read, put to and kept, but given to no session.
    """
    plain, factories = _defaults(model)
    made: M = model.__new__(model)
    held = vars(made)
    held.update(plain)
    held.update(values)
    for name, make in factories:
        if name not in values:
            held[name] = make()
    return made


@cache
def _defaults(model: type[SQLModel]) -> tuple[Mapping[str, Any], Sequence[tuple[str, Callable[[], Any]]]]:
    """Return a model's default values, and what makes those that no two rows may share.

    The mapper is made ready here as a constructor would: an object of one that is not cannot even be read.
    """
    class_mapper(model)
    fields = [(name, field) for name, field in model.model_fields.items() if not field.is_required()]
    plain = {name: field.default for name, field in fields if field.default_factory is None}
    made = [(name, field.default_factory) for name, field in fields if field.default_factory is not None]
    return plain, as_type(list[tuple[str, Callable[[], Any]]], made)


def write(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in one round trip; none is none. Every row names the same columns."""
    if len(rows) > FEW:
        bulk.insert_many(session.connection(), table_of(model), rows)
    elif rows:
        session.connection().execute(_insert_into(model), [dict(row) for row in rows])


@cache
def columns_of(model: type[SQLModel]) -> frozenset[str]:
    """Return the names of a model's columns."""
    return frozenset(model.model_fields)


@cache
def json_columns_of(model: type[SQLModel]) -> frozenset[str]:
    """Return the names of a model's columns that hold JSON."""
    return frozenset(column.name for column in table_of(model).columns if isinstance(column.type, JSON))


@cache
def _insert_into(model: type[SQLModel]) -> Insert:
    return insert(table_of(model))


@cache
def table_of(model: type[SQLModel]) -> Table:
    """Return the Core table of a model, for the hot writes."""
    return model.metadata.tables[str(model.__tablename__)]


def exact_bytes(session: Session, column: ColumnElement[str]) -> ColumnElement[bytes]:
    """Return a text column as the bytes of its UTF-8, as hashing wants them."""
    if session.get_bind().dialect.name == "postgresql":
        return func.convert_to(column, "UTF8", type_=LargeBinary)
    return cast(column, LargeBinary)
