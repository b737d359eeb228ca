"""The columnar store of hourly observations: one Parquet file per outlet and month, written whole or not at all."""

import fcntl
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import polars as pl

from services.clue_service.intake.tables import schema
from shared.clock import ZONE

KEY = ("outlet_id", "pollutant", "ts")
# A row that states none of these is a companion (power, marks): it completes a measurement and never replaces one.
MEASURED = ("value", "zs_value", "flag", "valid_min")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, by its number in what was handed in (from 1), and why."""

    row: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Append:
    """What became of an append: rows new or completed, rows already there, rows whose values changed, rows refused.

    `revised` lists outlet, pollutant and hour of each changed row with old and new value; a change after the fact is
    itself a sign worth looking at (see R04).
    """

    stored: int
    duplicates: int
    revised: pl.DataFrame
    refused: tuple[Refusal, ...]


class SeriesStore:
    """Hourly rows in the columns of obs_hour. One writer at a time (a lock file), any number of readers.

    Readers see each file either before or after an append: files are replaced in one step and never edited.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = schema("obs_hour")
        self._values = [name for name in self._schema if name not in KEY]
        self._revision_schema = {**self._schema, "new_value": pl.Float64(), "replaced_at": pl.Datetime("us")}

    def append(self, rows: pl.DataFrame, *, now: datetime) -> Append:
        """Store rows durably. `now` is aware; hours that begin after it are refused.

        Same key and same values: a duplicate, ignored. Same key and other values: the later row wins, the old one is
        kept under revisions. An append that was cut short may be repeated: what was stored counts as duplicate.
        """
        taken, refused = self._checked(rows, now)
        single = taken.unique(KEY, keep="last", maintain_order=True)
        stored, duplicates = 0, taken.height - single.height
        revised = [pl.DataFrame(schema=self._revision_schema)]
        months = single.with_columns(_month=pl.col("ts").dt.strftime("%Y-%m"))
        with one_writer(self._folder):
            for (outlet, month), part in months.partition_by("outlet_id", "_month", as_dict=True).items():
                merged = self._merge(str(outlet), str(month), part.drop("_month"), now)
                stored += merged[0]
                duplicates += merged[1]
                revised.append(merged[2])
        return Append(stored, duplicates, pl.concat(revised), refused)

    def read(
        self, outlets: Iterable[str] | None = None, begin: datetime | None = None, end: datetime | None = None
    ) -> pl.DataFrame:
        """Rows with begin <= ts < end (aware, or naive local), sorted by outlet, pollutant, hour."""
        folders = sorted(self._folder.glob("series/*")) if outlets is None else [self._home(one) for one in outlets]
        low, high = (None if one is None else _local(one) for one in (begin, end))
        parts = [pl.DataFrame(schema=self._schema)]
        for path in (path for folder in folders for path in sorted(folder.glob("????-??.parquet"))):
            month = path.stem
            if (low and month < f"{low:%Y-%m}") or (high and month > f"{high:%Y-%m}"):
                continue
            parts.append(load_whole(path))
        found = pl.concat(parts)
        if low is not None:
            found = found.filter(pl.col("ts") >= low)
        if high is not None:
            found = found.filter(pl.col("ts") < high)
        return found.sort(KEY)

    def revisions(self, outlet: str) -> pl.DataFrame:
        """Rows of an outlet that were replaced, with the new value and the local time they were replaced."""
        paths = sorted(self._home(outlet, "revisions").glob("????-??.parquet"))
        return pl.concat([pl.DataFrame(schema=self._revision_schema), *map(load_whole, paths)])

    def _home(self, outlet: str, kind: str = "series") -> Path:
        return self._folder / kind / safe_name(outlet)

    def _checked(self, rows: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, tuple[Refusal, ...]]:
        """Bring rows to the declared columns, NaN to null; set aside rows without key and rows of the future."""
        missing = [pl.lit(None, kind).alias(name) for name, kind in self._schema.items() if name not in rows.columns]
        typed = rows.with_columns(missing).select([pl.col(name).cast(kind) for name, kind in self._schema.items()])
        numbers = [name for name, kind in self._schema.items() if kind == pl.Float64()]
        typed = typed.with_columns(pl.when(pl.col(numbers).is_finite()).then(pl.col(numbers)))
        keyless = typed.select(pl.any_horizontal(pl.col(KEY).is_null())).to_series()
        future = (typed["ts"] > _local(now)).fill_null(False) & ~keyless
        refused = [
            Refusal(index + 1, "缺少排口、污染物或时间", "outlet, pollutant or time missing")
            for index in keyless.arg_true()
        ]
        refused += [Refusal(index + 1, "时间在将来", "the time lies in the future") for index in future.arg_true()]
        return typed.filter(~(keyless | future)), tuple(sorted(refused, key=lambda one: one.row))

    def _merge(self, outlet: str, month: str, part: pl.DataFrame, now: datetime) -> tuple[int, int, pl.DataFrame]:
        """Merge one outlet's month; gives rows stored, rows already there, and the rows that were replaced."""
        path = self._home(outlet) / f"{month}.parquet"
        old = load_whole(path) if path.exists() else pl.DataFrame(schema=self._schema)
        both = part.join(old.with_columns(_old=True), on=KEY, how="left", suffix="_old", maintain_order="left")
        states = pl.any_horizontal(pl.col(MEASURED).is_not_null())
        merged = both.select(
            *KEY,
            *[self._merged(name, states) for name in self._values],
            *[pl.col(f"{name}_old") for name in self._values],
            "_old",
        )
        differs = [pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in self._values]
        conflicts = [differs[index] & pl.col(f"{name}_old").is_not_null() for index, name in enumerate(self._values)]
        found = pl.col("_old").fill_null(False)
        marked = merged.with_columns(
            _same=found & ~pl.any_horizontal(differs), _clash=found & pl.any_horizontal(conflicts)
        )
        fresh = marked.filter(~pl.col("_same"))
        replaced = self._replaced(fresh.filter("_clash"), now)
        if not fresh.is_empty():
            if not replaced.is_empty():
                # Old values first: a stop between the two writes keeps one too many, never loses one.
                self._keep(outlet, month, replaced)
            rows = fresh.select(list(self._schema))
            write_whole(pl.concat([old.join(rows, on=KEY, how="anti"), rows]).sort(KEY), path)
        return fresh.height - replaced.height, marked.height - fresh.height, replaced

    def _merged(self, name: str, states: pl.Expr) -> pl.Expr:
        if name in MEASURED:
            return pl.when(states).then(pl.col(name)).otherwise(pl.col(f"{name}_old")).alias(name)
        return pl.coalesce(name, f"{name}_old").alias(name)

    def _replaced(self, clashes: pl.DataFrame, now: datetime) -> pl.DataFrame:
        olds = [pl.col(f"{name}_old").alias(name) for name in self._values]
        stamped = clashes.select(
            *KEY, *olds, pl.col("value").alias("new_value"), pl.lit(_local(now)).alias("replaced_at")
        )
        return stamped.select([pl.col(name).cast(kind) for name, kind in self._revision_schema.items()])

    def _keep(self, outlet: str, month: str, replaced: pl.DataFrame) -> None:
        path = self._home(outlet, "revisions") / f"{month}.parquet"
        write_whole(pl.concat([load_whole(path), replaced]) if path.exists() else replaced, path)


def safe_name(outlet: str) -> str:
    """A file name for any outlet id: readable where it can be, never leaving its folder, never two ids alike."""
    name = quote(outlet, safe="").replace(".", "%2E")
    return name if 0 < len(name) <= 120 else "sha256-" + hashlib.sha256(outlet.encode()).hexdigest()


def _local(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(ZONE).replace(tzinfo=None)


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Hold a folder's lock file: one writer at a time, whatever process it is in."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load_whole(path: Path) -> pl.DataFrame:
    """Return a file's rows as they are at this moment."""
    # Read whole before parsing: a file replaced in between is then read as it was.
    return pl.read_parquet(io.BytesIO(path.read_bytes()))


def write_whole(frame: pl.DataFrame, path: Path) -> None:
    """Write a file durably, whole or not at all. The caller holds the lock of its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob("*.part"):
        left.unlink()  # a writer that was killed; the lock says nobody else is writing here
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        frame.write_parquet(file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    for folder in (path.parent, path.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
