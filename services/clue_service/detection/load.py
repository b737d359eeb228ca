"""Load against the highest usual one: in a long standstill, or one at the beginning, the usual load is the lamps'."""

import polars as pl

from services.clue_service.detection.windows import SERIES

PAIRS = (("rp", "production_kw", "base_load"), ("rf", "flow", "base_flow"))


def with_steady_load(rows: pl.DataFrame) -> pl.DataFrame:
    """Add base_load and base_flow: like rp and rf, but against the highest usual value of the whole series."""
    columns = []
    for relative, measured, name in PAIRS:
        usual = pl.when(pl.col(relative) > 0).then(pl.col(measured) / pl.col(relative))
        highest = usual.max().over(SERIES)
        against = pl.when(highest > 0).then(pl.col(measured) / highest)
        # Division there and back may differ in the last digit: never more than the relative value itself.
        columns.append(pl.min_horizontal(pl.col(relative), against).alias(name))
    return rows.with_columns(columns)
