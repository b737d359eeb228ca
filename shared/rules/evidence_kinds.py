"""What a piece of evidence is in law, what it must state, how long it is kept, and what may be done to an exhibit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.rules.calendar import SHANGHAI
from shared.rules.entries import STRICT, Cite, Id, InForce, Text

Basis = Literal["law", "agreement"]
"""Where a rule comes from: the text of a law, or an agreement of the agency (which is not law and says so)."""


@dataclass(frozen=True, slots=True)
class EvidenceField:
    """Something a kind of evidence states of itself. `when` names a flag that makes it wanted; none: always.

    `modelled_on` is a text an agreement follows without being bound by it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    field: Id
    label_zh: Text
    label_en: Text
    basis: Basis
    type: Literal["text", "lines", "moment", "flag", "number"] = "text"
    required: Annotated[bool, Field(strict=True)] = True
    when: Id | None = None
    cite: Cite | None = None
    modelled_on: Cite | None = None
    verified: Annotated[bool, Field(strict=True)] = True
    quotation: str = ""

    @property
    def is_enforced(self) -> bool:
        """Whether evidence without it is refused: never by a text of law that was not verified."""
        return self.required and (self.basis == "agreement" or self.verified)


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind of evidence (行政处罚法第四十六条; 衔接办法第二十条).

    `documents` are of this kind without being called so; `is_fallback` takes all other papers. `form` says what is
    kept: bytes, or the description of a thing that lies elsewhere.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    cite: Cite
    verified: Annotated[bool, Field(strict=True)]
    form: Literal["bytes", "exhibit"] = "bytes"
    is_fallback: Annotated[bool, Field(strict=True)] = False
    documents: tuple[Id, ...] = ()
    retention: Id | None = None
    fields: tuple[EvidenceField, ...] = ()
    in_force: InForce = field(default_factory=InForce)
    quotation: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """Why and how long evidence is kept. `years` None: the text read states no period. Nothing is ever deleted."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    basis: Basis
    says_zh: Text
    says_en: Text
    cite: Cite | None = None
    verified: Annotated[bool, Field(strict=True)] = True
    years: Annotated[int | None, Field(gt=0)] = None
    subjects: tuple[Id, ...] = ()
    """The kinds of subject whose evidence is in this class, where its own kind names no other."""
    in_force: InForce = field(default_factory=InForce)
    quotation: str = ""


@dataclass(frozen=True, slots=True)
class ExhibitAct:
    """Something that may be done to a physical exhibit: where it must be, what must be stated, where it is then."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Id
    name_zh: Text
    name_en: Text
    from_states: tuple[Literal["new", "kept", "handed_over", "returned", "destroyed"], ...]
    to_state: Literal["kept", "handed_over", "returned", "destroyed"]
    basis: Basis
    seal: Literal["sealed", "unsealed", "any"] = "any"
    """What the exhibit's seal must be before the act."""
    fields: tuple[EvidenceField, ...] = ()
    cite: Cite | None = None
    verified: Annotated[bool, Field(strict=True)] = True
    in_force: InForce = field(default_factory=InForce)
    quotation: str = ""


@dataclass(frozen=True, slots=True)
class IllStated:
    """Something stated that cannot be read as what it is."""

    field: str
    zh: str
    en: str


def implied(kinds: Mapping[str, EvidenceKind], document: str) -> EvidenceKind | None:
    """The kind a document is by itself; else the one for all other papers (None: there are no kinds)."""
    found = (kind for kind in kinds.values() if document in kind.documents)
    return next(found, None) or next((kind for kind in kinds.values() if kind.is_fallback), None)


def lacking(fields: Iterable[EvidenceField], stated: Mapping[str, Any]) -> tuple[EvidenceField, ...]:
    """What must be stated and is not, in the order of the law."""
    return tuple(
        one
        for one in fields
        if one.is_enforced and (one.when is None or stated.get(one.when) is True) and _is_empty(stated.get(one.field))
    )


def ill_stated(fields: Iterable[EvidenceField], stated: Mapping[str, Any], *, now: datetime) -> tuple[IllStated, ...]:
    """What was stated and cannot be: a moment that is none or lies ahead, a flag that is no yes or no."""
    found = (_problem(one, stated[one.field], now) for one in fields if not _is_empty(stated.get(one.field)))
    return tuple(problem for problem in found if problem is not None)


def retention_of(
    classes: Mapping[str, RetentionClass], kind: EvidenceKind | None, subject_kind: str
) -> RetentionClass | None:
    """The class of an item: the one its kind names, else that of the subject it belongs to."""
    if kind is not None and kind.retention in classes:
        return classes[kind.retention or ""]
    return next((one for one in classes.values() if subject_kind in one.subjects), None)


def labels(fields: Sequence[EvidenceField]) -> tuple[str, str]:
    """Names of fields in Chinese and English, for one sentence."""
    return "、".join(one.label_zh for one in fields), ", ".join(one.label_en for one in fields)


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _problem(wanted: EvidenceField, value: Any, now: datetime) -> IllStated | None:
    if wanted.type == "moment":
        return _moment_problem(wanted, value, now)
    fits = {
        "flag": isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
    }
    if fits.get(wanted.type, True):
        return None
    zh, en = {"flag": ("应为是或否", "must be true or false"), "number": ("应为不小于零的数", "must be a number")}[
        wanted.type
    ]
    return IllStated(wanted.field, f"{wanted.label_zh}{zh}", f"{wanted.label_en} {en}")


def _moment_problem(wanted: EvidenceField, value: Any, now: datetime) -> IllStated | None:
    """Why a value is no moment that has passed: an ISO day, or an ISO instant with its offset."""
    try:
        is_day = len(str(value)) == len("2026-01-01")
        read = date.fromisoformat(value) if is_day else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        read = None
    if isinstance(read, datetime) and read.tzinfo is None:
        read = None
    if read is None:
        zh = f"{wanted.label_zh}应写作 2026-01-31 或 2026-01-31T09:30:00+08:00"
        return IllStated(wanted.field, zh, f"{wanted.label_en}: write 2026-01-31 or 2026-01-31T09:30:00+08:00")
    lies_ahead = read > now if isinstance(read, datetime) else read > now.astimezone(SHANGHAI).date()
    if lies_ahead:
        return IllStated(wanted.field, f"{wanted.label_zh}晚于当前时间", f"{wanted.label_en} lies in the future")
    return None
