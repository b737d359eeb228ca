"""Operations and linkages in the console: what they consist of, and forms for exactly what the reader may do there."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData

from gateway.console import facts, forms, matters
from gateway.console.asking import Refused
from gateway.console.entry import Visit
from gateway.console.forms import Choices, Field
from gateway.console.published import PATHS
from gateway.console.steps import procedure_of
from shared.errors import BodyInvalid, Text

ANSWERS = ("join", "decline")
OF_MEMBERS = ("invite", "list_objects", "set_task", "check_object", "report_task", "report_finding", "share_facts")
"""Steps open to an agency that joined."""
CATEGORIES = ("enterprise", "vehicle", "inspection_body", "repair_station", "place", "other")
COLUMNS = ("name", "category", "code", "division", "agency")
LIST_LETTERS = 100_000
SPLIT = re.compile(r"[\t,，]")
Whole = Mapping[str, Any]


async def parts(visit: Visit, kind: str, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an operation or a linkage consists of, as far as the reader may see it; None for other kinds."""
    target = f"/{subject['id']}"
    if kind == "operations":
        try:
            return {"heard": True, **await visit.rooms.get(kind, f"{target}/whole")}
        except Refused as refused:
            if refused.status != 404:
                raise
            return {"heard": False, "members": []}
    if kind == "linkages":
        asked = (visit.rooms.get(kind, f"{target}/{part}") for part in ("members", "timeline"))
        members, timeline = await asyncio.gather(*asked)
        return {"heard": True, "members": members, "timeline": timeline}
    return None


