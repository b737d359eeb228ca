"""A desk for tests: the three rooms in one process over real databases, a frozen clock, and workers run to rest."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import Connection, create_engine, text
from sqlmodel import Session

from scripts.rooms import open_room
from services.case_service import main as case_main
from services.clue_service import main as clue_main
from services.referral_service import main as referral_main
from shared.config import Settings
from shared.identity import Principal, assertion
from shared.records import deliveries, migrations, sweep
from shared.records.deliveries import Answer, Parcel
from shared.records.room import Room
from shared.rules import catalogue
from shared.signing import internal_key, sign
from tests import rows
from tests.lending import lent

ROOMS: Mapping[str, Any] = {"clue": clue_main, "case": case_main, "referral": referral_main}
DATABASES = (*ROOMS, "gateway")
CLUE_PATHS = ("clues", "outlets", "hj212", "imports", "series", "detections")
CASE_PATHS = ("cases", "conferences", "measures", "operations", "linkages")
REFERRAL_PATHS = ("referrals", "supervisions", "consultations", "sealed-files")
ROOM_OF = (
    dict.fromkeys(CASE_PATHS, "case") | dict.fromkeys(CLUE_PATHS, "clue") | dict.fromkeys(REFERRAL_PATHS, "referral")
)
KINDS = {kind.prefix: kind.id for kind in catalogue.default().agency_kinds.values() if kind.prefix}


@dataclass(slots=True)
class FrozenClock:
    """A clock that stands still until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> datetime:
        """Move on by a timedelta's arguments and return the new instant."""
        self.now += timedelta(**amount)
        return self.now


def officer(agency: str, *roles: str, name: str = "") -> Principal:
    """Return a person of an agency with roles."""
    person = name or f"{'-'.join(roles) or 'nobody'}@{agency}"
    return Principal(agency=agency, kind=KINDS[agency[:3]], actor=person, roles=frozenset(roles), name=person)


