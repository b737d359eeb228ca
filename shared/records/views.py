"""What every room shows of its subjects, entries and clocks; and the strict body of a step."""

from datetime import datetime
from math import isfinite
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

JsonT = TypeVar("JsonT")
NO_NUL = r"^[^\x00]*$"
# PostgreSQL text cannot hold U+0000, and nobody types it.
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
LongWords = Annotated[str, Field(min_length=1, max_length=4000, pattern=NO_NUL)]
Division = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Administrative division code (GB/T 2260)")]


def _in_the_calendar(value: datetime) -> datetime:
    if value.year < EARLIEST_YEAR:
        raise ValueError(f"早于 {EARLIEST_YEAR} 年 / before {EARLIEST_YEAR}")
    if value.year > LATEST_YEAR:
        raise ValueError(f"晚于 {LATEST_YEAR} 年 / after {LATEST_YEAR}")
    return value


EARLIEST_YEAR = 2001
"""Clocks are counted on a calendar that begins the year before."""
LATEST_YEAR = 9998
"""A year before the last: in any zone such an instant is one."""
Instant = Annotated[AwareDatetime, AfterValidator(_in_the_calendar)]
"""An aware instant that the calendar reaches."""
PastInstant = Instant
"""Such an instant of what has happened; commands refuse those that lie ahead."""


def _is_storable(value: Any, depth: int = 0) -> bool:
    """Whether every database and every reader of JSON can hold a value: finite, 64 bits, no U+0000, not deep."""
    if depth > DEEPEST:
        return False
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_storable(key) for key in value) and all(
            _is_storable(part, depth + 1) for part in value.values()
        )
    if isinstance(value, list):
        return all(_is_storable(part, depth + 1) for part in value)
    return value is None


def storable(value: JsonT) -> JsonT:
    """Return a JSON value that can be stored and hashed. Raises ValueError for any other."""
    if not _is_storable(value):
        raise ValueError("数值、字符或嵌套深度无法保存 / holds a number, a sign or a depth that cannot be stored")
    return value


DEEPEST = 16
JsonObject = Annotated[dict[str, Any], AfterValidator(storable)]
"""An object of whatever a sender states, within what can be stored."""


class Body(BaseModel):
    """The body of a step: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class SubjectView(BaseModel):
    """What every subject shows: its address, state, version and times."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    ref: str
    journey_id: UUID
    owner: str
    state: str
    version: int
    procedure_id: str
    procedure_version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class EntryView(BaseModel):
    """One journal entry; `body` is the exact text whose SHA-256 is `hash`, absent where it is not for the reader."""

    model_config = ConfigDict(from_attributes=True)

    subject: str
    seq: int
    type: str
    at: AwareDatetime
    agency: str
    actor: str
    journey_id: UUID
    prev: str
    hash: str
    body: str | None


class DeadlineView(BaseModel):
    """One clock: the term with its article, who must act, when it lapses, and why then."""

    id: UUID
    subject: str
    journey_id: UUID
    term_id: str
    name_zh: str
    name_en: str
    cite_zh: str
    cite_en: str
    party: str
    state: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    due_on: str | None
    provisional: bool
    authority: str = "law"
    """`law`, or `agreement`: agreed between agencies, not law."""
    verified: bool = True
    """Whether the text of the term was verified; if not, it warns and is never enforced."""
    breached_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    awaits: list[str]
    because: list[dict[str, Any]]
