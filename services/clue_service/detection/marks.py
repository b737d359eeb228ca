"""Which hours carry which legal mark, who set it and when: shared by the rules about marking and gaps."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import polars as pl
import yaml

OPTIONAL: Mapping[str, pl.DataType] = {
    "zs_value": pl.Float64(),
    "o2": pl.Float64(),
    "temp": pl.Float64(),
    "mark_by": pl.String(),
    "mark_set_at": pl.Datetime("us"),
}
"""Columns of obs_hour that a rule can do without."""


@cache
def groups() -> Mapping[str, tuple[str, ...]]:
    """The lists of marks.yaml beside this file."""
    text = (Path(__file__).parent / "marks.yaml").read_text(encoding="utf-8")
    return {name: tuple(entries) for name, entries in yaml.safe_load(text).items()}


def listed(*names: str) -> list[str]:
    """All entries of some groups."""
    return [entry for name in names for entry in groups()[name]]


def marked(*names: str) -> pl.Expr:
    """Whether the mark belongs to one of the groups; false without a mark."""
    return pl.col("mark").fill_null("").str.strip_chars().is_in(listed(*names))


def carrying(rows: pl.DataFrame, entries: list[str]) -> pl.Series:
    """Row by row whether the mark is one of the entries."""
    return unusual(rows["mark"], "", lambda marks: marks.str.strip_chars().is_in(entries))


def unusual(column: pl.Series, usual: str, fits: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Row by row whether a value fits; looks closely only at the few rows that have not the usual one."""
    has = (column != usual).fill_null(False)
    places = has.arg_true()
    return has.scatter(places.filter(~fits(column.gather(places))), False)


def by_hand() -> pl.Expr:
    """Whether somebody, not the machine, set the mark; false where it is not said."""
    return pl.col("mark_by").fill_null("").str.strip_chars().str.to_lowercase().is_in(listed("manual"))


def flagged(name: str) -> pl.Expr:
    """Whether the machine flag belongs to a group; false without a flag."""
    return pl.col("flag").fill_null("").is_in(listed(name))


def completed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the optional columns that nobody delivered, as nulls."""
    missing = [pl.lit(None, kind).alias(name) for name, kind in OPTIONAL.items() if name not in rows.columns]
    return rows.with_columns(missing) if missing else rows


def shown() -> pl.Expr:
    """The value an exceedance is judged on: converted to reference oxygen (gas) where it is, else as measured."""
    return pl.coalesce("zs_value", "value")
