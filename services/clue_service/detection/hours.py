"""The table obs_hour, some outlets at a time: held in memory, or read from a file that is too large to be held."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from services.clue_service.detection.peers import whole
from services.clue_service.intake.tables import RowError, without_nan

PART_ROWS = 390_000


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of some outlets as they were read, the first errors among them and how many there are."""

    rows: pl.DataFrame
    errors: tuple[RowError, ...] = ()
    error_count: int = 0


class Piece(Protocol):
    """Rows of some outlets that any process can read."""

    def read(self) -> Part:
        """Read and check them."""


class Shared(Protocol):
    """Hourly rows that other processes can read as well."""

    def pieces(self, outlets: pl.DataFrame | None) -> Sequence[Piece]:
        """The parts of `Hours.parts`, for whoever reads them."""

    def note(self, part: Part) -> None:
        """Add up what was wrong in a part that was read elsewhere."""


class Hours(Protocol):
    """Hourly rows whose outlets come whole, one part after another."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns."""

    @property
    def height(self) -> int:
        """The number of rows."""

    def parts(self, outlets: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
        """Rows of some outlets at a time; no outlet and no enterprise of the table `outlets` comes in two parts."""

    def shared(self) -> Shared | None:
        """The same for other processes; None where this one holds the rows."""

    def named(self, outlets: Collection[str]) -> pl.DataFrame:
        """The rows of some outlets."""

    def whole(self) -> dict[str, pl.DataFrame]:
        """What the rules ask of the whole table (peers.whole)."""


class InMemory:
    """Rows that are held."""

    def __init__(self, observations: pl.DataFrame) -> None:
        observations = without_nan(observations)
        in_order = "outlet_id" not in observations.columns or observations["outlet_id"].is_sorted()
        self._rows = observations if in_order else observations.sort("outlet_id", maintain_order=True)
        self.columns = self._rows.columns
        self.height = self._rows.height

    def shared(self) -> None:
        """Return nothing: the rows are held here."""

    def named(self, outlets: Collection[str]) -> pl.DataFrame:
        """Return the rows of some outlets."""
        return self._rows.filter(pl.col("outlet_id").is_in(list(outlets)))

    def whole(self) -> dict[str, pl.DataFrame]:
        """Return what the rules ask of the whole table."""
        return whole(self._rows)

    def parts(self, outlets: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
        """Give the rows of some outlets at a time."""
        runs = self._rows["outlet_id"].rle().struct.unnest().select("value", "len").rows()
        for spans in spans_of(runs, outlets):
            parts = [self._rows.slice(first, count) for first, count in spans]
            yield pl.concat(parts, rechunk=True) if len(parts) > 1 else parts[0]


Run = tuple[str | None, int]
"""An outlet and how many rows of it stand together."""
Span = tuple[int, int]
"""First row and number of rows."""


def spans_of(runs: Iterable[Run], outlets: pl.DataFrame | None) -> Iterator[list[Span]]:
    """For each part the rows it takes, in order. The outlets of one enterprise are never parted.

    What tells a dead line from a choice is whether the neighbours fell silent too.
    """
    owners: dict[str, str] = {}
    if outlets is not None and "enterprise_id" in outlets.columns:
        owners = dict(outlets.select("outlet_id", "enterprise_id").drop_nulls().iter_rows())
    groups: dict[tuple[str, str | None], list[Span]] = {}
    first = 0
    for name, count in runs:
        owner = ("enterprise", owners[name]) if name in owners else ("outlet", name)
        groups.setdefault(owner, []).append((first, count))
        first += count
    part: list[Span] = []
    for group in groups.values():
        part += group
        if sum(count for _, count in part) >= PART_ROWS:
            yield _joined(part)
            part = []
    if part:
        yield _joined(part)


def spans_among(runs: Iterable[Run], outlets: Collection[str]) -> list[Span]:
    """The rows of some outlets, in order."""
    found, first = [], 0
    for name, count in runs:
        if name in outlets:
            found.append((first, count))
        first += count
    return _joined(found)


def _joined(spans: list[Span]) -> list[Span]:
    """The same rows in order, with spans that touch made one."""
    out: list[Span] = []
    for first, count in sorted(spans):
        if out and sum(out[-1]) == first:
            out[-1] = (out[-1][0], out[-1][1] + count)
        else:
            out.append((first, count))
    return out
