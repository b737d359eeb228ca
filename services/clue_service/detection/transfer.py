"""R19, manifest, track and weight disagree (联单轨迹磅重不符): tests of one transfer, any of which makes a clue.

Quantity limits of an approval, the receiver's yearly capacity and paper manifests are in no table and not tested.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing, top_of
from services.clue_service.detection.ledger import cut_between, holds_one_of, is_one_of, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.transfer_words import words_of
from shared.rules.calendar import FIRST, LAST, CalendarError, default

TESTS = ("weight", "off_route", "stop", "slow", "province", "receiver", "confirm", "truck")
SINGLE = ("ship_t", "recv_t", "gps_km", "off_route_km", "max_stop_min", "plan_km", "receiver_code_ok", "confirm")
FULL_TESTS = 3


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Every manifest with what must be looked up: known stops, provinces, when confirmation was due, a second trip."""
    manifests = taken(tables, "manifests").filter(pl.col("manifest_no").is_not_null() & pl.col("depart").is_not_null())
    end = pl.col("arrive").fill_null(pl.col("depart"))
    rows = manifests.with_columns(
        _end=pl.max_horizontal(end, "depart"),
        base_stop_known=holds_one_of("stop_poi", rule.words["service_areas"]).fill_null(False),
        base_approved=~is_one_of("cross_approval", rule.words["no_approval"]).fill_null(True),
        _from=_province("from_prov"),
        _to=_province("to_prov"),
    )
    near = rule.words["neighbours"]
    rows = rows.with_columns(
        base_crosses=pl.col("_from") != pl.col("_to"),
        base_near=(is_one_of("_from", near) & is_one_of("_to", near)).fill_null(False),
        base_due_on=_due(rows["arrive"], int(values["confirm_days"])),
    )
    has_confirmations = rows["confirm"].is_not_null().any()
    # The tables' own last moment stands for today: what was not due by then is not late.
    latest = rows.select(pl.max_horizontal(pl.col("depart", "arrive", "confirm").max())).item()
    rows = rows.with_columns(base_latest=pl.lit(latest if has_confirmations else None, pl.Datetime("us")))
    rows = rows.join(_second_trips(rows, values["together"]), on="manifest_no", how="left", maintain_order="left")
    return Measured(rows.drop("_from", "_to").sort("depart", "manifest_no"), lacking(rows, SINGLE))


def _province(name: str) -> pl.Expr:
    return pl.col(name).str.replace(r"(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$", "")


def _due(arrivals: pl.Series, days: int) -> pl.Series:
    """The last day for the receiver's confirmation; null where the arrival is, or lies outside the calendar."""
    due: dict[date, date] = {}
    for day in arrivals.dt.date().drop_nulls().unique().to_list():
        if FIRST <= day <= LAST:
            try:
                due[day] = default().add_working_days(day, days)
            except CalendarError:  # counts beyond the calendar's end
                continue
    return arrivals.dt.date().replace_strict(due, default=None, return_dtype=pl.Date)


