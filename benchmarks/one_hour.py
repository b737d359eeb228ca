"""One new hour of 10,000 outlets, as the worker takes it, against a run over the whole year. Target: at most 2 %.

An hour that calls is judged at once, every other outlet once a day (rounds.due_at): one hour brings a twenty-fourth of
the outlets their round. An outlet's turn reads the months before (running.LOOK_BACK, LOOK_AHEAD). The year of 10,000
outlets is taken as ten times that of BENCH_OUTLETS (1,000 unless said); storing the hour itself is in neither.
"""

import json
import os
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.hourly import START, write_tables
from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import run
from services.clue_service.detection.models import DetectionRun
from services.clue_service.detection.rounds import ROUND, due_at, levels
from services.clue_service.detection.running import LOOK_AHEAD, LOOK_BACK
from services.clue_service.intake.hour_file import HourFile
from services.clue_service.intake.tables import file_of, read_table
from shared.clock import ZONE

OUTLETS, HOURS, TARGET = int(os.environ.get("BENCH_OUTLETS", "1000")), 8760, 0.02
ALL = 10_000
NEWEST = START + timedelta(hours=HOURS - 1)
TABLES = ("outlets", "limits", "work_orders", "weather")


def called(hours: pl.DataFrame) -> tuple[int, float]:
    """How many outlets the newest hour calls for at once, and the seconds it took to say so for all of them.

    They were judged half a day before.
    """
    before = NEWEST - timedelta(hours=12)
    known = levels(hours.filter(pl.col("ts") <= before))
    ran_at, now = (one.replace(tzinfo=ZONE) for one in (before + timedelta(hours=1), NEWEST + timedelta(hours=1)))
    rows = hours.filter(pl.col("ts") == NEWEST).partition_by("outlet_id", as_dict=True)
    runs = {
        outlet: DetectionRun(
            outlet_id=outlet, changes=2, seen=1, changed_from=None, ran_at=ran_at, looked_to=latest, levels=shown
        )
        for outlet, (latest, shown) in known.items()
    }
    began = time.perf_counter()
    moments = [due_at(runs[str(outlet)], some.iter_rows(named=True), now=now) for (outlet,), some in rows.items()]
    return sum(one <= now for one in moments), time.perf_counter() - began


def judged(tables: dict[str, pl.DataFrame], hours: pl.DataFrame) -> float:
    """Seconds to judge some outlets' turn and to note what they showed."""
    began = time.perf_counter()
    run({**tables, "obs_hour": hours}, current(load()))
    levels(hours)
    return time.perf_counter() - began


def _near(folder: Path, begin: datetime, outlets: int) -> pl.DataFrame:
    names = [f"DA{number:05d}" for number in range(outlets)]
    rows = pl.scan_parquet(folder / "obs_hour.parquet")
    return rows.filter(pl.col("outlet_id").is_in(names), pl.col("ts") >= begin).collect(engine="streaming")


def measure() -> dict[str, float]:
    """Return the figures of one run."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_tables(folder, OUTLETS, HOURS)
        paths = {name: file_of(folder, name) for name in TABLES}
        tables = {name: read_table(name, path).frame for name, path in paths.items() if path is not None}
        began = time.perf_counter()
        run(tables, current(load()), hours=HourFile.of(folder / "obs_hour.parquet"))
        full = (time.perf_counter() - began) * ALL / OUTLETS
        calls, seconds = called(_near(folder, NEWEST - timedelta(days=31), OUTLETS))
        turn = ALL / (ROUND / timedelta(hours=1)) + calls * ALL / OUTLETS
        asked = min(OUTLETS, round(turn))
        hour = judged(tables, _near(folder, NEWEST - LOOK_AHEAD - LOOK_BACK, asked)) * turn / asked
    hour += seconds * ALL / OUTLETS
    return {
        "outlets": float(ALL),
        "called": calls * ALL / OUTLETS,
        "judged": turn,
        "full_seconds": full,
        "hour_seconds": hour,
        "share": hour / full,
    }


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
