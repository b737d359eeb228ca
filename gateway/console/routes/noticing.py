"""My notice settings: channels, order, quiet hours, calendar addresses; for administrators what the agency asks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.deps import act
from gateway.identity.queries import ADMINISTRATOR
from gateway.identity.sealing import Seal
from gateway.notices import calendars, channels, preferences, templates
from gateway.notices.channels import NewChannel
from gateway.notices.preferences import Mandate, Preferences
from gateway.notices.quiet import LEVELS
from gateway.notices.templates import TEXTS, TemplateWords
from shared.errors import BodyInvalid, LianqinError, Text
from shared.web.problems import problem

router = APIRouter(prefix="/console/notice-settings", route_class=ConsoleRoute, include_in_schema=False)
PAGE = "/console/notice-settings"
CHOICES = 3
"""How many channels a level's form has room for."""
B = TypeVar("B", bound=BaseModel)
Change = Callable[[Session, datetime], Any]


@router.get("")
async def settings(visit: VisitDep) -> Response:
    """Show one's own notice settings, and the agency's to its administrator."""
    return await _page(visit)


@router.post("/preferences")
async def choose(visit: VisitDep, form: FormDep) -> Response:
    """Store one's choice."""
    said: dict[str, Any] = {level: _order(form, level) for level in LEVELS}
    said |= {name: _number(form, name) for name in ("quiet_from", "quiet_to", "digest_hour")}
    said = {name: value for name, value in said.items() if value is not None}
    return await _changed(
        visit,
        lambda session, now: preferences.choose(session, _body(Preferences, said), by=visit.by, now=now),
    )


@router.post("/channels")
async def add_channel(visit: VisitDep, form: FormDep) -> Response:
    """Add a channel of one's own, or of the agency; a webhook's key is shown this once."""
    said = {name: _text(form, name) for name in ("kind", "label", "url", "agency") if _text(form, name)}
    seal = Seal(visit.room.settings.internal_secret)

    def add(session: Session, now: datetime) -> str | None:
        return channels.add(session, _body(NewChannel, said), seal, by=visit.by, now=now)[1]

    return await _changed(visit, add, shows="key")


@router.post("/channels/{channel_id}/end")
async def end_channel(channel_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Use a channel no more."""
    return await _changed(visit, lambda session, now: channels.end(session, channel_id, by=visit.by, now=now))


@router.post("/calendar")
async def add_calendar(visit: VisitDep, form: FormDep) -> Response:
    """Make a calendar address, shown this once."""
    agency = _text(form, "agency") or None

    def add(session: Session, now: datetime) -> str:
        row, token = calendars.add(session, agency, by=visit.by, now=now)
        return calendars.address(row, token, visit.room.settings.gateway_url).url

    return await _changed(visit, add, shows="address")


@router.post("/calendar/{feed_id}/rotate")
async def rotate_calendar(feed_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Renew a calendar address, shown this once."""

    def rotate(session: Session, now: datetime) -> str:
        row, token = calendars.rotate(session, feed_id, by=visit.by, now=now)
        return calendars.address(row, token, visit.room.settings.gateway_url).url

    return await _changed(visit, rotate, shows="address")


@router.post("/calendar/{feed_id}/end")
async def end_calendar(feed_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Revoke a calendar address."""
    return await _changed(visit, lambda session, now: calendars.end(session, feed_id, by=visit.by, now=now))


@router.post("/mandate")
async def mandate(visit: VisitDep, form: FormDep) -> Response:
    """Store what the agency asks of its people."""
    said = {"urgent": [str(kind) for kind in form.getlist("urgent")], "digest": bool(form.get("digest"))}
    said |= {name: _number(form, name) for name in ("quiet_from", "quiet_to")}
    agency = visit.by.agency
    return await _changed(
        visit,
        lambda session, now: preferences.ask(session, agency, _body(Mandate, said), by=visit.by, now=now),
    )


@router.post("/retry")
async def retry(visit: VisitDep, form: FormDep) -> Response:
    """Send again what stopped on a channel."""
    receiver = _text(form, "receiver")
    return await _changed(visit, lambda session, now: channels.again(session, receiver, by=visit.by, now=now))


@router.post("/templates")
async def replace_template(visit: VisitDep, form: FormDep) -> Response:
    """Put the agency's words in place of a notice text, or go back to the catalogue's."""
    name, agency, by = _text(form, "template"), visit.by.agency, visit.by
    if form.get("reset"):
        return await _changed(visit, lambda session, now: templates.reset(session, agency, name, by=by, now=now))
    said = {text: _text(form, text) for text in TEXTS}
    return await _changed(
        visit,
        lambda session, now: templates.replace(session, agency, name, _body(TemplateWords, said), by=by, now=now),
    )


async def _changed(visit: Visit, change: Change, *, shows: str = "") -> Response:
    """Make a change and show the page again: with the refusal, or with what is shown only this once."""
    try:
        found = await anyio.to_thread.run_sync(lambda: act(visit.room, change))
    except LianqinError as refusal:
        if refusal.status in (403, 404):
            raise
        return await _page(visit, status=refusal.status, problem=problem(refusal, visit.words.language))
    if shows and found:
        return await _page(visit, **{shows: found})
    return RedirectResponse(PAGE, status_code=303)


async def _page(visit: Visit, *, status: int = 200, **shown: Any) -> Response:
    found = await anyio.to_thread.run_sync(_read, visit)
    values = {"problem": None, "key": "", "address": "", "levels": LEVELS, "choices": range(CHOICES), **found, **shown}
    return visit.page("notice_settings.html", status=status, **values)


def _read(visit: Visit) -> dict[str, Any]:
    by, agency = visit.by, visit.by.agency
    with visit.room.reading() as session:
        person = preferences.own(session, by)
        mine = channels.listed(session, by=by, agency=None)
        found: dict[str, Any] = {
            "chosen": preferences.chosen(session, person.id),
            "has": {"mail": person.email} if person.email else {},
            "mine": [channels.view(row) for row in mine],
            "feeds": [calendars.view(row) for row in calendars.listed(session, by=by, agency=None)],
            "asked": preferences.asked(session, agency),
            "administers": ADMINISTRATOR in by.roles,
        }
        found["has"] |= {row.name: row.label for row in mine}
        if found["administers"]:
            found["failing"] = channels.failing(session, by=by)
            found["ours"] = [channels.view(row) for row in channels.listed(session, by=by, agency=agency)]
            found["our_feeds"] = [calendars.view(row) for row in calendars.listed(session, by=by, agency=agency)]
            found["texts"] = templates.listed(session, agency, by=by)
    return found


def _body(kind: type[B], said: dict[str, Any]) -> B:
    """Return a form as the body the API takes. Raises BodyInvalid with each field that does not fit."""
    try:
        return kind.model_validate(said)
    except ValidationError as broken:
        message = Text("填写有误", "This does not fit")
        fields = [
            {"field": ".".join(map(str, one["loc"])), "code": one["type"], "message": message}
            for one in broken.errors()
        ]
        raise BodyInvalid(message, errors=fields) from broken


def _order(form: FormData, level: str) -> list[str] | None:
    named = [_text(form, f"{level}.{place}") for place in range(CHOICES)]
    return [name for name in named if name] or None


def _number(form: FormData, name: str) -> int | None:
    typed = _text(form, name)
    return int(typed) if typed.isascii() and typed.isdigit() else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""
