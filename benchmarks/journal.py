"""Journal: verifying whole chains against hashing the same canonical bytes, in one run. Target: at least 0.3."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.clock import ZONE, new_id
from shared.identity import Principal
from shared.records.journal import Fact, entry_values
from shared.records.verifying import Stored, verify

SUBJECTS, ENTRIES = 40, 25  # verification streams a thousand rows at a time
ROUNDS, TARGET = 200, 0.3
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)
CLOCK = {"clock": "01a07961-1280-7000-81a7-06b349eb9ea2", "term": "police_filing_decision", "what": "started"}
CLOCKS = (CLOCK | {"party": "psb-320500", "due_at": "2026-09-11T00:00:00+08:00"},)
DATA = {
    "case_ref": "case:01a07961-1280-7064-a66a-7a7ed1631679",
    "title": "示例化工有限公司非法倾倒危险废物案",
    "receipt_number": "苏公受〔2026〕1号",
    "accepted_at": "2026-09-08T10:30:00+08:00",
    "facts": {"hazardous_waste_mass": {"value": 5.2, "unit": "tonne", "evidence": ["01a07961-1280-7064"]}},
}


def chains() -> list[Stored]:
    """Return the rows of many chains as a database gives them, in the order of subject and number."""
    by = Principal("eea-320500", "ecological_environment_authority", "zhang", frozenset({"liaison"}), "张甲（办案）")
    rows = []
    for number in range(SUBJECTS):
        subject, prev, journey = f"referral:{number:08d}-1280-7000-81a7-06b349eb9ea2", "", new_id(NOW)
        for place in range(1, ENTRIES + 1):
            fact = Fact("referral.received", DATA, "record_receipt", "handed_over", "accepted", CLOCKS, "police")
            now = NOW + timedelta(minutes=place)
            entry = entry_values(subject, place, prev, fact, journey_id=journey, by=by, now=now)
            prev = entry["hash"]
            names = ("subject", "seq", "prev", "hash", "body", "type", "agency", "actor", "journey_id", "at")
            as_read = {name: entry[name] for name in names} | {
                "at": now.astimezone(UTC),
                "body": entry["body"].encode(),
            }
            rows.append(Stored(**as_read))
    return rows


def best(work: Callable[[], object]) -> float:
    """The best of a few runs, in seconds."""
    found = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        found = min(found, time.perf_counter() - begun)
    return found


def measure() -> dict[str, float]:
    """Entries a second and the ratio; a chain that does not hold stops the run."""
    rows = chains()
    count, broken = verify(rows)
    assert count == len(rows)
    assert not broken
    bodies = [row.body for row in rows]

    def hashed() -> None:
        for body in bodies:
            hashlib.sha256(body).hexdigest()

    raw, ours = best(hashed), best(lambda: verify(rows))
    return {
        "bytes an entry": sum(map(len, bodies)) / len(bodies),
        "hashed, entries/s": len(rows) / raw,
        "verified, entries/s": len(rows) / ours,
        "ratio": raw / ours,
    }


def main() -> None:
    """Print the figures and whether the target is reached."""
    figures = measure()
    for name, value in figures.items():
        print(f"{name:32} {value:14.2f}")
    print(f"verification: {figures['ratio']:.2f} of hashing the same bytes, target {TARGET}")


if __name__ == "__main__":
    main()
