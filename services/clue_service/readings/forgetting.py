"""The daily round that deletes real-time data whose time is over."""

from datetime import date

from services.clue_service.readings import commands
from shared.clock import today
from shared.records.room import Room
from shared.web.room_worker import Chore


def forgetting() -> Chore:
    """Return the chore that once a day, and once after a start, deletes old real-time data, some at a time."""
    done_on: date | None = None

    def forget(room: Room) -> int:
        nonlocal done_on
        now, days = room.clock(), room.settings.real_time_days
        if days == 0 or done_on == today(now):
            return 0
        with room.transaction() as session:
            forgotten = commands.forget(session, days, by=room.itself, now=now)
        if not forgotten:
            done_on = today(now)
        return forgotten

    return forget
