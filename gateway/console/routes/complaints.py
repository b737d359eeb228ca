"""Complaints: the board, the form that takes one, the answer a caller asks after, and the sealed identity opened.

One complaint is a subject's page. The secret code and the identity are shown in the answer to a form and nowhere else.
"""

from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console import complaining, forms
from gateway.console.asking import Refused
from gateway.console.complaining import KIND
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.navigation import require_bureau
from gateway.console.routes import subjects
from gateway.console.routes.boards import AfterText, Filter, board
from gateway.console.steps import refusal_in_words
from gateway.console.subjects import fetched
from shared.errors import LianqinError, NotVisible

router = APIRouter(prefix="/console/complaints", route_class=ConsoleRoute, include_in_schema=False)
OPENS = "open_identity"


@router.get("")
async def complaints(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the complaints one may see, newest first."""
    return await board(visit, KIND, after, state)


@router.get("/new")
async def take_page(visit: VisitDep) -> Response:
    """Show the form by which a complaint is put down."""
    _require_taker(visit)
    return _form(visit, {}, None, str(uuid4()))


@router.post("/new")
async def take(visit: VisitDep, form: FormDep) -> Response:
    """Put a complaint down; the answer shows its number and, this once, its code. Sent again it shows the same."""
    _require_taker(visit)
    key = str(form.get("key") or uuid4())
    try:
        made = await visit.rooms.post(KIND, "", complaining.body(visit, form), headers={"Idempotency-Key": key})
    except (Refused, LianqinError) as refusal:
        return _form(visit, forms.kept(form), refusal_in_words(visit, refusal), key)
    return visit.page("complaint_taken.html", complaint=made)


@router.get("/answer")
async def ask_page(visit: VisitDep) -> Response:
    """Show the form by which a caller's complaint is asked after."""
    require_bureau(visit.by)
    return _answer(visit, {}, None, None)


@router.post("/answer")
async def ask(visit: VisitDep, form: FormDep) -> Response:
    """Tell state and reply by number and code."""
    require_bureau(visit.by)
    number, code = (str(form.get(name) or "").strip() for name in ("tracking", "query_code"))
    typed = forms.kept(form)
    try:
        if not number or "/" in number:
            raise forms.unreadable("tracking")
        found = await visit.rooms.get("complaint-answers", f"/{quote(number, safe='')}", code=code)
    except (Refused, LianqinError) as refusal:
        return _answer(visit, typed, refusal_in_words(visit, refusal), None)
    return _answer(visit, typed, None, found)


@router.post("/{complaint_id}/steps/open_identity")
async def open_identity(complaint_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Open who complained, with a reason that is kept; the page that answers is the only one that shows it."""
    said = {"reason": str(form.get("reason") or "").strip()}
    try:
        found = await visit.rooms.post(KIND, f"/{complaint_id}/identity", said)
    except Refused as refusal:
        if refusal.status == 404:
            raise
        refused = (OPENS, refusal_in_words(visit, refusal), forms.kept(form))
        return await subjects.page(visit, KIND, complaint_id, refused=refused)
    complaint = await fetched(visit, KIND, complaint_id)
    return visit.page("complaint_identity.html", complaint=complaint, found=found, reason=said["reason"])


def _require_taker(visit: Visit) -> None:
    if not complaining.may_take(visit):
        raise NotVisible()


def _form(visit: Visit, typed: dict[str, list[str]], refused: dict[str, Any] | None, key: str) -> Response:
    return visit.page(
        "complaint_new.html",
        status=int(refused["status"]) if refused else 200,
        fields_shown=complaining.fields(visit),
        who=complaining.complainant_fields(visit),
        typed=typed,
        problem=refused,
        key=key,
    )


def _answer(
    visit: Visit, typed: dict[str, list[str]], refused: dict[str, Any] | None, found: dict[str, Any] | None
) -> Response:
    status = int(refused["status"]) if refused else 200
    return visit.page("complaint_answer.html", status=status, typed=typed, problem=refused, found=found)
