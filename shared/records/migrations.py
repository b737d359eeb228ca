"""How a room's database is brought up to date: one history a room, one shared beginning, one upgrade at a time."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlmodel import SQLModel

from shared.records import calendars, checkpoints, deadlines, deliveries, evidence, inbox, journal, notices
from shared.records.db import Party
from shared.rooms import ROOMS

RECORDS: tuple[type[SQLModel], ...] = (
    Party,
    journal.Entry,
    deliveries.Delivery,
    inbox.Received,
    deadlines.Deadline,
    deadlines.DeadlineChange,
    evidence.Item,
    evidence.Custody,
    evidence.Manifest,
    evidence.Exhibit,
    notices.Notice,
    checkpoints.Checkpoint,
    calendars.CalendarNotice,
)
LOCK = 7_212_001
"""Advisory lock under which PostgreSQL lets one upgrade run."""


def run_env(models: Sequence[type[SQLModel]]) -> None:
    """Run the migrations of a room, whose tables are the shared records and `models` (called from its env.py)."""
    names = {str(model.__tablename__) for model in (*RECORDS, *models)}

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in names

    def of_ours(_item: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
        return reflected or kind != "table" or name in names

    engine: Engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
            include_name=ours,
            include_object=of_ours,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


def config(room: str, url: str) -> Config:
    """Return Alembic's configuration for a room's database at `url`."""
    folder = Path(__file__).resolve().parents[2].joinpath(*ROOMS[room].split("."))
    settings = Config()
    settings.set_main_option("script_location", str(folder / "migrations"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["url"] = url
    return settings


def upgrade(room: str, url: str) -> None:
    """Bring a room's database to the newest version; several processes may ask at once."""
    with _alone(url):
        command.upgrade(config(room, url), "head")


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Hold the upgrade lock of a database: a file beside SQLite, an advisory lock on PostgreSQL."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///")).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    engine = create_engine(url)
    with engine.connect() as connection:
        _advisory(connection, "pg_advisory_lock")
        try:
            yield
        finally:
            _advisory(connection, "pg_advisory_unlock")
    engine.dispose()


def _advisory(connection: Connection, function: str) -> None:
    connection.execute(text(f"SELECT {function}({LOCK})"))
    connection.commit()
