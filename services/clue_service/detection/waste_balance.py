"""R13, book imbalance and storage over a year (产存转失衡与贮存超期): the books of hazardous waste do not close."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing, seconds, time_labels, top_of
from services.clue_service.detection.ledger import is_one_of, stretches, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.waste_words import book_words, stored_words

KEYS = ["enterprise_id", "waste_code"]
BALANCE = ("open_t", "produced_t", "transferred_t", "self_disposed_t", "close_t")
TESTS = ("gap", "continuity", "manifest", "capacity", "idle")
BOOK, BATCH = "book", "batch"
MONTH = timedelta(days=31)
LEAST_MONTHS = 4  # of manifests, before they are compared at all
C_AT_MOST = 49.9
YEAR = 365.0


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Months of the books and batches in store, in one table; `kind` tells them apart, `at` is month or day."""
    missing = {name: 1 for name in ("waste_month", "waste_batches") if name not in tables}
    books = taken(tables, "waste_month").drop_nulls(["enterprise_id", "month"]).rename({"month": "at"})
    batches = taken(tables, "waste_batches").drop_nulls(["enterprise_id", "in_date"]).rename({"in_date": "at"})
    missing |= lacking(books, BALANCE)
    # The tables' own last moment stands for today: waste not taken away by then was still there.
    latest = max(
        (day for day in (books["at"].max(), batches["at"].max(), batches["out_date"].max()) if day), default=None
    )
    books = books.with_columns(pl.col("at").dt.truncate("1mo"), kind=pl.lit(BOOK)).sort(*KEYS, "at")
    books = _with_manifests(_with_year(books, int(values["idle_months"])), taken(tables, "manifests"), values)
    batches = batches.with_columns(
        kind=pl.lit(BATCH),
        base_extended=~is_one_of("extension_approval", rule.words["no_extension"]).fill_null(True),
        base_latest=pl.lit(latest, pl.Datetime("us")),
    )
    rows = pl.concat([books, batches.drop_nulls("batch_id")], how="diagonal")
    return Measured(rows.sort("enterprise_id", "kind", "waste_code", "at", "batch_id"), missing)


def _with_year(books: pl.DataFrame, months: int) -> pl.DataFrame:
    """Add closing stock of the month before, and output and removal over the trailing months, all of them booked."""
    before = books.select(*KEYS, pl.col("at").dt.offset_by("1mo"), base_close_before="close_t").unique([*KEYS, "at"])
    taken_away = pl.col("transferred_t") + pl.col("self_disposed_t").fill_null(0.0)
    year = (
        books.with_columns(_out=taken_away)
        .rolling("at", period=f"{months}mo", group_by=KEYS)
        .agg(base_output=pl.col("produced_t").sum(), base_removed=pl.col("_out").sum(), _months=pl.col("_out").count())
    )
    whole = year.filter(pl.col("_months") == months).unique([*KEYS, "at"]).drop("_months")
    return books.join(before, on=[*KEYS, "at"], how="left", maintain_order="left").join(
        whole, on=[*KEYS, "at"], how="left", maintain_order="left"
    )


