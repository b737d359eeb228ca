"""When is it due, and because of what: the computation profiles of the law as one pure function."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict, Unpack

from dateutil.relativedelta import relativedelta

from shared.rules import term_wording as wording
from shared.rules.calendar import Calendar
from shared.rules.extension_rules import ExtensionVerdict, check_extension
from shared.rules.term_entries import PROFILE_UNITS, Because, Due, Extension, ExtensionRule, Pause, Term

__all__ = [
    "PROFILE_UNITS",
    "Because",
    "Bounds",
    "Due",
    "Extension",
    "ExtensionRule",
    "ExtensionVerdict",
    "Pause",
    "Term",
    "check_extension",
    "due",
    "merge",
]


class Bounds(TypedDict, total=False):
    """Where a count ends (`end_on`, day counts only) and the day up to which an open pause is counted (`as_of`)."""

    end_on: date | None
    as_of: date | None


def due(
    term: Term,
    start: datetime,
    *,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
    extensions: Iterable[Extension] = (),
    **bounds: Unpack[Bounds],
) -> Due:
    """When a term that began at `start` (aware) ends, with the reason for each day that was moved.

    The start day is excluded, the last day runs to 24:00, legal days are taken in `calendar.zone`. Extensions are
    added in the order given to the end not yet rolled over; pauses, merged first, then lengthen it by (end - start)
    days, or, for a term in working days, by the working days among them; a limit in hours is shifted by whole days. A
    pause that begins after the term has lapsed changes nothing. Source: deadlines.yaml, computation profiles.
    """
    if start.tzinfo is None:
        raise ValueError("the start must carry a time zone. 起算时刻必须带时区。")
    count = _Count(term, start, calendar)
    if term.profile == "inclusive_day_count":
        return count.days_through(bounds.get("end_on"))
    if term.direction == "backward":
        return count.back()
    given = list(pauses)
    merged = merge(given, after=count.start_on, as_of=bounds.get("as_of"))
    is_paused = any(pause.to_on is None for pause in given)
    return count.forward(list(extensions), merged, is_paused)


def merge(pauses: Iterable[Pause], *, after: date, as_of: date | None = None) -> tuple[Pause, ...]:
    """Pauses as disjoint stretches in time order, cut at the start day; open ones end at `as_of` (or count nothing)."""
    merged: list[Pause] = []
    closed = (
        Pause(max(pause.from_on, after), max(pause.to_on or as_of or after, pause.from_on, after), pause.ground)
        for pause in pauses
    )
    for pause in sorted(closed, key=lambda pause: (pause.from_on, pause.to_on or pause.from_on, pause.ground)):
        last = merged[-1] if merged else None
        if last is not None and last.to_on is not None and pause.to_on is not None and pause.from_on <= last.to_on:
            grounds = dict.fromkeys(part for part in (*last.ground.split(";"), pause.ground) if part)
            merged[-1] = Pause(last.from_on, max(last.to_on, pause.to_on), ";".join(grounds))
        else:
            merged.append(pause)
    return tuple(pause for pause in merged if pause.to_on is not None and pause.to_on > pause.from_on)


class _Count:
    """One computation under way: the end so far, the steps that led there, the years whose rest days were read."""

    def __init__(self, term: Term, start: datetime, calendar: Calendar) -> None:
        self.term, self.calendar = term, calendar
        self.start = start.astimezone(calendar.zone)
        self.start_on = self.start.date()
        self.steps: list[Because] = []
        self.is_provisional = False

    def forward(self, extensions: Sequence[Extension], pauses: Sequence[Pause], is_paused: bool) -> Due:
        if self.term.unit == "hours":
            return self._instant(extensions, pauses, is_paused)
        self.steps.append(wording.start_excluded(self.start_on))
        end = self._added(self.start_on, self.term.amount, self.term.unit)
        self.steps.append(wording.counted(self.term, end, self.calendar))
        for extension in extensions:
            end = self._extended(end, extension)
        for pause in pauses:
            end = self._lengthened(end, pause)
        return self._finished(end, is_paused)

    def back(self) -> Due:
        """The last day on which an act due "N 日前" leaves N full days before the event."""
        self.steps.append(wording.start_excluded(self.start_on))
        if self.term.unit == "working_days":
            end = self.calendar.add_working_days(self.start_on, -(self.term.amount + 1))
            self._touch(end, self.start_on)
        else:
            end = self.start_on - timedelta(days=self.term.amount + 1)
        self.steps.append(wording.counted_back(self.term, end, self.calendar))
        return self._answer(on=end, unrolled_on=end)

    def days_through(self, end_on: date | None) -> Due:
        """Calendar days from the day after the start through the end event; none before there is an end."""
        self.steps.append(wording.start_excluded(self.start_on))
        if end_on is None:
            return self._answer(on=None)
        count = max(0, (end_on - self.start_on).days)
        self.steps.append(wording.day_count(self.start_on, end_on, count))
        return self._answer(on=end_on, unrolled_on=end_on, day_count=count)

    def _instant(self, extensions: Sequence[Extension], pauses: Sequence[Pause], is_paused: bool) -> Due:
        at = self.start.astimezone(UTC) + timedelta(hours=self.term.amount)
        self.steps.append(wording.hours_counted(self.term.amount, at.astimezone(self.calendar.zone)))
        for extension in extensions:
            at = self._extended_instant(at, extension)
            self.steps.append(wording.extended_at(extension, at.astimezone(self.calendar.zone)))
        for pause in pauses:
            if pause.to_on is None or pause.from_on > at.astimezone(self.calendar.zone).date():
                self.steps.append(wording.pause_too_late(pause))
                continue
            at += pause.to_on - pause.from_on
            self.steps.append(wording.paused_at(pause, at.astimezone(self.calendar.zone)))
        if is_paused:
            self.steps.append(wording.pause_open())
        return self._answer(on=None, at=at.astimezone(self.calendar.zone), paused=is_paused)

    def _extended_instant(self, at: datetime, extension: Extension) -> datetime:
        if extension.unit == "hours":
            longer = timedelta(hours=extension.amount)
            return max(at, self.start.astimezone(UTC) + longer) if extension.to_total else at + longer
        origin = self.start if extension.to_total else at.astimezone(self.calendar.zone)
        day = self._added(origin.date(), extension.amount, extension.unit)
        moved = datetime.combine(day, origin.timetz()).astimezone(UTC)
        return max(at, moved) if extension.to_total else moved

    def _extended(self, end: date, extension: Extension) -> date:
        if extension.to_total:
            longer = max(end, self._added(self.start_on, extension.amount, extension.unit))
        else:
            longer = self._added(end, extension.amount, extension.unit)
        self.steps.append(wording.extended(extension, longer, self.calendar))
        return longer

    def _lengthened(self, end: date, pause: Pause) -> date:
        if pause.to_on is None or pause.from_on > self._moved(end):
            self.steps.append(wording.pause_too_late(pause))
            return end
        if self.term.unit == "working_days":
            lost = self.calendar.working_days_between(pause.from_on, pause.to_on)
            self._touch(pause.from_on, pause.to_on)
            longer = self._added(end, lost, "working_days")
        else:
            lost = (pause.to_on - pause.from_on).days
            longer = end + timedelta(days=lost)
        longer = max(longer, pause.to_on)
        self.steps.append(wording.paused(pause, lost, self.term.unit, longer))
        return longer

    def _finished(self, end: date, is_paused: bool) -> Due:
        on = self._moved(end)
        if self._is_moved_off_rest_days():
            self._touch(end - timedelta(days=1), on)
            self.steps.append(wording.rolled(end, on, self.calendar))
        elif self.calendar.is_rest_day(end):
            self.steps.append(wording.not_rolled(end, self.calendar))
        if is_paused:
            self.steps.append(wording.pause_open())
        return self._answer(on=on, unrolled_on=end, paused=is_paused)

    def _moved(self, end: date) -> date:
        return self.calendar.next_working_day(end) if self._is_moved_off_rest_days() else end

    def _is_moved_off_rest_days(self) -> bool:
        return self.term.rolls or self.term.unit == "working_days"

    def _added(self, day: date, amount: int, unit: str) -> date:
        if unit == "working_days":
            end = self.calendar.add_working_days(day, amount)
            self._touch(day, end)
            return end
        if unit == "natural_days":
            return day + timedelta(days=amount)
        if unit == "months":
            return day + relativedelta(months=amount)
        if unit == "years":
            return day + relativedelta(years=amount)
        raise ValueError(f"a term in days cannot be counted in {unit}. 以日计算的期限不能以 {unit} 计。")

    def _touch(self, after: date, through: date) -> None:
        first = min(after, through) + timedelta(days=1)
        years = range(first.year, max(after, through).year + 1)
        self.is_provisional |= not all(self.calendar.is_published(date(year, 1, 1)) for year in years)

    def _answer(
        self,
        *,
        on: date | None,
        at: datetime | None = None,
        unrolled_on: date | None = None,
        day_count: int | None = None,
        paused: bool = False,
    ) -> Due:
        if self.is_provisional:
            self.steps.append(wording.provisional(on))
        return Due(
            on, at, unrolled_on, self.is_provisional, tuple(self.steps), day_count, paused, self.term.id, self.term.cite
        )
