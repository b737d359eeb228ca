"""Recompute worked examples of deadlines and say where the result differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from shared.rules.calendar import Calendar, CalendarError
from shared.rules.catalogue import Catalogue, UnknownEntry
from shared.rules.entries import Cite
from shared.rules.terms import PROFILE_UNITS, Due, Extension, Pause, Term, due


class Malformed(ValueError):
    """An example, or a file of examples, that cannot be read; the message says which part, in both languages."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One example: where expected and computed differ (none: it passed), and what to beware of."""

    id: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def read(file: Path) -> list[Any]:
    """The examples of a file: a list, or a mapping with the key `examples`. Raises Malformed."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise Malformed(f"无法读取文件 / cannot read the file: {file}: {problem}") from problem
    except (yaml.YAMLError, ValueError) as problem:
        raise Malformed(f"不是有效的 YAML / not valid YAML: {file}: {problem}") from problem
    examples = content.get("examples") if isinstance(content, dict) else content
    if not isinstance(examples, list):
        raise Malformed(f"没有 examples 列表 / no list of examples: {file}")
    return examples


def check(examples: list[Any], catalogue: Catalogue, calendar: Calendar) -> Iterator[Checked]:
    """Recompute each example by its own amount, unit and profile."""
    for position, example in enumerate(examples, start=1):
        name = str(example.get("id", f"#{position}")) if isinstance(example, dict) else f"#{position}"
        try:
            if not isinstance(example, dict):
                raise Malformed("例子应为映射 / an example must be a mapping")
            yield _checked(name, example, catalogue, calendar)
        except (Malformed, CalendarError) as problem:
            yield Checked(name, (str(problem),))
        except (OverflowError, ValueError) as problem:
            yield Checked(name, (f"日期超出可计算的范围 / the date is beyond what can be computed ({problem})",))


def _checked(name: str, example: Mapping[str, Any], catalogue: Catalogue, calendar: Calendar) -> Checked:
    zone = _zone(example.get("timezone", "Asia/Shanghai"))
    term, warnings = _term(example, catalogue)
    extensions = [_extension(given, term) for given in _list(example, "extensions")]
    computed = due(
        term,
        _instant(_needed(example, "start"), zone, "start"),
        calendar=calendar.in_zone(zone),
        pauses=[_pause(given) for given in _list(example, "excluded_intervals")],
        extensions=extensions,
        end_on=_optional_day(example, "end_event_date"),
        as_of=_optional_day(example, "as_of"),
    )
    comparisons = list(_comparisons(example, computed, zone))
    if not comparisons:
        raise Malformed("没有 expected_* 可供比较 / nothing expected (expected_due_date, _due_at or _day_count)")
    problems = tuple(
        f"{what}: 应为 expected {wanted}, 得到 got {found}" for what, wanted, found in comparisons if wanted != found
    )
    if problems:
        problems += tuple(f"  {step.zh} / {step.en}" for step in computed.because)
    return Checked(name, problems, tuple(warnings))


def _comparisons(example: Mapping[str, Any], computed: Due, zone: ZoneInfo) -> Iterator[tuple[str, Any, Any]]:
    on = computed.on if computed.at is None else computed.at.astimezone(zone).date()
    if example.get("expected_due_date") is not None:
        yield "due date", _day(example["expected_due_date"], "expected_due_date"), on
    if example.get("expected_due_at") is not None:
        wanted = _instant(example["expected_due_at"], zone, "expected_due_at")
        lapse = computed.at.astimezone(zone).isoformat() if computed.at is not None else None
        yield "due instant", wanted.astimezone(zone).isoformat(), lapse
    if example.get("unrolled_due_date") is not None:
        yield "unrolled due date", _day(example["unrolled_due_date"], "unrolled_due_date"), computed.unrolled_on
    if example.get("expected_day_count") is not None:
        yield "day count", example["expected_day_count"], computed.day_count
    for key in ("expected_provisional", "provisional"):
        if example.get(key) is not None:
            yield "provisional", example[key], computed.provisional


def _term(example: Mapping[str, Any], catalogue: Catalogue) -> tuple[Term, list[str]]:
    amount, unit = _needed(example, "amount"), _needed(example, "unit")
    profile = _needed(example, "computation_profile")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
        raise Malformed(f"amount 应为非负整数 / amount must be a whole number, not {amount!r}")
    if profile not in PROFILE_UNITS:
        raise Malformed(f"未知的 computation_profile / unknown computation_profile: {profile!r}")
    if unit not in PROFILE_UNITS[profile]:
        raise Malformed(f"{profile} 不能以 {unit!r} 计 / {profile} does not count in {unit!r}")
    try:
        known = catalogue.term(str(example.get("deadline_id")))
    except UnknownEntry:
        cite = Cite("unknown")
        term = Term("example", "示例", "example", amount, unit, profile, "deadline", cite)
        return term, [f"目录中没有 {example.get('deadline_id')!r} / not in the catalogue"]
    direction = example.get("direction", known.direction)
    if direction not in ("forward", "backward"):
        raise Malformed(f"未知的 direction / unknown direction: {direction!r}")
    term = replace(known, amount=amount, unit=unit, profile=profile, direction=direction)
    own, ours = (amount, unit, profile), (known.amount, known.unit, known.profile)
    return term, [f"与目录中的 {known.id} 不同 / differs from the catalogue: {own} != {ours}"] if own != ours else []


def _extension(given: Any, term: Term) -> Extension:
    if not isinstance(given, dict):
        raise Malformed(f"extensions 的条目应为映射 / an extension must be a mapping, not {given!r}")
    forms = [key for key in ("add", "add_max", "to_total") if key in given]
    amount = given[forms[0]] if len(forms) == 1 else None
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
        raise Malformed(f"延长须写 add 或 to_total 的天数 / an extension needs add or to_total: {given!r}")
    unit = given.get("unit") or term.unit
    allowed = ("hours", "natural_days", "working_days", "months", "years")
    if unit not in allowed or (unit == "hours" and term.unit != "hours"):
        raise Malformed(f"延长的单位不适用 / this unit cannot extend the term: {unit!r}")
    return Extension(amount, unit, "", str(given.get("approved_by", "")), to_total=forms[0] == "to_total")


def _pause(given: Any) -> Pause:
    if isinstance(given, dict):
        given = [given.get("from", given.get("from_on")), given.get("to", given.get("to_on")), given.get("ground", "")]
    if not isinstance(given, list) or len(given) not in (2, 3) or given[0] is None:
        raise Malformed(f"excluded_intervals 的条目应为 [起, 止] / an interval must be [from, to], not {given!r}")
    until = None if given[1] is None else _day(given[1], "excluded_intervals")
    try:
        return Pause(_day(given[0], "excluded_intervals"), until, str(given[2]) if len(given) == 3 else "")
    except ValueError as problem:
        raise Malformed(str(problem)) from problem


def _list(example: Mapping[str, Any], key: str) -> list[Any]:
    given = example.get(key) or []
    if not isinstance(given, list):
        raise Malformed(f"{key} 应为列表 / {key} must be a list")
    return given


def _needed(example: Mapping[str, Any], key: str) -> Any:
    if example.get(key) is None:
        raise Malformed(f"缺少 {key} / {key} is missing")
    return example[key]


def _optional_day(example: Mapping[str, Any], key: str) -> date | None:
    return _day(example[key], key) if example.get(key) is not None else None


def _day(given: Any, key: str) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError as problem:
        raise Malformed(f"{key} 不是日期 / {key} is not a date (YYYY-MM-DD): {given!r}") from problem


def _instant(given: Any, zone: ZoneInfo, key: str) -> datetime:
    if isinstance(given, date) and not isinstance(given, datetime):
        given = datetime.combine(given, time())
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    except ValueError as problem:
        raise Malformed(f"{key} 不是时刻 / {key} is not a moment (ISO 8601): {given!r}") from problem
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise Malformed(f"未知的时区 / unknown time zone: {name!r}") from problem
