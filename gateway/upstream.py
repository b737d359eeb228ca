"""The gateway's connections to the rooms: one client for what is passed on and for what it asks itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from shared.config import Settings
from shared.errors import RoomUnavailable, Text
from shared.web.deps import ASSERTION_HEADER

CONNECT_SECONDS, SILENCE_SECONDS = 3.0, 120.0
KEPT_SECONDS = 3.0
"""Shorter than the rooms keep an idle connection (uvicorn: five seconds), so that none is used as it closes."""
BOARD_SECONDS = 10.0
NAMES = {
    "clue": Text("线索服务", "the clue room"),
    "case": Text("案件服务", "the case room"),
    "referral": Text("移送服务", "the referral room"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a room answered."""

    status: int
    body: bytes
    content_type: str

    def json(self) -> Any:
        """Return the body read as JSON."""
        return orjson.loads(self.body)


class Upstream:
    """Connections to every room; opened on first use, closed with the application."""

    def __init__(self, settings: Settings) -> None:
        self._bases = {room: settings.room_url(room) for room in NAMES}
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the client; it follows no redirects, keeps no cookies and changes no bytes."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
            )
        return self._session

    def address(self, room: str, target: str) -> URL:
        """Return the address of a path and query in a room, byte for byte as given."""
        return URL(self._bases[room] + target, encoded=True)

    async def ask(
        self, room: str, target: str, *, assertion: str = "", params: Mapping[str, str] | None = None
    ) -> Reply:
        """Read from a room on behalf of a principal. Raises RoomUnavailable when it does not answer or fails."""
        address = self.address(room, target).update_query(params or {})
        headers = {ASSERTION_HEADER: assertion} if assertion else {}
        return await self._exchange(room, "GET", address, headers, None)

    async def hand(self, room: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post exact bytes to a room. Raises RoomUnavailable when it does not answer or fails."""
        return await self._exchange(room, "POST", self.address(room, target), headers, body)

    async def _exchange(
        self, room: str, method: str, address: URL, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        limit = aiohttp.ClientTimeout(total=BOARD_SECONDS if body is None else SILENCE_SECONDS)
        try:
            async with self.session.request(
                method, address, headers=headers, data=body, allow_redirects=False, timeout=limit
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as down:
            raise unavailable(room) from down
        if answer.status >= 500:
            raise unavailable(room)
        return Reply(answer.status, content, answer.headers.get("Content-Type", ""))

    async def close(self) -> None:
        """Give every connection back."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def unavailable(room: str) -> RoomUnavailable:
    """Return the refusal that names the room which does not answer."""
    name = NAMES[room]
    detail = Text(
        f"{name.zh}暂时没有应答，请稍后重试；已提交的内容不会丢失",
        f"{name.en.capitalize()} does not answer at the moment; try again shortly, nothing accepted is lost",
    )
    return RoomUnavailable(detail, room=room, retry_after=5)
