"""Drills: the list, a new one, how one stands with its board of scores, its set, its end, and its wipe."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.console import drilling, forms
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.evidence import file_of, pieces
from gateway.console.forms import Field
from gateway.console.navigation import require_bureau
from gateway.console.steps import refusal_in_words
from shared.errors import LianqinError, NotVisible, wrong
from shared.web.evidence_routes import UPLOAD_LIMIT_BYTES

router = APIRouter(prefix="/console/drills", route_class=ConsoleRoute, include_in_schema=False)
KIND, PAGE = "drills", "/console/drills"
DONE = ("open", "set", "close", "wipe")


@router.get("")
async def drills(visit: VisitDep, wiped: bool = False) -> Response:
    """Show the drills one runs or takes part in; or those of which only the scores are left."""
    require_bureau(visit.by)
    known, found = await asyncio.gather(drilling.squads(visit), visit.rooms.get(KIND, "/wiped" if wiped else ""))
    rows = [
        one
        | {
            "owner_name": visit.agency(one["owner"]),
            "state": "wiped" if wiped else one["state"],
            "squad_names": [drilling.named(visit, known, squad) for squad in one["squads"]],
        }
        for one in found["items"]
    ]
    return visit.page("drills.html", rows=rows, wiped=wiped, opens=drilling.may_open(visit, known))


@router.get("/new")
async def open_page(visit: VisitDep) -> Response:
    """Show the form by which a drill is prepared."""
    return await _form(visit, {}, None)


@router.post("/new")
async def open_drill(visit: VisitDep, form: FormDep) -> Response:
    """Prepare a drill."""
    known = await drilling.squads(visit)
    if not drilling.may_open(visit, known):
        raise NotVisible()
    try:
        body = forms.body_from(_fields(visit, known), form)
        body["squads"] = [str(one) for one in form.getlist("squads")]
        headers = {"Idempotency-Key": str(form.get("key") or uuid4())}
        made = await visit.rooms.post(KIND, "", body, headers=headers)
    except (Refused, LianqinError) as refusal:
        return await _form(visit, forms.kept(form), refusal_in_words(visit, refusal))
    return RedirectResponse(f"{PAGE}/{made['id']}?done=open", status_code=303)


@router.get("/{drill_id}")
async def drill(drill_id: UUID, visit: VisitDep, done: str = "") -> Response:
    """Show a drill: how it stands, its set, the board of scores; of a wiped one the scores alone."""
    return await _page(visit, drill_id, done=done if done in DONE else "")


@router.get("/{drill_id}/set")
@router.get("/{drill_id}/close")
@router.get("/{drill_id}/wipe")
async def after_form(drill_id: UUID, visit: VisitDep) -> Response:
    """Lead to the drill whoever asks again for the answer to a form: by another language, or from the history."""
    require_bureau(visit.by)
    return RedirectResponse(f"{PAGE}/{drill_id}", status_code=303)


@router.post("/{drill_id}/set", max_body_size=UPLOAD_LIMIT_BYTES)
async def give_set(drill_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Give a drill its labelled set."""
    require_bureau(visit.by)
    try:
        file, _ = file_of(form)
        sent: dict[str, Any] = {"headers": {"Content-Type": "application/zip"}, "data": pieces(file)}
        async with visit.rooms.answer("PUT", KIND, f"/{drill_id}/set", **sent) as answer:
            await answer.read()
    except (Refused, LianqinError) as refusal:
        return await _refused(visit, drill_id, "set", refusal)
    return RedirectResponse(f"{PAGE}/{drill_id}?done=set", status_code=303)


@router.post("/{drill_id}/close")
async def close(drill_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Close a drill and publish its ranking."""
    return await _ended(visit, drill_id, "close", form)


@router.post("/{drill_id}/wipe")
async def wipe(drill_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Delete everything of a closed drill but its journalled scores; it takes a tick that says so."""
    return await _ended(visit, drill_id, "wipe", form)


async def _ended(visit: Visit, drill_id: UUID, step: str, form: FormData) -> Response:
    require_bureau(visit.by)
    try:
        if form.get("sure") != "true":
            zh, en = "请勾选确认：此操作不能撤销", "Tick that you are sure: this cannot be undone"
            raise wrong("sure", "not_sure", zh, en)
        await visit.rooms.post(KIND, f"/{drill_id}/{step}", {})
    except (Refused, LianqinError) as refusal:
        return await _refused(visit, drill_id, step, refusal)
    return RedirectResponse(f"{PAGE}/{drill_id}?done={step}", status_code=303)


async def _refused(visit: Visit, drill_id: UUID, step: str, refusal: Refused | LianqinError) -> Response:
    said = refusal_in_words(visit, refusal)
    if said["status"] == 404:
        raise refusal
    return await _page(visit, drill_id, refused=(step, said))


async def _page(
    visit: Visit, drill_id: UUID, *, done: str = "", refused: tuple[str, dict[str, Any]] | None = None
) -> Response:
    require_bureau(visit.by)
    scores, known = await asyncio.gather(visit.rooms.get(KIND, f"/{drill_id}/scores"), drilling.squads(visit))
    is_wiped = scores["state"] == "wiped"
    found = None if is_wiped else await visit.rooms.get(KIND, f"/{drill_id}")
    step, said = refused or ("", None)
    return visit.page(
        "drill.html",
        status=int(said["status"]) if said else 200,
        id=drill_id,
        name=scores["name"],
        state="wiped" if found is None else found["state"],
        drill=found,
        owner=visit.agency(found["owner"]) if found else "",
        squads=[drilling.named(visit, known, one) for one in found["squads"]] if found else [],
        runs=found is not None and drilling.may_run(visit, found),
        is_published=bool(scores["ranking"]),
        board=drilling.board(visit, scores, known),
        scores=drilling.handed_in(visit, scores, known),
        parts=drilling.PARTS,
        done=done,
        step=step,
        problem=said,
    )


def _fields(visit: Visit, known: drilling.Squads) -> list[Field]:
    words, offered = visit.words, drilling.choices(visit, known)
    return [
        Field("name", "text", words("drill.name"), required=True),
        Field("squads", "many", words("drill.squads"), required=True, choices=offered),
        Field("begins_at", "moment", words("drill.begins_at"), required=True),
        Field("ends_at", "moment", words("drill.ends_at"), required=True),
    ]


async def _form(visit: Visit, typed: dict[str, list[str]], refused: dict[str, Any] | None) -> Response:
    known = await drilling.squads(visit) if visit.by.roles & drilling.RUNNERS else {}
    if not drilling.may_open(visit, known):
        raise NotVisible()
    fields = _fields(visit, known)
    if refused:
        names = {one.name: one.label for one in fields}
        errors = [one | {"label": names.get(one["field"].partition(".")[0], one["label"])} for one in refused["errors"]]
        refused = refused | {"errors": errors}
    status = int(refused["status"]) if refused else 200
    return visit.page(
        "drill_new.html", status=status, fields_shown=fields, typed=typed, problem=refused, key=str(uuid4())
    )
