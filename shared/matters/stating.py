"""What a step states, read strictly: the body of a step made from the fields the law data declares for it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError, create_model

from shared.errors import BodyInvalid, Text
from shared.records.room import Room
from shared.records.views import EARLIEST_YEAR, Body, LongWords, PastInstant, Words
from shared.rules.catalogue import Catalogue
from shared.rules.entries import StepField
from shared.rules.procedure_entries import Procedure, Step

AgencyId = Annotated[str, Field(pattern=r"^[a-z]{2,12}-[0-9]{6}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


LATEST = "2149"
"""The last year a day can lie in: terms are counted from it."""


def _whole_day(value: Any) -> Any:
    if isinstance(value, str) and len(value) == len("2026-01-01") and str(EARLIEST_YEAR) <= value[:4] <= LATEST:
        return value
    raise ValueError("日期应写作 2026-01-01 / a day is written 2026-01-01")


def _countable(value: datetime) -> datetime:
    if value.year <= int(LATEST):
        return value
    raise ValueError(f"晚于 {LATEST} 年 / after {LATEST}")


TYPES: Mapping[str, Any] = {
    "words": Words,
    "long_words": LongWords,
    "instant": PastInstant,
    "moment": Annotated[AwareDatetime, AfterValidator(_countable)],
    "day": Annotated[date, BeforeValidator(_whole_day)],
    "flag": bool,
    "count": Annotated[int, Field(ge=0, le=10**9)],
    "agency": AgencyId,
    "agencies": Annotated[list[AgencyId], Field(min_length=1, max_length=20)],
    "digest": Digest,
    "lines": Annotated[list[Words], Field(min_length=1, max_length=50)],
}


def read(room: Room, procedure: Procedure, step: Step, stated: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return what a step states, typed. Raises BodyInvalid naming each field that does not fit."""
    try:
        found = body_of(room.catalogue, procedure, step).model_validate(stated)
    except ValidationError as broken:
        raise BodyInvalid(errors=[_said(item) for item in broken.errors()]) from broken
    values = {name: getattr(found, name) for name in step.body_fields}
    for name, value in values.items():
        _check(room, room.catalogue.step_fields[name], value, now)
    for one in step.appoints:
        kinds = procedure.parties[one.relation].kinds
        if values[one.field] is not None:
            _check_kind(room, room.catalogue.step_fields[one.field], values[one.field], kinds)
    return values


def body_of(catalogue: Catalogue, procedure: Procedure, step: Step) -> type[Body]:
    """Return the strict body of what a step states."""
    place = (catalogue.digest, procedure.id, procedure.version, step.id)
    if place not in _bodies:
        _bodies[place] = _made(catalogue, step)
    return _bodies[place]


_bodies: dict[tuple[str, str, int, str], type[Body]] = {}


def _made(catalogue: Catalogue, step: Step) -> type[Body]:
    fields: dict[str, Any] = {}
    for name in step.body_fields:
        declared = catalogue.step_fields[name]
        kind = Literal[tuple(declared.choices)] if declared.choices else TYPES[declared.type]
        fields[name] = (kind, ...) if name in step.required_fields else (kind | None, None)
    return create_model("Stated", __base__=Body, **fields)


def _check(room: Room, declared: StepField, value: Any, now: datetime) -> None:
    """Refuse an instant that lies ahead, a moment that has passed, and an agency not known as that kind."""
    if declared.type == "moment":
        if value is not None and value <= now:
            raise _refused(declared, "in_the_past", f"“{declared.zh}”应在此刻之后", f"'{declared.en}' has passed")
        return
    if isinstance(value, datetime) and value > now:
        raise _refused(declared, "in_the_future", f"“{declared.zh}”晚于当前时间", f"'{declared.en}' lies in the future")
    if declared.type not in ("agency", "agencies") or value is None:
        return
    for agency in [value] if isinstance(value, str) else value:
        _check_kind(room, declared, agency, declared.kinds)


def _check_kind(room: Room, declared: StepField, agency: str, kinds: tuple[str, ...]) -> None:
    """Refuse an agency the directory does not know, or knows as another kind (no kinds: any will do)."""
    known = room.catalogue.agencies.get(agency)
    if known is None:
        raise _refused(declared, "unknown_agency", f"名录中没有机关 {agency}", f"The directory has no {agency}")
    if kinds and known.kind not in kinds:
        zh, en = f"{known.name_zh}不能作为“{declared.zh}”", f"{known.name_en} cannot be '{declared.en}'"
        raise _refused(declared, "wrong_kind_of_agency", zh, en)


def _refused(declared: StepField, code: str, zh: str, en: str) -> BodyInvalid:
    words = Text(zh, en)
    return BodyInvalid(words, errors=[{"field": f"stated.{declared.id}", "code": code, "message": words}])


def _said(item: Mapping[str, Any]) -> dict[str, Any]:
    where = ".".join(str(part) for part in ("stated", *item["loc"]))
    return {"field": where, "code": item["type"], "message": item["msg"]}
