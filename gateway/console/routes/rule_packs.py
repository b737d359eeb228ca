"""Rule packs: one's own taken as a file, another's compared with what holds here, and taken into shadow."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.console import ruling
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.evidence import file_of
from gateway.console.steps import refusal_in_words
from shared.errors import LianqinError, NotVisible

router = APIRouter(prefix="/console/rule-packs", route_class=ConsoleRoute, include_in_schema=False)
KIND = "rule-packs"
JSON = {"Content-Type": "application/json"}


@router.get("")
async def packs(visit: VisitDep) -> Response:
    """Show the forms: take one's own pack, compare another's."""
    _require_tuner(visit)
    return _page(visit)


@router.post("")
async def compare(visit: VisitDep, form: FormDep) -> Response:
    """Say what a pack would change here; take it in where that was asked for."""
    _require_tuner(visit)
    takes_in = form.get("act") == "import"
    try:
        dry_run = "false" if takes_in else "true"
        found = await visit.rooms.post(KIND, "", await _content(form), headers=JSON, dry_run=dry_run)
    except (Refused, LianqinError) as refusal:
        return _page(visit, refused=refusal_in_words(visit, refusal))
    return _page(visit, found=found)


@router.get("/export")
async def export(visit: VisitDep) -> Response:
    """Take every version known here and how each rule stands, signed with one's agency's key."""
    _require_tuner(visit)
    async with visit.rooms.answer("GET", KIND, "") as answer:
        headers = {"Content-Disposition": answer.headers["Content-Disposition"], "Cache-Control": "no-store"}
        return Response(await answer.read(), media_type="application/json", headers=headers)


async def _content(form: FormData) -> bytes:
    file, _ = file_of(form)
    return await file.read()


def _require_tuner(visit: Visit) -> None:
    if not ruling.may_tune(visit):
        raise NotVisible()


def _page(visit: Visit, *, found: dict[str, Any] | None = None, refused: dict[str, Any] | None = None) -> Response:
    changes = [_change(one) for one in found["changes"]] if found else []
    status = int(refused["status"]) if refused else 200
    return visit.page("rule_pack.html", status=status, found=found, changes=changes, problem=refused)


def _change(one: dict[str, Any]) -> dict[str, Any]:
    """Return a rule that stands differently, its parameters with both values as they are said."""
    parameters = [
        (each["name"], ruling.unit(each["unit"]), ruling.number(each["before"]), ruling.number(each["after"]))
        for each in one["parameters"]
    ]
    return one | {"parameters": parameters}
