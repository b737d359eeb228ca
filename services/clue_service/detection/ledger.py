"""Tables of single records (books, manifests, tests, reports): read as declared, stretches of rows in them named."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from services.clue_service.detection.model import Finding
from services.clue_service.intake.tables import declared


def taken(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """A table with every declared column in its type: absent ones null, NaN and blank texts null.

    An absent table has no rows. Undeclared columns are left out, so that a slice holds what the rules may read.
    """
    columns = declared()[name][1]
    frame = tables.get(name)
    if frame is None:
        return pl.DataFrame(schema={column.name: column.type for column in columns})
    chosen = []
    for column in columns:
        found = pl.col(column.name) if column.name in frame.columns else pl.lit(None)
        value = found.cast(column.type, strict=False)
        if column.type == pl.Float64():
            value = value.fill_nan(None)
        if column.type == pl.String():
            value = value.str.strip_chars().replace("", None)
        chosen.append(value.alias(column.name))
    return frame.select(chosen)


def is_one_of(column: str, words: Sequence[str]) -> pl.Expr:
    """Whether a text is one of the words, capitals or not; null where the text is."""
    return pl.col(column).str.to_lowercase().is_in([word.lower() for word in words])


def holds_one_of(column: str, words: Sequence[str]) -> pl.Expr:
    """Whether a text holds one of the words, capitals or not; null where the text is."""
    return pl.col(column).str.to_lowercase().str.contains_any([word.lower() for word in words])


def stretches(times: Sequence[datetime], chosen: Sequence[bool], most: timedelta) -> Iterator[list[int]]:
    """Indexes of the chosen rows, in stretches whose neighbours lie at most `most` apart; rows sorted by time."""
    stretch: list[int] = []
    for index, is_chosen in enumerate(chosen):
        if not is_chosen:
            continue
        if stretch and times[index] - times[stretch[-1]] > most:
            yield stretch
            stretch = []
        stretch.append(index)
    if stretch:
        yield stretch


def cut_between(
    rows: pl.DataFrame, finding: Finding, *, entity: str, time: str, part: str | None = None
) -> pl.DataFrame:
    """Every row of the finding's entity; those of its parts between first and last row are the hit."""
    own = rows.filter(pl.col(entity) == finding.entity_id)
    inside = pl.col(time).is_between(finding.from_ts, finding.to_ts)
    if part is not None:
        inside &= pl.col(part).is_in(list(finding.part))
    return own.with_columns(hit=inside.fill_null(False))
