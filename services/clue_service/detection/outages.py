"""Gaps that are nobody's choice: the network of a region, or of a site, was down."""

import polars as pl

LEAST = 5
"""Outlets there must be before most of them falling silent at once says anything."""
MOST = 0.8
"""Share of the outlets silent in the same hour that makes it an outage of the region."""


def with_outages(
    grid: pl.DataFrame, gaps: pl.DataFrame, rows: pl.DataFrame, outlets: pl.DataFrame | None
) -> pl.DataFrame:
    """Add to the hours of `grid` base_wide (most outlets were silent) and base_site (all of the enterprise's were).

    `gaps` has outlet_id, first, hours; `rows` are the observations they come from.
    """
    last = pl.col("first") + pl.duration(hours=pl.col("hours") - 1)
    silent = gaps.select("outlet_id", ts=pl.datetime_ranges("first", last, "1h")).explode("ts").drop_nulls().unique()
    names = pl.DataFrame({"outlet_id": rows["outlet_id"].rle().struct.field("value").unique()})
    wide = silent.group_by("ts").len("silent").filter(pl.col("silent") >= max(LEAST, MOST * names.height))
    grid = grid.join(wide.select("ts", base_wide=pl.lit(True)), on="ts", how="left", maintain_order="left")
    grid = _with_site(grid, silent, names, outlets)
    return grid.with_columns(pl.col("base_wide", "base_site").fill_null(False))


def _with_site(
    grid: pl.DataFrame, silent: pl.DataFrame, names: pl.DataFrame, outlets: pl.DataFrame | None
) -> pl.DataFrame:
    if outlets is None or "enterprise_id" not in outlets.columns:
        return grid.with_columns(base_site=pl.lit(False))
    owners = outlets.select("outlet_id", "enterprise_id").drop_nulls().unique("outlet_id")
    owners = owners.join(names, on="outlet_id", how="semi")
    sizes = owners.group_by("enterprise_id").len("all").filter(pl.col("all") > 1)
    counts = silent.join(owners, on="outlet_id").group_by("enterprise_id", "ts").len("silent")
    down = counts.join(sizes, on="enterprise_id").filter(pl.col("silent") == pl.col("all"))
    hours = down.join(owners, on="enterprise_id").select("outlet_id", "ts", base_site=pl.lit(True))
    return grid.join(hours, on=["outlet_id", "ts"], how="left", maintain_order="left")
