"""Is what somebody states a fact of the catalogue: known, of its type, in a unit that fits; and what it comes to."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from shared.rules.entries import FactField
from shared.rules.predicates import FACTORS, MANUAL_JUDGEMENT, UNITS, values_of

MOST = 10**15
"""The largest number a fact takes, in its declared unit: beyond it a unit or a point was mistaken."""
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "tonne": ("t", "吨", "公吨"),
    "kilogram": ("kg", "公斤", "千克"),
    "gram": ("g", "克"),
    "CNY": ("元", "人民币元", "yuan"),
    "CNY_10k": ("万元", "10k_yuan"),
    "hour": ("h", "小时", "时"),
    "minute": ("min", "分钟", "分"),
    "day": ("d", "日", "天"),
    "mu": ("亩",),
    "hectare": ("ha", "公顷"),
    "m2": ("m²", "平方米", "㎡"),
    "m3": ("m³", "立方米", "方"),
    "litre": ("l", "升"),
    "times_over_standard": ("倍", "times"),
    "ratio": (),
    "count": ("次", "株", "个", "件"),
    "person": ("人", "名"),
    "vehicle": ("辆", "台"),
}
"""How officers write the units, besides their ids."""
SPOKEN = {name: unit for unit, names in WRITTEN.items() for name in (unit, *names)}
COUNTED = ("count", "people", "vehicles")
"""Kinds of unit that go without saying: a count of people counts people."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A fact as it holds: the value in the declared unit, and what was stated."""

    name: str
    value: Any
    unit: str | None
    stated_value: Any
    stated_unit: str | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why something stated is no fact of the catalogue, and what comes near it."""

    name: str
    code: str
    zh: str
    en: str
    near: tuple[str, ...] = ()


def check_fact(name: str, value: Any, unit: str | None, fields: Mapping[str, FactField]) -> Checked | Misfit:
    """What is stated, in the unit its field declares (exactly converted); or why it does not fit.

    The written legal judgement is true, false, or the ids of the standards it was given for.
    """
    declared = fields.get(name)
    if declared is None:
        near = tuple(near_names(name, fields))
        hint_zh = f"：相近的有{'、'.join(fields[one].zh for one in near)}" if near else ""
        hint_en = f": near it are {', '.join(near)}" if near else ""
        return Misfit(name, "unknown_fact", f"目录中没有事实“{name}”{hint_zh}", f"no fact '{name}'{hint_en}", near)
    if declared.type in ("number", "count"):
        return _number(declared, value, unit)
    if unit is not None:
        zh, en = f"{declared.zh}没有单位", f"{declared.en} has no unit"
        return Misfit(name, "unit_mismatch", zh, en)
    if declared.type == "bool":
        is_named = name == MANUAL_JUDGEMENT and isinstance(value, list) and all(isinstance(one, str) for one in value)
        if isinstance(value, bool) or (is_named and value):
            return Checked(name, value, None, value, None)
        return Misfit(name, "type_mismatch", f"{declared.zh}应为是或否", f"{declared.en} is true or false")
    return _words(declared, value)


def near_names(name: str, fields: Mapping[str, FactField]) -> Iterable[str]:
    """The facts whose id or name comes nearest to what was written, at most three."""
    spoken = {word: one.id for one in fields.values() for word in (one.id, one.zh, one.en)}
    close = get_close_matches(name, spoken, n=6, cutoff=0.6)
    parts = {part for part in name.split("_") if len(part) > 3}
    shared = [one.id for one in fields.values() if parts & set(one.id.split("_"))]
    return list(dict.fromkeys([*(spoken[word] for word in close), *shared]))[:3]


def _number(declared: FactField, value: Any, unit: str | None) -> Checked | Misfit:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        zh, en = f"{declared.zh}应为不小于零的数", f"{declared.en} is a number, not below zero"
        return Misfit(declared.id, "type_mismatch", zh, en)
    misfit, said = _unit(declared, unit)
    if misfit is not None:
        return misfit
    number = _converted(value, said, declared.unit)
    if declared.type == "count" and number.denominator != 1:
        return Misfit(declared.id, "not_whole", f"{declared.zh}应为整数", f"{declared.en} is a whole number")
    if number > MOST:
        zh, en = f"{declared.zh}过大，请核对单位", f"{declared.en} is too large: check the unit"
        return Misfit(declared.id, "out_of_range", zh, en)
    return Checked(declared.id, _plain(number), declared.unit, value, unit)


def _unit(declared: FactField, unit: str | None) -> tuple[Misfit | None, str | None]:
    """The unit that was meant, or why the one written does not fit."""
    if unit is None:
        kind = UNITS.get(declared.unit or "")
        if declared.unit is None or kind in COUNTED:
            return None, declared.unit
        zh, en = (
            f"{declared.zh}须写明单位，例如 {declared.unit}",
            f"{declared.en}: state the unit, such as {declared.unit}",
        )
        return Misfit(declared.id, "unit_missing", zh, en, tuple(FACTORS[kind or ""])), None
    said = SPOKEN.get(unit.strip()) or SPOKEN.get(unit.strip().lower())
    if declared.unit is not None and said is not None and UNITS[said] == UNITS[declared.unit]:
        return None, said
    fitting = tuple(FACTORS[UNITS[declared.unit]]) if declared.unit else ()
    zh = f"{declared.zh}的单位“{unit}”不能换算为 {declared.unit or '（无单位）'}"
    en = f"{declared.en}: '{unit}' cannot be turned into {declared.unit or 'a number without a unit'}"
    return Misfit(declared.id, "unit_mismatch", zh, en, fitting), None


def _converted(value: float, said: str | None, wanted: str | None) -> Fraction:
    number = Fraction(str(value))
    if said is None or wanted is None:
        return number
    factors = FACTORS[UNITS[said]]
    return number * factors[said] / factors[wanted]


def _plain(number: Fraction) -> int | float:
    """The number as JSON has it; a decimal that ends stays exact."""
    return number.numerator if number.denominator == 1 else float(number)


def _words(declared: FactField, value: Any) -> Checked | Misfit:
    given = values_of(value)
    if not given or not all(isinstance(one, str) and one.strip() for one in given):
        return Misfit(declared.id, "type_mismatch", f"{declared.zh}应为文字", f"{declared.en} is said in words")
    choices = declared.choices or {}
    meant = [_choice(one.strip(), declared) for one in given]
    strange = [one for one in meant if one not in choices]
    if declared.closed and strange:
        near = tuple(get_close_matches(strange[0], choices, n=3, cutoff=0.4)) or tuple(choices)
        names = "、".join(choices[one].zh for one in near)
        zh, en = f"{declared.zh}没有取值“{strange[0]}”，可用：{names}", f"{declared.en}: no value '{strange[0]}'"
        return Misfit(declared.id, "value_unknown", zh, en, near)
    held = meant if isinstance(value, list) else meant[0]
    return Checked(declared.id, held, None, value, None)


def _choice(word: str, declared: FactField) -> str:
    """The value that is meant by its id or by its name in either language; else the word itself."""
    found = (name for name, choice in (declared.choices or {}).items() if word in (name, choice.zh, choice.en))
    return next(found, word)
