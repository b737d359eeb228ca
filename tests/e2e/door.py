"""The gateway before a desk's rooms, and people who act through the public API alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from gateway.identity import commands as identity
from gateway.identity.models import NewPerson
from scripts.seed import administrator
from shared.records.room import Room
from shared.web.assembly import make_room
from tests.desk import Desk
from tests.lending import Held, is_empty, lent, lent_gateway, put_back, take_out
from tests.service.gateway.serving import http_to, served


@dataclass
class Door:
    """The gateway before real rooms, and people who sign in as they go."""

    desk: Desk
    room: Room
    client: httpx.Client
    people: dict[str, Any] = field(default_factory=dict)

    def call(self, who: str, method: str, address: str, **extra: Any) -> httpx.Response:
        """Send a request as a person."""
        with self.room.transaction() as session:
            now = self.room.clock()
            token, _ = identity.sign_in(session, self.people[who], address="test", now=now)
        headers = {"authorization": f"Bearer {token}"} | extra.pop("headers", {})
        return self.client.request(method, address, headers=headers, **extra)

    def get(self, who: str, address: str) -> Any:
        """Read and expect success."""
        answer = self.call(who, "GET", address)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, who: str, address: str, body: Any = None, *, expect: int = 200) -> Any:
        """Write and expect a status."""
        answer = self.call(who, "POST", address, json=body or {})
        assert answer.status_code == expect, f"{answer.status_code} {answer.text}"
        return answer.json()

    def attach(self, who: str, address: str, document: str, content: bytes) -> Any:
        """Upload a file."""
        params = {"document": document, "name": f"{document}.txt"}
        headers = {"content-type": "text/plain"}
        answer = self.call(who, "POST", f"{address}/evidence", params=params, content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()


_known: dict[object, tuple[dict[str, UUID], Held]] = {}


def _let_in(room: Room, people: Mapping[str, tuple[str, list[str]]]) -> Mapping[str, UUID]:
    """Give everybody an account. A password takes its time, so the next empty gateway is given a copy of the rows."""
    key = (repr(people), room.clock(), room.settings.internal_secret, room.database.url.partition(":")[0])
    was_empty = is_empty(room)
    if was_empty and key in _known:
        found, held = _known[key]
        put_back(room, held)
        return found
    found = {}
    for login, (agency, roles) in people.items():
        with room.transaction() as session:
            body = NewPerson(login=login, name=login, agency=agency, roles=roles, password="rain over Suzhou 7")
            by = administrator(room, agency)
            found[login] = identity.add_person(session, body, by=by, now=room.clock()).id
    if was_empty:
        _known[key] = found, take_out(room)
    return found


@contextmanager
def opened_door(
    desk: Desk, people: Mapping[str, tuple[str, list[str]]], rooms: Sequence[str] = ("case", "referral")
) -> Iterator[Door]:
    """Serve the rooms and, before them, the gateway with these people: login -> agency and roles."""
    with ExitStack() as stack:
        addresses = {f"{name}_url": stack.enter_context(served(desk.clients[name].app)) for name in rooms}
        settings = desk.rooms["case"].settings.model_copy(update=addresses | {"requests_per_minute": 10_000})
        room = stack.enter_context(lent(make_room("gateway", {}, settings, desk.clock)))
        known = dict(_let_in(room, people))
        address = stack.enter_context(served(stack.enter_context(lent_gateway(room))))
        yield Door(desk, room, stack.enter_context(http_to(address)), known)
