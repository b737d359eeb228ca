"""Values that came as JSON, typed again as the subject's columns and the step's fields have them."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.referral_service.referrals.doors import STEPS
from shared.errors import BodyInvalid, Text
from shared.matters.models import Between
from shared.rules.catalogue import Catalogue

DECLARED: Mapping[str, Any] = {"instant": datetime, "moment": datetime, "day": date}


def columns(model: type[Between], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are columns of a kind of subject, typed. Raises BodyInvalid."""
    return {
        name: _typed(_column(model, name), name, value) for name, value in values.items() if name in model.model_fields
    }


def fields(catalogue: Catalogue, model: type[Between], step_id: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step wrote, typed by column, by declared field, or by the body of its door. Raises BodyInvalid."""
    found = dict(said)
    for name, value in said.items():
        wanted = _wanted(catalogue, model, step_id, name)
        if wanted is not None and value is not None:
            found[name] = _typed(wanted, name, value)
    return found


def _wanted(catalogue: Catalogue, model: type[Between], step_id: str, name: str) -> Any:
    if name in model.model_fields:
        return model.model_fields[name].annotation
    declared = catalogue.step_fields.get(name)
    if declared is not None:
        return DECLARED.get(declared.type)
    door = STEPS.get(step_id)
    known = door.body.model_fields.get(name) if door is not None else None
    return known.annotation if known is not None else None


def _column(model: type[Between], name: str) -> Any:
    return model.model_fields[name].annotation


def _typed(wanted: Any, name: str, value: Any) -> Any:
    try:
        return _adapter(wanted).validate_python(value)
    except ValidationError as broken:
        words = Text(f"{name} 的值不合类型", f"The value of {name} is of another type")
        raise BodyInvalid(words, errors=[{"field": name, "code": "wrong_type", "message": words}]) from broken


@cache
def _adapter(wanted: Any) -> TypeAdapter[Any]:
    return TypeAdapter(wanted)
