"""When which people are told that a clock runs, and what they are told when something happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from string import Formatter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules import calendar as days
from shared.rules.calendar import SHANGHAI, Calendar
from shared.rules.entries import STRICT, Id, Relation, Text
from shared.rules.term_entries import Due, Term

if TYPE_CHECKING:
    from shared.rules.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a rung reaches: persons with one of `roles` in the obligated agency, its superior, or the procuratorate
    that supervises it; `only_kinds` limits the rung to clocks of those kinds of agency."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    agency: Literal["obligated", "superior", "supervising_procuratorate"]
    roles: Annotated[tuple[str, ...], Field(min_length=1)]
    only_kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RungRule:
    """One step of a reminder ladder: at a fraction of the term, with some hours left (0: the breach), or after it.

    `working_days_after` counts from the day on which the term lapsed and stands at the opening of that day.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: Id
    title_zh: Text
    title_en: Text
    zh: Text
    en: Text
    audience: Annotated[tuple[Audience, ...], Field(min_length=1)]
    fraction: Annotated[float | None, Field(gt=0, lt=1)] = None
    hours_left: Annotated[int | None, Field(ge=0)] = None
    hours_after: Annotated[int | None, Field(ge=1)] = None
    working_days_after: Annotated[int | None, Field(ge=1)] = None

    @property
    def placed(self) -> int:
        """How many ways of saying when it comes are given: it must be one."""
        stated = (self.fraction, self.hours_left, self.hours_after, self.working_days_after)
        return sum(one is not None for one in stated)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How long a notice that asks for an answer may stay unanswered, in hours or in working hours of the calendar.

    Then the person is asked again; after the same time once more, `roles` of the person's agency are called.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    roles: Annotated[tuple[str, ...], Field(min_length=1)]
    hours: Annotated[int | None, Field(ge=1)] = None
    working_hours: Annotated[int | None, Field(ge=1)] = None
    opens: Annotated[int, Field(ge=0, le=23)] = 9
    closes: Annotated[int, Field(ge=1, le=24)] = 17

    def after(self, at: datetime, calendar: Calendar) -> datetime:
        """The moment until which an answer to a notice given at `at` is waited for."""
        local = at.astimezone(SHANGHAI)
        if self.working_hours is None:
            return at + timedelta(hours=self.hours or 0)
        left = timedelta(hours=self.working_hours)
        day = local.date()
        while True:
            begins = max(local, _at_hour(day, self.opens))
            room = _at_hour(day, self.closes) - begins
            if not calendar.is_rest_day(day) and room > timedelta(0):
                if left <= room:
                    return begins + left
                left -= room
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The reminders of a clock, in the order they come, and how an unanswered notice of it is followed up."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    placeholders: tuple[str, ...]
    rungs: Annotated[tuple[RungRule, ...], Field(min_length=1)]
    follow_up: FollowUp | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Persons with one of `roles` in the agencies that stand in `relation` to the subject.

    `addressed` are those the event itself goes to.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    relation: Relation | Literal["addressed"]
    roles: Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Notice:
    """What an event tells whom. `zh` and `en` are filled with the declared `placeholders` (str.format)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    event: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    title_zh: Text
    title_en: Text
    zh: Text
    en: Text
    placeholders: tuple[str, ...]
    urgent: bool = False
    needs_answer: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One reminder of one clock: when, to whom, and the texts to fill in."""

    name: str
    at: datetime
    audience: tuple[Audience, ...]
    title_zh: str
    title_en: str
    zh: str
    en: str


OPENING = 9
"""The hour at which an escalation that counts working days stands."""


def ladder(
    catalogue: "Catalogue", term: Term, due: Due, start: datetime, calendar: Calendar | None = None
) -> tuple[Rung, ...]:
    """The reminders of a running clock in time order, those after the breach included; those that would come before
    the start, or not before the breach, are left out. A paused clock, and a count without an end, has none."""
    return climbed(rungs_until(catalogue, term, due, calendar), due, start)


Placed = tuple[RungRule, Rung]


def rungs_until(catalogue: "Catalogue", term: Term, due: Due, calendar: Calendar | None = None) -> tuple[Placed, ...]:
    """The rungs that lead to one end, in the order of the rules: the same for every clock of the term that lapses then.

    Those at a fraction of the term stand at its end until a clock's start says where they belong.
    """
    if due.paused or (due.on is None and due.at is None):
        return ()
    lapse, known = due.lapses_at(SHANGHAI), calendar or days.default()
    rules = catalogue.ladders[term.ladder].rungs
    audiences = ((rule, _audience(rule, term)) for rule in rules)
    return tuple((rule, _rung(rule, told, _moment(rule, lapse, known))) for rule, told in audiences if told)


def climbed(rungs: tuple[Placed, ...], due: Due, start: datetime) -> tuple[Rung, ...]:
    """The rungs that a clock with this start comes by, in time order."""
    return tuple(sorted(_come_by(rungs, due, start), key=attrgetter("at")))


def _come_by(rungs: tuple[Placed, ...], due: Due, start: datetime) -> Iterator[Rung]:
    lapse = due.lapses_at(SHANGHAI) if rungs else start
    for rule, rung in rungs:
        at = reached(rule, rung, lapse, start)
        if at is not None:
            yield rung if at is rung.at else _rung(rule, rung.audience, at)


def reached(rule: RungRule, rung: Rung, lapse: datetime, start: datetime) -> datetime | None:
    """When a clock with this start comes by a rung that leads to its lapse: never (None) before it starts."""
    if rule.fraction is None:
        return rung.at if rung.at >= lapse or start < rung.at else None
    at = start + (lapse - start) * rule.fraction
    return at if start < at < lapse else None


def placeholders(text: str) -> Iterator[str]:
    """The names a text wants filled in. ValueError for braces that do not match."""
    return (name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _audience(rule: RungRule, term: Term) -> tuple[Audience, ...]:
    return tuple(who for who in rule.audience if not who.only_kinds or term.obligated_party in who.only_kinds)


def _rung(rule: RungRule, audience: tuple[Audience, ...], at: datetime) -> Rung:
    return Rung(rule.name, at, audience, rule.title_zh, rule.title_en, rule.zh, rule.en)


def _moment(rule: RungRule, lapse: datetime, calendar: Calendar) -> datetime:
    if rule.hours_after is not None:
        return lapse + timedelta(hours=rule.hours_after)
    if rule.working_days_after is not None:
        last = (lapse.astimezone(SHANGHAI) - timedelta(microseconds=1)).date()
        return _at_hour(calendar.add_working_days(last, rule.working_days_after), OPENING)
    return lapse - timedelta(hours=rule.hours_left or 0)


def _at_hour(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(), SHANGHAI) + timedelta(hours=hour)
