"""The oxygen that an outlet's load leads to expect: Tukey's resistant line through its own month."""

import polars as pl

from services.clue_service.detection.windows import Window, lagged, rolled, with_series

SHORT, MONTH, FIRST = 8, 720, 168  # live hours; a line needs FIRST of them


def with_expected(hours: pl.DataFrame) -> pl.DataFrame:
    """Add base_expected_o2: a line of oxygen over production through the outlet's 30 days up to 8 live hours before.

    Tukey's resistant line: the slope runs from the medians of the third with the least load to those of the third
    with the most and never rises with load; its height is the middle one of those of the two thirds and of all hours.
    Production itself stands for rp, whose reference moves within the 30 days.
    """
    load, oxygen = pl.col("production_kw"), pl.col("o2")
    hours = with_series(hours.with_columns(_load=pl.when(oxygen.is_not_null()).then(load)), ["outlet_id"])
    thirds = [Window(f"_third{part}", "_load", "quantile", MONTH, FIRST, part / 3) for part in (1, 2)]
    hours = rolled(hours, thirds)
    groups = {"low": pl.col("_load") <= pl.col("_third1"), "high": pl.col("_load") >= pl.col("_third2")}
    hours = hours.with_columns(
        [
            pl.when(group).then(name).alias(f"{name}_{which}")
            for which, group in groups.items()
            for name in ("o2", "_load")
        ]
    )
    names = ["o2", "_load", *[f"{name}_{which}" for which in groups for name in ("o2", "_load")]]
    least = {"o2": FIRST, "_load": FIRST}
    hours = rolled(hours, [Window(f"_m_{one}", one, "median", MONTH, least.get(one, FIRST // 8)) for one in names])
    width = pl.col("_m__load_high") - pl.col("_m__load_low")
    slope = pl.min_horizontal((pl.col("_m_o2_high") - pl.col("_m_o2_low")) / width, 0.0)
    # A plant that runs at one load says nothing about the slope.
    slope = pl.when(width > 0.03 * pl.col("_m__load")).then(slope).otherwise(0.0)
    hours = hours.with_columns(_slope=slope)
    heights = [pl.col(f"_m_o2{one}") - pl.col("_slope") * pl.col(f"_m__load{one}") for one in ("", "_low", "_high")]
    middle_height = pl.sum_horizontal(heights) - pl.max_horizontal(heights) - pl.min_horizontal(heights)
    # Before both thirds are known, and at loads far below the lower one, the line says nothing.
    low = pl.col("_m__load_low")
    lowest = pl.min_horizontal(0.8 * low, low - width)
    hours = hours.with_columns(_height=pl.when(width.is_not_null()).then(middle_height), _lowest=lowest)
    expected = lagged("_height", SHORT) + lagged("_slope", SHORT) * load
    return hours.with_columns(base_expected_o2=pl.when(load >= lagged("_lowest", SHORT)).then(expected))
