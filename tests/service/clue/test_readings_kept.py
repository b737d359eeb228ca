"""Minute, day and real-time data at the TCP door, through kills and crowds, and until their time is over."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Thread

from sqlmodel import select

from services.clue_service.intake.door import Together
from services.clue_service.intake.hj212 import decode
from services.clue_service.readings import commands
from services.clue_service.readings.forgetting import forgetting
from services.clue_service.readings.models import DeviceReading, ReplacedReading
from services.clue_service.worker import work_and_detect
from shared.records.journal import Entry
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.minutes import CN, frame, nox, read
from tests.service.clue.plant import door_process, process_environment, register, sent
from tests.service.clue.test_door import exchanged, until


class TestDoor:
    def test_packets_and_a_duplicate_with_another_value_over_tcp(self, desk):
        register(desk)
        first = frame(head="PNUM=2;PNO=1;", area=nox(50))
        second = frame(head="PNUM=2;PNO=2;", area="a21026-Avg=20")
        raws = [first, second, frame("20260901081000"), frame("20260901081000", nox(70))]
        assert {one.cn for one in exchanged(desk, raws)} == {"9014"}
        found = read(desk)
        assert [(one["at"][11:16], len(one["factors"])) for one in found] == [("08:00", 2), ("08:10", 2)]
        changed = found[1]["factors"][0]
        assert (changed["average"], changed["replaced"][0]["sent"]["Avg"]) == (70.0, "50.0")
        totals = desk.get(OFFICER, "/v1/hj212/counts")["total"]
        assert (totals["minute_data"], totals["values_stored"], totals["values_revised"]) == (3, 4, 1)

    def test_of_many_at_once_every_value_is_accounted_for(self, desk):
        register(desk)
        room = desk.rooms["clue"]
        raws = [frame(area=nox(number)) for number in range(60)]
        doors = [Together(room), Together(room)]
        with ThreadPoolExecutor(16) as pool:
            over_http = pool.submit(sent, desk, b"".join(raws[40:]))
            answers = list(pool.map(lambda place: doors[place % 2](decode(raws[place])), range(40)))
            over_http.result()
        for door in doors:
            door.close()
        assert all(b"CN=9014" in one for one in answers)
        (found,) = read(desk)
        (factor,) = found["factors"]
        values = [factor["average"], *(float(one["sent"]["Avg"]) for one in factor["replaced"])]
        assert sorted(values) == list(range(60))

    def test_what_the_process_acknowledged_outlives_it(self, desk):
        register(desk)
        acknowledged = []
        with door_process(desk) as port, socket.create_connection(("127.0.0.1", port), 10) as device:
            for number in range(20):
                at = f"2026090108{number:02d}00"
                device.sendall(frame(at, kind="real_time"))
                assert b"CN=9014" in device.recv(1000)
                acknowledged.append(f"08:{number:02d}")
        assert [one["at"][11:16] for one in read(desk, "kind=real_time")] == acknowledged


SENDER = """
import sys
from services.clue_service.clues.models import Clue
from services.clue_service.intake.commands import Coming
from services.clue_service.intake.taking import arrivals, take
from shared.web.assembly import make_room
from tests.service.clue.minutes import frame, nox
room = make_room("clue", {"clue": Clue})
for turn in range(10_000):
    body = b"".join(frame(f"2026080108{minute:02d}00", nox(turn)) for minute in range(20))
    take(room, arrivals(body)[0], coming=Coming("tcp", room.itself, room.clock()))
    print(turn, flush=True)
"""


def test_a_killed_writer_leaves_every_acknowledged_value_and_no_half_delivery(desk):
    register(desk)
    desk.clock.advance(days=365)  # the process has a real clock; the data lie before either
    for _ in range(2):
        command = [sys.executable, "-c", SENDER]
        where = process_environment(desk)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=where, cwd=os.getcwd()) as writer:
            assert writer.stdout is not None
            turns = [int(writer.stdout.readline()) for _ in range(4)]
            writer.send_signal(signal.SIGKILL)
            turns += [int(line) for line in writer.stdout.read().split()]
        found = read(desk, "kind=minute&from=2026-08-01&to=2026-08-02")
        values = {one["factors"][0]["average"] for one in found}
        assert len(found) == 20
        assert len(values) == 1
        assert values.pop() >= turns[-1]
        before = [one["sent"]["Avg"] for one in found[0]["factors"][0]["replaced"]]
        assert [float(one) for one in before[-turns[-1] :]] == [float(turn) for turn in range(turns[-1])]


class TestForgetting:
    def rows(self, desk: Desk) -> tuple[list[str], int]:
        with desk.rooms["clue"].reading() as session:
            kinds = sorted(one.kind for one in session.exec(select(DeviceReading)))
            return kinds, len(session.exec(select(ReplacedReading)).all())

    def fill(self, desk: Desk) -> None:
        register(desk)
        sent(desk, b"".join(frame(kind=kind) + frame(area=nox(1), kind=kind) for kind in CN))

    def test_real_time_data_are_deleted_after_their_days_and_journalled(self, desk):
        self.fill(desk)
        room, forget = desk.rooms["clue"], forgetting()
        desk.clock.advance(days=30)
        assert forget(room) == 0
        desk.clock.advance(days=1)
        assert (forget(room), forget(room)) == (2, 0)
        assert self.rows(desk) == (["day", "minute"], 2)
        with room.reading() as session:
            (entry,) = session.exec(select(Entry).where(Entry.type == "readings.forgotten"))
        told = json.loads(entry.body)["data"]
        assert told == {"before": "2026-09-08T01:00:00+00:00", "days": 30, "readings": 1, "replaced": 1}

    def test_the_worker_does_it_by_itself(self, desk):
        self.fill(desk)
        desk.clock.advance(days=31)
        stop = Event()
        worker = Thread(target=work_and_detect, args=(desk.rooms["clue"], stop))
        worker.start()
        until(lambda: self.rows(desk)[0] == ["day", "minute"])
        stop.set()
        worker.join(15)
        assert not worker.is_alive()

    def test_how_long_is_a_setting_and_nothing_is_deleted_at_zero(self, desk):
        self.fill(desk)
        room = desk.rooms["clue"]
        desk.clock.advance(days=3)
        room.settings.real_time_days = 0
        assert forgetting()(room) == 0
        room.settings.real_time_days = 2
        assert forgetting()(room) == 2

    def test_what_came_again_is_young_again(self, desk):
        self.fill(desk)
        desk.clock.advance(days=20)
        sent(desk, frame(area=nox(2), kind="real_time"))
        desk.clock.advance(days=20)
        with desk.rooms["clue"].transaction() as session:
            assert commands.forget(session, 30, by=desk.rooms["clue"].itself, now=desk.clock.now) == 1
        (found,) = read(desk, "kind=real_time&from=2026-09-01&to=2026-09-02")
        assert found["received_at"] == "2026-09-27T01:00:00Z"

    def test_some_at_a_time(self, desk, monkeypatch):
        register(desk)
        room, forget = desk.rooms["clue"], forgetting()
        for second in range(5):
            sent(desk, frame(f"202609010800{second:02d}", kind="real_time"))
            desk.clock.advance(seconds=1)
        monkeypatch.setattr(commands, "FORGOTTEN_AT_ONCE", 2)
        desk.clock.now = datetime(2026, 11, 1, tzinfo=UTC)
        assert [forget(room) for _ in range(4)] == [2, 2, 1, 0]
        sent(desk, frame("20260901080000", kind="real_time"))
        desk.clock.advance(days=31)
        assert forget(room) == 1