def _with_manifests(books: pl.DataFrame, manifests: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Add what manifests say left, where enterprise and code have manifests that agree in most months."""
    sums = manifests.group_by(
        enterprise_id="shipper", waste_code="waste_code", at=pl.col("depart").dt.truncate("1mo")
    ).agg(_sum=pl.col("ship_t").sum())
    rows = books.join(sums, on=[*KEYS, "at"], how="left", maintain_order="left").with_columns(
        pl.col("_sum").fill_null(0.0)
    )
    moved = (pl.col("_sum") > 0) | (pl.col("transferred_t") > 0)
    agrees = ~_differs("_sum", "transferred_t", values["manifest"], values["gap_least"])
    share = rows.filter(moved).group_by(KEYS).agg(_agree=agrees.mean(), _count=pl.len())
    fit = share.filter((pl.col("_agree") >= values["manifest_agree"]) & (pl.col("_count") >= LEAST_MONTHS))
    rows = rows.join(fit.select(*KEYS, _fit=pl.lit(True)), on=KEYS, how="left", maintain_order="left")
    return rows.with_columns(base_manifest_t=pl.when("_fit").then("_sum")).drop("_sum", "_fit")


def _differs(one: str, other: str, share: float, least: float) -> pl.Expr:
    apart = (pl.col(one) - pl.col(other)).abs()
    return apart > pl.max_horizontal(share * pl.max_horizontal(one, other), pl.lit(least)) + 1e-9


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Stretches of months that do not close, and batches kept too long (columns of `measure`)."""
    return [
        *_unbalanced(rows.filter(pl.col("kind") == BOOK), values),
        *_overdue(rows.filter(pl.col("kind") == BATCH), values),
    ]


def _unbalanced(books: pl.DataFrame, values: Values) -> list[Finding]:
    if books.is_empty():
        return []
    through = pl.col("open_t") + pl.col("produced_t")
    expected = through - pl.col("transferred_t") - pl.col("self_disposed_t").fill_null(0.0)
    least = values["gap_least"]
    figures = books.with_columns(_through=through, _expected=expected, _missing=expected - pl.col("close_t"))
    capacity = pl.when(pl.col("capacity_t") > 0).then(pl.col("close_t") > values["capacity"] * pl.col("capacity_t"))
    tests = {
        "gap": pl.col("_missing").abs() > pl.max_horizontal(values["gap"] * pl.col("_through"), pl.lit(least)) + 1e-9,
        "continuity": _differs("open_t", "base_close_before", values["continuity"], least)
        & pl.col("open_t").is_not_null()
        & pl.col("base_close_before").is_not_null(),
        "manifest": _differs("base_manifest_t", "transferred_t", values["manifest"], least)
        & pl.col("base_manifest_t").is_not_null(),
        "capacity": capacity,
        "idle": (pl.col("base_removed") == 0) & (pl.col("base_output") > values["idle_least"]),
    }
    marked = figures.with_columns([test.fill_null(False).alias(f"_{name}") for name, test in tests.items()])
    marked = marked.with_columns(_any=pl.any_horizontal([f"_{name}" for name in TESTS]), _share=_share())
    some = marked.filter("_any").select(KEYS).unique()
    series = marked.join(some, on=KEYS, how="semi", maintain_order="left", nulls_equal=True)
    return [
        _book_finding(part[stretch], values)
        for part in series.partition_by(KEYS, maintain_order=True)
        for stretch in stretches(part["at"].to_list(), part["_any"].to_list(), MONTH)
    ]


def _share() -> pl.Expr:
    """How much of a month's throughput is out of balance: the worst of its three comparisons."""
    parts = (
        pl.when("_gap").then(pl.col("_missing").abs() / pl.col("_through")),
        pl.when("_continuity").then(
            (pl.col("open_t") - pl.col("base_close_before")).abs() / pl.max_horizontal("open_t", "base_close_before")
        ),
        pl.when("_manifest").then(
            (pl.col("base_manifest_t") - pl.col("transferred_t")).abs()
            / pl.max_horizontal("base_manifest_t", "transferred_t")
        ),
    )
    return pl.max_horizontal(*parts).clip(0.0, 1.0).fill_nan(1.0)


def _book_finding(months: pl.DataFrame, values: Values) -> Finding:
    failed = [name for name in TESTS if months[f"_{name}"].any()]
    share = float(months["_share"].max() or 0.0)  # type: ignore[arg-type]  # a number here
    told = [book_words(name, months.filter(f"_{name}").row(0, named=True)) for name in failed]
    # A stock over capacity, or never moved, is no share of anything; it weighs as half an imbalance.
    strength = max(share, 0.5) if {"capacity", "idle"} & set(failed) else share
    is_small = failed and not {"capacity", "idle"} & set(failed) and share < values["small"]
    first: Mapping[str, Any] = months.row(0, named=True)
    return Finding(
        entity_id=first["enterprise_id"],
        pollutant=None,
        from_ts=first["at"],
        to_ts=months["at"][-1],
        hours=1.0,
        strength=strength,
        corroboration=(len(failed) - 1) / (len(TESTS) - 1),
        zh=tuple(zh for zh, _ in told),
        en=tuple(en for _, en in told),
        statistic={
            "share": share,
            "missing_t": float(months["_missing"].filter(months["_gap"]).sum()),
            "months": float(months.height),
            "failed": float(len(failed)),
        },
        part=(BOOK, first["waste_code"] or ""),
        most=C_AT_MOST if is_small else 100.0,
    )


def _overdue(batches: pl.DataFrame, values: Values) -> list[Finding]:
    if batches.is_empty():
        return []
    end = pl.coalesce("out_date", "base_latest")
    aged = batches.with_columns(_end=end, _days=(end - pl.col("at")).dt.total_seconds() / 86400)
    over = aged.filter((pl.col("_days") > values["age"]) & ~pl.col("base_extended")).sort(
        "enterprise_id", "at", "batch_id"
    )
    findings = []
    for own in over.partition_by("enterprise_id", maintain_order=True):
        group: list[dict[str, Any]] = []
        for row in own.iter_rows(named=True):
            if group and row["at"] > max(one["_end"] for one in group):
                findings.append(_stored_finding(group, values))
                group = []
            group.append(row)
        findings.append(_stored_finding(group, values))
    return findings


def _stored_finding(group: list[dict[str, Any]], values: Values) -> Finding:
    """Batches of one enterprise that lay there at one time."""
    worst = max(group, key=lambda row: (row["_days"], row["batch_id"]))
    tonnes = float(sum(row["t"] or 0.0 for row in group))
    zh, en = stored_words(worst, len(group), tonnes, values["age"])
    return Finding(
        entity_id=worst["enterprise_id"],
        pollutant=None,
        from_ts=group[0]["at"],
        to_ts=max(row["_end"] for row in group),
        hours=1.0,
        strength=min(1.0, (worst["_days"] - values["age"]) / YEAR),
        corroboration=0.5 if len(group) > 1 else 0.0,
        zh=zh,
        en=en,
        statistic={"days": worst["_days"], "batches": float(len(group)), "tonnes": tonnes},
        part=(BATCH, *[row["batch_id"] for row in group]),
    )


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The enterprise's books and batches; the months out of balance, or the batches kept too long, are the hit."""
    kind, *names = finding.part
    name = pl.col("waste_code" if kind == BOOK else "batch_id").fill_null("")
    inside = (pl.col("kind") == kind) & name.is_in(names) & pl.col("at").is_between(finding.from_ts, finding.to_ts)
    own = rows.filter(pl.col("enterprise_id") == finding.entity_id)
    return own.with_columns(hit=inside.fill_null(False))


def chart(rows: pl.DataFrame, title: str) -> str:
    """Stock by month with what came and went; or the batches as bars against the term."""
    hit = rows.filter("hit")
    if hit["kind"][0] == BATCH:
        return _batch_chart(rows.filter(pl.col("kind") == BATCH), title)
    own = rows.filter((pl.col("kind") == BOOK) & pl.col("waste_code").eq_missing(hit["waste_code"][0]))
    times = own["at"].to_list()
    xs = [seconds(moment) for moment in times]
    balance = (
        own["open_t"] + own["produced_t"] - own["transferred_t"].fill_null(0) - own["self_disposed_t"].fill_null(0)
    )
    top = top_of(own["close_t"].to_list(), balance.to_list(), own["produced_t"].to_list())
    drawing = Drawing(title, (xs[0], max(xs[-1], xs[0] + 1)), (0.0, top), "吨", time_labels(times, "%Y-%m"))
    drawing.band(seconds(hit["at"][0]), seconds(hit["at"][-1]), "命中月份")
    drawing.line(xs, own["close_t"].to_list(), BLUE, "账面期末库存")
    drawing.line(xs, balance.to_list(), RED, "推算期末库存", dashed=True)
    drawing.line(xs, own["transferred_t"].to_list(), GREY, "转移量", dashed=True)
    return drawing.svg()


def _batch_chart(batches: pl.DataFrame, title: str) -> str:
    shown = batches.sort("hit", "at", descending=[True, False]).head(20)
    ends = shown.select(pl.coalesce("out_date", "base_latest")).to_series().to_list()
    times = [*shown["at"].to_list(), *ends]
    drawing = Drawing(
        title,
        (seconds(min(times)), max(seconds(max(times)), seconds(min(times)) + 1)),
        (0.0, float(shown.height)),
        "每行一批",
        time_labels(times, "%Y-%m"),
    )
    for line, (row, end) in enumerate(zip(shown.iter_rows(named=True), ends, strict=True)):
        drawing.bar(seconds(row["at"]), seconds(end), line + 0.2, line + 0.8, RED if row["hit"] else GREY)
        drawing.words(seconds(row["at"]), line + 0.4, row["batch_id"], BLUE)
    drawing.named("超期批次", RED)
    drawing.named("其他批次", GREY)
    return drawing.svg()


MODEL = Model(
    needs={},  # books and batches are judged apart; which of them is absent is counted by `measure`
    measure=measure,
    judge=judge,
    entity="enterprise_id",
    time="at",
    cut=cut,
    chart=chart,
)
