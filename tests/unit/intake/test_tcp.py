"""The TCP door among slow, broken and hostile senders."""

import asyncio
import os
import time
from datetime import UTC, datetime

from services.clue_service.intake.hj212 import Frame, decode, encode
from services.clue_service.intake.tcp import Limits, serve

GOOD = encode("QN=20260901010203004;ST=31;CN=2061;PW=123456;MN=M1;Flag=5;CP=&&DataTime=20260901010000;a21002-Avg=5&&")
QUICK = Limits(idle_s=5, frame_s=0.3, grace_s=2, problems=20)


def at() -> datetime:
    return datetime(2026, 9, 1, tzinfo=UTC)


class Store:
    """Keeps what it is given; slow or failing on request."""

    def __init__(self, delay: float = 0.0, fails: int = 0) -> None:
        self.frames: list[Frame] = []
        self.delay = delay
        self.fails = fails

    def __call__(self, frame: Frame) -> None:
        time.sleep(self.delay)
        if self.fails:
            self.fails -= 1
            raise OSError("disk full")
        self.frames.append(frame)


async def send(port: int, data: bytes, *, within: float = 5.0) -> bytes:
    """Send, then read one answer (empty when the server closes)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(within):
            return await reader.readline()
    finally:
        writer.close()


async def send_quietly(port: int, data: bytes, *, hold: float = 0.0) -> None:
    """A sender that does not care for answers and may be cut off."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(hold)
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        return


def test_answer_comes_after_storing():
    async def story() -> None:
        store = Store(delay=0.1)
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at)
        began = time.monotonic()
        answer = decode(await send(server.port, GOOD))
        assert (answer.cn, answer.qn, answer.crc_valid) == ("9014", "20260901010203004", True)
        assert time.monotonic() - began >= 0.1
        assert [frame.mn for frame in store.frames] == ["M1"]
        await server.stop()
        assert (server.counters.frames, server.counters.answers, server.counters.open) == (1, 1, 0)

    asyncio.run(story())


def test_no_answer_when_storing_failed_and_the_repeat_is_taken():
    async def story() -> None:
        store = Store(fails=1)
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at)
        answer = decode(await send(server.port, GOOD + GOOD))
        assert answer.cn == "9014"
        await server.stop()
        assert (server.counters.failures, server.counters.answers, len(store.frames)) == (1, 1, 1)

    asyncio.run(story())


def test_hostile_senders_do_not_hold_up_an_honest_one():
    async def story() -> None:
        store = Store()
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at, limits=QUICK)
        hostile = [asyncio.create_task(send_quietly(server.port, os.urandom(200_000))) for _ in range(8)]
        hostile += [asyncio.create_task(send_quietly(server.port, GOOD[:40], hold=1.0)) for _ in range(8)]
        hostile += [asyncio.create_task(send_quietly(server.port, b"##9999" + b"a=1;" * 50_000)) for _ in range(8)]
        hostile += [asyncio.create_task(send_quietly(server.port, GOOD * 200)) for _ in range(4)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        assert decode(await send(server.port, GOOD)).cn == "9014"
        assert time.monotonic() - began < 1.0
        await asyncio.gather(*hostile)
        await server.stop()
        assert server.counters.open == 0
        assert server.counters.timeouts >= 8  # the half frames were not waited for

    asyncio.run(story())


def test_slow_dripping_sender_is_cut_off_and_its_place_is_free_again():
    async def story() -> None:
        server = await serve("127.0.0.1", 0, on_frame=Store(), clock=at, limits=Limits(connections=1, frame_s=0.3))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        began = time.monotonic()
        try:
            for byte in GOOD:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)
                if reader.at_eof():
                    break
        except ConnectionError:
            pass  # cut off while writing: what the test is about
        assert time.monotonic() - began < 2.0
        writer.close()
        assert decode(await send(server.port, GOOD)).cn == "9014"
        await server.stop()
        assert server.counters.timeouts == 1

    asyncio.run(story())


def test_connections_beyond_the_limit_are_turned_away():
    async def story() -> None:
        server = await serve("127.0.0.1", 0, on_frame=Store(), clock=at, limits=Limits(connections=2, grace_s=1))
        holders = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        await asyncio.sleep(0.05)
        await send_quietly(server.port, GOOD, hold=0.1)
        assert server.counters.turned_away == 1
        for _, writer in holders:
            writer.close()
        await server.stop()
        assert server.counters.frames == 0

    asyncio.run(story())


def test_flood_and_wrong_checksums_are_counted_and_cut_off():
    async def story() -> None:
        store = Store()
        limits = Limits(bytes_per_minute=len(GOOD) * 50, problems=10_000)
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at, limits=limits)
        await send_quietly(server.port, GOOD.replace(b"Avg=5", b"Avg=6") * 3, hold=0.1)
        await send_quietly(server.port, GOOD * 1000, hold=0.2)
        await server.stop()
        assert server.counters.checksum_errors_by_mn == {"M1": 3}
        assert [frame.crc_valid for frame in store.frames[:3]] == [False, False, False]
        assert server.counters.floods == 1
        assert len(store.frames) < 500

    asyncio.run(story())


def test_split_message_is_answered_packet_by_packet_and_handed_over_whole():
    async def story() -> None:
        store = Store()
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at)
        head = "QN=7;ST=31;CN=2061;PW=1;MN=M1;Flag=7"
        parts = [encode(f"{head};PNUM=2;PNO={number};CP=&&a2100{number}-Avg=5&&") for number in (2, 1)]
        assert decode(await send(server.port, b"".join(parts))).cn == "9014"
        await server.stop()
        assert server.counters.answers == 2
        assert set(store.frames[-1].factors) == {"a21001", "a21002"}

    asyncio.run(story())


def test_stop_finishes_the_frame_in_hand():
    async def story() -> None:
        store = Store(delay=0.3)
        server = await serve("127.0.0.1", 0, on_frame=store, clock=at)
        waiting = asyncio.create_task(send(server.port, GOOD))
        await asyncio.sleep(0.1)
        await server.stop()
        assert decode(await waiting).cn == "9014"
        assert len(store.frames) == 1

    asyncio.run(story())
