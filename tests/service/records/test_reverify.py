"""Bytes changed on disk are found on reading and by the schedule: frozen, the keeper told once, others unaffected."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.evidence_cli import app
from shared.errors import RoomUnavailable
from shared.records import reverify
from shared.records.verifying import verify_room
from shared.web.reverifying import once
from tests import journeys
from tests.journeys import OFFICER

DAY = timedelta(days=1)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def blob(desk, sha256):
    return desk.rooms["case"].blobs.folder / sha256[:2] / sha256[2:4] / sha256


def change(desk, sha256, content=b"changed"):
    blob(desk, sha256).chmod(0o600)
    blob(desk, sha256).write_bytes(content)


def state(desk, path, item):
    return next(one["state"] for one in desk.get(OFFICER, f"{path}/evidence")["items"] if one["id"] == item["id"])


def told(desk):
    """The notices of changed evidence that went to the gateway, as (agency, role)."""
    desk.drain()
    found = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
    return [(one["agency"], one["role"]) for one in found if one["type"] == "evidence.mismatch"]


def sound(desk):
    for room in desk.rooms.values():
        with room.reading() as session:
            assert verify_room(session, room.subjects)[1] == []


def run(desk, name="case", **more):
    room = desk.rooms[name]
    return reverify.run(room, before=desk.clock.now, **more)


class TestSchedule:
    def test_what_is_sound_is_noted_and_not_looked_at_again(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        desk.clock.advance(days=8)
        count = len(desk.get(OFFICER, f"{path}/evidence")["items"])
        assert run(desk).blobs == count
        shown = next(one for one in desk.get(OFFICER, f"{path}/evidence")["items"] if one["id"] == item["id"])
        assert shown["last_verified_at"].startswith("2026-09-15T")
        assert run(desk).blobs == 0
        acts = [one["act"] for one in desk.get(OFFICER, f"{path}/evidence/{item['id']}/custody")["items"]]
        assert acts == ["added"]

    def test_changed_bytes_freeze_the_item_and_its_keeper_is_told_once(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        change(desk, item["sha256"])
        desk.clock.advance(days=8)
        found = run(desk)
        assert [(str(one.item), one.why) for one in found.changed] == [(item["id"], "changed")]
        assert state(desk, path, item) == "frozen"
        assert told(desk) == [("eea-320500", "evidence_keeper"), ("eea-320500", "case_officer")]
        desk.clock.advance(days=8)
        assert run(desk).changed == ()
        assert desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content").status_code == 409
        assert len(told(desk)) == 2
        acts = [one["act"] for one in desk.get(OFFICER, f"{path}/evidence/{item['id']}/custody")["items"]]
        assert acts == ["added", "found_changed"]
        sound(desk)

    def test_bytes_that_are_gone_are_found_too(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        blob(desk, item["sha256"]).unlink()
        desk.clock.advance(days=8)
        assert [one.why for one in run(desk).changed] == ["missing"]
        refused = desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content").json()
        assert refused["code"] == "evidence-mismatch"

    def test_another_room_and_its_subjects_stay_as_they_are(self, desk, path):
        clue = f"/v1/clues/{journeys.receive_clue(desk, title='另一')['id']}"
        here = desk.attach(OFFICER, path, "crim_other", b"shared")
        there = desk.attach(OFFICER, clue, "crim_other", b"shared")
        assert here["sha256"] == there["sha256"]
        change(desk, here["sha256"])
        desk.clock.advance(days=8)
        version = desk.get(OFFICER, clue)["version"]
        run(desk, "case")
        assert (state(desk, path, here), state(desk, clue, there)) == ("frozen", "held")
        assert desk.get(OFFICER, clue)["version"] == version
        assert len(run(desk, "clue").changed) == 1
        sound(desk)

    def test_the_longest_ago_come_first_and_a_run_is_bounded(self, desk, path):
        made = []
        for number in range(6):
            desk.clock.advance(minutes=1)
            made.append(desk.attach(OFFICER, path, f"crim_{number}", str(number).encode() * 1000)["id"])
        before, room = desk.clock.advance(days=8), desk.rooms["case"]
        assert run(desk, most_bytes=1).blobs == 1  # adopted from the clue, never verified here
        for first in (0, 2, 4):
            desk.clock.advance(minutes=1)
            assert reverify.run(room, before=before, most_bytes=2500).blobs == 2
            verified = {one["id"]: one["last_verified_at"] for one in desk.get(OFFICER, f"{path}/evidence")["items"]}
            fresh = [one for one in made if verified[one] >= "2026-09-15"]
            assert fresh == made[: first + 2]
        assert reverify.run(room, before=before).blobs == 0

    def test_equal_moments_lose_nothing_over_many_pages(self, desk, path, monkeypatch):
        monkeypatch.setattr(reverify, "BATCH", 3)
        for number in range(10):
            desk.attach(OFFICER, path, f"crim_{number}", f"text {number}".encode())
        desk.clock.advance(days=8)
        assert run(desk).blobs == 11
        assert run(desk).blobs == 0

    def test_a_disk_that_is_not_mounted_freezes_nothing(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        room = desk.rooms["case"]
        away = room.blobs.folder.rename(room.blobs.folder.with_name("unmounted"))
        desk.clock.advance(days=8)
        with pytest.raises(RoomUnavailable):
            run(desk)
        assert once(room, DAY) == 0
        assert desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content").status_code == 503
        away.rename(room.blobs.folder)
        assert state(desk, path, item) == "held"
        assert once(room, DAY) > 0


class TestMended:
    def test_the_same_bytes_given_again_mend_the_store_and_the_item_counts_again(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        change(desk, item["sha256"])
        desk.clock.advance(days=8)
        run(desk)
        address = f"{path}/evidence/{item['id']}/reinstate"
        assert desk.post(OFFICER, address, {"reason": "已恢复"}, expect=409)["code"] == "evidence-mismatch"
        clue = f"/v1/clues/{journeys.receive_clue(desk, title='另一')['id']}"
        desk.attach(OFFICER, clue, "crim_other", b"text")
        assert desk.post(OFFICER, address, {"reason": "自备份恢复"})["state"] == "held"
        opened = desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content")
        assert opened.content == b"text"
        aside = list(blob(desk, item["sha256"]).parent.glob("*.changed-*"))
        assert [one.read_bytes() for one in aside] == [b"changed"]
        acts = [one["act"] for one in desk.get(OFFICER, f"{path}/evidence/{item['id']}/custody")["items"]]
        assert acts == ["added", "found_changed", "reinstated", "opened"]
        sound(desk)

    def test_what_is_held_needs_no_reinstating(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        address = f"{path}/evidence/{item['id']}/reinstate"
        assert desk.post(OFFICER, address, {"reason": "x"}, expect=409)["code"] == "step-refused"


def test_a_frozen_item_no_longer_counts_for_a_step(desk):
    referral = journeys.approved_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    items = {
        name: desk.attach(OFFICER, path, name, name.encode(), **stated) for name, stated in journeys.DOCUMENTS.items()
    }
    change(desk, items["crim_investigation_report"]["sha256"])
    desk.clock.advance(days=8)
    reverify.run(desk.rooms["referral"], before=desk.clock.now)
    refused = desk.post(OFFICER, f"{path}/send", {"letter_number": "1"}, expect=409)
    assert (refused["code"], "案件调查报告" in refused["detail"]) == ("evidence-missing", True)


class TestCommand:
    def lianqin(self, desk, *arguments):
        settings = desk.rooms["case"].settings
        given = {
            "LIANQIN_FOLDER": str(settings.folder),
            "LIANQIN_DATABASE_SERVER": settings.database_server,
            "LIANQIN_DATABASE_PREFIX": settings.database_prefix,
        }
        command = [sys.executable, "-m", "scripts.cli", "evidence", "verify", *arguments]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)

    def test_it_verifies_every_room_and_says_what_changed(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_other", b"text")
        fine = self.lianqin(desk, "--json")
        assert fine.returncode == 0, fine.stderr
        assert json.loads(fine.stdout)["case"]["changed"] == []
        change(desk, item["sha256"])
        broken = self.lianqin(desk, "--room", "case")
        assert broken.returncode == 1
        assert item["sha256"] in broken.stdout
        assert state(desk, path, item) == "frozen"
        again = self.lianqin(desk, "--json")
        assert again.returncode == 0

    def test_a_room_that_keeps_none_is_refused(self):
        assert CliRunner().invoke(app, ["verify", "--room", "gateway"]).exit_code == 2
