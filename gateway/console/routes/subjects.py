"""One page per subject and the forms of its steps; the whole journey; and the forms by which a subject begins."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.console import conferring, facts, forms, joining, lanes, matters
from gateway.console.asking import ROOM_OF, Refused, page_of
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.published import FIRST, OF_RULES, PATHS, body_of
from gateway.console.steps import procedure_of, refusal_in_words
from gateway.console.subjects import gathered
from gateway.console.telling import told
from gateway.deps import UpstreamDep
from gateway.desk import routes as desk
from shared.errors import LianqinError, NotVisible
from shared.rules.procedure_entries import Procedure

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)


@router.get("/journeys/{journey_id}")
async def journey(journey_id: UUID, visit: VisitDep, upstream: UpstreamDep) -> Response:
    """Show what happened to one matter in all rooms."""
    found = await desk.journey(journey_id, upstream, visit.rooms.assertion)
    lines = told(visit, [entry.model_dump(mode="json") for entry in found.entries])
    paths = {line["subject"]: page_of(line["subject"]) for line in lines}
    picture = lanes.picture(visit, lines) if lines else None
    return visit.page("journey.html", lines=lines, picture=picture, paths=paths, unavailable=found.unavailable)


@router.get("/{kind}/new")
async def begin_page(kind: str, visit: VisitDep, procedure: str = "", about: str = "") -> Response:
    """Show the form by which a clue is reported, a case opened, or a matter with other agencies begun."""
    return _begin(visit, kind, {"about": [about]} if about else {}, None, procedure)


@router.post("/{kind}/new")
async def begin(kind: str, visit: VisitDep, form: FormDep) -> Response:
    """Report a clue or open a case."""
    named = str(form.get("procedure") or "")
    try:
        first, body = _opened(visit, kind, named, form)
        made = await visit.rooms.post(kind, "", body, headers={"Idempotency-Key": str(form.get("key") or uuid4())})
    except (Refused, LianqinError) as refusal:
        if isinstance(refusal, NotVisible):
            raise
        return _begin(visit, kind, forms.kept(form), refusal_in_words(visit, refusal), named)
    return RedirectResponse(f"/console/{kind}/{made['id']}?done={first}", status_code=303)


def _opened(visit: Visit, kind: str, named: str, form: FormData) -> tuple[str, dict[str, Any]]:
    """Return the step that opens a subject and its body. Raises NotVisible where nothing can be opened."""
    if kind in FIRST:
        schema = body_of(kind, FIRST[kind])
        assert schema is not None
        return FIRST[kind], forms.body_from(forms.fields_of(schema, visit.words), form)
    procedure = _procedure(visit, kind, named)
    step = matters.opening(procedure, visit.by.kind, named.partition(".")[2]) if procedure is not None else None
    if procedure is None or step is None:
        raise NotVisible()
    return step.id, matters.begin_body(visit, procedure, step, form)


def _procedure(visit: Visit, kind: str, named: str) -> Procedure | None:
    _check(kind)
    return next((one for one in matters.openable(visit, kind) if one.id == named.partition(".")[0]), None)


def _begin(
    visit: Visit, kind: str, typed: dict[str, list[str]], refused: dict[str, Any] | None, named: str
) -> Response:
    shown: dict[str, Any] = {"kind": kind, "typed": typed, "problem": refused, "key": str(uuid4()), "procedure": named}
    shown |= {"status": int(refused["status"]) if refused else 200, "name": ""}
    if kind in FIRST:
        schema = body_of(kind, FIRST[kind])
        assert schema is not None
        fields = [one for one in forms.fields_of(schema, visit.words) if one.name not in OF_RULES]
        return visit.page("begin.html", fields_shown=fields, ways=[], **shown)
    procedure = _procedure(visit, kind, named)
    if procedure is None:
        ways = matters.ways(visit, kind)
        if not ways or named:
            raise NotVisible()
        return visit.page("begin.html", fields_shown=[], ways=ways, **shown)
    step = matters.opening(procedure, visit.by.kind, named.partition(".")[2])
    if step is None:
        raise NotVisible()
    fields = matters.begin_fields(visit, procedure, step)
    shown |= {
        "fact_options": facts.options(visit),
        "fact_rows": facts.ROWS,
        "name": visit.words.name(step if "." in named else procedure),
    }
    return visit.page("begin.html", fields_shown=fields, ways=[], **shown)


@router.get("/{kind}/{subject_id}")
async def subject(kind: str, subject_id: UUID, visit: VisitDep, done: str = "") -> Response:
    """Show one clue, case or referral."""
    return await page(visit, kind, subject_id, done=done)


@router.get("/{kind}/{subject_id}/steps/{step}")
async def after_step(kind: str, subject_id: UUID, step: str, _visit: VisitDep) -> Response:
    """Lead to the subject whoever asks again for the answer to a step: by another language, or from the history."""
    _check(kind)
    return RedirectResponse(f"/console/{kind}/{subject_id}", status_code=303)


@router.post("/{kind}/{subject_id}/steps/{step}")
async def take(kind: str, subject_id: UUID, step: str, visit: VisitDep, form: FormDep) -> Response:
    """Take a step; when it is refused, show why beside the form, with everything that was typed."""
    _check(kind)
    headers = {"Idempotency-Key": str(form.get("key") or uuid4()), "If-Match": f'"{form.get("version") or 0}"'}
    try:
        path, body = await _given(visit, kind, subject_id, step, form)
        await visit.rooms.post(kind, f"/{subject_id}/{path}", body, headers=headers)
    except (Refused, LianqinError) as refusal:
        return await page(visit, kind, subject_id, refused=(step, refusal_in_words(visit, refusal), forms.kept(form)))
    return RedirectResponse(f"/console/{kind}/{subject_id}?done={step}", status_code=303)


@router.get("/{rest:path}")
async def unknown(rest: str, visit: VisitDep) -> Response:
    """Say that there is no such page."""
    raise NotVisible()


async def _given(visit: Visit, kind: str, subject_id: UUID, step: str, form: FormData) -> tuple[str, dict[str, Any]]:
    """Return the last part of the address that takes a step, and its body. Raises NotVisible for no such step."""
    subject = await visit.rooms.get(kind, f"/{subject_id}")
    procedure = procedure_of(visit, subject)
    if matters.is_data(visit, procedure, kind, step):
        return f"steps/{step}", matters.step_body(visit, procedure.steps[step], form)
    schema = body_of(kind, step)
    if schema is None:
        raise NotVisible()
    if joining.is_together(kind, step):
        return joining.address(kind, step, form), joining.step_body(visit, forms.fields_of(schema, visit.words), form)
    if kind == conferring.KIND:
        body = conferring.step_body(visit, subject, forms.fields_of(schema, visit.words), form)
        return PATHS[kind][step], body
    return PATHS[kind][step], _body(visit, forms.fields_of(schema, visit.words), form)


def _body(visit: Visit, fields: list[forms.Field], form: FormData) -> dict[str, Any]:
    body = forms.body_from(fields, form)
    kinds = {one.kind for one in fields}
    if "facts" in kinds:
        body["facts"] = facts.facts_from(form, visit.catalogue.fields)
    if "conditions" in kinds:
        body["conditions"] = forms.conditions_from(form)
    return body


Refusal = tuple[str, dict[str, Any], dict[str, list[str]]]


async def page(
    visit: Visit, kind: str, subject_id: UUID, *, done: str = "", refused: Refusal | None = None
) -> Response:
    """Show one subject; of a step that was refused with why, and with everything that was typed."""
    _check(kind)
    found = await gathered(visit, kind, subject_id)
    step, said, typed = refused or ("", None, {})
    status = int(said["status"]) if said else 200
    options = facts.options(visit) if any(one.kind == "facts" for s in found["steps"] for one in s["fields"]) else []
    steps = procedure_of(visit, found["subject"]).steps
    names = {name: visit.words.name(one) for name, one in steps.items()}
    return visit.page(
        "subject.html",
        status=status,
        **found,
        done=names.get(done, done) if done else "",
        refused_step=step,
        problem=said,
        typed=typed,
        fact_options=options,
        fact_rows=facts.ROWS,
    )


def _check(kind: str) -> None:
    if kind not in ROOM_OF:
        raise NotVisible()
