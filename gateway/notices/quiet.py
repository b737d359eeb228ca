"""When a notice may disturb somebody: at once, in the morning of the next working day, or in the daily digest."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from shared.clock import ZONE
from shared.rules.calendar import Calendar

URGENT = "urgent"
LEVELS = (URGENT, "reminder", "info")
MORNING = 8
"""The hour of the morning where somebody has no quiet hours."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Somebody's quiet hours, from one full hour to another in the jurisdiction's zone, and the hour of the digest."""

    quiet_from: int = 20
    quiet_to: int = 8
    digest: int | None = None

    def are_quiet(self, hour: int) -> bool:
        """Whether an hour of the day is quiet; equal bounds mean that none is."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= hour < self.quiet_to
        return hour >= self.quiet_from or hour < self.quiet_to

    @property
    def morning(self) -> int:
        """Return the hour at which what was held back is sent."""
        return self.quiet_to if self.quiet_from != self.quiet_to else MORNING


def breaks_through(level: str, *, in_hours: bool) -> bool:
    """Whether nothing holds a notice back: it is urgent, or its clock counts hours, nights and holidays included."""
    return level == URGENT or in_hours


def send_at(level: str, *, in_hours: bool, hours: Hours, now: datetime, calendar: Calendar) -> tuple[datetime, str]:
    """Return when a notice is sent and what holds it until then: nothing, `quiet` or `digest`."""
    if breaks_through(level, in_hours=in_hours):
        return now, ""
    if hours.digest is not None:
        return _next(hours.digest, now, calendar), "digest"
    local = now.astimezone(ZONE)
    if hours.are_quiet(local.hour) or calendar.is_rest_day(local.date()):
        return _next(hours.morning, now, calendar), "quiet"
    return now, ""


def _next(hour: int, now: datetime, calendar: Calendar) -> datetime:
    """Return the next full hour of this name on a working day."""
    day = now.astimezone(ZONE).date()
    at = datetime.combine(day, time(hour), ZONE)
    while at <= now or calendar.is_rest_day(day):
        day += timedelta(days=1)
        at = datetime.combine(day, time(hour), ZONE)
    return at
