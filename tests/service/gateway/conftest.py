"""The gateway under test: a database of its own, real servers on the loopback, a clock one can move."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, create_engine, text

from gateway.door import Door
from gateway.identity import commands
from gateway.identity.models import NewClient, NewPerson
from gateway.identity.sealing import Seal
from shared import logs
from shared.config import Settings
from shared.identity import system
from shared.records import migrations
from shared.records.blobs import Blobs
from shared.records.db import Database
from shared.records.room import Room
from shared.rules import calendar, catalogue
from tests.lending import lent, lent_gateway
from tests.rows import Rows, copy_in, copy_out, empty
from tests.service.gateway.serving import Stage, Toy, http_to, served

PASSWORD = "rain over Suzhou 7"
START = datetime.fromisoformat("2026-11-23T09:00:00+08:00")
PEOPLE = {
    "province": ("eea-320000", ["administrator"]),
    "keeper": ("eea-320500", ["administrator"]),
    "officer": ("eea-320500", ["case_officer"]),
    "neighbour": ("eea-320100", ["administrator"]),
    "police": ("psb-320500", ["administrator", "liaison"]),
}
SIGNED_IN: dict[str, str] = {}
"""Tokens of sign-ins that the template holds, by login."""


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self.now

    def move(self, **by: float) -> bool:
        """Let time pass; False, so that it can stand before an `or`."""
        self.now += timedelta(**by)
        return False


@dataclass(frozen=True)
class Program:
    """A partner's program with the secrets it was given."""

    id: str
    secret: str
    signing: str
    agency: str


@dataclass
class Template:
    """A migrated database with people and programs, copied for each test, on the engine that DATABASE names."""

    settings: Settings
    programs: dict[str, Program] = field(default_factory=dict)
    held: Rows | None = None
    kept: Connection | None = None
    """On PostgreSQL what the database held in the beginning, and a connection that puts it back."""

    def fresh(self, folder: Path) -> dict[str, str]:
        """Return the settings by which a database is found that holds what the template held."""
        if self.kept is None or self.held is None:
            shutil.copy(self.settings.folder / "gateway.db", folder / "gateway.db")
            return {}
        empty(self.kept)
        copy_in(self.kept, self.held)
        return {"database_server": self.settings.database_server, "database_prefix": self.settings.database_prefix}


def administer(settings: Settings, statement: str) -> None:
    """Run a statement on the server itself."""
    url = settings.model_copy(update={"database_prefix": ""}).database_url("postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def make_room(folder: Path, clock: TestClock, **settings: object) -> Room:
    """Return a gateway room over `folder`."""
    values = Settings.model_validate({"folder": folder, **settings})
    logs.configure()
    return Room(
        name="gateway",
        settings=values,
        database=Database(values.database_url("gateway")),
        catalogue=catalogue.default(),
        calendar=calendar.default(),
        blobs=Blobs(folder / "blobs", limit=values.evidence_limit_bytes),
        clock=clock,
        subjects={},
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Template]:
    """Migrate once and add the people and programs every test knows."""
    folder = tmp_path_factory.mktemp("gateway")
    server = request.getfixturevalue("postgres") if os.environ.get("DATABASE") == "postgresql" else ""
    room = make_room(folder, TestClock(), database_server=server, database_prefix=f"gw{os.getpid()}_")
    made = Template(room.settings)
    if server:
        administer(room.settings, f'CREATE DATABASE "{room.settings.database_prefix}gateway"')
    migrations.upgrade("gateway", room.settings.database_url("gateway"))
    seal, by = Seal(room.settings.internal_secret), system("gateway")
    with room.transaction() as session:
        for login, (agency, roles) in PEOPLE.items():
            body = NewPerson(login=login, name=login.title(), agency=agency, roles=roles, password=PASSWORD)
            person = commands.add_person(session, body, by=by, now=START)
            SIGNED_IN[login], _ = commands.sign_in(session, person.id, address="template", now=START)
        for name, agency in (("psb", "psb-320500"), ("pro", "pro-320500")):
            wanted = NewClient(agency=agency, name=name, roles=["liaison"])
            client, secret, signing = commands.add_client(session, wanted, seal, by=by, now=START)
            made.programs[name] = Program(str(client.id), secret, signing, agency)
    room.database.close()
    if server:
        url = room.settings.database_url("gateway")
        made.kept = create_engine(url, isolation_level="AUTOCOMMIT").connect()
        made.held = copy_out(made.kept)
    yield made
    if made.kept is not None:
        made.kept.close()
        made.kept.engine.dispose()
        administer(room.settings, f'DROP DATABASE "{room.settings.database_prefix}gateway" WITH (FORCE)')


@pytest.fixture
def clock() -> TestClock:
    """Stand at nine in the morning of 2026-11-23."""
    return TestClock()


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Keep one server on which each test puts its own toy rooms."""
    stage = Stage()
    with served(stage) as address:
        stage.address = address
        yield stage


@pytest.fixture
def toy(stage: Stage) -> Toy:
    """Stand in for the rooms."""
    stage.toy = Toy()
    return stage.toy


@pytest.fixture
def rooms(stage: Stage, toy: Toy) -> str:
    """Say where the toy rooms are served."""
    return stage.address


@pytest.fixture
def settings() -> dict[str, object]:
    """Override settings of the room in a test class by overriding this."""
    return {}


@pytest.fixture
def room(
    tmp_path: Path, template: Template, clock: TestClock, rooms: str, settings: dict[str, object]
) -> Iterator[Room]:
    """Open a room over a copy of the template, in front of the toy rooms."""
    addresses = {f"{name}_url": rooms for name in ("clue", "case", "referral")}
    values = {**addresses, **template.fresh(tmp_path), "requests_per_minute": 10_000, **settings}
    with lent(make_room(tmp_path, clock, **values)) as room:
        yield room


@pytest.fixture
def door(room: Room) -> Iterator[Door]:
    """Build the gateway."""
    with lent_gateway(room) as door:
        yield door


@pytest.fixture
def address(door: Door) -> Iterator[str]:
    """Serve the gateway."""
    with served(door) as address:
        yield address


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    """Speak to the gateway over the loopback, in English."""
    headers = {"accept-language": "en"}
    with http_to(address, headers=headers) as client:
        yield client


def sign_in(_http: httpx.Client, login: str) -> dict[str, str]:
    """Return the headers of a person who has signed in already, in the template."""
    return {"authorization": f"Bearer {SIGNED_IN[login]}"}


def sign_in_now(http: httpx.Client, login: str) -> dict[str, str]:
    """Return the headers of a person who signs in now; takes a tenth of a second, as a password must."""
    answer = http.post("/v1/sessions", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['token']}"}


def enter(http: httpx.Client, program: Program, **form: str) -> dict[str, str]:
    """Return the headers of a program that fetched an access token."""
    answer = http.post(
        "/oauth/token", data={"grant_type": "client_credentials", **form}, auth=(program.id, program.secret)
    )
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}
