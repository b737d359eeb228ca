"""One answer out of the rooms' answers: a merged page with one cursor, and what to do when a room is down."""

import base64
import binascii
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from shared.errors import BodyInvalid, RoomUnavailable, Text

Place = tuple[datetime, str]
Fetch = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""Fetches a room's page after its own cursor (empty: the first). Raises RoomUnavailable."""


def place_of(item: Mapping[str, Any]) -> Place:
    """Return by what the board is ordered: the instant a clock lapses, then its id."""
    return datetime.fromisoformat(item["due_at"]), str(item["id"])


@dataclass(slots=True)
class Strand:
    """One room's pages as they are drawn: `after` fetched the page in `items`, `last` was the last item given away."""

    room: str
    after: str = ""
    last: Place | None = None
    items: deque[Mapping[str, Any]] = field(default_factory=deque)
    following: str | None = None
    is_done: bool = False
    is_down: bool = False

    async def fill(self, fetch: Fetch) -> None:
        """Fetch until there is an item to give, or the room has no more or does not answer."""
        while not self.items and not self.is_done and not self.is_down:
            try:
                page = await fetch(self.room, self.after)
            except RoomUnavailable:
                self.is_down = True
                return
            self.following = page.get("next")
            self.items.extend(item for item in page["items"] if self.last is None or place_of(item) > self.last)
            if not self.items:
                self._turn()

    async def give(self, fetch: Fetch) -> Mapping[str, Any]:
        """Give the nearest item away, and have the next one ready."""
        item = self.items.popleft()
        self.last = place_of(item)
        if not self.items:
            self._turn()
            await self.fill(fetch)
        return item

    def _turn(self) -> None:
        """Turn to the following page, if there is one."""
        self.is_done = self.following is None
        self.after = self.following or self.after


async def merged(strands: Iterable[Strand], fetch: Fetch, limit: int) -> list[Mapping[str, Any]]:
    """Return the nearest items of all strands; each remembers how far it was read."""
    live = [strand for strand in strands if strand.items]
    found: list[Mapping[str, Any]] = []
    while live and len(found) < limit:
        nearest = min(live, key=lambda strand: place_of(strand.items[0]))
        found.append(await nearest.give(fetch))
        live = [strand for strand in live if strand.items]
    return found


def cursor_of(strands: Iterable[Strand]) -> str | None:
    """Return the cursor of the next page; None when no room that answered has more."""
    rest = [strand for strand in strands if not strand.is_done]
    if all(strand.is_down for strand in rest):
        return None
    said = {
        strand.room: [strand.after, *([strand.last[0].isoformat(), strand.last[1]] if strand.last else [])]
        for strand in rest
    }
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


def strands_of(cursor: str | None, rooms: Iterable[str]) -> list[Strand]:
    """Return the strands of a page: fresh ones, or where a cursor left them. Raises BodyInvalid for a foreign one."""
    if cursor is None:
        return [Strand(room) for room in rooms]
    try:
        said = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_strand(room, said[room]) for room in rooms if room in said]
    except (binascii.Error, orjson.JSONDecodeError, TypeError, ValueError, IndexError, KeyError) as broken:
        message = Text("翻页游标无效，请使用上一页返回的 next", "The cursor is not one we gave; use `next`")
        raise BodyInvalid(message) from broken


def _strand(room: str, said: list[str]) -> Strand:
    after = said[0]
    if not isinstance(after, str):
        raise TypeError("a cursor is a text")
    last = (datetime.fromisoformat(said[1]), str(said[2])) if len(said) > 1 else None
    if last is not None and last[0].tzinfo is None:
        raise ValueError("an instant needs a zone")
    return Strand(room, after, last)