def offered(
    visit: Visit, subject: Mapping[str, Any], whole: Whole | None, steps: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the steps as this reader is offered them: those that have nothing to act upon are left out."""
    if whole is None:
        return [one | {"fields": [_named_agency(visit, field) for field in one["fields"]]} for one in steps]
    found = []
    for one in steps:
        fitting = one if one["group"] == "others" else _fitting(visit, subject, whole, one)
        found += [fitting] if fitting is not None else []
    return found


def _fitting(visit: Visit, subject: Mapping[str, Any], whole: Whole, step: dict[str, Any]) -> dict[str, Any] | None:
    answered = next((one["state"] for one in whole["members"] if one["agency"] == visit.by.agency), "")
    if step["id"] in ANSWERS and answered != "invited":
        return None
    if step["id"] in OF_MEMBERS and answered != "joined":
        return None
    fields = [_fitted(visit, subject, whole, step["id"], one) for one in step["fields"]]
    numbered = NUMBERED.get(step["id"])
    if numbered is None:
        return step | {"fields": fields}
    choices = numbered(visit, subject, whole)
    if not choices:
        return None
    label = visit.words("field.object_number" if step["id"] == "check_object" else "field.task")
    return step | {"fields": [Field("number", "choice", label, True, choices=choices), *fields]}


def _fitted(visit: Visit, subject: Mapping[str, Any], whole: Whole, step: str, one: Field) -> Field:
    one = replace(one, label=visit.words.or_else(f"field.{step}.{one.name}", one.label))
    if one.name == "objects":
        return replace(one, kind="area", hint=visit.words("hint.objects"), limits={"maxLength": LIST_LETTERS})
    if one.name == "object_number":
        return replace(one, kind="choice", choices=_objects(whole))
    if one.name == "agency":
        return replace(one, kind="choice", choices=_agencies(visit, subject, whole, step), pattern="")
    return one


def _agencies(visit: Visit, subject: Mapping[str, Any], whole: Whole, step: str) -> Choices:
    members = whole["members"]
    if step != "invite":
        named = [one["agency"] for one in members if one["state"] == "joined"]
        return tuple((one, visit.agency(one)) for one in named)
    rules = procedure_of(visit, subject).parties
    kinds = {kind for name in ("partner", "receiver") for kind in rules[name].kinds}
    asked = {one["agency"] for one in members if one["state"] != "declined"}
    known = visit.catalogue.agencies.values()
    return tuple((one.id, visit.words.name(one)) for one in known if one.kind in kinds and one.id not in asked)


def _objects(whole: Whole) -> Choices:
    return tuple((str(one["number"]), f"{one['number']} {one['name']}") for one in whole["objects"])


def _my_objects(visit: Visit, _subject: Mapping[str, Any], whole: Whole) -> Choices:
    mine = [one for one in whole["objects"] if one["agency"] == visit.by.agency]
    said = visit.words
    return tuple(
        (str(one["number"]), f"{one['number']} {one['name']} · {said('operation.' + one['state'])}") for one in mine
    )


def _my_tasks(visit: Visit, _subject: Mapping[str, Any], whole: Whole) -> Choices:
    mine = [one for one in whole["tasks"] if one["agency"] == visit.by.agency and one["state"] == "open"]
    return tuple(_task(visit, one) for one in mine)


def _tasks_to_settle(visit: Visit, subject: Mapping[str, Any], whole: Whole) -> Choices:
    is_owner = subject["owner"] == visit.by.agency
    waiting = [one for one in whole["tasks"] if one["state"] in ("open", "done")]
    return tuple(_task(visit, one) for one in waiting if is_owner or one["agency"] != visit.by.agency)


def _task(visit: Visit, one: Mapping[str, Any]) -> tuple[str, str]:
    state = visit.words(f"conference.action_{one['state']}")
    return str(one["number"]), f"{one['number']} {one['task'][:40]} · {visit.agency(one['agency'])} · {state}"


NUMBERED: Mapping[str, Callable[[Visit, Mapping[str, Any], Whole], Choices]] = {
    "check_object": _my_objects,
    "report_task": _my_tasks,
    "settle_task": _tasks_to_settle,
}
"""Steps that are about one object or task -> those this reader may act upon."""


def _named_agency(visit: Visit, one: Field) -> Field:
    kind = {"police": "public_security_organ", "procuratorate": "people_procuratorate"}.get(one.name)
    if kind is None:
        return one
    known = visit.catalogue.agencies.values()
    choices = tuple((agency.id, visit.words.name(agency)) for agency in known if agency.kind == kind)
    return replace(one, kind="choice", choices=choices, pattern="", hint=visit.words("form.party_default"))


def address(kind: str, step: str, form: FormData) -> str:
    """Return what follows the subject's id in the address that takes a step. Raises BodyInvalid without a number."""
    number = str(form.get("number") or "")
    if "{number}" in PATHS[kind][step] and not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise forms.unreadable("number")
    return PATHS[kind][step].replace("{number}", number)


def step_body(visit: Visit, fields: Sequence[Field], form: FormData) -> dict[str, Any]:
    """Return the body of a step as the form was filled in. Raises BodyInvalid for what cannot be read."""
    typed = [replace(one, kind="area") if one.name == "objects" else one for one in fields]
    body = forms.body_from(typed, form)
    if any(one.name == "facts" for one in fields):
        body["facts"] = facts.facts_from(form, visit.catalogue.fields)
    if "objects" in body:
        body["objects"] = objects_from(visit, body["objects"])
    return body


def objects_from(visit: Visit, typed: str) -> list[dict[str, str]]:
    """Return the objects of a list, one a line: name, category, code, division, agency. Raises BodyInvalid by line."""
    categories = {one: one for one in CATEGORIES}
    agencies = {one.id: one.id for one in visit.catalogue.agencies.values()}
    agencies |= {name: one.id for one in visit.catalogue.agencies.values() for name in (one.name_zh, one.name_en)}
    categories |= {visit.words(f"operation.{one}"): one for one in CATEGORIES}
    found: list[dict[str, str]] = []
    errors: list[dict[str, Any]] = []
    for number, line in enumerate(typed.splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in SPLIT.split(line)]
        wrong = _wrong(cells, categories, agencies, {one["code"] for one in found})
        if wrong is None:
            named = dict(zip(COLUMNS, cells, strict=True))
            found.append(named | {"category": categories[cells[1]], "agency": agencies[cells[4]]})
        else:
            words = Text(f"第 {number} 行：{wrong.zh}", f"line {number}: {wrong.en}")
            errors.append({"field": "objects", "code": "line", "message": words})
    if errors:
        raise BodyInvalid(Text("清单有误，未登记任何对象", "The list is wrong; no object was added"), errors=errors)
    return found


def _wrong(
    cells: Sequence[str], categories: Mapping[str, str], agencies: Mapping[str, str], codes: set[str]
) -> Text | None:
    """Return what is wrong with a line; None when nothing is."""
    if len(cells) != len(COLUMNS) or not all(cells):
        return Text("应有名称、类别、编号、区划、机关五项", "it needs name, category, code, division and agency")
    if cells[1] not in categories:
        return Text(f"类别“{cells[1]}”不在清单中", f"there is no category '{cells[1]}'")
    if cells[2] in codes:
        return Text(f"编号“{cells[2]}”重复", f"the code '{cells[2]}' stands twice")
    if not re.fullmatch("[0-9]{6}", cells[3]):
        return Text(f"区划“{cells[3]}”不是六位代码", f"the division '{cells[3]}' is not of six digits")
    if cells[4] not in agencies:
        return Text(f"没有机关“{cells[4]}”", f"there is no agency '{cells[4]}'")
    return None


def is_together(kind: str, step: str) -> bool:
    """Whether a step is taken at an address of its own in an operation or a linkage."""
    return kind in matters.TOGETHER and step in PATHS[kind]
