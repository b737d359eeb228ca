"""Which days are rest days under the yearly notices, and how working days are counted without walking day by day."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
FOLDER = Path(__file__).parent / "data" / "calendar"
FIRST, LAST = date(1990, 1, 1), date(2100, 12, 31)
WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class CalendarError(ValueError):
    """A holiday file that cannot be read, or a day outside 1990-2100."""


class ListedDay(NamedTuple):
    """A day that a notice names: a day off (休) or a weekend day to be worked (调休上班)."""

    name_zh: str
    is_rest: bool
    notice_year: int


class Calendar:
    """Rest days and working days of one jurisdiction; immutable.

    A rest day is a day listed as off, or else a Saturday or Sunday not listed as worked (deadlines.yaml, rest_day).
    Counting reads a table of running totals, so its cost does not grow with the number of days.
    """

    __slots__ = ("_base", "_days", "_listed", "_published", "_upto", "zone")

    def __init__(self, listed: Mapping[date, ListedDay], published: frozenset[int], zone: ZoneInfo = SHANGHAI) -> None:
        self._listed = dict(listed)
        self._published = published
        self.zone = zone
        self._base = FIRST.toordinal()
        size = LAST.toordinal() - self._base + 1
        week = bytes(1 if (FIRST.weekday() + offset) % 7 < 5 else 0 for offset in range(7))
        works = bytearray(week * (size // 7 + 1))[:size]
        for day, entry in self._listed.items():
            works[_index(day, self._base)] = 0 if entry.is_rest else 1
        self._upto = list(accumulate(works))
        self._days = [date.fromordinal(self._base + index) for index, is_work in enumerate(works) if is_work]

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Calendar":
        """Merge every `<year>.json` of the folder. Raises CalendarError naming the file."""
        files = sorted(folder.glob("[0-9][0-9][0-9][0-9].json"))
        if not files:
            raise CalendarError(f"{folder}: no holiday file <year>.json; put at least one there. 没有放假安排文件。")
        calendar = cls({}, frozenset())
        for file in files:
            try:
                notice = json.loads(file.read_text(encoding="utf-8"))
                calendar = calendar.with_notice(notice) if file is files[-1] else calendar._noted(notice)
            except (CalendarError, json.JSONDecodeError) as problem:
                raise CalendarError(f"{file}: {problem}") from problem
        return calendar

    def with_notice(self, notice: Mapping[str, Any]) -> "Calendar":
        """The same calendar with the notice of one year added, or replaced when that year was known."""
        noted = self._noted(notice)
        return Calendar(noted._listed, noted._published, self.zone)

    def with_changes(self, notice: Mapping[str, Any]) -> "Calendar":
        """The same calendar with a notice that came later: of a whole year, or (`adjusts`) of single days of it.

        Raises CalendarError.
        """
        if not notice.get("adjusts"):
            return self.with_notice(notice)
        year, _papers, days = _read(notice)
        if year not in self._published:
            raise CalendarError(f"{year}: only a published year is adjusted. 该年度尚无放假安排,不能调整。")
        return Calendar(self._listed | days, self._published, self.zone)

    def differs_from(self, other: "Calendar") -> tuple[date, date] | None:
        """The first and the last day that the two calendars see differently, or None.

        A year whose notice only one of them has differs as a whole: what falls in it is no longer provisional.
        """
        listed = {*self._listed, *other._listed}
        days = [day for day in listed if self.is_rest_day(day) != other.is_rest_day(day)]
        for year in self._published ^ other._published:
            days += [date(year, 1, 1), date(year, 12, 31)]
        return (min(days), max(days)) if days else None

    def in_zone(self, zone: ZoneInfo) -> "Calendar":
        """The same days, with legal days taken in another time zone."""
        return self._like(self._listed, self._published, zone)

    def is_rest_day(self, day: date) -> bool:
        index = _index(day, self._base)
        return self._upto[index] == (self._upto[index - 1] if index else 0)

    def is_published(self, day: date) -> bool:
        """Whether a notice with at least one paper exists for the year of `day`; else results are provisional."""
        return day.year in self._published

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself is not counted. Negative counts go back; 0 is `day`."""
        index = day.toordinal() - self._base
        if index < 0 or index >= len(self._upto):
            raise CalendarError(_outside(day))
        if count > 0:
            target = self._upto[index] + count - 1
        elif count < 0:
            target = self._upto[index - 1] + count if index else count
        else:
            return day
        if 0 <= target < len(self._days):
            return self._days[target]
        raise CalendarError(_outside(day))

    def next_working_day(self, day: date) -> date:
        """`day` when it is a working day, else the first working day after it (顺延)."""
        return self.add_working_days(day, 1) if self.is_rest_day(day) else day

    def working_days_between(self, after: date, through: date) -> int:
        """Working days after `after` up to and including `through`; negative when `through` is earlier."""
        return self._upto[_index(through, self._base)] - self._upto[_index(after, self._base)]

    def holiday_zh(self, day: date) -> str:
        """Why a day is a rest day (国庆节, 周末) or a worked weekend (调休上班:春节); empty for ordinary days."""
        entry = self._listed.get(day)
        if entry is not None:
            return entry.name_zh if entry.is_rest else f"调休上班:{entry.name_zh}"
        return "周末" if day.weekday() >= 5 else ""

    def label_zh(self, day: date) -> str:
        """The day as officers write it: 周五(休:国庆节), 周六(周末), 周六(调休上班:春节), 周一."""
        weekday = f"周{WEEKDAYS_ZH[day.weekday()]}"
        reason = self.holiday_zh(day)
        if not reason:
            return weekday
        return f"{weekday}({'休:' if self._is_listed_rest(day) else ''}{reason})"

    def label_en(self, day: date) -> str:
        """The English form of `label_zh`; holiday names stay as the notice writes them."""
        weekday = WEEKDAYS_EN[day.weekday()]
        entry = self._listed.get(day)
        if entry is not None:
            return f"{weekday}, {'public holiday' if entry.is_rest else 'shifted working day'} {entry.name_zh}"
        return f"{weekday}, weekend" if day.weekday() >= 5 else weekday

    def _is_listed_rest(self, day: date) -> bool:
        entry = self._listed.get(day)
        return entry is not None and entry.is_rest

    def _noted(self, notice: Mapping[str, Any]) -> "Calendar":
        year, papers, days = _read(notice)
        kept = {day: entry for day, entry in self._listed.items() if entry.notice_year != year}
        return self._like(kept | days, self._published - {year} | ({year} if papers else frozenset()), self.zone)

    def _like(self, listed: Mapping[date, ListedDay], published: frozenset[int], zone: ZoneInfo) -> "Calendar":
        twin = object.__new__(Calendar)
        twin._listed, twin._published, twin.zone = dict(listed), frozenset(published), zone
        twin._base, twin._upto, twin._days = self._base, self._upto, self._days
        return twin


