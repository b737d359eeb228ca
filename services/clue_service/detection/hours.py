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

    def __init__(self, observations: pl.DataFrame, outlets: pl.DataFrame | None = None) -> None:
        self._outlets = outlets
        in_order = "outlet_id" not in observations.columns or observations["outlet_id"].is_sorted()
        self._rows = observations if in_order else observations.sort("outlet_id", maintain_order=True)
        self.columns = self._rows.columns
        self.height = self._rows.height

    def whole(self) -> dict[str, pl.DataFrame]:
        """Return what the rules ask of the whole table."""
        return whole(self._rows.lazy())

    def parts(self) -> Iterator[pl.DataFrame]:
        """Give the rows of some outlets at a time; the outlets of one enterprise come together."""
        for spans in _spans(self._rows["outlet_id"], self._outlets):
            parts = [self._rows.slice(first, count) for first, count in spans]
            yield pl.concat(parts, rechunk=True) if len(parts) > 1 else parts[0]


def _spans(names: pl.Series, outlets: pl.DataFrame | None) -> Iterator[list[tuple[int, int]]]:
    """For each batch the rows (first, count) it takes, in order. The outlets of one enterprise are never parted.

    What tells a dead line from a choice is whether the neighbours fell silent too.
    """
    owners: dict[str, str] = {}
    if outlets is not None and "enterprise_id" in outlets.columns:
        owners = dict(outlets.select("outlet_id", "enterprise_id").drop_nulls().iter_rows())
    groups: dict[tuple[str, str], list[tuple[int, int]]] = {}
    first = 0
    for name, count in zip(*names.rle().struct.unnest().select("value", "len").get_columns(), strict=True):
        owner = ("enterprise", owners[name]) if name in owners else ("outlet", name)
        groups.setdefault(owner, []).append((first, count))
        first += count
    batch: list[tuple[int, int]] = []
    for group in groups.values():
        batch += group
        if sum(count for _, count in batch) >= BATCH_ROWS:
            yield _joined(batch)
            batch = []
    if batch:
        yield _joined(batch)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same rows in order, with spans that touch made one."""
    out: list[tuple[int, int]] = []
    for first, count in sorted(spans):
        if out and sum(out[-1]) == first:
            out[-1] = (out[-1][0], out[-1][1] + count)
        else:
            out.append((first, count))
    return out
