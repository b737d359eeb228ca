"""Due dates: the calendar's table against a day loop over the same days, in one run. Target: at least 15 times."""

import json
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from shared.rules import calendar, catalogue
from shared.rules.calendar import FOLDER, SHANGHAI
from shared.rules.terms import due

ROUNDS = 20_000
COUNT = 30
TARGET = 15.0
STARTS = [date(2024, 1, 1) + timedelta(days=offset) for offset in range(900)]


def listed_days() -> tuple[set[date], set[date]]:
    """The days off and the worked weekend days of the notices, as a plain reader would keep them."""
    entries = [day for file in FOLDER.glob("*.json") for day in json.loads(file.read_text(encoding="utf-8"))["days"]]
    off = {date.fromisoformat(day["date"]) for day in entries if day["isOffDay"]}
    return off, {date.fromisoformat(day["date"]) for day in entries} - off


OFF, WORKED = listed_days()


def naive(day: date, count: int) -> date:
    """Walk day by day."""
    step = timedelta(days=1)
    while count:
        day += step
        if day in WORKED or (day.weekday() < 5 and day not in OFF):
            count -= 1
    return day


def seconds_each(work: Callable[[date], object]) -> float:
    """The best of five runs, per call."""
    size = len(STARTS)
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for index in range(ROUNDS):
            work(STARTS[index % size])
        best = min(best, (time.perf_counter() - begun) / ROUNDS)
    return best


def measure() -> dict[str, float]:
    """Microseconds per call and the ratios; wrong dates stop the run."""
    table = calendar.default()
    assert all(table.add_working_days(day, COUNT) == naive(day, COUNT) for day in STARTS)
    term = catalogue.default().term("mr_clue_check")
    begins = {day: datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI) for day in STARTS}
    idle = seconds_each(lambda day: day)
    loop = seconds_each(lambda day: naive(day, COUNT)) - idle
    ours = seconds_each(lambda day: table.add_working_days(day, COUNT)) - idle
    reasoned = seconds_each(lambda day: due(term, begins[day], calendar=table)) - idle
    begun = time.perf_counter()
    calendar.Calendar.load(FOLDER)
    rebuilt = time.perf_counter() - begun
    return {
        "day loop, us": loop * 1e6,
        "table, us": ours * 1e6,
        "ratio": loop / ours,
        "whole answer with reasons, us": reasoned * 1e6,
        "calendar rebuilt, ms": rebuilt * 1e3,
    }


def main() -> None:
    """Print the figures and whether the target is reached."""
    figures = measure()
    for name, value in figures.items():
        print(f"{name:32} {value:10.2f}")
    print(f"{COUNT} working days: {figures['ratio']:.1f} x the day loop, target {TARGET:.0f} x")


if __name__ == "__main__":
    main()
