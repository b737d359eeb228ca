"""What every rule's function takes and gives, so that each rule is one file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from services.clue_service.detection.catalogue import Rule

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found on one entity: first and last row, and the parts of the severity (each 0..1).

    `hours` is the extent, in whatever the rule's `full_hours` counts. `part` names what of the entity it concerns
    (waste codes, batches, tests), where an entity may have several findings at one time. `points` are added to the
    severity, `is_raised` lifts it into the next better grade, `most` is its ceiling.
    """

    entity_id: str
    pollutant: str | None
    from_ts: datetime
    to_ts: datetime
    hours: float
    strength: float
    corroboration: float
    zh: tuple[str, ...]
    en: tuple[str, ...]
    statistic: Mapping[str, float]
    part: tuple[str, ...] = ()
    points: float = 0.0
    is_raised: bool = False
    most: float = 100.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows with every column `judge` reads; columns `base_*` are baselines from before the slice and are frozen.

    `not_evaluable` counts rows that lacked what the rule needs, by what they lacked.
    """

    rows: pl.DataFrame
    not_evaluable: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A rule's two functions and where its evidence is cut from.

    `measure` reads the tables; `judge` decides on measured rows alone, so that it can be repeated on a frozen slice.
    `needs` names the columns of each table without which nothing can be said. The slice holds the rows of table
    `source` with the finding's entity, from `before` ahead of it to `after` behind it, and the baselines joined by
    `keys`. The table `live_hours` is obs_hour with the live-hour columns; `live_only` rules judge its live rows alone.

    A rule whose evidence is no stretch of one table gives `cut`: from the measured rows and a finding to the rows that
    are frozen, with a column `hit` and the columns named `entity` and `time`. Cutting a slice again gives the slice:
    by its `hit` rows a finding is known again. `chart` draws a slice under a title
    (SVG); without it the concentration is drawn where there is one.

    `medium` says that only outlets to air (gas) or water are judged. A rule over other tables that looks at the hours
    of some outlets beside them names these by `beside`.
    """

    needs: Mapping[str, tuple[str, ...]]
    measure: Callable[[Mapping[str, pl.DataFrame], Rule, Values], Measured]
    judge: Callable[[pl.DataFrame, Values], list[Finding]]
    source: str = "live_hours"
    entity: str = "outlet_id"
    time: str = "ts"
    keys: tuple[str, ...] = ("outlet_id", "pollutant", "ts")
    before: timedelta = timedelta(hours=72)
    after: timedelta = timedelta(hours=24)
    live_only: bool = True
    cut: Callable[[pl.DataFrame, Finding], pl.DataFrame] | None = None
    chart: Callable[[pl.DataFrame, str], str] | None = None
    medium: str | None = None
    beside: Callable[[Mapping[str, pl.DataFrame], Values], pl.Series] | None = None


def lacking(rows: pl.DataFrame, columns: tuple[str, ...], among: str | None = None) -> dict[str, int]:
    """How many rows (those where the column `among` holds) have null in each of the columns, complete ones left out."""
    counts = {}
    for name in columns:
        if rows[name].null_count():
            nothing = rows[name].is_null()
            counts[name] = int((nothing if among is None else nothing & rows[among]).sum())
    return {name: count for name, count in counts.items() if count}
