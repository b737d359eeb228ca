"""Signing in and out of the console, and the two files every page loads."""

from typing import Annotated
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import FileResponse, RedirectResponse, Response

from gateway.console import threshold
from gateway.console.entry import ConsoleRoute, FormDep, VisitDep, check_origin
from gateway.console.page import STATIC, html
from gateway.console.words import LANGUAGES, Words
from gateway.deps import AccessDep, LimitsDep, RoomDep, act
from gateway.identity import commands
from gateway.identity.models import Credentials, SignedIn
from gateway.identity.routes import sign_in
from shared.errors import LianqinError, NotSignedIn, NotVisible
from shared.records.room import Room
from shared.web.problems import problem

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)
TYPES = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}
YEAR_SECONDS = 365 * 86400


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Return the stylesheet, the script or the icon."""
    if name not in TYPES:
        raise NotVisible()
    headers = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable", "X-Content-Type-Options": "nosniff"}
    return FileResponse(STATIC / name, media_type=TYPES[name], headers=headers)


@router.get("/login")
def login_page(request: Request, next: str = threshold.HOME) -> Response:
    """Show the sign-in."""
    words = Words(threshold.language_of(request.scope))
    return html("login.html", words, visit=None, path="/console/login", next=safe(next), problem=None, login="")


@router.post("/login")
async def login(request: Request, room: RoomDep, limits: LimitsDep) -> Response:
    """Sign in with login and password; the session's token goes into a cookie no script can read."""
    check_origin(request)
    form = await request.form(max_files=0, max_fields=10)
    onward, typed = safe(str(form.get("next") or "")), str(form.get("login") or "")
    try:
        credentials = Credentials(login=typed, password=str(form.get("password") or ""))
        held = await anyio.to_thread.run_sync(sign_in, request, credentials, room, limits)
    except (LianqinError, ValidationError) as refusal:
        known = refusal if isinstance(refusal, LianqinError) else NotSignedIn()
        words = Words(threshold.language_of(request.scope))
        shown = problem(known, words.language)
        page = {"visit": None, "path": "/console/login", "next": onward, "problem": shown, "login": typed}
        return html("login.html", words, status=known.status, **page)
    response = RedirectResponse(onward, status_code=303)
    _keep(response, room, held)
    return response


@router.post("/logout")
async def logout(visit: VisitDep, form: FormDep, access: AccessDep) -> Response:
    """Sign out: the token no longer holds, the cookie is taken back."""
    token = threshold.cookie_of(visit.request.scope, threshold.COOKIE)

    def ended() -> None:
        act(visit.room, lambda session, now: commands.sign_out(session, token, by=visit.by, now=now))

    await anyio.to_thread.run_sync(ended)
    access.forget(visit.by.actor)
    response = RedirectResponse(threshold.LOGIN, status_code=303)
    response.delete_cookie(threshold.COOKIE, path=threshold.HOME)
    return response


@router.get("/language/{language}")
def language(language: str, room: RoomDep, next: Annotated[str, Query(max_length=2000)] = threshold.HOME) -> Response:
    """Keep the reader's language."""
    if language not in LANGUAGES:
        raise NotVisible()
    response = RedirectResponse(safe(next), status_code=303)
    response.set_cookie(
        threshold.LANGUAGE_COOKIE,
        language,
        max_age=YEAR_SECONDS,
        path=threshold.HOME,
        secure=room.settings.secure_cookies,
        samesite="strict",
    )
    return response


def safe(onward: str) -> str:
    """Return a way onward that stays in the console; anything else leads home."""
    parts = urlsplit(onward)
    stays = not parts.scheme and not parts.netloc and threshold.owns(parts.path) and "\\" not in onward
    return onward if stays and onward.isprintable() and parts.path != threshold.LOGIN else threshold.HOME


def _keep(response: Response, room: Room, held: SignedIn) -> None:
    response.set_cookie(
        threshold.COOKIE,
        held.token,
        max_age=int((held.expires_at - room.clock()).total_seconds()),
        path=threshold.HOME,
        secure=room.settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )
