"""Imported tables beside the hourly series: one Parquet file per table and bureau, later rows replacing earlier."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from services.clue_service.intake.series import load_whole, one_writer, safe_name, write_whole
from services.clue_service.intake.tables import declared
from shared.records.room import Room


class KeptTables:
    """The tables the rules read besides obs_hour. One writer at a time, any number of readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, table: str, agency: str, rows: pl.DataFrame) -> tuple[int, int]:
        """Store a bureau's rows durably; returns how many are new or changed, and how many were there already.

        Where a key stands once only, the later row wins; where several rows may share a key, every row stands once.
        """
        key, _ = declared()[table]
        path = self._path(table, agency)
        with one_writer(self._folder):
            old = load_whole(path) if path.exists() else rows.clear()
            both = pl.concat([old, rows], how="diagonal_relaxed")
            distinct = both.unique(maintain_order=True)
            merged = distinct if key.may_repeat else distinct.unique(key.columns, keep="last", maintain_order=True)
            stored = distinct.height - old.height
            if stored:
                write_whole(merged, path)
        return stored, rows.height - stored

    def read(self, table: str, agencies: Iterable[str]) -> pl.DataFrame | None:
        """Return what bureaus imported into a table, in the order of `agencies`; None when nothing was."""
        paths = [path for path in (self._path(table, one) for one in agencies) if path.exists()]
        return pl.concat([load_whole(path) for path in paths], how="diagonal_relaxed") if paths else None

    def _path(self, table: str, agency: str) -> Path:
        return self._folder / table / f"{safe_name(agency)}.parquet"


def kept_tables(room: Room) -> KeptTables:
    """Return the store of a room's imported tables."""
    return KeptTables(room.settings.folder / "tables")
