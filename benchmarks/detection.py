"""All rules over 1,000 outlets, a year, 3 pollutants, against a bare scan of the same Parquet and plain pandas.

Targets: at most 20 scans, under 1 GB; at least 10 times as fast as pandas for the steep drop and the constant value.
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
import json, resource, sys, time
began = time.perf_counter()
from scripts.detect_cli import app
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": time.perf_counter() - began, "mb": used}), file=sys.stderr)
"""
PLAIN = """
import sys, time
import pandas as pd
began = time.perf_counter()
rows = pd.read_parquet(sys.argv[1], columns=["outlet_id", "pollutant", "ts", "value", "production_kw", "flow"])
rows = rows.sort_values(["outlet_id", "pollutant", "ts"])
def of(one):
    before = one["value"].rolling(24, min_periods=18).median().shift(1)
    after = one["value"].rolling(8, min_periods=6).median().shift(-7)
    load = one["production_kw"].rolling(24, min_periods=18).median().shift(1)
    band = one["value"].rolling(10).max() - one["value"].rolling(10).min()
    usual = band.rolling(336, min_periods=252).median().shift(10)
    return ((after / before <= 0.52) & (one["production_kw"] / load >= 0.8) | (band <= 0.18 * usual)).sum()
found = sum(int(of(one)) for _, one in rows.groupby(["outlet_id", "pollutant"], sort=False))
print(time.perf_counter() - began)
"""
PANDAS_OUTLETS = 100


def scan(path: Path) -> float:
    """Seconds to read every column of a file once."""
    began = time.perf_counter()
    pl.scan_parquet(path).select(pl.all().null_count()).collect(engine="streaming")
    return time.perf_counter() - began


def detected(folder: Path, *rules: str) -> dict[str, float]:
    """Seconds and megabytes of one whole run of the command."""
    named = [word for rule in rules for word in ("--rule", rule)]
    command = [sys.executable, "-c", MEASURED, "--input", str(folder), "--output", str(folder / "hits.jsonl"), *named]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stderr.strip().splitlines()[-1])
    return found


def pandas_seconds(path: Path) -> float | None:
    """Seconds of the plain version, where pandas and pyarrow are installed; it is no dependency of the project."""
    done = subprocess.run([sys.executable, "-c", PLAIN, str(path)], check=False, capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


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
        ours, plain = detected(small, "R01", "R14"), pandas_seconds(small / "obs_hour.parquet")
    return {
        "rows": float(OUTLETS * HOURS * 3),
        "scan_seconds": bare,
        "seconds": run["seconds"],
        "scans": run["seconds"] / bare,
        "mb": run["mb"],
        "two_rules_seconds": ours["seconds"],
        "pandas_seconds": plain,
        "times_pandas": None if plain is None else plain / ours["seconds"],
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
