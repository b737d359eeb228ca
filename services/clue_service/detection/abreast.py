"""One row per outlet and hour, without grouping, where the pollutants of every outlet stand over the same hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from services.clue_service.detection.windows import POSITION, SERIES


@dataclass(frozen=True, slots=True)
class Abreast:
    """Where the hours of outlets stand in a frame sorted by outlet, pollutant and hour.

    `places` holds for the first, second ... pollutant the row of each outlet and hour, null where an outlet has fewer
    pollutants; `hour_of` gives for every row the number of its outlet and hour.
    """

    places: Sequence[pl.Series]
    hour_of: pl.Series

    def highest(self, rows: pl.DataFrame, columns: Sequence[str], among: str | None = None) -> pl.DataFrame:
        """The highest value over the pollutants of each outlet and hour, of rows where the column `among` holds."""
        some = rows.select(*columns, *([among] if among else []))
        each = [some.select(pl.all().gather(place)) for place in self.places]
        if among is not None:
            each = [one.select(pl.when(among).then(pl.col(list(columns)))) for one in each]
        return pl.DataFrame([reduce(_higher, [one[name] for one in each]) for name in columns])

    def heads(self, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Columns that every pollutant of an outlet and hour has alike."""
        return rows.select(pl.col(list(columns)).gather(self.places[0]))

    def is_any(self, flag: pl.Series) -> pl.Series:
        """Whether a flag holds for any pollutant of each outlet and hour."""
        found = flag.gather(self.places[0])
        for place in self.places[1:]:
            found = found | flag.gather(place).fill_null(False)
        return found


def _higher(one: pl.Series, other: pl.Series) -> pl.Series:
    """The higher of two values, or the one there is. Faster than `max_horizontal`."""
    return one.zip_with((one >= other) | other.is_null() if other.null_count() else one >= other, other)


def abreast(rows: pl.DataFrame) -> Abreast | None:
    """Look whether every outlet's pollutants have the same hours; None where they do not.

    The frame is sorted by outlet, pollutant and hour, its series numbered from 1.
    """
    if rows.is_empty():
        return None
    each = _series(rows, (rows[POSITION] == 0).arg_true())
    if not (each["length"] == each["own"]).all():
        return None
    number = rows[SERIES] - 1
    row = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    heads = row - each["behind"].gather(number)
    if not (rows["ts"].gather(heads) == rows["ts"]).all():
        return None
    return Abreast(_places(each), row - each["to_hour"].gather(number))


def _series(rows: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
    """One row per series: its length and that of its outlet's first one (`own`), how far it begins behind that one
    (`behind`), and by how much the number of a row exceeds that of its hour (`to_hour`)."""
    each = pl.DataFrame({"start": starts.cast(pl.UInt32), "outlet": rows["outlet_id"].gather(starts).rle_id()})
    each = each.with_columns(length=pl.col("start").shift(-1, fill_value=rows.height) - pl.col("start"))
    first, own = pl.col("start").first().over("outlet"), pl.col("length").first().over("outlet")
    each = each.with_columns(place=pl.int_range(pl.len()).over("outlet"), own=own, first=first)
    hours = pl.when(pl.col("place") == 0).then("length").otherwise(0)
    each = each.with_columns(before=hours.cum_sum() - hours)
    began = pl.col("before").first().over("outlet")
    return each.with_columns(behind=pl.col("start") - pl.col("first"), to_hour=pl.col("start") - began)


def _places(each: pl.DataFrame) -> list[pl.Series]:
    outlets = each.group_by("outlet", maintain_order=True).agg(pl.col("first", "own").first(), count=pl.len())
    hours = outlets.select(
        pl.int_ranges("first", pl.col("first") + pl.col("own")).alias("row"), "own", "count"
    ).explode("row")
    most = max(outlets["count"].to_list())
    beside = [pl.when(pl.col("count") > more).then(pl.col("row") + more * pl.col("own")) for more in range(most)]
    return hours.select([one.cast(pl.UInt32).alias(str(more)) for more, one in enumerate(beside)]).get_columns()
