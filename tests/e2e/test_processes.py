"""The journey over real processes, any one of which is killed with SIGKILL at each leg and started again."""

import os
import time
from collections import Counter
from datetime import datetime
from itertools import cycle
from uuid import UUID

import pytest
from sqlmodel import select

from gateway.exchange.models import Message, PersonNotice
from scripts.demo import Journey, newest_hour
from scripts.partner import open_door
from scripts.rooms import open_room
from scripts.seed import seed
from services.referral_service.receipts.queries import receipts
from services.referral_service.referrals.models import Referral
from shared.clock import ZONE
from shared.config import Settings
from shared.dossier.statements import check_receipt
from shared.records.deadlines import Deadline
from shared.records.deliveries import Delivery
from shared.records.journal import Entry
from shared.records.keyring import open_keyring
from shared.records.notices import Notice
from shared.web.assembly import verify_all
from tests.processes import environment, free_ports, running_desk

VICTIMS = (
    "case-worker",
    "clue",
    "gateway",
    "referral-worker",
    "case",
    "clue-worker",
    "referral",
    "gateway-worker",
)
ROOMS = ("clue", "case", "referral")


@pytest.fixture
def wanted(tmp_path, request):
    is_postgres = os.environ.get("DATABASE") == "postgresql"
    server = request.getfixturevalue("postgres") if is_postgres else ""
    return environment(tmp_path / "var", server, f"p{os.getpid()}_")


def test_every_process_is_killed_once_and_nothing_is_lost_or_doubled(wanted):
    (port,) = free_ports(1)
    with running_desk(wanted) as (supervisor, settings):
        passwords, partners = seed(settings, partner_url=f"http://127.0.0.1:{port}")
        door = open_door(port, settings.gateway_url, partners)
        door.serve_in_background()
        victims, killed = cycle(VICTIMS), []

        def kill_one(leg: str) -> None:
            supervisor.watch()
            victim = next(victims)
            killed.append((leg, victim))
            supervisor.kill(victim)
            supervisor.watch()

        ends_at = newest_hour(datetime.now(ZONE))

        def play(between):
            journey = Journey(
                settings.gateway_url,
                passwords,
                say=lambda *_: None,
                between=between,
                tending=supervisor.watch,
                ends_at=ends_at,
            )
            referral = journey.play()
            journey.close()
            return referral

        referral = play(kill_one)
        assert referral["state"] == "items_handed_over"
        assert {victim for _leg, victim in killed} == set(VICTIMS)
        settle(supervisor, settings)
        before = version_of(settings, referral)
        play(lambda _leg: None)
        settle(supervisor, settings)
        assert version_of(settings, referral) == before, "a journey played again adds nothing"
        settle(supervisor, settings)
        door.close()
        supervisor.stop()
        check_rooms(settings)
        check_gateway(settings)
        check_receipts(settings, referral)


def check_receipts(settings: Settings, referral) -> None:
    """Each stage left its receipt, the partner's machine counted as reached once, and every signature holds."""
    room = open_room("referral", settings)
    with room.reading() as session:
        found = receipts(session, session.get_one(Referral, UUID(referral["id"])))
    room.database.close()
    sent = [(one.kind, one.agency, one.told) for one in found if one.manifest_digest == referral["sent_manifest"]]
    assert sorted(sent) == [
        ("accepted", "psb-320500", "eea-320500"),
        ("delivered", "eea-320500", "pro-320500"),
        ("delivered", "eea-320500", "psb-320500"),
        ("submitted", "eea-320500", "psb-320500"),
    ]
    trust = open_keyring(settings).trust()
    for one in found:
        assert [f for f in check_receipt(one.document.encode(), trust, path="")[0] if f.outcome == "fails"] == []


def settle(supervisor, settings: Settings) -> None:
    """Wait until nothing is on its way any more."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        supervisor.watch()
        if not list(pending(settings)):
            return
        time.sleep(0.3)
    raise AssertionError(f"still on their way: {list(pending(settings))}")


def version_of(settings: Settings, referral) -> int:
    """How many entries a referral's chain has, once every receipt has come back."""
    room = open_room("referral", settings)
    with room.reading() as session:
        found = session.get_one(Referral, UUID(referral["id"]))
    room.database.close()
    return found.version


def pending(settings: Settings):
    for name in ("clue", "case", "referral", "gateway"):
        room = open_room(name, settings)
        with room.reading() as session:
            for row in session.exec(select(Delivery).where(Delivery.state != "delivered")):
                yield name, row.type, row.receiver, row.state, row.last_error
        room.database.close()


def check_rooms(settings: Settings) -> None:
    """Every chain verifies; every effect, clock and notice happened once."""
    for name in ROOMS:
        count, broken = verify_all(open_room(name, settings))
        assert count > 0
        assert broken == []
        room = open_room(name, settings)
        with room.reading() as session:
            steps = Counter(
                (entry.subject, entry.type) for entry in session.exec(select(Entry)) if once_only(entry.type)
            )
            clocks = Counter((clock.subject, clock.term_id) for clock in session.exec(select(Deadline)))
            notices = Counter((notice.key, notice.agency, notice.role) for notice in session.exec(select(Notice)))
        room.database.close()
        for (_subject, type_), times in steps.items():
            if type_ == "table.imported":
                assert times <= 2, "the journey is played twice, and imports its table each time"
        steps = Counter({what: times for what, times in steps.items() if what[1] != "table.imported"})
        for counted in (steps, clocks, notices):
            assert counted
            assert [what for what, times in counted.items() if times > 1] == []


def once_only(type_: str) -> bool:
    """Steps of this journey that happen once: evidence and views may repeat, receipts are one for each manifest."""
    return not type_.startswith(("evidence.", "record.")) and ".receipt_" not in type_


def check_gateway(settings: Settings) -> None:
    """Each event reached each agency's log once, each notice each person once; every raised notice arrived."""
    count, broken = verify_all(open_room("gateway", settings))
    assert count > 0
    assert broken == []
    room = open_room("gateway", settings)
    with room.reading() as session:
        logged = Counter(
            (row.agency, row.message_id) for row in session.exec(select(Message).where(Message.direction == "out"))
        )
        told = Counter((row.key, row.person_id) for row in session.exec(select(PersonNotice)))
        keys = {row.key for row in session.exec(select(PersonNotice))}
    room.database.close()
    assert [what for what, times in (logged | told).items() if times > 1] == []
    assert {"psb-320500", "pro-320500"} <= {agency for agency, _ in logged}
    for name in ROOMS:
        other = open_room(name, settings)
        with other.reading() as session:
            raised = {
                row.key
                for row in session.exec(select(Notice))
                if row.agency == "eea-320500" and row.role == "agency_head"
            }
        other.database.close()
        assert raised <= keys
