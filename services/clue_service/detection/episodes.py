"""From hours to episodes: runs of hours, overlapping stretches joined, one finding for all pollutants of an outlet."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import polars as pl

from services.clue_service.detection.model import Finding

Stretch = tuple[int, int]
"""First and last index, both included."""


def runs(moments: Sequence[datetime], hole: float = 0) -> list[Stretch]:
    """Stretches of sorted hours with holes of at most `hole` hours."""
    most = timedelta(hours=hole + 1)
    found: list[Stretch] = []
    for row, moment in enumerate(moments):
        if found and moment - moments[found[-1][1]] <= most:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that share an index become one."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def by_outlet(findings: Sequence[Finding]) -> list[Finding]:
    """Keep the longest of findings that overlap in time at one outlet: its pollutants share marks and meters."""
    kept: list[Finding] = []
    for one in sorted(findings, key=lambda finding: -finding.hours):
        same = (other for other in kept if other.entity_id == one.entity_id)
        if not any(one.from_ts <= other.to_ts and one.to_ts >= other.from_ts for other in same):
            kept.append(one)
    return sorted(kept, key=lambda finding: (finding.entity_id, finding.from_ts))


def with_periods(rows: pl.DataFrame, days: float, step: float) -> pl.DataFrame:
    """Repeat every row for each period of `days` that holds it (column `period`); a new one begins every `step` days.

    Periods are counted from the calendar, not from the first row: a slice falls into the same periods as the whole.
    """
    size, stride = int(days), int(step)
    day = pl.col("ts").dt.epoch("d").cast(pl.Int64)
    first, behind = (day - size) // stride + 1, day // stride + 1
    return rows.with_columns(period=pl.int_ranges(first, behind)).explode("period")