def _second_trips(rows: pl.DataFrame, together: float) -> pl.DataFrame:
    """Manifests whose truck was on another trip meanwhile, with the number of that other manifest."""
    trips = rows.filter(pl.col("truck").is_not_null() & (pl.col("_end") > pl.col("depart"))).select(
        "manifest_no", "truck", "receiver", "depart", "_end"
    )
    last = pl.min_horizontal(pl.col("_end"), pl.col("depart") + pl.duration(days=31))
    days = trips.with_columns(_day=pl.date_ranges(pl.col("depart").dt.date(), last.dt.date())).explode(
        "_day", empty_as_null=True
    )
    is_one_trip = (pl.col("receiver") == pl.col("receiver_other")) & (
        (pl.col("_end") - pl.col("_end_other")).abs() <= pl.duration(minutes=together)
    )
    both = days.join(days, on=["truck", "_day"], suffix="_other").filter(
        (pl.col("manifest_no") != pl.col("manifest_no_other"))
        & (pl.col("depart") < pl.col("_end_other"))
        & (pl.col("depart_other") < pl.col("_end"))
        & ~is_one_trip.fill_null(False)
    )
    return both.group_by("manifest_no").agg(base_other=pl.col("manifest_no_other").min())


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """One finding per manifest that fails at least one test (columns of `measure`)."""
    if rows.is_empty():
        return []
    hours = (pl.col("arrive") - pl.col("depart")).dt.total_seconds() / 3600
    plan = pl.col("plan_km") / values["plan_speed"]
    loss = pl.when(pl.col("ship_t") > 0).then(1 - pl.col("recv_t") / pl.col("ship_t"))
    figures = rows.with_columns(_loss=loss, _hours=hours, _plan=plan)
    due = pl.col("base_due_on")
    confirmed = pl.coalesce("confirm", "base_latest").dt.date()
    tests = {
        # Three per cent exactly is still within: the last bits of a division are not a difference.
        "weight": pl.col("_loss").abs() > values["weight"] + 1e-9,
        "off_route": pl.col("off_route_km") > values["off_route"],
        "stop": (pl.col("max_stop_min") > values["stop"]) & ~pl.col("base_stop_known"),
        "slow": pl.when(pl.col("_plan") > 0).then(
            (pl.col("_hours") > values["slow"] * pl.col("_plan"))
            & (pl.col("_hours") - pl.col("_plan") > values["slow_least"])
        ),
        "province": pl.col("base_crosses") & ~pl.col("base_approved"),
        "receiver": ~pl.col("receiver_code_ok"),
        "confirm": pl.when(pl.col("base_latest").is_not_null()).then(confirmed > due),
        "truck": pl.when(pl.col("truck").is_not_null()).then(pl.col("base_other").is_not_null()),
    }
    tested = figures.with_columns([test.alias(f"_{name}") for name, test in tests.items()])
    failing = tested.filter(pl.any_horizontal([pl.col(f"_{name}").fill_null(False) for name in TESTS]))
    return [_finding(row, values) for row in failing.iter_rows(named=True)]


def _finding(row: Mapping[str, Any], values: Values) -> Finding:
    failed = [name for name in TESTS if row[f"_{name}"]]
    available = sum(row[f"_{name}"] is not None for name in TESTS)
    told = [words_of(name, row, values) for name in failed]
    crosses = bool(row["base_crosses"] and row["base_near"])
    if crosses:
        told.append(
            (
                f"跨省转移：{row['from_prov']} → {row['to_prov']}",
                f"the transfer crosses from {row['from_prov']} to {row['to_prov']}",
            )
        )
    figures = {
        "loss": row["_loss"],
        "off_route_km": row["off_route_km"],
        "stop_min": row["max_stop_min"],
        "hours": row["_hours"],
        "plan_hours": row["_plan"],
    }
    return Finding(
        entity_id=row["manifest_no"],
        pollutant=None,
        from_ts=row["depart"],
        to_ts=max(row["_end"], row["depart"]),
        hours=1.0,
        strength=max(values["least_strength"], min(1.0, len(failed) / FULL_TESTS)),
        corroboration=(len(failed) - 1) / max(1, available - 1),
        zh=tuple(zh for zh, _ in told),
        en=tuple(en for _, en in told),
        statistic={"failed": float(len(failed)), "tested": float(available)}
        | {name: float(value) for name, value in figures.items() if value is not None},
        points=values["cross_points"] if crosses else 0.0,
        is_raised=len(failed) > 1,
    )


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The manifest's row."""
    return cut_between(rows, finding, entity="manifest_no", time="depart")


def chart(rows: pl.DataFrame, title: str) -> str:
    """Planned and driven way, distance off the route, and both weights as bars."""
    row = rows.row(0, named=True)
    bars: Sequence[tuple[str, float | None, str]] = (
        ("计划里程 km", row["plan_km"], GREY),
        ("实际里程 km", row["gps_km"], BLUE),
        ("偏航 km", row["off_route_km"], RED),
        ("最长停留 min", row["max_stop_min"], RED),
        ("发出 t", row["ship_t"], GREY),
        ("接收 t", row["recv_t"], BLUE),
    )
    labels = [
        (index + 0.5, f"{name}：{'—' if value is None else f'{value:.4g}'}")
        for index, (name, value, _) in enumerate(bars)
    ]
    drawing = Drawing(title, (0.0, float(len(bars))), (0.0, 1.0), "各组按最大值比例", labels)
    for group in ((0, 1, 2), (3,), (4, 5)):
        top = top_of([bars[index][1] for index in group])
        for index in group:
            if (value := bars[index][1]) is not None:
                drawing.bar(index + 0.2, index + 0.8, 0.0, value / top, bars[index][2])
    return drawing.svg()


MODEL = Model(
    needs={"manifests": ("manifest_no", "depart", "arrive")},
    measure=measure,
    judge=judge,
    entity="manifest_no",
    time="depart",
    cut=cut,
    chart=chart,
)
