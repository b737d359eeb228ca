"""Workers killed with SIGKILL at fifty random moments as 2,100 notices come due: each told once on each channel."""

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, insert
from sqlmodel import col, select

from gateway.exchange.models import PersonNotice
from gateway.identity import commands
from gateway.identity.models import NewPerson
from gateway.identity.sealing import Seal
from gateway.main import create_door
from gateway.notices import channels
from gateway.notices.channels import NewChannel
from gateway.notices.models import NoticeSending
from scripts.rooms import open_room
from services.clue_service.clues.models import Clue
from shared.clock import new_id
from shared.config import Settings
from shared.identity import Principal, system
from shared.records import migrations
from shared.records.db import Party, table_of
from shared.records.deadlines import Deadline, Start, new_row
from shared.records.deliveries import Delivery
from shared.records.notices import Notice
from shared.records.room import Room
from shared.web.assembly import make_room, verify_all
from tests.e2e import mortal
from tests.processes import _create, _drop, environment, settings_of
from tests.service.gateway.serving import Toy, served
from tests.service.gateway.telling import free_port

CLOCKS, SUBJECTS, KILLS = 700, 140, 50
AGENCY = "eea-320500"
SEED = 20260910


class Post:
    """A mail server that counts what it was given, by recipient and Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Count a message."""
        found = message_from_bytes(envelope.content)
        self.taken[envelope.rcpt_tos[0], str(found["Message-ID"])] += 1
        await asyncio.sleep(0)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    """Run the mail server."""
    handler, port = Post(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def wanted(tmp_path: Any, request: pytest.FixtureRequest, post: tuple[Post, int]) -> Iterator[dict[str, str]]:
    """Migrate the two rooms this needs, on the engine that DATABASE names."""
    server = request.getfixturevalue("postgres") if os.environ.get("DATABASE") == "postgresql" else ""
    said = environment(tmp_path / "var", server, f"k{os.getpid()}_")
    said |= {"LIANQIN_SMTP_HOST": "127.0.0.1", "LIANQIN_SMTP_PORT": str(post[1]), "LIANQIN_LEASE_SECONDS": "1"}
    said |= {"LIANQIN_SMTP_FROM": "desk@eea.example", "LIANQIN_POLL_SECONDS": "0.05"}
    settings = settings_of(said)
    for name in ("clue", "gateway"):
        if server:
            _create(settings.database_url(name))
        migrations.upgrade(name, settings.database_url(name))
    yield said
    for name in ("clue", "gateway") if server else ():
        _drop(settings.database_url(name))


def rooms_of(settings: Settings) -> tuple[Room, Room]:
    """Open both databases."""
    return open_room("clue", settings), open_room("gateway", settings)


def people_with_channels(room: Room, hook: str) -> dict[UUID, str]:
    """Add an officer with two of the roles told, who has mail, and one on duty, who has a webhook; their channels."""
    now, by, seal = room.clock(), system("gateway"), Seal(room.settings.internal_secret)
    said = {"agency": AGENCY, "password": "rain over Suzhou 7"}
    officer = NewPerson(login="officer", name="O", roles=["case_officer", "liaison"], email="o@example.com", **said)
    duty = NewPerson(login="duty", name="D", roles=["duty_officer"], **said)
    with room.transaction() as session:
        first, second = (commands.add_person(session, body, by=by, now=now) for body in (officer, duty))
        acting = Principal(AGENCY, "", second.ref, second.role_set, second.name)
        wanted = NewChannel(kind="webhook", label="phone", url=f"{hook}/phone")
        channel, _key = channels.add(session, wanted, seal, by=acting, now=now)
    return {first.id: "mail", second.id: channel.name}


def due_clocks(room: Room) -> None:
    """Put 700 clocks of hours into the room, each due for one reminder that goes to three roles: 2,100 notices."""
    now = datetime.now(UTC)
    started = now - timedelta(hours=13)
    subjects, parties, clocks = [], [], []
    for _ in range(SUBJECTS):
        clue = _clue(now)
        subjects.append(clue.model_dump())
        parties.append({"agency": AGENCY, "kind": "clue", "subject_id": clue.id, "relation": "owner"})
        row = new_row(room, clue, Start("criminal_referral_handover", started, AGENCY), now=now)
        clocks += [row | {"id": new_id(now), "next_notice_at": now} for _ in range(CLOCKS // SUBJECTS)]
    with room.transaction() as session:
        session.execute(insert(table_of(Clue)), subjects)
        session.execute(insert(table_of(Party)), parties)
        session.execute(insert(table_of(Deadline)), clocks)


def _clue(now: datetime) -> Clue:
    return Clue(
        id=new_id(now),
        journey_id=new_id(now),
        owner=AGENCY,
        state="received",
        procedure_id="clue_handling",
        procedure_version=1,
        created_at=now,
        updated_at=now,
        title="t",
        summary="s",
        source="manual",
        enterprise_id="E",
        enterprise_name="n",
        division="320500",
        same_key="k",
        score=50,
        discovered_at=now,
    )


class Mortals:
    """Worker processes that are killed and started again."""

    def __init__(self, said: dict[str, str]) -> None:
        self.said = said
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([mortal.__name__])
        self.living: dict[str, Any] = {}

    def start(self, name: str, room: str) -> None:
        """Start a worker."""
        process = self.context.Process(target=mortal.work, args=(room, self.said), daemon=True)
        process.start()
        self.living[name] = process

    def kill(self, name: str, room: str) -> None:
        """Kill a worker with SIGKILL, and start another in its place."""
        old = self.living[name]
        os.kill(old.pid, signal.SIGKILL)
        old.join(10)
        assert old.exitcode == -signal.SIGKILL
        self.start(name, room)

    def end(self) -> None:
        """Kill all."""
        for process in self.living.values():
            process.kill()
            process.join(10)


def test_fifty_kills_during_two_thousand_reminders(wanted: dict[str, str], post: tuple[Post, int]) -> None:
    settings = settings_of(wanted)
    clue, gateway = rooms_of(settings)
    toy = Toy()
    chance = random.Random(SEED)
    workers = {"clue-1": "clue", "gateway-1": "gateway", "gateway-2": "gateway"}
    with served(toy) as hook, _gateway(settings):
        people = people_with_channels(gateway, hook)
        due_clocks(clue)
        mortals = Mortals(wanted)
        try:
            for name, room in workers.items():
                mortals.start(name, room)
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.02, 0.2))
                name = chance.choice(list(workers))
                mortals.kill(name, workers[name])
            assert _open(clue, gateway), "the last kill fell into the work"
            _wait_done(clue, gateway)
        finally:
            mortals.end()
        _check_store(clue, gateway, people)
        _check_sinks(gateway, post[0], toy)
    for room in (clue, gateway):
        _count, broken = verify_all(room)
        assert broken == [], room.name


def _gateway(settings: Settings) -> Any:
    """Serve the gateway in this process, at the address the workers know."""
    door = create_door(make_room("gateway", {}, settings))
    return served(door, port=int(settings.gateway_url.rpartition(":")[2]))


def _open(*rooms: Room) -> int:
    """Count what still has to be done."""
    count = 0
    for room in rooms:
        with room.reading() as session:
            count += session.exec(select(func.count()).where(col(Delivery.state) == "pending")).one()
            if room.name == "clue":
                due = select(func.count()).where(col(Deadline.next_notice_at) <= room.clock())
                count += session.exec(due).one()
    return count


def _wait_done(*rooms: Room) -> None:
    ends = time.monotonic() + 90
    while _open(*rooms):
        assert time.monotonic() < ends, "it never came to rest"
        time.sleep(0.2)


def _check_store(clue: Room, gateway: Room, people: dict[UUID, str]) -> None:
    """Each reminder of each clock exactly once: in the room by role, and for each person on their channel."""
    with clue.reading() as session:
        raised = Counter((row.key, row.role) for row in session.exec(select(Notice)))
    keys = {key for key, _role in raised}
    assert len(keys) == CLOCKS
    assert raised == Counter({(key, role): 1 for key in keys for role in ("case_officer", "liaison", "duty_officer")})
    with gateway.reading() as session:
        told = Counter((row.key, row.person_id) for row in session.exec(select(PersonNotice)))
        sent = Counter((row.key, row.whom, row.channel) for row in session.exec(select(NoticeSending)))
        queued = Counter((row.message_id, row.receiver) for row in session.exec(select(Delivery)))
        states = {row.state for row in session.exec(select(Delivery))}
    assert told == Counter({(key, person): 1 for key in keys for person in people})
    assert sent == Counter({(key, f"person:{person}", name): 1 for key in keys for person, name in people.items()})
    assert set(queued.values()) == {1}
    assert len([one for one in queued if one[1].startswith(("mail:", "channel:"))]) == CLOCKS * len(people)
    assert states == {"delivered"}


def _check_sinks(gateway: Room, post: Post, toy: Toy) -> None:
    """The mail server and the webhook saw each message at least once, under the id of the store."""
    with gateway.reading() as session:
        ids = {(str(row.message_id), row.channel == "mail") for row in session.exec(select(NoticeSending))}
    mailed = {message.partition("@")[0].strip("<") for _to, message in post.taken}
    posted = {str(seen.header("webhook-id")) for seen in toy.seen}
    assert mailed == {one for one, by_mail in ids if by_mail}
    assert posted == {one for one, by_mail in ids if not by_mail}
