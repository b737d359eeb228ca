"""Places that only one can take: a number in a chain, a message's id, a relation to a subject."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError

from shared.errors import Stale

TAKEN = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
"""What SQLite and PostgreSQL call a key that is there already."""


@contextmanager
def contested(**about: Any) -> Iterator[None]:
    """Raise Stale where the block writes a row whose place somebody else took; a row that is wrong stays an error."""
    try:
        yield
    except IntegrityError as broken:
        name = getattr(broken.orig, "sqlite_errorname", None) or getattr(broken.orig, "sqlstate", None)
        if name not in TAKEN:
            raise
        raise Stale(**about) from broken
