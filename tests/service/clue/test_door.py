"""The TCP door over the room: stored before it is acknowledged, kept when refused, stopped by a signal."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest

from services.clue_service.demo_data import demo
from services.clue_service.detection.running import detect_changed
from services.clue_service.intake.door import Together, open_door, run, tell
from services.clue_service.intake.hj212 import Frame, decode
from services.clue_service.intake.tcp import Counters
from services.clue_service.worker import work_and_detect
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.plant import START, door_process, hour, import_table, register, register_both, sent
from tests.service.clue.test_hj212 import BAD, packets
from tests.service.clue.test_scenario import power

CODES = ["bad_checksum", "unknown_device", "no_time", "future_time", "no_readings"]


def exchanged(desk: Desk, frames: list[bytes], *, silent: int = 0) -> list[Frame]:
    """Send frames over TCP one by one, each answer awaited; the last `silent` ones get none."""
    desk.rooms["clue"].settings.hj212_port = 0
    return asyncio.run(_exchange(desk, frames, silent))


async def _exchange(desk: Desk, frames: list[bytes], silent: int) -> list[Frame]:
    together = Together(desk.rooms["clue"])
    answers = []
    try:
        server = await open_door(desk.rooms["clue"], together)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for place, raw in enumerate(frames):
            writer.write(raw)
            if place < len(frames) - silent:
                answers.append(decode(await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)))
        writer.close()
        await writer.wait_closed()
        while server.counters.frames < len(frames):
            await asyncio.sleep(0.01)
        await server.stop()
    finally:
        await asyncio.to_thread(together.close)
    return answers


class TestFrames:
    def test_stored_before_it_is_acknowledged(self, desk):
        register(desk)
        assert [one.cn for one in exchanged(desk, [hour()])] == ["9014"]
        assert desk.get(OFFICER, f"/v1/series/{demo.CLEAN}")["value"] == [50.0]

    @pytest.mark.parametrize("code", CODES)
    def test_refused_is_answered_kept_and_counted(self, desk, code):
        register(desk)
        answers = exchanged(desk, [BAD[code]])
        assert len(answers) == 1
        kept = desk.get(OFFICER, "/v1/hj212/rejected")["items"]
        assert [(one["code"], one["transport"]) for one in kept] == [(code, "tcp")]
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"][code] == 1

    def test_no_frame_is_kept(self, desk):
        exchanged(desk, [b"##0004abcd0000\r\n"], silent=1)
        kept = desk.get(OFFICER, "/v1/hj212/rejected?code=no_frame")["items"]
        assert [(one["text"], one["reason_zh"]) for one in kept] == [
            ("##0004abcd0000\r\n", "不是 HJ 212 报文：数据段没有任何字段")
        ]

    def test_packets_are_kept_until_the_whole_came(self, desk):
        register(desk)
        first, second = packets()
        exchanged(desk, [first])
        waiting = desk.get(OFFICER, "/v1/hj212/rejected")["items"]
        assert [(one["code"], one["settled_at"]) for one in waiting] == [("incomplete", None)]
        exchanged(desk, [first, second])
        settled = desk.get(OFFICER, "/v1/hj212/rejected?code=incomplete")["items"]
        assert [one["settled_at"] is not None for one in settled] == [True, True]
        assert desk.get(OFFICER, f"/v1/series/{demo.CLEAN}")["rows"] == 2

    def test_a_frame_that_cannot_be_stored_is_not_acknowledged(self, desk):
        register(desk)
        desk.rooms["clue"].settings.hj212_port = 0
        blocked = desk.rooms["clue"].settings.folder / "series"
        blocked.write_text("a file where a folder should be")
        together = Together(desk.rooms["clue"])
        with pytest.raises(FileExistsError):
            together(decode(hour()))
        blocked.unlink()
        assert b"CN=9014" in together(decode(hour()))
        together.close()

    def test_what_is_lost_without_a_frame_is_counted(self, desk):
        counters, told = Counters(garbage=7, floods=1), dict[str, int]()
        for _ in range(2):
            tell(desk.rooms["clue"], counters, told)
        counters.garbage = 9
        tell(desk.rooms["clue"], counters, told)
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"] == {"garbage": 9, "floods": 1}


class TestTogether:
    def test_frames_of_many_threads_and_of_http_are_all_stored(self, desk):
        register_both(desk)
        frames = demo.scenario(START)[:400]
        together = Together(desk.rooms["clue"])
        with ThreadPoolExecutor(16) as pool:
            over_http = pool.submit(sent, desk, b"".join(frames[200:]))
            answers = list(pool.map(lambda raw: together(decode(raw)), frames[:200]))
            assert over_http.result()["stored"] == 200
        together.close()
        assert all(b"CN=9014" in one for one in answers)
        rows = [desk.get(OFFICER, f"/v1/series/{one}?from={START.date()}")["rows"] for one in demo.OUTLETS.values()]
        assert rows == [200, 200]
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"]["rows_stored"] == 400

    def test_runs_at_the_same_moment_make_one_clue(self, desk):
        register_both(desk)
        sent(desk, b"".join(demo.scenario(START)))
        import_table(desk, "obs_hour", power())
        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(detect_changed, desk.rooms["clue"]) for _ in range(4)]
            assert sum(one.result().created for one in runs) == 1
        assert [one["reports"] for one in desk.get(OFFICER, "/v1/clues")["items"]] == [1]


def until(holds: Callable[[], Any]) -> Any:
    """Wait until something holds, at most ten seconds; returns it."""
    end = time.monotonic() + 10
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


class TestProcesses:
    def test_the_door_stops_when_told(self, desk):
        desk.rooms["clue"].settings.hj212_port = 0

        async def story() -> None:
            stop = asyncio.Event()
            running = asyncio.create_task(run(desk.rooms["clue"], stop))
            await asyncio.sleep(0.1)
            stop.set()
            await asyncio.wait_for(running, 10)

        asyncio.run(story())

    def test_the_process_takes_devices_until_it_is_terminated(self, desk):
        register(desk)
        with door_process(desk) as port, socket.create_connection(("127.0.0.1", port), 10) as device:
            device.sendall(hour())
            assert b"CN=9014" in device.recv(1000)
        assert desk.get(OFFICER, f"/v1/series/{demo.CLEAN}")["value"] == [50.0]

    def test_the_worker_detects_by_itself(self, desk):
        register_both(desk)
        sent(desk, b"".join(demo.scenario(START)))
        import_table(desk, "obs_hour", power())
        room, stop = desk.rooms["clue"], Event()
        room.settings.detect_seconds = 0.05
        worker = Thread(target=work_and_detect, args=(room, stop))
        worker.start()
        clue = until(lambda: desk.get(OFFICER, "/v1/clues")["items"])[0]
        stop.set()
        worker.join(15)
        assert not worker.is_alive()
        assert (clue["rule_id"], clue["outlet_id"]) == ("R01", demo.DROPPED)