@dataclass(slots=True)
class Desk:
    """Three rooms under one clock. `down` names rooms that do not answer; `to_gateway` is what went out by the door."""

    clock: FrozenClock
    rooms: dict[str, Room]
    clients: dict[str, TestClient]
    down: set[str] = field(default_factory=set)
    to_gateway: list[dict[str, Any]] = field(default_factory=list)
    before_settling: Callable[[Parcel], None] | None = None

    def call(self, who: Principal | None, method: str, path: str, **extra: Any) -> httpx.Response:
        """Send a request to the room that serves `path`, as the gateway would for this principal."""
        rooms = (
            dict.fromkeys(CASE_PATHS, "case")
            | dict.fromkeys(CLUE_PATHS, "clue")
            | dict.fromkeys(REFERRAL_PATHS, "referral")
        )
        room = rooms.get(path.split("/")[2].partition("?")[0], extra.pop("room", "clue"))
        headers = dict(extra.pop("headers", {}))
        if who is not None:
            secret = self.rooms[room].settings.internal_secret
            headers["x-lianqin-identity"] = assertion(who, secret=secret, now=self.clock.now)
        return self.clients[room].request(method, path, headers=headers, **extra)

    def get(self, who: Principal | None, path: str, **extra: Any) -> Any:
        """Read and expect success."""
        answer = self.call(who, "GET", path, **extra)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, who: Principal | None, path: str, body: Any = None, *, expect: int = 200, **extra: Any) -> Any:
        """Write and expect a status; returns the answer's JSON."""
        answer = self.call(who, "POST", path, json=body if body is not None else {}, **extra)
        assert answer.status_code == expect, f"{answer.status_code} {answer.text}"
        return answer.json()

    def attach(self, who: Principal, path: str, document: str, content: bytes, **details: Any) -> Any:
        """Upload an item of evidence."""
        import json

        params = {"document": document, "name": f"{document}.txt", "details": json.dumps(details)}
        headers = {"content-type": "text/plain"}
        answer = self.call(who, "POST", f"{path}/evidence", params=params, content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def drain(self, turns: int = 500) -> None:
        """Run every worker until nothing is due."""
        for _ in range(turns):
            moved = sum(self.deliver(name) for name in self.rooms)
            if not moved:
                return
        raise AssertionError("the workers do not come to rest")

    def deliver(self, name: str) -> int:
        """Deliver what is due in one room, once."""
        return deliveries.deliver_due(self.rooms[name], {"room": self._carry}, on_stopped=dead_line)

    def sweep(self) -> int:
        """Sweep the clocks of every room until nothing is due."""
        total = 0
        for room in self.rooms.values():
            while count := sweep.sweep(room):
                total += count
        return total

    def _carry(self, parcel: Parcel, now: datetime) -> Answer:
        import json

        if parcel.receiver in self.down:
            return Answer(0, "down")
        body = parcel.body.encode()
        if parcel.receiver == "gateway":
            self.to_gateway.append(json.loads(body))
            return Answer(200)
        room = self.rooms[parcel.receiver]
        keys = [internal_key(room.settings.internal_secret)]
        headers = sign(body, message_id=str(parcel.message_id), now=now, keys=keys)
        answer = self.clients[parcel.receiver].post("/internal/events", content=body, headers=headers)
        if self.before_settling is not None:
            self.before_settling(parcel)
        return Answer(answer.status_code, answer.text)


class Databases:
    """Fresh databases for each test: a copied SQLite file, or a PostgreSQL database emptied of the test before."""

    def __init__(self, folder: Path, server: str, tag: str) -> None:
        self.folder, self.server, self.prefix = folder, server, f"{tag}_"
        self._kept: dict[str, Connection] = {}
        for room in DATABASES:
            if server:
                self._admin("postgres", f'DROP DATABASE IF EXISTS "{self.prefix}{room}" WITH (FORCE)')
                self._admin("postgres", f'CREATE DATABASE "{self.prefix}{room}"')
            migrations.upgrade(room, self._settings(folder).database_url(room))

    def fresh(self, folder: Path) -> Settings:
        """Return settings over databases without a row."""
        folder.mkdir(parents=True, exist_ok=True)
        for room in DATABASES:
            if self.server:
                rows.empty(self._connection(room))
            else:
                shutil.copyfile(self.folder / f"{room}.db", folder / f"{room}.db")
        return self._settings(folder)

    def scratch(self, folder: Path, room: str) -> str:
        """Return the address of an empty database that nothing else uses."""
        if not self.server:
            return f"sqlite:///{folder / f'{room}.db'}"
        name = f"{self.prefix}scratch"
        self._admin("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._admin("postgres", f'CREATE DATABASE "{name}"')
        return self._settings(folder).database_url("scratch")

    def close(self) -> None:
        """Drop what was created."""
        for connection in self._kept.values():
            connection.close()
            connection.engine.dispose()
        if self.server:
            self._admin("postgres", f'DROP DATABASE IF EXISTS "{self.prefix}scratch" WITH (FORCE)')
        for room in DATABASES if self.server else ():
            self._admin("postgres", f'DROP DATABASE IF EXISTS "{self.prefix}{room}" WITH (FORCE)')

    def _settings(self, folder: Path) -> Settings:
        return Settings(folder=folder, database_server=self.server, database_prefix=self.prefix)

    def _connection(self, room: str) -> Connection:
        if room not in self._kept:
            url = self._settings(self.folder).database_url(room)
            self._kept[room] = create_engine(url, isolation_level="AUTOCOMMIT").connect()
        return self._kept[room]

    def _admin(self, database: str, statement: str) -> list[Any]:
        url = Settings(database_server=self.server, database_prefix="").database_url(database)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            rows = list(result) if result.returns_rows else []
        engine.dispose()
        return rows


def open_desk(settings: Settings, clock: FrozenClock) -> Iterator[Desk]:
    """Open the three rooms over prepared databases; closes them at the end."""
    with ExitStack() as stack:
        made = (open_room(name, settings, clock) for name in ROOMS)
        rooms = {room.name: stack.enter_context(lent(room)) for room in made}
        clients = {name: stack.enter_context(_client(name, room)) for name, room in rooms.items()}
        yield Desk(clock, rooms, clients)


_free: dict[tuple[str, int], list[TestClient]] = {}
_running = ExitStack()


@contextmanager
def _client(name: str, room: Room) -> Iterator[TestClient]:
    """Lend a room a running application that no open desk has: its routes are the same for every test, not its room."""
    free = _free.setdefault((name, room.settings.body_limit_bytes), [])
    client = free.pop() if free else _running.enter_context(TestClient(ROOMS[name].make(room)))
    client.app.state.room = room  # type: ignore[attr-defined]  # it is what `make` returned
    try:
        yield client
    finally:
        client.cookies.clear()
        free.append(client)


def end_applications() -> None:
    """End every application that was lent."""
    _free.clear()
    _running.close()


def dead_line(_session: Session, parcel: Parcel, answer: Answer) -> None:
    """A delivery that gave up is a fault in every test that did not ask for it."""
    raise AssertionError(f"{parcel.type} to {parcel.receiver} was refused: {answer.status} {answer.words}")


def subject_id(ref: str) -> UUID:
    """Return the id within a ref."""
    return UUID(ref.partition(":")[2])
