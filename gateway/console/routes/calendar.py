"""Notices of days off in the console: those taken so far; for whoever may, a form that takes a file or single days."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import anyio.to_thread
import orjson
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from gateway.console import forms
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.steps import problem_in_words
from gateway.console.times import day
from gateway.deps import act
from gateway.desk import calendar_notices as notices
from gateway.desk.calendar_notices import NewNotice
from gateway.identity.queries import check_administrator
from shared.errors import BodyInvalid, LianqinError, NotYourStep
from shared.records import calendars
from shared.web.problems import problem

router = APIRouter(prefix="/console/calendar", route_class=ConsoleRoute, include_in_schema=False)
FILE_BYTES = 256 * 1024
ROWS = 5


@router.get("")
async def calendar(visit: VisitDep, done: str = "") -> Response:
    """Show the notices taken so far, the newest first."""
    return await _page(visit, {}, None, is_done=bool(done))


@router.post("")
async def take(visit: VisitDep, form: FormDep) -> Response:
    """Take a notice: every room counts its open clocks anew."""
    try:
        body = await _notice(form)

        def taken() -> None:
            act(visit.room, lambda session, now: notices.take(session, body, by=visit.by, now=now))

        await anyio.to_thread.run_sync(taken)
    except LianqinError as refusal:
        said = problem_in_words(visit, problem(refusal, visit.words.language))
        return await _page(visit, forms.kept(form), said)
    return RedirectResponse("/console/calendar?done=1", status_code=303)


async def _notice(form: FormData) -> NewNotice:
    """Return the notice of a file, or of the days that were filled in. Raises BodyInvalid."""
    sent = form.get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        said = _read(await sent.read(FILE_BYTES + 1))
        said.setdefault("source", str(form.get("source") or ""))
    else:
        said = _single_days(form)
    known = set(NewNotice.model_fields)
    try:
        return NewNotice.model_validate(
            {name: value for name, value in said.items() if name in known or name[:1] != "$"}
        )
    except ValidationError as broken:
        raise BodyInvalid(errors=[_error(one) for one in broken.errors()]) from broken


def _read(content: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(content) if len(content) <= FILE_BYTES else None
    except orjson.JSONDecodeError as broken:
        raise forms.unreadable("file") from broken
    if not isinstance(said, dict):
        raise forms.unreadable("file")
    return said


def _single_days(form: FormData) -> dict[str, Any]:
    rows = zip(form.getlist("on"), form.getlist("name"), form.getlist("kind"), strict=False)
    days: list[dict[str, Any]] = [
        {"name": str(name), "date": str(on), "isOffDay": kind == "off"} for on, name, kind in rows if on
    ]
    papers = [line.strip() for line in str(form.get("papers") or "").splitlines() if line.strip()]
    said = {"papers": papers, "days": days, "adjusts": True, "source": str(form.get("source") or "")}
    if not days:
        raise BodyInvalid(errors=[{"field": "days", "code": "missing", "message": ""}])
    try:
        return said | {"year": date.fromisoformat(days[0]["date"]).year}
    except ValueError as broken:
        raise forms.unreadable("on") from broken


def _error(one: Mapping[str, Any]) -> dict[str, str]:
    return {"field": ".".join(str(part) for part in one["loc"]), "code": one["type"], "message": one["msg"]}


def _may_take(visit: Visit) -> bool:
    """Whether the reader is offered the form; the desk asks again when it is sent."""
    mine = visit.catalogue.agencies.get(visit.by.agency)
    try:
        check_administrator(visit.by)
    except NotYourStep:
        return False
    return mine is not None and not mine.superior and mine.kind.startswith("ecological")


async def _page(
    visit: Visit, typed: Mapping[str, list[str]], refused: dict[str, Any] | None, *, is_done: bool = False
) -> Response:
    def read() -> list[notices.NoticeView]:
        with visit.room.reading() as session:
            return [notices.view(one) for one in calendars.known(session)]

    found = await anyio.to_thread.run_sync(read)
    shown = [
        one.model_dump() | {"days": [(day(on["date"], visit.words), on["name"], on["isOffDay"]) for on in one.days]}
        for one in reversed(found)
    ]
    return visit.page(
        "calendar.html",
        status=int(refused["status"]) if refused else 200,
        notices=shown,
        may_take=_may_take(visit),
        typed=typed,
        problem=refused,
        done=is_done,
        rows=ROWS,
    )
