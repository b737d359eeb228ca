"""The rules office: the list by direction, a rule's page, and its steps, each with reasons and by whoever may."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.console import forms, ruling
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.navigation import require_bureau
from gateway.console.steps import refusal_in_words
from gateway.console.times import instant
from shared.errors import BodyInvalid, LianqinError, NotVisible, Text

router = APIRouter(prefix="/console/rules", route_class=ConsoleRoute, include_in_schema=False)
KIND, PAGE = "rules", "/console/rules"
RulePath = Annotated[str, Path(pattern=r"^R\d{2}$")]
Status = Literal["", "active", "shadow", "retired"]
STEPS = ("propose", "activate", "observe", "retire")
PREFIX = "parameter."
LOOKS_BACK = timedelta(days=30)
UUID_TEXT = re.compile(r"[0-9a-f-]{36}")
VersionQuery = Annotated[int, Query(ge=0, le=1_000_000)]
Typed = Mapping[str, list[str]]
Refusal = tuple[str, dict[str, Any], Typed]


@router.get("")
async def rules(visit: VisitDep, status: Status = "") -> Response:
    """Show every rule under its direction: how it stands, what runs in shadow, how precise it is."""
    require_bureau(visit.by)
    found = (await visit.rooms.get(KIND, ""))["items"]
    counts = {one: sum(rule["status"] == one for rule in found) for one in ("active", "shadow", "retired")}
    chosen = [one for one in found if status in ("", one["status"])]
    return visit.page(
        "rules.html",
        directions=ruling.by_direction(visit, chosen),
        counts=counts,
        chosen=status,
        exchanges=ruling.may_tune(visit),
    )


@router.get("/{rule_id}")
async def rule(rule_id: RulePath, visit: VisitDep, done: str = "", version: VersionQuery = 0) -> Response:
    """Show a rule: its sets side by side, precision, back-tests, and who did what with it."""
    return await _page(visit, rule_id, done=done if done in (*STEPS, "withdraw") else "", version=version)


@router.get("/{rule_id}/steps/{step}")
@router.get("/{rule_id}/back-tests")
async def after_form(rule_id: RulePath, visit: VisitDep) -> Response:
    """Lead to the rule whoever asks again for the answer to a form: by another language, or from the history."""
    require_bureau(visit.by)
    return RedirectResponse(f"{PAGE}/{rule_id}", status_code=303)


@router.post("/{rule_id}/steps/{step}")
async def take(rule_id: RulePath, step: str, visit: VisitDep, form: FormDep) -> Response:
    """Take a step; when it is refused, show why beside the form, with everything that was typed."""
    require_bureau(visit.by)
    if step not in STEPS:
        raise NotVisible()
    proposal = str(form.get("proposal") or "")
    done = "withdraw" if step == "retire" and proposal else step
    try:
        headers = {"Idempotency-Key": str(form.get("key") or uuid4())}
        await visit.rooms.post(KIND, f"/{rule_id}/steps/{step}", _body(step, form), headers=headers)
    except (Refused, LianqinError) as refusal:
        place = f"{done}-{proposal}" if proposal else done
        return await _refused(visit, rule_id, place, refusal, form)
    return RedirectResponse(f"{PAGE}/{rule_id}?done={done}", status_code=303)


@router.post("/{rule_id}/back-tests")
async def back_test(rule_id: RulePath, visit: VisitDep, form: FormDep) -> Response:
    """Try a set on stored series, and show what it finds against the set in force."""
    require_bureau(visit.by)
    try:
        body = _set(form) | {"from": _instant(form, "from"), "to": _instant(form, "to")}
        found = await visit.rooms.post(KIND, f"/{rule_id}/back-tests", body)
    except (Refused, LianqinError) as refusal:
        return await _refused(visit, rule_id, "back_test", refusal, form)
    return await _page(visit, rule_id, tried=found, typed=forms.kept(form), version=_number(form))


def _body(step: str, form: FormData) -> dict[str, Any]:
    said: dict[str, Any] = {"reasons": str(form.get("reasons") or "").strip().replace("\r\n", "\n")}
    if step == "propose":
        return said | _set(form)
    proposal = str(form.get("proposal") or "")
    if proposal and not UUID_TEXT.fullmatch(proposal):
        raise NotVisible()
    return said | ({"proposal": proposal} if proposal else {})


def _set(form: FormData) -> dict[str, Any]:
    """Return the version and the values that were typed. Raises BodyInvalid naming each that is no number."""
    values, wrong = {}, []
    for name, typed in form.multi_items():
        if name.startswith(PREFIX) and isinstance(typed, str) and typed.strip():
            try:
                values[name.removeprefix(PREFIX)] = float(typed)
            except ValueError:
                wrong.append(name.removeprefix(PREFIX))
    if wrong:
        words = Text("应为数字", "must be a number")
        raise BodyInvalid(
            errors=[{"field": f"parameters.{one}", "code": "no_number", "message": words} for one in wrong]
        )
    version = _number(form)
    return {"parameters": values} | ({"version": version} if version else {})


def _number(form: FormData) -> int:
    typed = str(form.get("version") or "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0


def _instant(form: FormData, name: str) -> str:
    field = forms.Field(name, "moment", "", required=True)
    given = forms.body_from([field], form)
    if name not in given:
        raise BodyInvalid(errors=[{"field": name, "code": "missing", "message": Text("未填写", "is missing")}])
    return str(given[name])


async def _refused(visit: Visit, rule_id: str, place: str, refusal: Refused | LianqinError, form: FormData) -> Response:
    said = refusal_in_words(visit, refusal)
    if said["status"] == 404:
        raise refusal
    return await _page(visit, rule_id, refused=(place, said, forms.kept(form)), version=_number(form))


async def _page(
    visit: Visit,
    rule_id: str,
    *,
    done: str = "",
    version: int = 0,
    tried: Mapping[str, Any] | None = None,
    typed: Typed | None = None,
    refused: Refusal | None = None,
) -> Response:
    require_bureau(visit.by)
    found = await visit.rooms.get(KIND, f"/{rule_id}")
    precision = await visit.rooms.get(KIND, f"/{rule_id}/precision")
    place, said, given = refused or ("back_test" if tried else "", None, typed or {})
    newest = next((one for one in found["versions"] if one["version"] == version), found["versions"][-1])
    start = found["values"] if newest["version"] == found["version"] else {}
    shown, may = ruling.shown(visit, found), ruling.may(visit, found)
    return visit.page(
        "rule.html",
        status=int(said["status"]) if said else 200,
        rule=shown,
        may=may,
        forms=ruling.forms_offered(may, shown["trials"]),
        parts=ruling.parts(visit, precision),
        chosen=newest["version"],
        inputs=ruling.table(visit, newest["parameters"], [_defaults(newest) | start]),
        since=f"{instant(visit.now - LOOKS_BACK):%Y-%m-%dT00:00}",
        until=f"{instant(visit.now):%Y-%m-%dT%H:%M}",
        done=done,
        tried=ruling.tallied(tried) if tried else None,
        place=place,
        problem=_named(visit, said, newest) if said else None,
        typed=given,
        key=str(uuid4()),
    )


def _defaults(version: Mapping[str, Any]) -> dict[str, float]:
    return {one["name"]: one["default"] for one in version["parameters"]}


def _named(visit: Visit, said: dict[str, Any], version: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refusal whose errors name parameters as the form does."""
    names = {f"parameters.{one['name']}": visit.words.part(one, "", one["name"]) for one in version["parameters"]}
    errors = [one | {"label": names.get(one["field"], one["label"])} for one in said["errors"]]
    return said | {"errors": errors}
