"""Create one clue over HTTP against raw inserts of the same rows, and against an ORM unit of work, in one run."""

import asyncio
import gc
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from sqlmodel import Session, SQLModel, select

from services.clue_service.clues.models import Clue, Receive
from services.clue_service.main import make
from services.clue_service.subjects import SUBJECTS
from shared.clock import ZONE, new_id
from shared.config import Settings
from shared.identity import Principal, assertion
from shared.records import migrations
from shared.records.db import Party, table_of
from shared.records.deadlines import Deadline
from shared.records.deliveries import Delivery
from shared.records.journal import Entry
from shared.records.notices import Notice
from shared.records.room import Room
from shared.web.assembly import make_room

REQUESTS, CONNECTIONS, ROUNDS = 300, 8, 5
TARGET_RAW, TARGET_ORM = 0.5, 4.0
Rows = dict[type[SQLModel], list[dict[str, Any]]]
TABLES: tuple[type[SQLModel], ...] = (Party, Clue, Entry, Deadline, Delivery, Notice)
BY = Principal("eea-320500", "ecological_environment_authority", "bench", frozenset({"clue_officer"}), "bench")


def body(number: int) -> dict[str, Any]:
    """One report; each is about another enterprise, so that none is merged."""
    at = (datetime.now(ZONE) - timedelta(hours=1)).isoformat()
    return {
        "title": "NOx 陡降",
        "summary": "三日中位数下降六成",
        "enterprise_id": f"E{number}",
        "enterprise_name": "示例",
        "division": "320500",
        "discovered_at": at,
    }


def sample(room: Room) -> Rows:
    """The rows one created clue leaves in each table."""
    with room.reading() as session:
        newest = session.exec(select(Clue)).first()
        assert newest is not None
        found: Rows = {}
        for model in TABLES:
            rows = session.exec(select(model)).all()
            found[model] = [row.model_dump() for row in rows if _is_of(row, newest)]
    return found


def _is_of(row: SQLModel, clue: Clue) -> bool:
    values = row.model_dump()
    return clue.ref in (values.get("subject"), values.get("line"), f"clue:{values.get('id')}") or str(clue.id) in str(
        values.get("subject_id", "") or values.get("line", "")
    )


class Raw:
    """Hand-written SQL through the raw driver, one transaction, the same durability."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._lock, self._statements = threading.Lock(), [one for model in TABLES for one in _statements(model, rows)]

    def __call__(self, received: Receive) -> None:
        """Write the rows of one clue under new keys."""
        fresh = new_id(datetime.now(ZONE)).hex
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in self._statements:
                self._db.execute(sql, [fresh if value == "?key" else value for value in values])
            self._db.execute("COMMIT")


def _statements(model: type[SQLModel], rows: Rows) -> Iterator[tuple[str, list[Any]]]:
    keys = {column.name for column in table_of(model).primary_key}
    for number, row in enumerate(rows[model]):
        values = {name: value for name, value in row.items() if not (name == "id" and model is Delivery)}
        marks = ", ".join("? || " + f"'{number}'" if _fresh(name, keys) else "?" for name in values)
        sql = f"INSERT INTO {model.__tablename__} ({', '.join(values)}) VALUES ({marks})"
        yield sql, ["?key" if _fresh(name, keys) else _plain(value) for name, value in values.items()]


def _fresh(name: str, keys: set[str]) -> bool:
    return name in ("subject", "key", "line") or (name in keys and name in ("id", "subject_id"))


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def orm(room: Room, rows: Rows) -> Callable[[Receive], None]:
    """The same rows as objects through the ORM's unit of work, one transaction."""

    def write(received: Receive) -> None:
        fresh = new_id(datetime.now(ZONE))
        with Session(room.database.writer) as session, session.begin():
            for model in TABLES:
                for number, row in enumerate(rows[model]):
                    session.add(model(**_again(model, row, fresh, number)))

    return write


def _again(model: type[SQLModel], row: dict[str, Any], fresh: Any, number: int) -> dict[str, Any]:
    values = dict(row)
    for name in ("subject", "key", "line"):
        if name in values:
            values[name] = f"clue:{fresh}:{number}"
    if model is Delivery:
        values.pop("id")
    elif "id" in values:
        values["id"] = new_id(datetime.now(ZONE))
    if model is Party:
        values["subject_id"] = fresh
    return values


def with_rivals(room: Room, raw: Callable[[Receive], None], unit: Callable[[Receive], None]) -> FastAPI:
    """The clue room's app with the two rivals behind the same server and the same body."""
    app = make(room)

    @app.post("/raw", status_code=201)
    def post_raw(received: Receive) -> Response:
        raw(received)
        return Response(b"{}", status_code=201, media_type="application/json")

    @app.post("/orm", status_code=201)
    def post_orm(received: Receive) -> Response:
        unit(received)
        return Response(b"{}", status_code=201, media_type="application/json")

    return app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app from a thread; as in a process of its own, nothing looks for garbage in what was there before."""
    gc.collect()
    gc.freeze()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def rate(url: str, token: str, first: int) -> float:
    """Requests per second at eight connections; every answer must be 201."""
    numbers = iter(range(first, first + REQUESTS))
    headers = {"x-lianqin-identity": token}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post() -> None:
            for number in numbers:
                async with session.post(url, json=body(number)) as answer:
                    assert answer.status == 201, await answer.text()

        begun = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(CONNECTIONS)))
        return REQUESTS / (time.perf_counter() - begun)


def in_turns(url: str, token: str) -> dict[str, list[float]]:
    """The rates of the three, one after the other, several times."""
    found: dict[str, list[float]] = {"/v1/clues": [], "/raw": [], "/orm": []}
    for turn in range(ROUNDS):
        for number, path in enumerate(found):
            found[path].append(asyncio.run(rate(url + path, token, (turn * 3 + number) * REQUESTS)))
    return found


def measure() -> dict[str, float]:
    """Requests per second of each, in turns, and the ratios of the medians."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder))
        migrations.upgrade("clue", settings.database_url("clue"))
        room = make_room("clue", SUBJECTS, settings)
        token = assertion(BY, secret=settings.internal_secret, now=room.clock())
        with served(make(make_room("clue", SUBJECTS, settings))) as url:
            asyncio.run(rate(f"{url}/v1/clues", token, 10_000_000))
        rows = sample(room)
        app = with_rivals(room, Raw(Path(folder) / "clue.db", rows), orm(room, rows))
        with served(app) as url:
            found = in_turns(url, token)
    ours, raw, unit = (statistics.median(found[path]) for path in ("/v1/clues", "/raw", "/orm"))
    return {"ours, req/s": ours, "raw, req/s": raw, "ORM, req/s": unit, "of raw": ours / raw, "of ORM": ours / unit}


def main() -> None:
    """Print the figures beside the targets."""
    for name, value in measure().items():
        print(f"{name:20} {value:10.2f}")
    print(f"targets: at least {TARGET_RAW} of raw, {TARGET_ORM} x ORM")


if __name__ == "__main__":
    main()
