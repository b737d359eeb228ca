"""Three-valued logic over facts: all, any, and comparisons with declared units."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict

from shared.rules.entries import STRICT, FactField, Id

Outcome = Literal["met", "not_met", "unknown"]
T = TypeVar("T")
MANUAL_JUDGEMENT = "manual_legal_judgement"

FACTORS: dict[str, dict[str, Fraction]] = {
    "mass": {"tonne": Fraction(1), "kilogram": Fraction(1, 1000), "gram": Fraction(1, 1_000_000)},
    "money": {"CNY": Fraction(1), "CNY_10k": Fraction(10_000)},
    "time": {"hour": Fraction(1), "minute": Fraction(1, 60), "day": Fraction(24)},
    "area": {"mu": Fraction(1), "hectare": Fraction(15), "m2": Fraction(3, 2000)},
    "volume": {"m3": Fraction(1), "litre": Fraction(1, 1000)},
    "multiple": {"times_over_standard": Fraction(1)},
    "ratio": {"ratio": Fraction(1)},
    "count": {"count": Fraction(1)},
    "people": {"person": Fraction(1)},
    "vehicles": {"vehicle": Fraction(1)},
}
UNITS = {unit: kind for kind, units in FACTORS.items() for unit in units}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. `eq` and `in` compare values; `gte` numbers, where 以上 includes the number itself."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    field: Id
    op: Literal["eq", "gte", "in"]
    value: bool | int | float | str | tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A tree of comparisons: `all` must hold, or `any` one of them."""

    mode: Literal["all", "any"]
    parts: tuple["Predicate | Leaf", ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known about the matter, and the evidence that supports it."""

    name: str
    value: Any
    unit: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactUse:
    """A fact a verdict rests on."""

    name: str
    value: Any
    unit: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A short reason or warning in both languages; `field` names the fact it is about."""

    code: str
    zh: str
    en: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a predicate yields: the outcome, the facts it used and lacks, and why."""

    outcome: Outcome
    used: tuple[FactUse, ...]
    lacking: tuple[str, ...]
    notes: tuple[Note, ...]


def judge(predicate: Predicate | Leaf, facts: Mapping[str, Fact], fields: Mapping[str, FactField]) -> Finding:
    """Kleene logic: an unknown part makes the whole unknown unless another part already decides it."""
    if isinstance(predicate, Leaf):
        return _leaf(predicate, facts, fields)
    parts = [judge(part, facts, fields) for part in predicate.parts]
    return all_of(parts) if predicate.mode == "all" else any_of(parts)


def all_of(parts: Sequence[Finding]) -> Finding:
    return _joined(parts, decides="not_met", otherwise="met")


def any_of(parts: Sequence[Finding]) -> Finding:
    return _joined(parts, decides="met", otherwise="not_met")


def _joined(parts: Sequence[Finding], *, decides: Outcome, otherwise: Outcome) -> Finding:
    outcomes = {part.outcome for part in parts}
    outcome: Outcome = decides if decides in outcomes else "unknown" if "unknown" in outcomes else otherwise
    used = _unique(use for part in parts for use in part.used)
    lacking = tuple(dict.fromkeys(name for part in parts for name in part.lacking)) if outcome == "unknown" else ()
    telling = [part for part in parts if part.outcome == outcome]
    notes = _unique(note for part in telling for note in part.notes)
    return Finding(outcome, used, lacking, notes)


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    kept: list[T] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return tuple(kept)


def _leaf(leaf: Leaf, facts: Mapping[str, Fact], fields: Mapping[str, FactField]) -> Finding:
    fact, declared = facts.get(leaf.field), fields[leaf.field]
    if fact is None or fact.value is None:
        note = Note("fact_lacking", f"缺少事实:{declared.zh}", f"not known: {declared.en}", leaf.field)
        return Finding("unknown", (), (leaf.field,), (note,))
    used = (FactUse(fact.name, fact.value, fact.unit or declared.unit, tuple(fact.evidence)),)
    problem = _problem(fact, declared)
    if problem is not None:
        return Finding("unknown", used, (leaf.field,), (problem,))
    holds = _holds(leaf, fact, declared)
    return Finding("met" if holds else "not_met", used, (), (_said(leaf, fact, declared, holds),))


def _problem(fact: Fact, declared: FactField) -> Note | None:
    """Why a value cannot be compared with what the field declares."""
    values = values_of(fact.value) if declared.type in ("choice", "text") else [fact.value]
    if not values or not all(_fits(value, declared) for value in values):
        zh = f"{declared.zh}的取值 {fact.value!r} 不是规定的类型或选项"
        en = f"{declared.en}: {fact.value!r} is not a {declared.type} this field knows"
        return Note("type_mismatch", zh, en, declared.id)
    if fact.unit is not None and (declared.unit is None or UNITS.get(fact.unit) != UNITS.get(declared.unit)):
        zh = f"{declared.zh}的单位 {fact.unit} 不能换算为 {declared.unit or '(无单位)'}"
        en = f"{declared.en}: {fact.unit} cannot be turned into {declared.unit or 'a value without a unit'}"
        return Note("unit_mismatch", zh, en, declared.id)
    return None


def _fits(value: Any, declared: FactField) -> bool:
    if declared.type == "bool":
        return isinstance(value, bool)
    if declared.type in ("number", "count"):
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return False
        return math.isfinite(value) and value >= 0 and (declared.type == "number" or value == int(value))
    return isinstance(value, str)


def values_of(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _holds(leaf: Leaf, fact: Fact, declared: FactField) -> bool:
    if leaf.op == "gte":
        return _exact(fact.value, fact.unit or declared.unit) >= _exact(leaf.value, leaf.unit or declared.unit)
    wanted = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return any(value in wanted for value in values_of(fact.value))


def _exact(value: Any, unit: str | None) -> Fraction:
    number = Fraction(str(value))
    return number * FACTORS[UNITS[unit]][unit] if unit is not None else number


def _said(leaf: Leaf, fact: Fact, declared: FactField, holds: bool) -> Note:
    unit = f" {leaf.unit}" if leaf.unit else ""
    wanted = "/".join(leaf.value) if isinstance(leaf.value, tuple) else str(leaf.value)
    sign_zh, sign_en = {
        "eq": ("应为", "must be"),
        "in": ("应为其一", "must be one of"),
        "gte": ("应达到", "must reach"),
    }[leaf.op]
    given = f"{fact.value}{' ' + (fact.unit or declared.unit or '') if (fact.unit or declared.unit) else ''}"
    zh = f"{declared.zh}为 {given},{sign_zh} {wanted}{unit}:{'符合' if holds else '不符合'}"
    en = f"{declared.en} is {given}, {sign_en} {wanted}{unit}: {'holds' if holds else 'does not hold'}"
    return Note("holds" if holds else "fails", zh, en, leaf.field)
