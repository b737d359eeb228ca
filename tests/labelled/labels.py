"""What was put where: the labels the hits are compared with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

STRENGTHS = ("faint", "weak", "middle", "strong")
NEGATIVE = "negative"
PART = "part"
"""Belongs to an act labelled elsewhere (the curve that was copied): a hit is right, none is no miss."""
SCHEMA: dict[str, Any] = {
    "rule_id": pl.String,
    "entity_id": pl.String,
    "pollutant": pl.String,
    "from": pl.Datetime("us"),
    "to": pl.Datetime("us"),
    "strength": pl.String,
    "carrier": pl.String,
    "kind": pl.String,
}


@dataclass(frozen=True)
class Label:
    """One anomaly (`strength` faint, weak, middle or strong), a part of one, or one look-alike that is none (negative).

    `since` and `until` are the first and last row it touches, local; `kind` says in one word what was done.
    """

    rule_id: str
    entity_id: str
    since: datetime
    until: datetime
    strength: str
    kind: str
    pollutant: str | None = None
    carrier: str = "synthetic"

    @property
    def is_negative(self) -> bool:
        """Whether a hit of the rule here would be a false alarm."""
        return self.strength == NEGATIVE


def write(labels: Iterable[Label], path: Path) -> None:
    """Write the labels as Parquet, in a fixed order."""
    ordered = sorted(labels, key=lambda one: (one.rule_id, one.entity_id, one.since, one.kind))
    rows = [
        (one.rule_id, one.entity_id, one.pollutant, one.since, one.until, one.strength, one.carrier, one.kind)
        for one in ordered
    ]
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path)
