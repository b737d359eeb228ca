"""Two outlets of one plant: one is clean, one drops; the rules make exactly one clue of it, with its proof."""

import asyncio
import hashlib
import io
import json
from typing import Any

import polars as pl

from services.clue_service.demo_data import demo
from services.clue_service.detection.evidence import replay
from services.clue_service.detection.running import detect_changed
from services.clue_service.intake.door import Together, open_door
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.plant import INJECTED_AT, START, import_table, register_both, sent


def power() -> bytes:
    """The electricity of both outlets as a Parquet import of obs_hour."""
    buffer = io.BytesIO()
    demo.power(START.replace(tzinfo=None)).with_columns(pollutant=pl.lit("NOx")).write_parquet(buffer)
    return buffer.getvalue()


def delivered(desk: Desk) -> None:
    """Register the plant, send its frames, import its electricity."""
    register_both(desk)
    taken = sent(desk, b"".join(demo.scenario(START)))
    assert (taken["received"], taken["stored"], taken["rejected_count"]) == (2160, 2160, 0)
    answer = import_table(desk, "obs_hour", power())
    assert answer.status_code == 200, answer.text
    assert answer.json() | {"notes": []} == {
        "table": "obs_hour",
        "rows": 2160,
        "stored": 2160,
        "duplicates": 0,
        "revised": 0,
        "refused": 0,
        "error_count": 0,
        "errors": [],
        "notes": [],
    }


def evidence_of(desk: Desk, clue: Any) -> dict[str, tuple[Any, bytes]]:
    """The items of a clue by document, each with its bytes."""
    path = f"/v1/clues/{clue['id']}/evidence"
    items = desk.get(OFFICER, path)["items"]
    found = {}
    for item in items:
        content = desk.call(OFFICER, "GET", f"{path}/{item['id']}/content").content
        assert item["document"] not in found
        found[item["document"]] = (item, content)
    return found


