"""Whether a guard of a step holds: a pure question about fields, facts, clocks and the state."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shared.rules.procedure_entries import Guard

if TYPE_CHECKING:
    from shared.rules.procedures import Situation

NOTHING: tuple[Any, ...] = (None, "", [], ())
SHANGHAI = ZoneInfo("Asia/Shanghai")


def holds(guard: Guard, situation: "Situation", state: str) -> bool:
    """Whether a guard lets a step pass; one that is for other cases does."""
    if guard.when is not None and not guard.when.holds(situation.fields):
        return True
    if guard.check.startswith("clock"):
        return _clock_holds(guard, situation)
    value = situation.fields.get(guard.subject)
    other = situation.fields.get(guard.value) if isinstance(guard.value, str) else guard.value
    answers: dict[str, bool] = {
        "present": value not in NOTHING,
        "absent": value in NOTHING or value is False,
        "equals": value == guard.value,
        "one_of": isinstance(guard.value, list) and value in guard.value,
        "is_true": value is True,
        "state_not_in": isinstance(guard.value, list) and state not in guard.value,
        "fact_present": guard.subject in situation.facts,
        "matches": value is not None and value == other,
        "not_before": _is_in_order(other, value),
        "not_after": _is_in_order(value, other),
        "not_among": not (isinstance(other, list | tuple) and value in other),
        "at_least": _measure(value) >= _measure(other),
        "at_most": other is None or _measure(value) <= _measure(other),
    }
    return answers[guard.check]


def _clock_holds(guard: Guard, situation: "Situation") -> bool:
    term = guard.subject
    others = guard.value if isinstance(guard.value, list) else []
    answers: dict[str, bool] = {
        "clock_open": term in situation.open_clocks,
        "clock_not_open": term not in situation.open_clocks,
        "clock_paused": term in situation.paused_clocks,
        "clock_not_paused": term not in situation.paused_clocks,
        "clock_lapsed": not situation.lapsed_clocks.isdisjoint((term, *others)),
        "clock_not_lapsed": term not in situation.lapsed_clocks,
        "clock_elapsed": term not in situation.open_clocks or term in situation.lapsed_clocks,
    }
    return answers[guard.check]


def _is_in_order(earlier: Any, later: Any) -> bool:
    """Whether one moment lies at or before another, by days where one is a day; what is not stated is in order."""
    if not (isinstance(earlier, date) and isinstance(later, date)):
        return True
    if isinstance(earlier, datetime) and isinstance(later, datetime):
        return earlier <= later
    return _day(earlier) <= _day(later)


def _day(value: date) -> date:
    return value.astimezone(SHANGHAI).date() if isinstance(value, datetime) else value


def _measure(value: Any) -> float:
    """How much a number is, or how many different entries a list has; nothing is nought."""
    if isinstance(value, list | tuple):
        return len({str(one).strip() for one in value})
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
