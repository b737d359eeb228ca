"""Large files: flat memory, a cut line leaves nothing, past the limit nothing is kept. Over a real server process."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from shared.clock import system_now
from shared.config import Settings
from shared.identity import assertion
from shared.records import migrations
from tests.desk import officer
from tests.journeys import EEA
from tests.processes import free_ports

ROOT = Path(__file__).resolve().parents[3]
MIB = 1024 * 1024
MP4 = bytes.fromhex("00000018667479706d703432000000006d70343269736f6d")
SIZE = 300 * MIB
GROWTH_MIB = 48
"""What a server may grow by during an upload: far below the file, whatever the file's size."""
LIMIT = 310 * MIB


@contextmanager
def served(folder):
    """The clue room in a process of its own."""
    (port,) = free_ports(1)
    settings = Settings(folder=folder, clue_url=f"http://127.0.0.1:{port}", evidence_limit_bytes=LIMIT)
    migrations.upgrade("clue", settings.database_url("clue"))
    given = {"LIANQIN_FOLDER": str(folder), "LIANQIN_CLUE_URL": settings.clue_url, "LIANQIN_DATABASE_SERVER": ""}
    given["LIANQIN_EVIDENCE_LIMIT_BYTES"] = str(LIMIT)
    command = [sys.executable, "-m", "scripts.cli", "serve", "clue"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given})
    try:
        yield settings, process
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uploads")
    with served(folder) as (settings, process):
        for _ in range(300):
            try:
                httpx.get(f"{settings.clue_url}/health", timeout=2)
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.1)
        yield settings, process.pid


def who(settings):
    person = officer(EEA, "clue_officer", "case_officer")
    return {"x-lianqin-identity": assertion(person, secret=settings.internal_secret, now=system_now())}


@pytest.fixture
def clue(room):
    settings, _pid = room
    body = {
        "title": "t",
        "summary": "s",
        "enterprise_id": f"E{time.monotonic_ns()}",
        "enterprise_name": "n",
        "division": "320500",
        "discovered_at": "2026-01-05T09:00:00+08:00",
    }
    made = httpx.post(f"{settings.clue_url}/v1/clues", json=body, headers=who(settings))
    return f"{settings.clue_url}/v1/clues/{made.json()['id']}/evidence"


def pieces(size, mark=b"\x01"):
    yield MP4 + mark * (MIB - len(MP4))
    for _ in range(size // MIB - 1):
        yield mark * MIB


def upload(settings, clue, content, **extra):
    params = {"document": "crim_other", "name": "录像.mp4", **extra.pop("params", {})}
    headers = who(settings) | {"content-type": "video/mp4"} | extra.pop("headers", {})
    return httpx.post(clue, params=params, content=content, headers=headers, timeout=120, **extra)


def resident_mib(pid, what="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def arriving(settings):
    return list((settings.folder / "blobs" / "incoming").iterdir())


def held(settings, clue):
    return httpx.get(clue, headers=who(settings)).json()["items"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_300_mib_are_taken_and_opened_in_flat_memory(room, clue):
    settings, pid = room
    upload(settings, clue, pieces(MIB, b"\x02"))
    before = resident_mib(pid)
    made = upload(settings, clue, pieces(SIZE)).json()
    assert made["size"] == SIZE
    with httpx.stream("GET", f"{clue}/{made['id']}/content", headers=who(settings), timeout=120) as opened:
        assert sum(len(piece) for piece in opened.iter_bytes()) == SIZE
    assert resident_mib(pid, "VmHWM") - before < GROWTH_MIB


def test_a_line_that_breaks_leaves_nothing(room, clue):
    settings, _pid = room
    target = httpx.URL(clue, params={"document": "crim_other", "name": "a.mp4"})
    lines = {"Host": "x", "Content-Length": str(SIZE), "Content-Type": "video/mp4", **who(settings)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((target.host, target.port)) as line:
        line.sendall(f"POST {target.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode())
        for piece in pieces(30 * MIB, b"\x03"):
            line.sendall(piece)
        assert _becomes(lambda: bool(arriving(settings)))
    assert _becomes(lambda: not arriving(settings))
    assert held(settings, clue) == []


def test_another_hash_than_stated_leaves_nothing(room, clue):
    settings, _pid = room
    answer = upload(settings, clue, pieces(8 * MIB, b"\x04"), params={"sha256": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (409, "evidence-mismatch")
    assert arriving(settings) == []
    assert held(settings, clue) == []


def test_a_program_is_refused_at_its_first_bytes(room, clue):
    settings, _pid = room

    def program():
        yield b"MZ\x90\x00" + b"\x00" * (2 * MIB)
        yield from pieces(20 * MIB, b"\x00")

    try:
        answer = upload(settings, clue, program())
        assert (answer.status_code, answer.json()["code"]) == (415, "media-type-refused")
    except httpx.WriteError:
        pass  # the server answered and closed before the rest was sent
    assert arriving(settings) == []
    assert held(settings, clue) == []


def test_past_the_limit_leaves_nothing(room, clue):
    settings, _pid = room
    try:
        answer = upload(settings, clue, pieces(LIMIT + 8 * MIB, b"\x05"))
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    except httpx.WriteError:
        pass  # the server answered and closed before the rest was sent
    assert _becomes(lambda: not arriving(settings))
    assert held(settings, clue) == []


def _becomes(check):
    for _ in range(200):
        if check():
            return True
        time.sleep(0.05)
    return False
