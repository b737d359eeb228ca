"""Instants and lengths of time as officers read them: Shanghai time, days and hours."""

from datetime import date, datetime, timedelta

from gateway.console.words import Words
from shared.clock import ZONE

MINUTE, HOUR, DAY = 60, 3600, 86400


def instant(value: str | datetime | None) -> datetime | None:
    """Return an instant in the jurisdiction's zone."""
    if not value:
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.astimezone(ZONE)


def moment(value: str | datetime | None) -> str:
    """Say an instant to the minute."""
    read = instant(value)
    return f"{read:%Y-%m-%d %H:%M}" if read else ""


def seconds(value: str | datetime | None) -> str:
    """Say an instant to the second."""
    read = instant(value)
    return f"{read:%Y-%m-%d %H:%M:%S}" if read else ""


def day(value: str | date, words: Words) -> str:
    """Say a legal day with its weekday."""
    read = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{read.isoformat()} {words(f'weekday.{read.isoweekday()}')}"


def length(span: timedelta, words: Words) -> str:
    """Say how long: days; under three days with hours; under a day hours and minutes."""
    total = int(abs(span).total_seconds())
    days, hours, minutes = total // DAY, total % DAY // HOUR, total % HOUR // MINUTE
    if days >= 3:
        return words("length.days", days=days)
    if days:
        return words("length.days_hours", days=days, hours=hours)
    if hours:
        return words("length.hours_minutes", hours=hours, minutes=minutes)
    return words("length.minutes", minutes=minutes)


def size(count: int) -> str:
    """Say a number of bytes."""
    for unit, power in (("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"
