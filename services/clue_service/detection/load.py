"""Load against the highest usual one: in a long standstill, or one at the beginning, the usual load is the lamps'."""

import polars as pl

from services.clue_service.detection.windows import POSITION, SERIES, Window, rolled

PAIRS = (("rp", "production_kw", "base_load"), ("rf", "flow", "base_flow"))
BACK, AHEAD = 1440, 720
"""Hours before and after an hour among which the highest usual value is sought: what lies further changes nothing, so
that a run over the last months says what a run over years says."""


def with_steady_load(rows: pl.DataFrame) -> pl.DataFrame:
    """Add base_load and base_flow: like rp and rf, against the highest usual value of the months around the hour."""
    usual = [
        pl.when(pl.col(relative) > 0).then(pl.col(measured) / pl.col(relative)).alias(f"_{name}")
        for relative, measured, name in PAIRS
    ]
    size = BACK + AHEAD + 1
    highest = [Window(f"_top_{name}", f"_{name}", "max", size, 1) for _, _, name in PAIRS]
    found = rolled(rows.with_columns(usual), highest)
    last = pl.len().over(SERIES) - 1
    columns = []
    for relative, measured, name in PAIRS:
        top = pl.col(f"_top_{name}")
        # Near the end of its series an hour is measured against the last window there is.
        behind = pl.when(pl.col(POSITION) + AHEAD <= last).then(top.shift(-AHEAD)).otherwise(top.last().over(SERIES))
        against = pl.when(behind > 0).then(pl.col(measured) / behind)
        # Division there and back may differ in the last digit: never more than the relative value itself.
        columns.append(pl.min_horizontal(pl.col(relative), against).alias(name))
    dropped = [f"{begin}{name}" for begin in ("_", "_top_") for _, _, name in PAIRS]
    return found.with_columns(columns).drop(dropped)
