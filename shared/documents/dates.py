"""Days and moments as an official document writes them."""

from datetime import date, datetime

from shared.clock import ZONE

DIGITS = "〇一二三四五六七八九"


def arabic(day: date) -> str:
    """Return a day as 2026年9月3日."""
    return f"{day.year}年{day.month}月{day.day}日"


def hanzi(day: date) -> str:
    """Return a day as 二〇二六年九月三日."""
    year = "".join(DIGITS[int(digit)] for digit in str(day.year))
    return f"{year}年{_below_hundred(day.month)}月{_below_hundred(day.day)}日"


def moment(at: datetime) -> str:
    """Return an aware instant as 2026年9月3日15时30分, in the jurisdiction's zone; whole hours without minutes."""
    local = at.astimezone(ZONE)
    minutes = f"{local.minute}分" if local.minute else ""
    return f"{arabic(local.date())}{local.hour}时{minutes}"


def _below_hundred(number: int) -> str:
    tens, ones = divmod(number, 10)
    return {0: "", 1: "十"}.get(tens, f"{DIGITS[tens]}十") + (DIGITS[ones] if ones else "")
