"""All rules over 1,000 outlets, a year, 3 pollutants, against a bare scan of the same Parquet and plain pandas.

Targets: at most 20 scans, under 1 GB; at least 10 times as fast as pandas for the steep drop and the constant value.
Memory is the most that the program and its processes held at one time.
Times are taken after the imports, of ours and of the others. Against pandas too after `pip install pandas pyarrow`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.hourly import write_tables

OUTLETS, HOURS = int(os.environ.get("BENCH_OUTLETS", "1000")), 8760
SCANS, MEMORY_MB, TIMES = 20.0, 1000, 10.0
MEASURED = """
import json, sys, time
from scripts.detect_cli import app
began = time.perf_counter()
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    print(json.dumps({"seconds": time.perf_counter() - began}), file=sys.stderr)
"""
PLAIN = Path(__file__).parent / "plain_pandas.py"
PLAIN_RULES = ("R01", "R14")
PANDAS_OUTLETS = 200


def scan(path: Path) -> float:
    """Seconds to read every column of a file once."""
    began = time.perf_counter()
    pl.scan_parquet(path).select(pl.all().null_count()).collect(engine="streaming")
    return time.perf_counter() - began


def detected(folder: Path, *rules: str) -> dict[str, float]:
    """Seconds of one whole run of the command, and the most megabytes it and its processes held at one time."""
    named = [word for rule in rules for word in ("--rule", rule)]
    command = [sys.executable, "-c", MEASURED, "--input", str(folder), "--output", str(folder / "hits.jsonl"), *named]
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            most = max(most, _held(running.pid))
            time.sleep(0.5)
        told = running.stderr.read() if running.stderr is not None else ""
    if running.returncode:
        raise RuntimeError(told)
    return {"seconds": json.loads(told.strip().splitlines()[-1])["seconds"], "mb": most / 1024}


def _held(process: int) -> int:
    """The kilobytes of memory of a process and its children, what they share counted once (Linux)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    except OSError:  # it has ended in between
        return 0
    own = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return own + sum(_held(int(child)) for child in children)


def plain(folder: Path) -> float | None:
    """Seconds of the plain version, where pandas and pyarrow are installed; it must find what our rules found."""
    done = subprocess.run([sys.executable, str(PLAIN), str(folder)], check=False, capture_output=True, text=True)
    if done.returncode:
        return None
    told = json.loads(done.stdout)
    hits = map(json.loads, (folder / "hits.jsonl").read_text(encoding="utf-8").splitlines())
    ours = {(hit["rule_id"], hit["entity_id"]) for hit in hits}
    assert ours == {(rule, outlet) for rule in PLAIN_RULES for outlet in told[rule]}, (ours, told)
    return float(told["seconds"])


def measure() -> dict[str, float | None]:
    """Return the figures of one run."""
    with tempfile.TemporaryDirectory() as place:
        folder, small = Path(place) / "whole", Path(place) / "small"
        write_tables(folder, OUTLETS, HOURS)
        write_tables(small, PANDAS_OUTLETS, HOURS)
        scans = [scan(folder / "obs_hour.parquet") for _ in range(3)]
        run = detected(folder)
        scans.append(scan(folder / "obs_hour.parquet"))
        bare = sorted(scans)[len(scans) // 2]
        ours, other = detected(small, *PLAIN_RULES), plain(small)
    return {
        "rows": float(OUTLETS * HOURS * 3),
        "scan_seconds": bare,
        "seconds": run["seconds"],
        "scans": run["seconds"] / bare,
        "mb": run["mb"],
        "two_rules_seconds": ours["seconds"],
        "pandas_seconds": other,
        "times_pandas": None if other is None else other / ours["seconds"],
    }


def main() -> None:
    """Print the figures with their targets; `--json` prints one object instead of lines."""
    found = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:20} {'not installed' if value is None else f'{value:,.2f}'}")
    print(f"targets: scans at most {SCANS:g}, mb under {MEMORY_MB}, times_pandas at least {TIMES:g}")


if __name__ == "__main__":
    main()
