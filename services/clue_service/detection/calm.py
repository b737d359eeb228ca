"""Where the band of a series may be calmer than it ever was: the hours at which R14 looks closely."""

from typing import Literal

import polars as pl

from services.clue_service.detection.model import Values
from services.clue_service.detection.windows import POSITION, SERIES, Window, lagged, rolled, sampled

SHORT, LONG, USUAL = 10, 24, 336  # live hours
CALMEST, BEFORE = 0.05, 72  # the calmest twentieth of the usual hours, which end so many live hours earlier
ORDER = ["outlet_id", "pollutant", "ts"]
USUALS = ((0.5, 0), (CALMEST, BEFORE))
"""Quantile of the usual bands of 10 hours, and how many hours earlier they end."""
KINDS: tuple[Literal["max"], Literal["min"]] = ("max", "min")


def calm_hours(live: pl.DataFrame, values: Values) -> pl.DataFrame:
    """The hours (columns ORDER) where a window may fire: all that do, and a few more.

    The calmest twentieth of 336 bands is at most the widest of any 24 in a row, and that at most the range of the 47
    hours they cover: whatever fires lies below the least of such ranges, wherever in the 336 they stand. Only at the
    rows that do are the bands of 24 hours and the usual ones of 10 looked at.
    """
    span, lag = 2 * LONG - 1, LONG + BEFORE
    live = live.select(*ORDER, "value", "full_scale", SERIES, POSITION)
    ranges = [Window(f"_{kind}{size}", "value", kind, size, size) for size in (SHORT, span) for kind in KINDS]
    wide = pl.col(f"_max{span}") - pl.col(f"_min{span}")
    live = rolled(live, ranges).with_columns(_wide=wide, _band=pl.col(f"_max{SHORT}") - pl.col(f"_min{SHORT}"))
    live = rolled(live, [Window("_bound", "_wide", "min", USUAL - span - LONG, 1)])
    live = live.with_columns(
        _least=values["calm"] * lagged("_bound", lag), _scale=values["scale"] * pl.col("full_scale")
    )
    near = (pl.col("_band") <= pl.min_horizontal("_least", "_scale")) | (pl.col("value") == 0)
    rows = live.select(near.fill_null(False)).to_series().arg_true()
    highest, lowest = (sampled(live, rows, Window("value", "value", kind, LONG, LONG)) for kind in KINDS)
    usual, calm = (sampled(live, rows, _window("_band", share), SHORT + more) for share, more in USUALS)
    some = live[rows].with_columns(_long=highest - lowest, _usual=usual, _calm=calm)
    short = pl.col("_band") <= pl.min_horizontal(values["short"] * pl.col("_usual"), values["calm"] * pl.col("_calm"))
    long = pl.col("_long") <= pl.min_horizontal("_least", "_scale")
    return some.filter((short | long | (pl.col("value") == 0)).fill_null(False)).select(ORDER)


def _window(column: str, share: float) -> Window:
    return Window(column, column, "quantile", USUAL, USUAL * 3 // 4, share)
