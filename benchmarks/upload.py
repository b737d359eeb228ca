"""Evidence upload, 1 GB over HTTP, against hashing and writing the same bytes raw; with the server's peak memory."""

import hashlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.create_clue import BY, body
from shared.clock import system_now
from shared.config import Settings
from shared.identity import assertion
from shared.records import migrations

MIB = 1024 * 1024
SIZE = 1024 * MIB
ROUNDS, TARGET = 3, 0.65
TARGET_GROWTH_MIB = 64
MP4 = bytes.fromhex("00000018667479706d703432000000006d70343269736f6d")
"""How a video begins."""
PIECES = [os.urandom(MIB) for _ in range(16)]


def content(turn: int) -> Iterator[bytes]:
    """The bytes of one upload, other bytes each turn, so that none is stored already."""
    yield MP4 + turn.to_bytes(8, "big") + bytes(MIB - len(MP4) - 8)
    for number in range(1, SIZE // MIB):
        yield PIECES[number % len(PIECES)]


def raw(folder: Path, turn: int) -> float:
    """Seconds to hash and write the bytes one after the other, kept durably."""
    path, digest = folder / f"raw-{turn}", hashlib.sha256()
    begun = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for piece in content(turn):
            digest.update(piece)
            file.write(piece)
        os.fsync(file.fileno())
    spent = time.perf_counter() - begun
    path.unlink()
    return spent


@contextmanager
def served(folder: Path) -> Iterator[tuple[Settings, int]]:
    """The clue room in a process of its own, as it is run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(folder=folder, clue_url=f"http://127.0.0.1:{port}")
    migrations.upgrade("clue", settings.database_url("clue"))
    given = {"LIANQIN_FOLDER": str(folder), "LIANQIN_CLUE_URL": settings.clue_url}
    process = subprocess.Popen([sys.executable, "-m", "scripts.cli", "serve", "clue"], env={**os.environ, **given})
    try:
        _wait(settings.clue_url)
        yield settings, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/health", timeout=2)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the room did not start")


def headers(settings: Settings) -> dict[str, str]:
    """Who uploads."""
    return {"x-lianqin-identity": assertion(BY, secret=settings.internal_secret, now=system_now())}


def upload(settings: Settings, path: str, turn: int) -> float:
    """Seconds of one upload over a plain socket, from the first byte to the answer."""
    lines = {"Host": "bench", "Content-Length": str(SIZE), "Content-Type": "video/mp4", **headers(settings)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    target = f"{path}/evidence?document=crim_other&name=bench-{turn}.bin&details=%7B%7D"
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", int(settings.clue_url.rpartition(":")[2])), timeout=120) as line:
        line.sendall(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode())
        for piece in content(turn):
            line.sendall(piece)
        answer = line.recv(65536).decode()
    assert " 201 " in answer.splitlines()[0], answer
    return time.perf_counter() - begun


def memory_mib(pid: int, what: str) -> float:
    """Memory of a process in MiB: `VmHWM` at its peak, `VmRSS` now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith(f"{what}:"))
    return int(found.split()[1]) / 1024


def measure() -> dict[str, float]:
    """Seconds of each, in turns, the ratio of the medians, and how far memory rose over an idle server's."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name, served(Path(name)) as (settings, pid):
        made = httpx.post(f"{settings.clue_url}/v1/clues", json=body(1), headers=headers(settings))
        path = f"/v1/clues/{made.json()['id']}"
        idle = memory_mib(pid, "VmRSS")
        ours, limits = [], []
        for turn in range(1, ROUNDS + 1):
            limits.append(raw(Path(name), turn))
            ours.append(upload(settings, path, turn))
        peak = memory_mib(pid, "VmHWM")
    spent, limit = statistics.median(ours), statistics.median(limits)
    return {
        "ours, MB/s": SIZE / 1e6 / spent,
        "raw, MB/s": SIZE / 1e6 / limit,
        "of raw": limit / spent,
        "memory idle, MiB": idle,
        "memory peak, MiB": peak,
    }


def main() -> None:
    """Print the figures beside the targets."""
    for name, value in measure().items():
        print(f"{name:20} {value:10.2f}")
    print(f"targets: at least {TARGET} of raw, peak at most {TARGET_GROWTH_MIB} MiB above idle")


if __name__ == "__main__":
    main()
