"""A large obs_hour file read in parts: what is in memory does not grow with the file."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from errno import EIO
from pathlib import Path
from typing import Self

import polars as pl

from services.clue_service.detection.hours import Part, Run, Span, spans_among, spans_of
from services.clue_service.detection.peers import NEEDED, whole_of
from services.clue_service.intake.tables import RowError, checked, notes_on, schema

AT_ONCE = 250_000
LARGE_ROWS = 1_000_000
"""A file with fewer rows is read whole: it is quicker, and may stand in any order."""
NAME = "obs_hour"


class HourFile:
    """The rows of a Parquet file whose outlets stand together; wrong rows are left out and named as they are met."""

    def __init__(self, path: Path, runs: Sequence[Run]) -> None:
        self._path, self._runs = path, runs
        self._scan = pl.scan_parquet(path)
        found = self._scan.collect_schema()
        self.columns = [*found.names(), *[name for name in schema(NAME) if name not in found]]
        self.notes = notes_on(NAME, found.names())
        self.height = sum(count for _, count in runs)
        self.errors: list[RowError] = []
        self.error_count = 0

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Return a file that can be read in parts: it is large, typed as declared, and its outlets stand together."""
        if path.suffix != ".parquet" or not path.exists():
            return None
        scan = pl.scan_parquet(path)
        try:
            found, wanted = scan.collect_schema(), schema(NAME)
        except pl.exceptions.PolarsError:
            return None  # no Parquet file whatever its name: whoever reads it whole says so
        is_typed = all(found[name] == kind for name, kind in wanted.items() if name in found)
        rows = int(scan.select(pl.len()).collect().item())
        runs = _runs(path, rows) if "outlet_id" in found and is_typed and rows >= LARGE_ROWS else []
        names = [name for name, _ in runs]
        return cls(path, runs) if names and len(names) == len(set(names)) else None

    def whole(self) -> dict[str, pl.DataFrame]:
        """Return what the rules ask of the whole table."""
        known = [name for name in NEEDED if name in self._scan.collect_schema()]
        some = self._scan.select(known)
        # Few rows have a mark: only these are taken, whatever the size of the file.
        few = some.filter(pl.col("mark") != "") if "mark" in known else some.clear()
        span = self._scan.select(begins=pl.col("ts").min(), ends=pl.col("ts").max())
        marked, ends = (_collected(one, self._path) for one in (few, span))
        return whole_of(marked, ends, [name for name, _ in self._runs])

    def named(self, outlets: Collection[str]) -> pl.DataFrame:
        """Return the rows of some outlets."""
        return FilePiece(self._path, spans_among(self._runs, outlets)).read().rows

    def parts(self, outlets: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
        """Give the rows of some outlets at a time, checked."""
        for piece in self.pieces(outlets):
            part = piece.read()
            self.note(part)
            yield part.rows

    def shared(self) -> Self:
        """Return itself: whoever has the path can read it."""
        return self

    def pieces(self, outlets: pl.DataFrame | None) -> "list[FilePiece]":
        """Return the parts as whoever has the path can read them."""
        return [FilePiece(self._path, spans) for spans in spans_of(self._runs, outlets)]

    def note(self, part: Part) -> None:
        """Add up what was wrong in a part."""
        self.error_count += part.error_count
        self.errors += part.errors


@dataclass(frozen=True, slots=True)
class FilePiece:
    """Some spans of a file's rows."""

    path: Path
    spans: Sequence[Span]

    def read(self) -> Part:
        """Read and check them. Raises OSError."""
        scan = pl.scan_parquet(self.path)
        read = [(_collected(scan.slice(*span), self.path), span[0]) for span in self.spans]
        tables = [checked(NAME, self.path.name, rows, first) for rows, first in read]
        errors = tuple(error for table in tables for error in table.errors)
        rows = [one.frame for one in tables] or [pl.DataFrame(schema=schema(NAME))]
        return Part(pl.concat(rows, rechunk=True), errors, sum(one.error_count for one in tables))


def _collected(rows: pl.LazyFrame, path: Path) -> pl.DataFrame:
    """Rows of a file; one whose head reads well may be broken further on. Raises OSError naming the file.

    Each column comes in one piece: else whatever is asked of the rows would put its pieces together anew.
    """
    try:
        return rows.collect().rechunk()
    except pl.exceptions.PolarsError as broken:
        raise OSError(EIO, str(broken).partition("\n")[0], str(path)) from broken


def _runs(path: Path, rows: int) -> list[Run]:
    """The outlets in the order of the file, each with the number of rows that stand together."""
    runs: list[Run] = []
    outlets = pl.scan_parquet(path).select("outlet_id")
    for first in range(0, rows, AT_ONCE):
        column = _collected(outlets.slice(first, AT_ONCE), path).to_series()
        for outlet, count in column.rle().struct.unnest().select("value", "len").iter_rows():
            if runs and runs[-1][0] == outlet:
                runs[-1] = (outlet, runs[-1][1] + count)
            else:
                runs.append((outlet, count))
    return runs
