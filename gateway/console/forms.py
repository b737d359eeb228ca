"""A step's form, built from its published body schema, and the body read back from what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from gateway.console.published import Schema, resolved
from gateway.console.words import Words
from shared.clock import ZONE
from shared.errors import BodyInvalid, Text

LONG = 300
ORDER = (
    "title",
    "summary",
    "source",
    "enterprise_name",
    "enterprise_id",
    "division",
    "discovered_at",
    "observed_from",
    "observed_to",
    "outlet_id",
    "pollutant",
    "finding",
    "result",
    "decision",
    "decision_number",
    "proposal",
    "procedure_lawful",
    "evidence_lawful",
    "facts",
    "conduct_on",
)
"""How an officer fills a form in; what is not named here follows, by name."""
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind`: text, area, moment, day, flag, choice, number, lines, facts, conditions or json."""

    name: str
    kind: str
    label: str
    required: bool
    hint: str = ""
    choices: Choices = ()
    pattern: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)


def fields_of(schema: Schema, words: Words) -> list[Field]:
    """Return the fields of a body, in the order in which they are filled in."""
    needed, known = set(schema.get("required", ())), schema.get("properties", {})
    names = sorted(known, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return [_field(name, resolved(known[name]), name in needed, words) for name in names]


def _field(name: str, schema: Schema, is_needed: bool, words: Words) -> Field:
    kind = _kind(name, schema)
    values = [str(value) for value in schema.get("enum", ())]
    pattern = str(schema.get("pattern", ""))
    return Field(
        name=name,
        kind=kind,
        label=words(f"field.{name}"),
        required=is_needed,
        hint=words.or_else(f"hint.{name}", ""),
        choices=tuple((value, words.or_else(f"value.{value}", value)) for value in values),
        pattern=pattern if pattern and "\\x00" not in pattern else "",
        limits={key: schema[key] for key in ("minimum", "maximum", "maxLength") if key in schema},
    )


def _kind(name: str, schema: Schema) -> str:
    if name in ("facts", "conditions"):
        return name
    if "enum" in schema:
        return "choice"
    formats = {"date-time": "moment", "date": "day"}
    simple = {"boolean": "flag", "integer": "number", "number": "number"}
    if schema.get("type") == "string":
        long = int(schema.get("maxLength", 0)) > LONG
        return formats.get(str(schema.get("format", "")), "area" if long else "text")
    if schema.get("type") == "array" and resolved(schema.get("items", {})).get("type") == "string":
        return "lines"
    return simple.get(str(schema.get("type")), "json")


def kept(form: FormData) -> dict[str, list[str]]:
    """Return what was typed, so that nothing is lost when the form is shown again."""
    return {name: [str(value) for value in form.getlist(name) if isinstance(value, str)] for name in form}


def body_from(fields: list[Field], form: FormData) -> dict[str, Any]:
    """Return the body of a step as typed; an empty field is left out. Raises BodyInvalid for what cannot be read."""
    body: dict[str, Any] = {}
    for one in fields:
        if one.kind in ("facts", "conditions"):
            continue
        value = _value(one, str(form.get(one.name) or "").strip())
        if value is not None:
            body[one.name] = value
    return body


def conditions_from(form: FormData) -> dict[str, bool]:
    """Return the conditions that were answered with yes or no."""
    prefix = "conditions."
    return {name.removeprefix(prefix): form[name] == "yes" for name in form if name.startswith(prefix) and form[name]}


def _value(one: Field, typed: str) -> Any:
    if one.kind == "flag":
        return typed == "true"
    if not typed:
        return None
    try:
        return _read(one.kind, typed)
    except ValueError as broken:
        raise unreadable(one.name) from broken


def _read(kind: str, typed: str) -> Any:
    if kind == "moment":
        return datetime.fromisoformat(typed).replace(tzinfo=ZONE).isoformat()
    if kind == "number":
        return float(typed) if "." in typed else int(typed)
    if kind == "lines":
        return [line.strip() for line in typed.splitlines() if line.strip()]
    if kind == "json":
        return json.loads(typed)
    return typed.replace("\r\n", "\n")


def unreadable(name: str) -> BodyInvalid:
    """Return the refusal of a field whose content cannot be read."""
    message = Text("无法识别所填内容", "What was entered cannot be read")
    return BodyInvalid(errors=[{"field": name, "code": "unreadable", "message": message}])
