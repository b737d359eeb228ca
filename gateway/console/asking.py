"""The rooms' public API as the signed-in person may use it: every answer and every refusal comes from there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from gateway.upstream import BOARD_SECONDS, SILENCE_SECONDS, Upstream, unavailable
from shared.errors import NotVisible
from shared.web.deps import ASSERTION_HEADER

ROOM_OF = {
    "clues": "clue",
    "complaints": "complaint",
    "inspections": "inspection",
    "squad-tasks": "task",
    "cases": "case",
    "measures": "measure",
    "conferences": "conference",
    "operations": "operation",
    "linkages": "linkage",
    "referrals": "referral",
    "supervisions": "supervision",
    "consultations": "consultation",
}
"""Kind of subject as addresses name it, and its word in refs."""
SERVED_BY = {
    "supervisions": "referral",
    "consultations": "referral",
    "measures": "case",
    "conferences": "case",
    "operations": "case",
    "linkages": "case",
    "inspections": "clue",
    "squad-tasks": "clue",
    "clue-figures": "clue",
    "complaints": "clue",
    "complaint-answers": "clue",
    "van-runs": "clue",
    "rules": "clue",
    "rule-packs": "clue",
    "drills": "clue",
    "squads": "clue",
}
PLURAL = {room: kind for kind, room in ROOM_OF.items()}


def path_of(ref: str) -> str:
    """Return the console's address of a subject."""
    kind, _, subject_id = ref.partition(":")
    if kind not in PLURAL:
        raise NotVisible()
    return f"/console/{PLURAL[kind]}/{subject_id}"


def page_of(ref: str) -> str:
    """Return the console's address of a subject, empty for a kind that has no page."""
    return path_of(ref) if ref.partition(":")[0] in PLURAL else ""


class Refused(Exception):
    """A room refused; `problem` is its problem document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, {"status": status} | problem
        super().__init__(str(problem.get("code", status)))


@dataclass(frozen=True, slots=True)
class Rooms:
    """Calls on the rooms with one person's identity assertion, answered in that person's language."""

    upstream: Upstream
    assertion: str
    language: str

    async def get(self, kind: str, target: str, /, **params: str) -> Any:
        """Read from the room of a kind of subject. Raises Refused or RoomUnavailable."""
        async with self.answer("GET", kind, target, params=params) as answer:
            return orjson.loads(await answer.read())

    async def post(
        self, kind: str, target: str, body: Any, /, *, headers: Mapping[str, str] | None = None, **params: str
    ) -> Any:
        """Write: `body` is a mapping sent as JSON, or the bytes of a file as an iterator. Raises as `get`."""
        is_json = isinstance(body, dict)
        kept = {"Content-Type": "application/json", **(headers or {})}
        data = orjson.dumps(body) if is_json else body
        async with self.answer("POST", kind, target, params=params, data=data, headers=kept) as answer:
            return orjson.loads(await answer.read())

    @asynccontextmanager
    async def answer(
        self, method: str, kind: str, target: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the open answer of a room. Raises Refused for a refusal, RoomUnavailable when it does not answer."""
        room = SERVED_BY.get(kind) or ROOM_OF[kind]
        address = self.upstream.address(room, f"/v1/{kind}{target}").update_query(extra.pop("params", {}))
        said = {ASSERTION_HEADER: self.assertion, "Accept-Language": self.language, **(headers or {})}
        is_stream = method != "GET" or target.endswith("/content")
        limit = aiohttp.ClientTimeout(total=None if is_stream else BOARD_SECONDS, sock_read=SILENCE_SECONDS)
        request = self.upstream.session.request
        try:
            async with request(method, address, headers=said, allow_redirects=False, timeout=limit, **extra) as answer:
                if answer.status >= 500:
                    raise unavailable(room)
                if answer.status >= 400:
                    raise Refused(answer.status, orjson.loads(await answer.read()))
                yield answer
        except (aiohttp.ClientError, TimeoutError) as down:
            raise unavailable(room) from down
