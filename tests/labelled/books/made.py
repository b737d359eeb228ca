"""What a maker of books hands back: rows by table, and labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tests.labelled.labels import Label

TEXT, FLOAT, TRUTH, MOMENT, WHOLE = pl.String, pl.Float64, pl.Boolean, pl.Datetime("us"), pl.Int64
Schema = dict[str, Any]


@dataclass
class Made:
    """Tables as rows in the order of their schema, and what was put into them."""

    schemas: dict[str, Schema]
    rows: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)

    def add(self, table: str, *values: Any) -> None:
        """One more row."""
        self.rows.setdefault(table, []).append(values)

    def frames(self) -> dict[str, pl.DataFrame]:
        """The tables."""
        return {
            name: pl.DataFrame(self.rows.get(name, []), schema=schema, orient="row", strict=False)
            for name, schema in self.schemas.items()
        }
