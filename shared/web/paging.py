"""Cursor paging: opaque, stable while rows are added, the same for every list."""

import base64
import binascii
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from shared.errors import BodyInvalid, Text
from shared.records.views import EARLIEST_YEAR

V = TypeVar("V", bound=BaseModel)
LONGEST_NUMBER = 15


class Page(BaseModel, Generic[V]):
    """One page of a list; `next` is the cursor of the following page, absent on the last."""

    items: list[V]
    next: str | None = None


LimitQuery = Annotated[int, Query(ge=1, le=200, description="How many at most")]
AfterQuery = Annotated[str | None, Query(max_length=200, description="The `next` of the page before")]


def cursor(*parts: str) -> str:
    """Return an opaque cursor for the place named by `parts`."""
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).decode().rstrip("=")


def parts_of(after: str | None, count: int) -> tuple[str, ...] | None:
    """Return what a cursor names, or None for the first page. Raises BodyInvalid for anything we did not issue."""
    if after is None:
        return None
    try:
        parts = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().split("\x1f")
    except (binascii.Error, UnicodeDecodeError, ValueError) as broken:
        raise _not_ours() from broken
    if len(parts) != count or any("\x00" in part for part in parts):
        raise _not_ours()
    return tuple(parts)


def number_of(after: str | None) -> int | None:
    """Return the number a list goes on from, or None for the first page. Raises BodyInvalid for a foreign cursor."""
    parts = parts_of(after, 1)
    if parts is None:
        return None
    if not (parts[0].isascii() and parts[0].isdecimal() and len(parts[0]) <= LONGEST_NUMBER):
        raise _not_ours()
    return int(parts[0])


def instant_and_id(after: str | None) -> tuple[datetime, UUID] | None:
    """Return the instant and identifier a list goes on after. Raises BodyInvalid for a foreign cursor."""
    parts = parts_of(after, 2)
    if parts is None:
        return None
    try:
        place = datetime.fromisoformat(parts[0]), UUID(parts[1])
    except ValueError as broken:
        raise _not_ours() from broken
    if place[0].tzinfo is None or place[0].year < EARLIEST_YEAR:
        raise _not_ours()
    return place


def instant_of(after: str | None) -> datetime | None:
    """Return the instant a list goes on after, of whatever year. Raises BodyInvalid for a foreign cursor."""
    parts = parts_of(after, 1)
    if parts is None:
        return None
    try:
        instant = datetime.fromisoformat(parts[0])
    except ValueError:
        raise _not_ours() from None
    if instant.tzinfo is None or not MINYEAR < instant.year < MAXYEAR:
        raise _not_ours()
    return instant


def before_id(after: str | None) -> UUID | None:
    """Return the identifier a newest-first list goes on before. Raises BodyInvalid for a foreign cursor."""
    parts = parts_of(after, 1)
    try:
        return UUID(parts[0]) if parts else None
    except ValueError as broken:
        raise _not_ours() from broken


def _not_ours() -> BodyInvalid:
    return BodyInvalid(Text("翻页游标无效，请使用上一页返回的 next", "The cursor is not one we gave; use `next`"))
