"""One new hour of every outlet, judged as the worker does, against a run over the whole year. Target: at most 2 %.

The worker reads the months before an hour that changed (running.LOOK_BACK, LOOK_AHEAD) and judges the episodes that
hour can still decide. Outlets: BENCH_OUTLETS, 200 unless said; the share does not depend on their number.
"""

import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.hourly import START, write_tables
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import run
from services.clue_service.detection.running import LOOK_AHEAD, LOOK_BACK
from services.clue_service.intake.tables import read_folder

OUTLETS, HOURS, TARGET = int(os.environ.get("BENCH_OUTLETS", "200")), 8760, 0.02


def measure() -> dict[str, float]:
    """Return the figures of one run."""
    with tempfile.TemporaryDirectory() as place:
        write_tables(Path(place), OUTLETS, HOURS)
        tables = {name: table.frame for name, table in read_folder(Path(place)).items()}
    rules, hours = current(load()), tables["obs_hour"]
    newest = START + timedelta(hours=HOURS - 1)
    began = time.perf_counter()
    run(tables, rules)
    full = time.perf_counter() - began
    began = time.perf_counter()
    near = hours.filter(pl.col("ts") >= newest - LOOK_AHEAD - LOOK_BACK)
    run({**tables, "obs_hour": near}, rules)
    hour = time.perf_counter() - began
    return {"outlets": float(OUTLETS), "full_seconds": full, "hour_seconds": hour, "share": hour / full}


def main() -> None:
    """Print the figures with the target."""
    found = measure()
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:16} {value:,.3f}")
    print(f"target: share at most {TARGET:g}")


if __name__ == "__main__":
    main()
