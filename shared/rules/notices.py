"""When which people are told that a clock runs, and what they are told when something happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Formatter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.calendar import SHANGHAI
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
    """One step of a reminder ladder: at a fraction of the term, or with some hours left (0: the breach)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: Id
    title_zh: Text
    title_en: Text
    zh: Text
    en: Text
    audience: Annotated[tuple[Audience, ...], Field(min_length=1)]
    fraction: Annotated[float | None, Field(gt=0, lt=1)] = None
    hours_left: Annotated[int | None, Field(ge=0)] = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The reminders of a clock, in the order they come."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    placeholders: tuple[str, ...]
    rungs: Annotated[tuple[RungRule, ...], Field(min_length=1)]


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


def ladder(catalogue: "Catalogue", term: Term, due: Due, start: datetime) -> tuple[Rung, ...]:
    """The reminders of a running clock in time order; those that would come before the start, or not before the
    breach, are left out. A paused clock, and a count without an end, has none."""
    if due.paused or (due.on is None and due.at is None):
        return ()
    rules = catalogue.ladders[term.reminders].rungs
    lapse = due.lapses_at(SHANGHAI)
    rungs = (rung for rule in rules if (rung := _rung(rule, term, start, lapse)) is not None)
    return tuple(sorted(rungs, key=lambda rung: rung.at))


def placeholders(text: str) -> Iterator[str]:
    """The names a text wants filled in. ValueError for braces that do not match."""
    return (name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _rung(rule: RungRule, term: Term, start: datetime, lapse: datetime) -> Rung | None:
    audience = tuple(who for who in rule.audience if not who.only_kinds or term.obligated_party in who.only_kinds)
    if rule.fraction is not None:
        at = start + (lapse - start) * rule.fraction
    else:
        at = lapse - timedelta(hours=rule.hours_left or 0)
    is_breach = rule.hours_left == 0
    if not audience or (not is_breach and not start < at < lapse):
        return None
    return Rung(rule.name, at, audience, rule.title_zh, rule.title_en, rule.zh, rule.en)
