"""The folder of tables that `lianqin detect` reads, and the labels beside it."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from tests.labelled.books.field import field
from tests.labelled.books.made import FLOAT, MOMENT, TEXT, TRUTH, Schema
from tests.labelled.books.manifests import manifests
from tests.labelled.books.rivers import rivers
from tests.labelled.books.vehicles import vehicles
from tests.labelled.books.waste import waste
from tests.labelled.hourly.carrier import Carrier
from tests.labelled.hourly.cast import Size, cast
from tests.labelled.hourly.real import untouched
from tests.labelled.labels import Label, write
from tests.labelled.noise import START

OUTLETS: Schema = {
    "outlet_id": TEXT, "medium": TEXT, "kind": TEXT, "industry": TEXT, "std_o2": FLOAT, "combined_rain": TRUTH,
    "enterprise_id": TEXT,
}  # fmt: skip
LIMITS: Schema = {"outlet_id": TEXT, "pollutant": TEXT, "limit": FLOAT, "full_scale": FLOAT}
ORDERS: Schema = {"work_order": TEXT, "outlet_id": TEXT, "t_start": MOMENT, "t_end": MOMENT, "kind": TEXT}
CHANGES: Schema = {
    "outlet_id": TEXT, "ts": MOMENT, "pollutant": TEXT, "info_id": TEXT, "old_value": FLOAT, "new_value": FLOAT,
    "operator": TEXT, "work_order": TEXT,
}  # fmt: skip


def made_up(folder: Path, seed: int, size: Size) -> list[Label]:
    """Write the labelled tables and `labels.parquet`; return the labels. The same seed and size, the same bytes."""
    hourly = cast(seed, size)
    books, transfers = waste(seed, size.levels, size.replicates)
    touched = {label.entity_id for label in hourly.labels}
    clean = [one for one in hourly.outlets if one.medium == "water" and one.outlet_id not in touched]
    parts = [
        books,
        manifests(seed, transfers, size.levels, size.replicates),
        vehicles(seed, size.levels, size.replicates),
        field(seed, size.levels, size.replicates),
        rivers(seed, size.days, clean, (size.levels, size.replicates)),
    ]
    tables = _hourly(hourly.outlets)
    ends = tables["obs_hour"]["ts"]
    tables["weather"] = pl.DataFrame(
        {"ts": ends.unique().sort().filter(ends.unique().sort() >= START)[: len(hourly.rain)], "rain_mm": hourly.rain}
    )
    for part in parts:
        tables |= part.frames()
    batch = tables["water_10min"]["outlet_id"].unique(maintain_order=True).to_list()
    tables["outlets"] = pl.concat([tables["outlets"], _batch_outlets(batch)])
    labels = [*hourly.labels, *(label for part in parts for label in part.labels)]
    _write(folder, tables)
    write(labels, folder / "labels.parquet")
    return labels


def as_they_are(folder: Path, seed: int) -> list[Carrier]:
    """Write the real series, untouched; return them."""
    outlets = untouched(seed)
    _write(folder, _hourly(outlets))
    return outlets


def _hourly(outlets: Iterable[Carrier]) -> dict[str, pl.DataFrame]:
    found = list(outlets)
    masters = [
        (one.outlet_id, one.medium, "cont", one.industry, one.std_o2, one.combined_rain, one.enterprise_id)
        for one in found
    ]
    limits = [(one.outlet_id, name, *bounds) for one in found for name, bounds in one.limits.items()]
    return {
        "obs_hour": pl.concat([one.frame() for one in found]),
        "outlets": pl.DataFrame(masters, schema=OUTLETS, orient="row"),
        "limits": pl.DataFrame(limits, schema=LIMITS, orient="row"),
        "work_orders": pl.DataFrame([row for one in found for row in one.orders], schema=ORDERS, orient="row"),
        "param_log": pl.DataFrame([row for one in found for row in one.changes], schema=CHANGES, orient="row"),
    }


def _batch_outlets(names: list[str]) -> pl.DataFrame:
    rows = [(name, "water", "batch", "电镀", None, False, f"E-{name}") for name in names]
    return pl.DataFrame(rows, schema=OUTLETS, orient="row")


def _write(folder: Path, tables: dict[str, pl.DataFrame]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
