"""Instants, legal days and time-ordered identifiers."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from struct import unpack
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""The jurisdiction's zone: legal days are taken here, once."""

Clock = Callable[[], datetime]
_lock = threading.Lock()
_newest = 0
"""The newest identifier's moment: milliseconds, then a count of twelve bits."""
_told: tuple[datetime | None, int] = (None, 0)
"""The instant that was asked for last, and its moment."""
_spelled: tuple[datetime | None, str] = (None, "")
"""The instant that was written last, and its text. (By identity: equal instants of two zones are written apart.)"""
DRAWN = 256
_drawn: list[int] = []
"""Random numbers of the operating system, drawn by the handful; a forked process draws its own."""


def system_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=256)
def today(now: datetime) -> date:
    """Return the legal day of an instant, in the jurisdiction's zone."""
    return now.astimezone(ZONE).date()


def iso(now: datetime) -> str:
    """Return an instant as text; that of one request, which stands in many rows, is written once."""
    global _spelled
    known = _spelled
    if known[0] is not now:
        known = _spelled = (now, now.isoformat())
    return known[1]


def new_id(now: datetime) -> UUID:
    """Return a time-ordered identifier (RFC 9562, version 7).

    Within a process later ones always sort after earlier ones: the twelve bits behind the millisecond count on.
    """
    global _newest, _told
    with _lock:
        if now is not _told[0]:
            _told = (now, (int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF) << 12)
        moment = _newest = _told[1] if _told[1] > _newest else _newest + 1
        if not _drawn:
            _drawn.extend(unpack(f"{DRAWN}Q", os.urandom(8 * DRAWN)))
        random = _drawn.pop() & 0x3FFF_FFFF_FFFF_FFFF
    return _uuid((moment >> 12) << 80 | 0x7 << 76 | (moment & 0xFFF) << 64 | 0x2 << 62 | random)


def _uuid(number: int) -> UUID:
    """Return what `UUID(int=number)` does, at a third of its cost: it need not ask in which of six ways it is given."""
    made = object.__new__(UUID)
    object.__setattr__(made, "int", number)
    object.__setattr__(made, "is_safe", _UNKNOWN)
    return made


_UNKNOWN = SafeUUID.unknown
os.register_at_fork(after_in_child=_drawn.clear)
