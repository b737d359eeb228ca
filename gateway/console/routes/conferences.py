"""Conferences in the console: the list, and the form by which one is called; one conference is a subject's page."""

import re
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from gateway.console import conferring, forms
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.routes.boards import AfterText, Filter, board
from gateway.console.steps import problem_in_words
from shared.errors import LianqinError, NotVisible
from shared.web.problems import problem

router = APIRouter(prefix="/console/conferences", route_class=ConsoleRoute, include_in_schema=False)
OWN_CASES = "50"
MINUTES = re.compile(r"[0-9]{1,5}\.(pdf|docx|json)")


@router.get("")
async def conferences(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the conferences one may see, newest first."""
    return await board(visit, conferring.KIND, after, state)


@router.get("/new")
async def convene_page(visit: VisitDep, case: UUID | None = None) -> Response:
    """Show the form: first on which case, then whom to invite and what to show them."""
    return await _form(visit, str(case or ""), {}, None)


@router.post("/new")
async def convene(visit: VisitDep, form: FormDep) -> Response:
    """Call a conference."""
    headers = {"Idempotency-Key": str(form.get("key") or uuid4())}
    try:
        made = await visit.rooms.post(conferring.KIND, "", conferring.convene_body(visit, form), headers=headers)
    except (Refused, LianqinError) as refusal:
        said = refusal.problem if isinstance(refusal, Refused) else problem(refusal, visit.words.language)
        return await _form(visit, str(form.get("case") or ""), forms.kept(form), problem_in_words(visit, said))
    return RedirectResponse(f"/console/conferences/{made['id']}?done=convene", status_code=303)


async def _form(visit: Visit, case: str, typed: dict[str, list[str]], refused: dict[str, Any] | None) -> Response:
    found = await visit.rooms.get("cases", f"/{case}") if case else None
    items = (await visit.rooms.get("cases", f"/{case}/evidence"))["items"] if case else []
    cases = [] if case else (await visit.rooms.get("cases", "", limit=OWN_CASES))["items"]
    return visit.page(
        "convene.html",
        status=int(refused["status"]) if refused else 200,
        case=found,
        cases=[one for one in cases if one["owner"] == visit.by.agency],
        items=[one for one in items if one["state"] == "held"],
        agencies=[one for one in conferring.agencies(visit) if one[0] != visit.by.agency],
        fields_shown=conferring.convene_fields(visit),
        typed=typed,
        problem=refused,
        key=str(uuid4()),
    )


@router.get("/{conference_id}/invitation.ics")
async def invitation(conference_id: UUID, visit: VisitDep) -> Response:
    """Take the invitation into a calendar."""
    return await _file(visit, f"/{conference_id}/invitation.ics")


@router.get("/{conference_id}/minutes/{name}")
async def minutes(conference_id: UUID, name: str, visit: VisitDep) -> Response:
    """Take a version of the minutes: as PDF, as Word file, or as the file that `lianqin verify` checks."""
    if not MINUTES.fullmatch(name):
        raise NotVisible()
    return await _file(visit, f"/{conference_id}/minutes/{name}")


async def _file(visit: Visit, target: str) -> Response:
    async with visit.rooms.answer("GET", conferring.KIND, target) as answer:
        headers = {
            "Content-Disposition": f'attachment; filename="{target.rpartition("/")[2]}"',
            "Cache-Control": "no-store",
        }
        return Response(await answer.read(), media_type=answer.headers["Content-Type"], headers=headers)
