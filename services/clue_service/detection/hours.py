"""The table obs_hour, some outlets at a time: held in memory, or read from a file that is too large to be held."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl

from services.clue_service.detection.peers import whole

BATCH_ROWS = 500_000


class Hours(Protocol):
    """Hourly rows whose outlets come whole, one part after another."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns."""

    @property
    def height(self) -> int:
        """The number of rows."""

    def parts(self) -> Iterator[pl.DataFrame]:
        """Rows of some outlets at a time; no outlet comes in two parts."""

    def whole(self) -> dict[str, pl.DataFrame]:
        """What the rules ask of the whole table (peers.whole)."""


class InMemory:
    """Rows that are held."""

    def __init__(self, observations: pl.DataFrame) -> None:
        in_order = "outlet_id" not in observations.columns or observations["outlet_id"].is_sorted()
        self._rows = observations if in_order else observations.sort("outlet_id", maintain_order=True)
        self.columns = self._rows.columns
        self.height = self._rows.height

    def whole(self) -> dict[str, pl.DataFrame]:
        """Return what the rules ask of the whole table."""
        return whole(self._rows.lazy())

    def parts(self) -> Iterator[pl.DataFrame]:
        """Give the rows of some outlets at a time."""
        first = 0
        end = 0
        for count in self._rows["outlet_id"].rle().struct.field("len").to_list():
            end += count
            if end - first >= BATCH_ROWS:
                yield self._rows.slice(first, end - first)
                first = end
        if first < self.height:
            yield self._rows.slice(first)
