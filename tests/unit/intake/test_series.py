"""The columnar store: whole files or none, later rows win, nothing lost."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from services.clue_service.intake.series import SeriesStore, safe_name

NOW = datetime(2026, 10, 1, tzinfo=UTC)
START = pl.datetime(2026, 8, 31, 20)


def rows(count: int = 10, *, outlet: str = "O1", pollutant: str = "NOx", add: float = 0.0) -> pl.DataFrame:
    return pl.select(
        outlet_id=pl.lit(outlet),
        ts=pl.datetime_range(START, START + pl.duration(hours=count - 1), "1h"),
        pollutant=pl.lit(pollutant),
    ).with_columns(value=pl.int_range(count).cast(pl.Float64) + add, flag=pl.lit("N"))


@pytest.fixture
def store(tmp_path):
    return SeriesStore(tmp_path / "store")


class TestAppend:
    def test_sorted_over_months_and_outlets(self, store):
        mixed = pl.concat([rows(outlet="O2"), rows(pollutant="SO2"), rows()]).sample(fraction=1, shuffle=True, seed=1)
        assert store.append(mixed, now=NOW).stored == 30
        found = store.read()
        assert found.select("outlet_id", "pollutant", "ts").equals(
            found.select("outlet_id", "pollutant", "ts").sort("outlet_id", "pollutant", "ts")
        )
        assert found.height == 30
        begin = datetime(2026, 9, 1)  # noqa: DTZ001  the tables hold local wall time
        assert store.read(["O1"], begin).height == 12
        assert store.read(["O1"], None, begin).height == 8
        assert store.read(["O3"]).is_empty()

    def test_same_rows_are_duplicates(self, store):
        store.append(rows(), now=NOW)
        again = store.append(rows(), now=NOW)
        assert (again.stored, again.duplicates, again.revised.height) == (0, 10, 0)
        twice = store.append(pl.concat([rows(11), rows(11)]), now=NOW)
        assert (twice.stored, twice.duplicates) == (1, 21)

    def test_other_values_win_and_the_old_ones_are_kept_and_reported(self, store):
        store.append(rows(), now=NOW)
        changed = store.append(rows(2, add=0.5), now=NOW)
        assert (changed.stored, changed.duplicates) == (0, 0)
        assert changed.revised.select("value", "new_value").rows() == [(0.0, 0.5), (1.0, 1.5)]
        assert store.read()["value"].to_list()[:3] == [0.5, 1.5, 2.0]
        store.append(rows(1, add=0.7), now=NOW)
        assert store.revisions("O1").select("value", "new_value").rows() == [(0.0, 0.5), (1.0, 1.5), (0.5, 0.7)]

    def test_companion_rows_complete_and_do_not_revise(self, store):
        store.append(rows(3), now=NOW)
        power = rows(3).select("outlet_id", "ts", "pollutant", production_kw=pl.lit(80.0))
        filled = store.append(power, now=NOW)
        assert (filled.stored, filled.revised.height) == (3, 0)
        assert store.read().select("value", "production_kw", "flag").rows()[1] == (1.0, 80.0, "N")

    def test_withdrawn_value_is_a_revision(self, store):
        store.append(rows(1), now=NOW)
        lost = rows(1).with_columns(value=pl.lit(None, pl.Float64), flag=pl.lit("B"))
        assert store.append(lost, now=NOW).revised.height == 1
        assert store.read().select("value", "flag").rows() == [(None, "B")]

    def test_nan_becomes_null_and_future_and_keyless_rows_are_refused(self, store):
        odd = rows(4).with_columns(value=pl.Series([float("nan"), float("inf"), 1.0, 2.0]))
        odd = odd.with_columns(
            ts=pl.when(pl.int_range(4) == 2).then(pl.datetime(2026, 10, 1, 9)).otherwise("ts"),
            pollutant=pl.when(pl.int_range(4) < 3).then("pollutant"),
        )
        done = store.append(odd, now=NOW)
        assert [(one.row, bool(one.zh and one.en)) for one in done.refused] == [(3, True), (4, True)]
        assert store.read()["value"].to_list() == [None, None]

    @pytest.mark.parametrize("outlet", ["../../etc/x", "..", ".", "排口 1", "a" * 500, "o/1", "O%2F1", "a\x00b"])
    def test_any_outlet_name_stays_in_its_folder(self, store, tmp_path, outlet):
        store.append(rows(outlet=outlet), now=NOW)
        assert store.read([outlet])["outlet_id"].unique().to_list() == [outlet]
        assert {path.name for path in tmp_path.iterdir()} == {"store"}

    def test_different_names_never_share_a_file(self):
        names = ["O/1", "O%2F1", "O.1", "O%2E1", "o/1", "a" * 121, "a" * 122]
        assert len({safe_name(name) for name in names}) == len(names)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, {root!r})
from services.clue_service.intake.series import SeriesStore
from tests.unit.intake.test_series import rows
store = SeriesStore(Path({folder!r}))
for turn in range(10_000):
    store.append(rows(40, add=turn), now=datetime(2026, 10, 1, tzinfo=UTC))
    print(turn, flush=True)
"""


def test_killed_writer_leaves_whole_files_and_readers_never_see_half_ones(tmp_path):
    folder = tmp_path / "store"
    script = WRITER.format(root=os.getcwd(), folder=str(folder))
    for pause in (0.0, 0.004, 0.011):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            turns = [int(writer.stdout.readline()) for _ in range(3)]
            store = SeriesStore(folder)
            seen = {round(store.read()["value"][0]) for _ in range(5)}
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split()
        assert max(seen) >= turns[-1]
        acknowledged = int(rest[-1]) if rest else turns[-1]
        found = store.read()
        assert found.height == 40
        # Every month's file is of one append, at least the last that was acknowledged; the lock died with its holder.
        for _, month in found.group_by(pl.col("ts").dt.month()):
            gaps = month.sort("ts")["value"].diff().drop_nulls().unique().to_list()
            assert gaps == [1.0]
        assert min(found["value"].to_list()) >= acknowledged
        done = store.append(rows(40, add=0.0), now=NOW + timedelta(seconds=1))
        assert done.revised.height == 40
        assert not list(folder.rglob("*.part"))
