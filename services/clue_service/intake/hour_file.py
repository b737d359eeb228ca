"""A large obs_hour file read in parts: what is in memory does not grow with the file."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from services.clue_service.detection.peers import whole
from services.clue_service.intake.tables import RowError, checked, schema

PART_ROWS = 500_000
LARGE_ROWS = 3_000_000
"""A file with fewer rows is read whole: it is quicker, and may stand in any order."""
NAME = "obs_hour"


class HourFile:
    """The rows of a Parquet file whose outlets stand together; wrong rows are left out and named as they are met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scan = pl.scan_parquet(path)
        found = self._scan.collect_schema()
        self.columns = [*found.names(), *[name for name in schema(NAME) if name not in found]]
        self.height = int(self._scan.select(pl.len()).collect().item())
        self.errors: list[RowError] = []
        self.error_count = 0

    @staticmethod
    def fits(path: Path) -> bool:
        """Whether a file can be read in parts: it is large, typed as declared, and its outlets stand together."""
        if path.suffix != ".parquet":
            return False
        scan = pl.scan_parquet(path)
        found, wanted = scan.collect_schema(), schema(NAME)
        is_typed = all(found[name] == kind for name, kind in wanted.items() if name in found)
        rows = int(scan.select(pl.len()).collect().item())
        return "outlet_id" in found and is_typed and rows >= LARGE_ROWS and _stand_together(scan, rows)

    def whole(self) -> dict[str, pl.DataFrame]:
        """Return what the rules ask of the whole table."""
        return whole(self._scan)

    def parts(self) -> Iterator[pl.DataFrame]:
        """Give the rows of some outlets at a time, checked; the last outlet of a slice waits for the next one."""
        waiting: list[pl.DataFrame] = []
        began = 0
        for first in range(0, self.height, PART_ROWS):
            rows = self._scan.slice(first, PART_ROWS).collect()
            # Rows of one outlet stand together, so the last one's are the tail.
            rest = int(rows["outlet_id"].eq_missing(rows["outlet_id"].tail(1)).sum())
            if rest < rows.height:
                yield self._checked(pl.concat([*waiting, rows.head(-rest)]), began)
                waiting, began = [], first + rows.height - rest
            waiting.append(rows.tail(rest))
        if waiting:
            yield self._checked(pl.concat(waiting), began)

    def _checked(self, rows: pl.DataFrame, before: int) -> pl.DataFrame:
        read = checked(NAME, self._path.name, rows, before)
        self.error_count += read.error_count
        self.errors += read.errors
        return read.frame


def _stand_together(scan: pl.LazyFrame, rows: int) -> bool:
    """Whether no outlet's rows are interrupted by another's."""
    seen: set[str | None] = set()
    current: str | None = None
    for first in range(0, rows, 4 * PART_ROWS):
        column = scan.select("outlet_id").slice(first, 4 * PART_ROWS).collect().to_series()
        for outlet in column.rle().struct.field("value").to_list():
            if outlet == current:
                continue
            if outlet in seen:
                return False
            seen.add(outlet)
            current = outlet
    return True
