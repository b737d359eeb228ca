"""HJ 212 decoding against splitting the same bytes with bytes.split; prints one JSON object."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime

from services.clue_service.intake.checksum import checksum
from services.clue_service.intake.hj212 import decode, encode
from shared.clock import ZONE

TARGET = 0.2
ROUNDS = 15
GAS = ("a21026", "a21002", "a34013", "a19001", "a01011", "a01012", "a01013", "a01014", "a00000")
FIELDS = ("Cou", "Min", "Avg", "Max", "ZsMin", "ZsAvg", "ZsMax")


def frames(count: int) -> list[bytes]:
    """Hour frames as a stack's logger sends them: nine factors, eight sub-fields each."""
    start = datetime(2026, 9, 1, tzinfo=ZONE)
    out = []
    for number in range(count):
        area = ";".join(
            ",".join(f"{code}-{name}={(number * 7 + place) % 1000 / 10:.3f}" for place, name in enumerate(FIELDS))
            + f",{code}-Flag=N"
            for code in GAS
        )
        head = f"QN=20260901{number % 24:02d}0203004;ST=31;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=5"
        out.append(encode(f"{head};CP=&&DataTime={start:%Y%m%d%H%M%S};{area}&&"))
    return out


def split(raw: bytes) -> None:
    """The least a reader can do: every item, every field, name from value."""
    for item in raw.split(b";"):
        for pair in item.split(b","):
            pair.split(b"=")


def bitwise(raw: bytes) -> int:
    """The checksum as the standard writes it, eight rounds a byte."""
    register = 0xFFFF
    for byte in raw:
        register = (register >> 8) ^ byte
        for _ in range(8):
            lowest = register & 1
            register >>= 1
            if lowest:
                register ^= 0xA001
    return register


def seconds(work: Callable[[bytes], object], raws: list[bytes]) -> float:
    began = time.perf_counter()
    for raw in raws:
        work(raw)
    return time.perf_counter() - began


def measure(count: int = 2_000) -> dict[str, float | str | bool]:
    """Run the rounds interleaved, so that a busy machine slows all of them; judge the median ratio."""
    raws = frames(count)
    size = sum(map(len, raws))
    ratios, speeds = [], []
    for _ in range(ROUNDS):
        ours, limit = seconds(decode, raws), seconds(split, raws)
        ratios.append(limit / ours)
        speeds.append(len(raws) / ours)
    few = raws[: max(1, len(raws) // 50)]
    ratio = statistics.median(ratios)
    return {
        "benchmark": "hj212 decode",
        "frames": len(raws),
        "bytes_per_frame": size // len(raws),
        "ratio_to_split": round(ratio, 3),
        "target": TARGET,
        "frames_per_second": round(statistics.median(speeds)),
        "met": ratio >= TARGET,
        "checksum_times_faster_than_bitwise": round(seconds(bitwise, few) / seconds(checksum, few), 1),
    }


def main() -> int:
    """Print the figures; a number given on the command line says over how many frames."""
    given = [int(word) for word in sys.argv[1:] if word.isdigit()]
    result = measure(*given[:1])
    print(json.dumps(result))
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
