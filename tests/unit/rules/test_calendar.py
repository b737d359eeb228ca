"""The calendar: against an independent calendar, a plain day loop, and notices that come later."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar  # type: ignore[import-untyped] # it has no types
import pytest

from shared.rules import calendar
from shared.rules.calendar import Calendar, CalendarError

CALENDAR = calendar.default()
FIRST, LAST = date(2023, 1, 1), date(2026, 12, 31)
DAYS = [FIRST + timedelta(days=offset) for offset in range((LAST - FIRST).days + 1)]


def test_rest_days_agree_with_an_independent_calendar() -> None:
    differing = [day for day in DAYS if CALENDAR.is_rest_day(day) == chinese_calendar.is_workday(day)]
    assert differing == []


def test_counting_agrees_with_a_day_loop() -> None:
    for start in DAYS[::7]:
        day, counted = start, 0
        while counted < 30:
            day += timedelta(days=1)
            counted += not CALENDAR.is_rest_day(day)
        assert CALENDAR.add_working_days(start, 30) == day
        assert CALENDAR.working_days_between(start, day) == 30


def test_counting_back_leaves_the_start_out() -> None:
    assert CALENDAR.add_working_days(date(2025, 3, 20), -1) == date(2025, 3, 19)
    assert CALENDAR.add_working_days(date(2025, 3, 22), -1) == date(2025, 3, 21)
    assert CALENDAR.add_working_days(date(2025, 3, 20), 0) == date(2025, 3, 20)


def test_the_next_working_day_may_be_the_day_itself() -> None:
    assert CALENDAR.next_working_day(date(2025, 9, 28)) == date(2025, 9, 28)
    assert CALENDAR.next_working_day(date(2025, 10, 1)) == date(2025, 10, 9)


def test_days_are_labelled_as_officers_write_them() -> None:
    assert CALENDAR.label_zh(date(2025, 10, 3)) == "周五(休:国庆节、中秋节)"
    assert CALENDAR.label_zh(date(2026, 2, 14)) == "周六(调休上班:春节)"
    assert CALENDAR.label_zh(date(2025, 3, 8)) == "周六(周末)"
    assert CALENDAR.label_zh(date(2025, 3, 10)) == "周一"
    assert CALENDAR.label_en(date(2025, 3, 8)) == "Sat, weekend"


def test_only_years_with_papers_are_published() -> None:
    assert CALENDAR.is_published(date(2026, 12, 31))
    assert not CALENDAR.is_published(date(2027, 1, 1))
    assert not CALENDAR.is_published(date(2022, 12, 31))


def notice(year: int, *days: tuple[str, bool]) -> dict[str, Any]:
    listed = [{"name": "元旦", "date": day, "isOffDay": is_off} for day, is_off in days]
    return {"year": year, "papers": ["https://example.org/notice"], "days": listed}


def test_a_new_notice_changes_only_the_new_calendar() -> None:
    newer = CALENDAR.with_notice(notice(2027, ("2027-01-01", True), ("2026-12-27", False)))
    assert newer.is_rest_day(date(2027, 1, 1))
    assert not newer.is_rest_day(date(2026, 12, 27))
    assert newer.is_published(date(2027, 5, 1))
    assert not CALENDAR.is_rest_day(date(2027, 1, 1))
    assert CALENDAR.is_rest_day(date(2026, 12, 27))
    corrected = newer.with_notice(notice(2027, ("2027-01-04", True)))
    assert not corrected.is_rest_day(date(2027, 1, 1))
    assert corrected.is_rest_day(date(2026, 12, 27))


@pytest.mark.parametrize(
    "broken",
    [
        {"year": 2027, "papers": []},
        {"year": "2027", "papers": [], "days": []},
        notice(2027, ("2027-02-30", True)),
        notice(2027, ("2029-01-01", True)),
        notice(2027, ("2027-01-01", True), ("2027-01-01", False)),
        {"year": 2027, "papers": [], "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": "true"}]},
    ],
)
def test_a_notice_that_does_not_fit_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(CalendarError):
        CALENDAR.with_notice(broken)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "2025.json").write_text("{", encoding="utf-8")
    with pytest.raises(CalendarError, match=r"2025\.json"):
        Calendar.load(tmp_path)
    (tmp_path / "2025.json").write_text(json.dumps({"year": 2025}), encoding="utf-8")
    with pytest.raises(CalendarError, match=r"2025\.json"):
        Calendar.load(tmp_path)


def test_a_folder_without_files_and_a_day_outside_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarError, match="no holiday file"):
        Calendar.load(tmp_path)
    for day, count in ((date(1980, 1, 1), 1), (date(2100, 12, 30), 9), (date(1990, 1, 2), -9)):
        with pytest.raises(CalendarError, match="1990-2100"):
            CALENDAR.add_working_days(day, count)