class TestDemonstration:
    def test_exactly_one_clue_with_its_proof(self, desk):
        delivered(desk)
        found = desk.post(OFFICER, "/v1/detections", {})
        assert (found["outlets"], found["hits"], found["created"], found["merged"]) == (2, 1, 1, 0)
        assert (found["not_evaluable"]["R01"], found["not_evaluable"]["R14"]) == ({}, {})
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert found["clues"] == [clue["ref"]]
        assert clue["title"].startswith("陡降后低位维持：示例热电有限公司 DEMO-OUTLET-DROP")
        assert (clue["source"], clue["rule_id"], clue["rule_version"]) == ("rule", "R01", "1")
        assert (clue["outlet_id"], clue["pollutant"], clue["enterprise_id"]) == (demo.DROPPED, "NOx", "ENT-DEMO")
        assert clue["observed_from"].startswith("2026-08-30T16:00:00")
        assert all(reason["zh"] and reason["en"] for reason in clue["score_reasons"][:-1])
        held = evidence_of(desk, clue)
        cut = held["clue_slice"][0]
        assert (cut["kind"]["id"], cut["retention"]["basis"]) == ("electronic_data", "agreement")
        assert "DEMO-OUTLET-DROP" in cut["details"]["source"]
        assert set(held) == {"clue_slice", "clue_chart", "clue_record"}
        for item, content in held.values():
            assert hashlib.sha256(content).hexdigest() == item["sha256"]
        record = json.loads(held["clue_record"][1])
        again = replay(held["clue_slice"][1], "R01", 1, record["parameters"], sha256=record["slice"]["sha256"])
        assert (again.severity, again.statistic) == (clue["score"], record["statistic"])
        assert again.from_at.isoformat() == f"{INJECTED_AT}+08:00"

    def test_repeated_runs_change_nothing(self, desk):
        delivered(desk)
        first = desk.post(OFFICER, "/v1/detections", {})
        before = desk.get(OFFICER, "/v1/clues")["items"]
        again = desk.post(OFFICER, "/v1/detections", {})
        assert (again["hits"], again["created"], again["merged"], again["clues"]) == (1, 0, 1, first["clues"])
        assert desk.get(OFFICER, "/v1/clues")["items"] == before

    def test_an_episode_that_goes_on_joins_its_clue(self, desk):
        delivered(desk)
        until = "2026-09-02T00:00:00+08:00"
        first = desk.post(OFFICER, "/v1/detections", {"to": until})
        again = desk.post(OFFICER, "/v1/detections", {})
        assert (first["created"], again["created"], again["merged"]) == (1, 0, 1)
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert (clue["reports"], clue["observed_to"] > until) == (2, True)
        assert len(desk.get(OFFICER, f"/v1/clues/{clue['id']}/evidence")["items"]) == 6

    def test_what_was_declined_is_not_reported_again(self, desk):
        delivered(desk)
        desk.post(OFFICER, "/v1/detections", {})
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        desk.post(OFFICER, f"/v1/clues/{clue['id']}/decline", {"reason": "检修备案在途"})
        desk.clock.advance(days=10)
        again = desk.post(OFFICER, "/v1/detections", {})
        assert (again["created"], again["merged"], again["known"]) == (0, 0, 1)
        assert len(desk.get(OFFICER, "/v1/clues")["items"]) == 1

    def test_the_worker_judges_what_changed_once(self, desk):
        delivered(desk)
        room = desk.rooms["clue"]
        first, second = detect_changed(room), detect_changed(room)
        assert (first.outlets, first.hits, first.created) == (2, 1, 1)
        assert (second.outlets, second.hits) == (0, 0)
        sent(desk, b"".join(demo.scenario(START)[-2:]))
        assert detect_changed(room).outlets == 0
        desk.clock.advance(days=1)
        third = detect_changed(room)
        assert (third.outlets, third.created, third.merged) == (2, 0, 1)
        assert desk.get(OFFICER, "/v1/clues")["items"][0]["reports"] == 1

    def test_a_work_order_on_file_excuses_the_drop(self, desk):
        delivered(desk)
        rows = f"work_order,outlet_id,t_start,t_end,kind\nW1,{demo.DROPPED},2026-08-29,2026-09-04,换药剂\n"
        assert import_table(desk, "work_orders", rows.encode()).json()["stored"] == 1
        assert desk.post(OFFICER, "/v1/detections", {})["hits"] == 0


async def over_tcp(desk: Desk, frames: list[bytes]) -> int:
    """Send frames to a real server as two devices would, each waiting for its answers; returns how many came."""
    room = desk.rooms["clue"]
    room.settings.hj212_port = 0
    together = Together(room)
    try:
        server = await open_door(room, together)
        answers = await asyncio.gather(*(device(server.port, frames[place::2]) for place in (0, 1)))
        await server.stop()
    finally:
        await asyncio.to_thread(together.close)
    return sum(answers)


async def device(port: int, frames: list[bytes]) -> int:
    """One device: a window of frames on their way, every answer awaited."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    for start in range(0, len(frames), 50):
        window = frames[start : start + 50]
        writer.write(b"".join(window))
        for _ in window:
            count += b"CN=9014" in await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)
    writer.close()
    await writer.wait_closed()
    return count


class TestOverTcp:
    def test_the_same_clue_comes_of_frames_over_tcp(self, desk):
        register_both(desk)
        frames = demo.scenario(START)
        sent(desk, b"".join(frames[:-200]))
        assert asyncio.run(over_tcp(desk, frames[-200:])) == 200
        assert import_table(desk, "obs_hour", power()).status_code == 200
        days = desk.get(OFFICER, "/v1/hj212/counts")["days"]
        assert {day["transport"]: (day["hour_data"], day["rows_stored"]) for day in days} == {
            "http": (1960, 1960),
            "tcp": (200, 200),
        }
        found = detect_changed(desk.rooms["clue"])
        assert (found.hits, found.created) == (1, 1)
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert clue["outlet_id"] == demo.DROPPED
        assert len(evidence_of(desk, clue)) == 3