@cache
def default() -> Calendar:
    """The calendar that travels with the project (2023 to 2027; no notice for 2027 yet)."""
    return Calendar.load(FOLDER)


def _index(day: date, base: int) -> int:
    if not FIRST <= day <= LAST:
        raise CalendarError(_outside(day))
    return day.toordinal() - base


def _outside(day: date) -> str:
    return f"{day} lies, or counts, outside {FIRST.year}-{LAST.year}: check the date. 日期超出日历范围,请核对。"


def _read(notice: Mapping[str, Any]) -> tuple[int, bool, dict[date, ListedDay]]:
    try:
        year, papers, entries = notice["year"], notice["papers"], notice["days"]
        days = {
            date.fromisoformat(entry["date"]): ListedDay(entry["name"], entry["isOffDay"], year) for entry in entries
        }
    except (KeyError, TypeError, ValueError) as problem:
        raise CalendarError(
            f"not a holiday notice ({problem!r}): year, papers, days[name, date, isOffDay]"
        ) from problem
    if not isinstance(year, int) or not isinstance(papers, list):
        raise CalendarError("year must be a number and papers a list. 年份应为数字,依据应为列表。")
    if len(days) != len(entries):
        raise CalendarError(f"{year}: a date is listed twice. 同一日期出现两次。")
    if any(abs(day - date(year, 7, 1)) > timedelta(days=260) for day in days):
        raise CalendarError(f"{year}: a date lies too far outside that year. 日期不在该年度附近。")
    if any(not isinstance(entry.is_rest, bool) for entry in days.values()):
        raise CalendarError(f"{year}: isOffDay must be true or false. isOffDay 应为 true 或 false。")
    return year, bool(papers), days
