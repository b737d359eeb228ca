"""Real servers on the loopback for the gateway's tests: an app in a thread, and rooms that note what reaches them."""

import asyncio
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import uvicorn

Respond = Callable[["Seen"], tuple[int, dict[str, str], bytes]]
TRUST = ssl.create_default_context()
"""Whom clients trust, read once: to read it takes longer than most tests."""


def http_to(address: httpx.URL | str = "", **said: Any) -> httpx.Client:
    """Return a client for servers on the loopback."""
    return httpx.Client(base_url=address, verify=TRUST, timeout=20, trust_env=False, **said)


class Server(uvicorn.Server):
    """A server that ends as soon as it is told to and nothing is under way; uvicorn looks every tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def leave(self) -> None:
        """Tell it to end, from another thread."""
        self.should_exit = True
        assert self._told is not None
        loop, told = self._told
        loop.call_soon_threadsafe(told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        """Serve until told to end."""
        assert self._told is not None
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told[1].wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, finish what is under way, let the application end."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()


@contextmanager
def served(app: Any, port: int = 0) -> Iterator[str]:
    """Serve an ASGI app in a thread, on a free port if none is named; yields its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", access_log=False, ws="none")
    server = Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.002)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.leave()
        thread.join(10)
        assert not thread.is_alive()


@dataclass
class Seen:
    """One request as a room got it; of the body only its size and hash are kept when it is large."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    size: int
    sha256: str
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the header's value, None when it did not come."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Toy:
    """Stands where the rooms stand; answers what `answers` says for a path, else an echo."""

    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, Respond] = field(default_factory=dict)
    stream_bytes: int = 0
    breaks_after: int | None = None
    sent_bytes: int = 0
    gone_early: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        seen = await _read(scope, receive)
        self.seen.append(seen)
        if scope["path"].endswith("/content"):
            await self._stream(send, receive)
            return
        respond = self.answers.get(scope["path"], _echo)
        status, headers, body = respond(seen)
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        pairs.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _stream(self, send: Callable[[Any], Awaitable[None]], receive: Any) -> None:
        headers = [(b"content-type", b"application/pdf"), (b"content-length", str(self.stream_bytes).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        piece, left = bytes(65536), asyncio.ensure_future(receive())
        while self.sent_bytes < self.stream_bytes:
            await asyncio.sleep(0)  # sending to one who left does not wait, and the word of it must be heard
            if left.done():
                self.gone_early.set()
                return
            if self.breaks_after is not None and self.sent_bytes >= self.breaks_after:
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self.sent_bytes += len(piece)
        await send({"type": "http.response.body", "body": b""})
        left.cancel()


@dataclass
class Stage:
    """Serves whatever toy a test puts on it."""

    toy: Toy = field(default_factory=Toy)
    address: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the toy of this test answer."""
        await self.toy(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(scope: Any, receive: Any) -> Seen:
    digest, size, head = hashlib.sha256(), 0, b""
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        digest.update(chunk)
        size += len(chunk)
        head = head + chunk if size <= 65536 else b""
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
    return Seen(scope["method"], target.decode(), headers, size, digest.hexdigest(), head)


def _echo(seen: Seen) -> tuple[int, dict[str, str], bytes]:
    said = {"method": seen.method, "target": seen.target, "size": seen.size, "sha256": seen.sha256}
    return 200, {"content-type": "application/json", "etag": '"7"'}, orjson.dumps(said)


def json_answer(value: Any, status: int = 200) -> Respond:
    """Return a responder that answers with JSON."""
    return lambda _seen: (status, {"content-type": "application/json"}, orjson.dumps(value))
