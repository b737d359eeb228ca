"""Who visits a console page, in which language, with what around them; and the check every form passes."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.console import threshold
from gateway.console.asking import Refused, Rooms
from gateway.console.navigation import Entry, offered
from gateway.console.page import html
from gateway.console.words import Words
from gateway.deps import ActingDep, IdentityDep, RoomDep, UpstreamDep
from shared.errors import LianqinError, NotVisible, NotYourStep, Text
from shared.identity import Principal
from shared.records.room import Room
from shared.rules.catalogue import Catalogue

TOKEN_FIELD = "csrf"
FIELDS_AT_MOST, FIELD_BYTES = 1000, 1024 * 1024


class ConsoleRoute(APIRoute):
    """A route whose refusals are pages, not JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with its refusals turned into pages."""
        inner = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await inner(request)
            except LianqinError as refusal:
                return threshold.refused(request.scope, refusal)
            except Refused as refusal:
                return threshold.problem_page(request.scope, refusal.problem)
            except (RequestValidationError, HTTPException):
                return threshold.refused(request.scope, NotVisible())

        return handled


@dataclass(frozen=True, slots=True)
class Visit:
    """One signed-in visit of a page: who, in which language, and the rooms as this person may see them."""

    request: Request
    room: Room
    by: Principal
    words: Words
    rooms: Rooms
    csrf: str

    @property
    def catalogue(self) -> Catalogue:
        """Return the law."""
        return self.room.catalogue

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.room.clock()

    @property
    def entries(self) -> list[Entry]:
        """Return where the navigation leads this reader."""
        return offered(self.by)

    def agency(self, agency_id: str) -> str:
        """Return the name of an agency; a room itself acts as the desk."""
        if agency_id.startswith("system:"):
            return self.words("person.system")
        return self.words.name(self.catalogue.agencies.get(agency_id), agency_id)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        path = self.request.url.path
        return html(template, self.words, status=status, visit=self, path=path, **values)


def visit(request: Request, room: RoomDep, by: ActingDep, identity: IdentityDep, upstream: UpstreamDep) -> Visit:
    """Return the visit of a signed-in person."""
    words = Words(threshold.language_of(request.scope))
    token = threshold.cookie_of(request.scope, threshold.COOKIE)
    rooms = Rooms(upstream, identity, words.language)
    return Visit(request, room, by, words, rooms, csrf_token(room.settings.internal_secret, token))


VisitDep = Annotated[Visit, Depends(visit)]


def csrf_token(secret: str, session_token: str) -> str:
    """Return the token that a session's forms carry."""
    return hmac.new(secret.encode(), f"console form {session_token}".encode(), hashlib.sha256).hexdigest()


async def sent_form(request: Request, visit: VisitDep) -> AsyncIterator[FormData]:
    """Give the form that was sent. Raises NotYourStep when it was not written by one of our own pages."""
    check_origin(request)
    form = await request.form(max_files=1, max_fields=FIELDS_AT_MOST, max_part_size=FIELD_BYTES)
    try:
        given = form.get(TOKEN_FIELD)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), visit.csrf.encode()):
            raise _foreign()
        yield form
    finally:
        await form.close()


FormDep = Annotated[FormData, Depends(sent_form)]


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent. Raises NotYourStep."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        raise _foreign()
    if site is not None and site != "same-origin":
        raise _foreign()
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _foreign()


def _foreign() -> NotYourStep:
    return NotYourStep(
        Text(
            "表单已失效或并非来自本页面，请刷新页面后重试", "The form has expired or is not ours; reload and try again"
        )
    )
