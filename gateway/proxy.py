"""Passing a request on to a room: bytes as they come, both ways, with the caller's signed identity in front."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import aiohttp
import structlog
from multidict import CIMultiDict
from starlette.types import Message, Receive, Scope, Send

from gateway.upstream import Upstream, unavailable
from shared.errors import BodyInvalid, BodyTooLarge, Text
from shared.web.deps import ASSERTION_HEADER

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
KEPT_BACK = HOP_BY_HOP | {b"host", b"authorization", b"cookie", b"expect", b"forwarded", b"x-real-ip"}
"""Not passed on to a room: what belongs to this connection, and what only the gateway may say."""
KEPT_BACK_PREFIXES = (b"x-lianqin-", b"x-forwarded-")
NOT_RETURNED = HOP_BY_HOP | {b"server", b"date"}
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""aiohttp itself repeats these once when a kept connection turns out to be closed."""
SMALL_BYTES = 64 * 1024
REMEMBERED_NAMES = 1000
log = structlog.get_logger()

Body = bytes | AsyncIterator[bytes] | None


class Gone(Exception):
    """The caller went away while sending."""


class Incoming:
    """The body on its way in: counted against the limit, never held as a whole."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._size = 0
        self.is_whole = False
        self.stopped_by: Gone | BodyTooLarge | None = None

    async def data(self) -> Body:
        """Return what to send: the bytes when all are here already, else an iterator over them."""
        first = await self._receive()
        if first["type"] == "http.request" and not first.get("more_body", False):
            self.is_whole = True
            return self._counted(first.get("body", b"")) or None
        return self._chunks(first)

    async def _chunks(self, message: Message) -> AsyncIterator[bytes]:
        while True:
            if message["type"] == "http.disconnect":
                self.stopped_by = Gone()
                raise self.stopped_by
            if chunk := message.get("body", b""):
                yield self._counted(chunk)
            if not message.get("more_body", False):
                self.is_whole = True
                return
            message = await self._receive()

    def _counted(self, chunk: bytes) -> bytes:
        self._size += len(chunk)
        if self._size > self._limit:
            self.stopped_by = BodyTooLarge(limit_bytes=self._limit)
            raise self.stopped_by
        return chunk


class Proxy:
    """Passes requests on. Raises LianqinError only while nothing has been answered yet."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._names: dict[bytes, str] = {}

    async def forward(self, scope: Scope, receive: Receive, send: Send, *, room: str, identity: str) -> None:
        """Pass one request on to `room` as `identity`; the scope says the body's limit as `lianqin.limit`."""
        headers = self._onward(scope["headers"])
        headers[ASSERTION_HEADER] = identity
        incoming = Incoming(receive, scope["lianqin.limit"])
        try:
            answer = await self._sent(scope, headers, await incoming.data(), room)
            small = await answer.read() if _is_small(scope["method"], answer) else None
        except (aiohttp.ClientError, TimeoutError, Gone) as broken:
            if isinstance(incoming.stopped_by, Gone):
                return
            raise incoming.stopped_by or unavailable(room) from broken
        start = {"type": "http.response.start", "status": answer.status, "headers": _back(answer.raw_headers)}
        if small is None:
            await _stream(send, start, answer, receive if incoming.is_whole else None)
        else:
            await send(start)
            await send({"type": "http.response.body", "body": small})

    async def _sent(self, scope: Scope, headers: CIMultiDict[str], data: Body, room: str) -> aiohttp.ClientResponse:
        method = scope["method"]
        query = scope["query_string"]
        target = scope["raw_path"] + b"?" + query if query else scope["raw_path"]
        address = self._upstream.address(room, target.decode("latin-1"))
        request = self._upstream.session.request
        once_more = method not in REPEATABLE and "idempotency-key" in headers and not isinstance(data, AsyncIterator)
        try:
            return await request(method, address, headers=headers, data=data, allow_redirects=False)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as closed:
            if not once_more or isinstance(closed, aiohttp.ClientConnectorError):
                raise
        return await request(method, address, headers=headers, data=data, allow_redirects=False)

    def _onward(self, headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDict[str]:
        """Return the headers a room may see. Raises BodyInvalid for a value that is not UTF-8."""
        kept: CIMultiDict[str] = CIMultiDict()
        named: list[str] = []
        try:
            for name, value in headers:
                if name == b"connection":
                    named = [word.strip() for word in value.decode("latin-1").split(",")]
                onward = self._names.get(name)
                if onward is None:
                    onward = self._name(name)
                if onward:
                    kept.add(onward, value.decode())
        except UnicodeDecodeError as broken:
            raise BodyInvalid(Text("请求头不是有效的 UTF-8 文本", "A header is not valid UTF-8")) from broken
        for name_here in named:
            kept.popall(name_here, None)
        return kept

    def _name(self, name: bytes) -> str:
        """Return a header's name as passed on, or an empty text when it is kept back."""
        dashed = name.lower().replace(b"_", b"-")
        onward = "" if dashed in KEPT_BACK or dashed.startswith(KEPT_BACK_PREFIXES) else name.decode("latin-1")
        if len(self._names) < REMEMBERED_NAMES:
            self._names[name] = onward
        return onward


def _is_small(method: str, answer: aiohttp.ClientResponse) -> bool:
    length = answer.content_length
    return method == "HEAD" or answer.status in (204, 304) or (length is not None and length <= SMALL_BYTES)


def _back(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    lowered = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lowered if name not in NOT_RETURNED and not name.startswith(b"x-lianqin-")]


async def _stream(send: Send, start: Message, answer: aiohttp.ClientResponse, receive: Receive | None) -> None:
    """Pass a large answer back as it comes. A room that breaks off breaks the caller's connection too.

    `receive` tells when the caller went away; None while its body is still being read.
    """
    gone = asyncio.ensure_future(receive()) if receive is not None else None
    try:
        await send(start)
        async for chunk in answer.content.iter_any():
            if gone is not None and gone.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (aiohttp.ClientError, TimeoutError) as broken:
        log.warning("proxy.broken_off", address=str(answer.url), error=repr(broken))
    finally:
        if gone is not None:
            gone.cancel()
        answer.close()
