"""Complaints in the console: the form by which one is put down; who complained goes in by it and never comes out."""

from typing import Any

from starlette.datastructures import FormData

from gateway.console import forms
from gateway.console.entry import Visit
from gateway.console.forms import Field
from gateway.console.navigation import is_of_bureau
from gateway.console.published import FIRST, body_of

KIND = "complaints"
TAKERS = frozenset({"clue_officer", "duty_officer"})
"""Roles whose people are offered the form; the room asks again when it is sent."""
WHO = "complainant"
PARTS = ("name", "contact")
FIRST_ASKED = ("category", "channel", "division", "place", "occurred_at", "summary")
"""The order in which one asks on the telephone; the rest follows."""


def may_take(visit: Visit) -> bool:
    """Whether the reader puts complaints down."""
    return is_of_bureau(visit.by) and bool(visit.by.roles & TAKERS)


def fields(visit: Visit) -> list[Field]:
    """Return the fields of a complaint, without those of the complainant."""
    schema = body_of(KIND, FIRST[KIND])
    assert schema is not None, "the published document has it"
    found = {one.name: one for one in forms.fields_of(schema, visit.words) if one.name != WHO}
    return [found[name] for name in (*FIRST_ASKED, *(name for name in found if name not in FIRST_ASKED))]


def complainant_fields(visit: Visit) -> list[Field]:
    """Return the fields of the complainant, neither of them needed."""
    return [
        Field(f"{WHO}.{part}", "text", visit.words(f"field.{WHO}.{part}"), required=False, limits={"maxLength": 200})
        for part in PARTS
    ]


def body(visit: Visit, form: FormData) -> dict[str, Any]:
    """Return the body that puts a complaint down. Raises BodyInvalid for what cannot be read."""
    given = forms.body_from(fields(visit), form)
    typed = {part: str(form.get(f"{WHO}.{part}") or "").strip() for part in PARTS}
    who = {part: value for part, value in typed.items() if value}
    return given | ({WHO: who} if who else {})
