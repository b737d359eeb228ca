"""Facts as officers enter and read them: names, values and units of the catalogue, with the evidence they rest on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from gateway.console.entry import Visit
from gateway.console.forms import unreadable
from gateway.console.words import Words
from shared.rules.entries import FactField

ROWS = 3
TRUE, FALSE = frozenset({"true", "yes", "是", "1"}), frozenset({"false", "no", "否", "0"})


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as it is shown."""

    name: str
    value: str
    unit: str
    evidence: tuple[str, ...]


def shown(visit: Visit, facts: Mapping[str, Any]) -> list[FactView]:
    """Return the facts of a subject with their names and values in words."""
    return [
        FactView(
            name=label(visit, name),
            value=value_in_words(visit, name, fact.get("value")),
            unit=visit.words.or_else(f"unit.{fact.get('unit')}", fact.get("unit") or ""),
            evidence=tuple(fact.get("evidence") or ()),
        )
        for name, fact in facts.items()
    ]


def label(visit: Visit, name: str) -> str:
    """Return a fact's name."""
    return visit.words.part(visit.catalogue.fields.get(name), "", name)


def value_in_words(visit: Visit, name: str, value: Any) -> str:
    """Return a fact's value in words."""
    if isinstance(value, bool):
        return visit.words("value.yes" if value else "value.no")
    if isinstance(value, list):
        return visit.words("list.comma").join(value_in_words(visit, name, one) for one in value)
    known = visit.catalogue.fields.get(name)
    choice = (known.choices or {}).get(str(value)) if known else None
    return visit.words.part(choice, "", str(value)) if choice else str(value)


@dataclass(frozen=True, slots=True)
class Option:
    """A fact one may enter, and the values it takes (none: free)."""

    id: str
    label: str
    unit: str
    values: str
    """A JSON list of the words its choices go by."""


def options(visit: Visit) -> list[Option]:
    """Return every fact of the catalogue, by name."""
    found = [
        Option(
            id=one.id,
            label=visit.words.part(one, "", one.id),
            unit=visit.words.or_else(f"unit.{one.unit}", one.unit or ""),
            values=json.dumps(_values(one, visit.words), ensure_ascii=False),
        )
        for one in visit.catalogue.fields.values()
    ]
    return sorted(found, key=lambda option: option.label)


def _values(one: FactField, words: Words) -> list[str]:
    if one.type == "bool":
        return [words("value.yes"), words("value.no")]
    return [words.part(choice, "", name) for name, choice in (one.choices or {}).items()]


def facts_from(form: FormData, fields: Mapping[str, FactField]) -> dict[str, Any]:
    """Return the facts of the rows that were filled in. Raises BodyInvalid for a value that cannot be read."""
    found: dict[str, Any] = {}
    names, values = form.getlist("fact_name"), form.getlist("fact_value")
    supported = [str(item) for item in form.getlist("fact_evidence") if item]
    for name, value in zip(names, values, strict=False):
        if not name or not str(value).strip():
            continue
        one = fields.get(str(name))
        found[str(name)] = {"value": _typed(one, str(value).strip()), "evidence": supported}
        if one is not None and one.unit:
            found[str(name)]["unit"] = one.unit
    return found | _plain(str(form.get("facts_json") or "").strip())


def _plain(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        read = json.loads(text)
    except json.JSONDecodeError as broken:
        raise unreadable("facts_json") from broken
    if not isinstance(read, dict):
        raise unreadable("facts_json")
    return read


def _typed(one: FactField | None, text: str) -> Any:
    if one is None or one.type == "text":
        return text
    if one.type == "bool":
        return _truth(text)
    if one.type in ("number", "count"):
        return _number(text)
    return next((name for name, choice in (one.choices or {}).items() if text in (name, choice.zh, choice.en)), text)


def _truth(text: str) -> bool:
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise unreadable("facts")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError as broken:
        raise unreadable("facts") from broken


def verdicts_shown(visit: Visit, verdicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return verdicts in words: those met first, then those that lack facts, then those not met."""
    order = {"met": 0, "unknown": 1, "not_met": 2}
    return [
        {
            "outcome": one["outcome"],
            "matter": one["offence_or_matter"],
            "cite": _cite(visit, one["cite"]),
            "used": shown(visit, {fact["name"]: fact for fact in one.get("facts_used") or ()}),
            "lacking": [label(visit, name) for name in one.get("facts_lacking") or ()],
            "warnings": [said(visit, warning) for warning in one.get("warnings") or ()],
        }
        for one in sorted(verdicts, key=lambda one: order.get(one["outcome"], 3))
    ]


def said(visit: Visit, text: Mapping[str, Any]) -> str:
    """Return a text that a room gave in both languages, or already in the reader's."""
    return str(text.get("text") or visit.words.part(text, ""))


def _cite(visit: Visit, cite: Mapping[str, Any]) -> str:
    return said(visit, cite)
