"""One-off: 45 days of the UCI gas-turbine series, brought to the columns of obs_hour (see README.md)."""

import sys
from pathlib import Path

import polars as pl

HOURS = 45 * 24
FIRST_ROW = 24
HERE = Path(__file__).parent


def convert(source: Path) -> pl.DataFrame:
    """Read the published CSV (columns TEY in MWh per hour, NOX in mg/m³, TAT in °C ...) and add what it has not."""
    raw = pl.read_csv(source).slice(FIRST_ROW, HOURS).with_row_index("hour")
    production = pl.col("TEY") * 1000
    return raw.select(
        "hour",
        pl.col("NOX").round(3).alias("value"),
        pl.col("TAT").round(2).alias("temp"),
        production.round(1).alias("production_kw"),
        # Added, not in the source: flow and treatment power that follow load, oxygen at the usual 15 %.
        (pl.col("TEY") * 4200).round(0).alias("flow"),
        (120 + production * 0.004).round(1).alias("treatment_kw"),
        pl.lit(15.0).alias("o2"),
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1])).write_csv(HERE / "gas_turbine_nox.csv")
