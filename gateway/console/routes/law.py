"""The law on the desk: the deadline calculator and the catalogue as it stood on a day."""

from datetime import date, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from gateway.console.entry import ConsoleRoute, Visit, VisitDep
from gateway.console.times import day
from gateway.desk import law
from gateway.desk.models import DueQuestion
from shared.clock import ZONE, today
from shared.errors import BodyInvalid, LianqinError
from shared.web.problems import problem

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)
KINDS = ("terms", "standards", "requirements", "procedures", "instruments", "agencies")
ROWS = 2


@router.get("/calculator")
async def calculator(visit: VisitDep) -> Response:
    """Compute when a clock lapses, and because of what; nothing is stored."""
    asked = visit.request.query_params
    answer, refused = None, None
    if asked.get("term"):
        try:
            answer = law.calculate(question(visit), visit.room, visit.by)
        except LianqinError as refusal:
            refused = problem(refusal, visit.words.language)
    day_now = today(visit.now)
    held = visit.catalogue.on(day_now).terms
    terms = sorted((visit.words.name(versions[-1]), name) for name, versions in held.items())
    shown = _answer(visit, answer) if answer else None
    typed = {name: asked.getlist(name) for name in asked}
    now = visit.now.astimezone(ZONE)
    return visit.page(
        "calculator.html",
        terms=terms,
        typed=typed,
        answer=shown,
        problem=refused,
        rows=ROWS,
        now=f"{now:%Y-%m-%dT%H:%M}",
    )


def question(visit: Visit) -> DueQuestion:
    """Return the question the address asks. Raises BodyInvalid when it cannot be read."""
    asked = visit.request.query_params
    pauses = zip(asked.getlist("pause_from"), asked.getlist("pause_to"), strict=False)
    added = zip(asked.getlist("amount"), asked.getlist("unit"), strict=False)
    try:
        started = datetime.fromisoformat(asked.get("started_at", "")).replace(tzinfo=ZONE)
        return DueQuestion(
            term=asked["term"],
            started_at=started,
            pauses=[{"from_on": begun, "to_on": over or None} for begun, over in pauses if begun],
            extensions=[{"amount": int(amount), "unit": unit} for amount, unit in added if amount],
        )
    except (ValidationError, ValueError) as broken:
        raise BodyInvalid() from broken


def _answer(visit: Visit, answer: Any) -> dict[str, Any]:
    said = orjson.loads(answer.model_dump_json())
    words = visit.words
    return {
        "name": words.part(said["name"], ""),
        "cite": words.part(said["cite"], ""),
        "due": words("clock.due_day", day=day(said["due_on"], words)) if said["due_on"] else "",
        "due_at": said["due_at"],
        "lapses_at": said["lapses_at"],
        "provisional": said["provisional"],
        "paused": said["paused"],
        "because": [(words.part(step, ""), step["on"]) for step in said["because"]],
        "extensions": [
            {"allowed": one["allowed"], "reasons": [words.part(reason, "") for reason in one["reasons"]]}
            for one in said["extensions"]
        ],
    }


@router.get("/law")
async def catalogue(visit: VisitDep, on: date | None = None, kind: str = Query("terms", max_length=20)) -> Response:
    """Show the catalogue as the law stood on a day."""
    wanted = kind if kind in KINDS else "terms"
    on = on or today(visit.now)
    held = visit.catalogue.on(on)
    entries = [found[-1] if isinstance(found, tuple) else found for found in getattr(held, wanted).values()]
    rows = sorted((_entry(visit, wanted, one) for one in entries), key=lambda row: (row["cite"], row["name"]))
    return visit.page("law.html", rows=rows, kinds=KINDS, kind=wanted, on=on.isoformat())


def _entry(visit: Visit, kind: str, one: Any) -> dict[str, str]:
    words = visit.words
    cite = getattr(one, "cite", None)
    force = getattr(one, "in_force", None)
    name = words.name(one, getattr(one, "offence_or_matter", one.id))
    return {
        "id": one.id,
        "name": name,
        "cite": words.part(cite, "") if cite is not None else "",
        "length": _length(visit, one) if kind == "terms" else "",
        "from": force.from_on.isoformat() if force and force.from_on else "",
        "to": force.to_on.isoformat() if force and force.to_on else "",
    }


def _length(visit: Visit, term: Any) -> str:
    if getattr(term, "amount", None) is None:
        return ""
    unit = visit.words.or_else(f"term_unit.{term.unit}", term.unit)
    return f"{term.amount} {unit}"
