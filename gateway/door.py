"""The door: every request is named, counted and measured here before anything behind it sees it; deny by default."""

from collections.abc import Mapping

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import routing
from gateway.console import threshold
from gateway.identity.access import Access, Pass
from gateway.limiting import Limits
from gateway.proxy import Proxy
from shared.errors import BodyTooLarge, LianqinError, NotSignedIn, NotVisible
from shared.web import problems

OPEN: Mapping[str, frozenset[str]] = {
    "/health": frozenset({"GET", "HEAD"}),
    "/oauth/token": frozenset({"POST"}),
    "/v1/sessions": frozenset({"POST"}),
    "/v1/openapi.json": frozenset({"GET", "HEAD"}),
    "/docs": frozenset({"GET", "HEAD"}),
    "/docs/errors": frozenset({"GET", "HEAD"}),
    "/.well-known/jwks.json": frozenset({"GET", "HEAD"}),
    "/.well-known/oauth-authorization-server": frozenset({"GET", "HEAD"}),
    "/internal/events": frozenset({"POST"}),
    "/v1/calendar/{token}": frozenset({"GET"}),
}
"""What needs no token. `/internal/events` is for the rooms, and verifies their signature itself; a calendar's address
is itself the secret, and its route counts guesses."""
CALENDARS = "/v1/calendar/"

PASS = "lianqin.pass"


class Door:
    """Pure ASGI: answers what the rooms answer through the proxy, everything else through `app`."""

    def __init__(self, app: ASGIApp, *, access: Access, limits: Limits, proxy: Proxy) -> None:
        self.app = app
        self._access, self._limits, self._proxy = access, limits, proxy
        self._settings, self._clock = access.room.settings, access.room.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or say why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            try:
                await self._enter(scope, receive, send)
            except LianqinError as refusal:
                await refuse(scope, send, refusal)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path: bytes = scope["raw_path"]
        if not routing.is_plain(raw_path) and raw_path != b"/":
            raise NotVisible()
        room = routing.room_of_path(raw_path)
        if room is None and _is_open(scope["method"], scope["path"]):
            await self._open(scope, receive, send)
            return
        now = self._clock()
        entered = await self._pass(scope)
        if (refusal := self._limits.request(entered.principal.actor)) is not None:
            raise refusal
        scope["lianqin.limit"] = self._limit(scope, raw_path, room)
        if room is None:
            scope[PASS] = entered
            await self.app(scope, receive, send)
        else:
            identity = self._access.asserted(entered, now)
            await self._proxy.forward(scope, receive, send, room=room, identity=identity)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and scope["path"] != "/internal/events":
            refusal = self._limits.request(address_of(scope))
            if refusal is not None:
                raise refusal
        self._limit(scope, scope["raw_path"], None)
        await self.app(scope, receive, send)

    async def _pass(self, scope: Scope) -> Pass:
        """Return who comes. Raises NotSignedIn, or TooManyRequests for an address that keeps guessing."""
        by_cookie = threshold.owns(scope["path"])
        authorization = threshold.authorization_of(scope) if by_cookie else _header(scope, b"authorization")
        now = self._clock()
        if authorization is None:
            raise NotSignedIn()
        entered = self._access.known(authorization, now)
        if entered is not None:
            return entered
        try:
            return await anyio.to_thread.run_sync(self._access.admit, authorization, now)
        except NotSignedIn as unknown:
            raise self._limits.unknown(address_of(scope)) or unknown from None

    def _limit(self, scope: Scope, raw_path: bytes, room: str | None) -> int:
        """Return how many bytes the body may have. Raises BodyTooLarge when it states more."""
        is_upload = room is None and threshold.takes_upload(scope["path"])
        large = is_upload or (room is not None and routing.takes_large_body(raw_path))
        limit = self._settings.evidence_limit_bytes if large else self._settings.body_limit_bytes
        stated = _header(scope, b"content-length")
        if stated is not None and int(stated) > limit:
            raise BodyTooLarge(limit_bytes=limit)
        return limit


def _is_open(method: str, path: str) -> bool:
    if path.startswith(CALENDARS):
        return method in OPEN[f"{CALENDARS}{{token}}"]
    return method in OPEN.get(path, ()) or (threshold.owns(path) and threshold.is_open(method, path))


async def refuse(scope: Scope, send: Send, refusal: LianqinError) -> None:
    """Answer with the problem document of a refusal, in the reader's language; in the console, with a page."""
    if threshold.owns(scope["path"]):
        await threshold.refused(scope, refusal)(scope, _nothing, send)
        return
    accepted = _header(scope, b"accept-language")
    language = problems.language_of(accepted.decode("latin-1") if accepted is not None else None)
    response = problems.answer(refusal, language=language, instance=scope["path"])
    await response(scope, _nothing, send)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def address_of(scope: Scope) -> str:
    """Return the network address a request came from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _header(scope: Scope, name: bytes) -> bytes | None:
    value: bytes | None = next((value for key, value in scope["headers"] if key == name), None)
    return value
