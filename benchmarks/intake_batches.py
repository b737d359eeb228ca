"""Clues by NDJSON batches of 1,000 against single posts over the same server, in one run. Target: at least 15 times."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks.create_clue import BY, body, rate, served
from services.clue_service.main import make
from services.clue_service.subjects import SUBJECTS
from shared.config import Settings
from shared.identity import assertion
from shared.records import migrations
from shared.starting import starting
from shared.web.assembly import make_room

LINES, ROUNDS, TARGET = 1_000, 3, 15.0


async def batched(url: str, token: str, first: int) -> float:
    """Clues per second of one batch; every line must become a clue."""
    lines = b"\n".join(json.dumps(body(number), ensure_ascii=False).encode() for number in range(first, first + LINES))
    headers = {"x-lianqin-identity": token, "content-type": "application/x-ndjson"}
    async with aiohttp.ClientSession(headers=headers) as session:
        began = time.perf_counter()
        async with session.post(f"{url}/v1/clues/batches", data=lines) as answer:
            assert answer.status == 200, await answer.text()
            told = await answer.json()
        seconds = time.perf_counter() - began
    assert told["received"] == LINES, told
    return LINES / seconds


def measure() -> dict[str, float]:
    """Return clues per second of both, in turns, and the ratio of the medians."""
    single, batches = [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder))
        migrations.upgrade("clue", settings.database_url("clue"))
        with starting():  # as `lianqin serve` does
            room = make_room("clue", SUBJECTS, settings)
            app = make(room)
        token = assertion(BY, secret=settings.internal_secret, now=room.clock())
        with served(app) as url:
            for turn in range(ROUNDS):
                single.append(asyncio.run(rate(f"{url}/v1/clues", token, turn * 100_000)))
                batches.append(asyncio.run(batched(url, token, 10_000_000 + turn * LINES)))
    ours, one = statistics.median(batches), statistics.median(single)
    return {"batches, clues/s": ours, "single, clues/s": one, "times": ours / one}


def main() -> None:
    """Print the figures with the target."""
    found = measure()
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {value:10.2f}")
    print(f"target: at least {TARGET:g} times")


if __name__ == "__main__":
    main()
