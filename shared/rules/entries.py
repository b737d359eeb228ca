"""What every entry of the law carries: where it is written and when it holds; and the small entries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_-]*$")]
Relation = Literal["owner", "receiver", "copied", "supervisor", "respondent", "observer", "partner", "system"]
Confidence = Literal["full_text", "full_text_single_source", "partial", "recalled", "agreement"]

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "[零一二三四五六七八九十百千]+"


@dataclass(frozen=True, slots=True)
class Cite:
    """Where a rule is written: the instrument and the article, with the sentence relied on when it was read."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    instrument: Id
    article: str = ""
    name_zh: str = ""
    name_en: str = ""

    @property
    def zh(self) -> str:
        return f"《{self.name_zh or self.instrument}》{self.article}"

    @property
    def en(self) -> str:
        return ", ".join(part for part in (self.name_en or self.instrument, article_en(self.article)) if part)


@dataclass(frozen=True, slots=True)
class InForce:
    """The days on which an entry holds, both included; None is open (no date stated in the text read)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    from_on: Annotated[date | None, Field(alias="from")] = None
    to_on: Annotated[date | None, Field(alias="to")] = None

    def holds(self, on: date) -> bool:
        return (self.from_on is None or self.from_on <= on) and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A statute, regulation or normative document, and how surely its text was read."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    number: str
    in_force: InForce
    confidence: Confidence
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """What a person may be in an agency."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    duty_zh: Text
    duty_en: Text
    acts: bool = True
    """Whether one with this role alone may take steps that are open to anybody of the agency."""


@dataclass(frozen=True, slots=True)
class AgencyKind:
    """A kind of authority and, where it supervises another kind, which."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Agency:
    """An authority: kind, administrative division (GB/T 2260, six digits) and the agency above it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    kind: Id
    division: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    superior: Id | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value a choice field can take."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    zh: Text
    en: Text


@dataclass(frozen=True, slots=True)
class FactField:
    """A fact the standards ask for: its type and, for numbers, its unit.

    A `closed` choice takes no value but those listed (a protected zone); others are open, since the standards name
    only the values that matter to them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    type: Literal["bool", "number", "count", "choice", "text"]
    zh: Text
    en: Text
    unit: str | None = None
    choices: Mapping[str, Choice] | None = None
    closed: Annotated[bool, Field(strict=True)] = False


@dataclass(frozen=True, slots=True)
class StepField:
    """What a step states, where its procedure is data alone: its type, its names and, for a choice, its values.

    `instant` is an aware moment that has passed, `moment` one that lies ahead, `day` a date, `agency` an id of the
    directory, `digest` a SHA-256, `lines` several words.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    type: Literal[
        "words",
        "long_words",
        "instant",
        "moment",
        "day",
        "flag",
        "count",
        "choice",
        "agency",
        "agencies",
        "digest",
        "lines",
    ]
    zh: Text
    en: Text
    choices: Mapping[str, Choice] | None = None
    kinds: tuple[Id, ...] = ()
    """The kinds of agency that can be named; none: any."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What the law adds to a sum for each day (`percent_a_day` of the sum, in all at most the `cap`)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    percent_a_day: Annotated[int, Field(strict=True, ge=0)]
    cap: Literal["principal"]
    cite: Cite
    quotation: Text
    uncounted: Text
    """The days that do not count, as the law says it."""
    uncounted_cite: Cite
    in_force: InForce = field(default_factory=InForce)


def article_en(article: str) -> str:
    """The article in English: 第一千零六十条第(二)项 -> art. 1060 (2)."""
    text = re.sub(f"第({_NUMERAL})条", lambda found: f"art. {_number(found[1])}", article)
    text = re.sub(f"第({_NUMERAL})款", lambda found: f" para. {_number(found[1])}", text)
    text = re.sub(f"第[(（]({_NUMERAL})[)）]项", lambda found: f" ({_number(found[1])})", text)
    return re.sub(r"\s+", " ", text.replace("、", ", ")).strip()


def _number(numeral: str) -> int:
    total = digit = 0
    for sign in numeral:
        if sign in _POWERS:
            total += (digit or 1) * _POWERS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit
