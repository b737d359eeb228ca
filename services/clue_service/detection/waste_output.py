"""R12, waste output out of line with production (产废系数偏离): the coefficient falls while production goes on."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, GREEN, GREY, Drawing, seconds, time_labels, top_of
from services.clue_service.detection.ledger import cut_between, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import SERIES, Window, lagged, rolled, with_series

KEYS = ["enterprise_id", "waste_code"]
ORDER = [*KEYS, "month"]
BEFORE, LEAST = 6, 4  # months of the baseline, and how many must be there
YEAR = 12
PERCENTILE = 0.1
NEEDED = ("product_t", "produced_t")


def measure(tables: Mapping[str, pl.DataFrame], _rule: Rule, _values: Values) -> Measured:
    """Every month of the books with its family's output and the peers' lowest tenth, median and number."""
    books = taken(tables, "waste_month").drop_nulls(ORDER).with_columns(pl.col("month").dt.truncate("1mo"))
    books = books.unique(ORDER, keep="last").sort(ORDER)
    rated = books.with_columns(base_family=_family(), _cf=_ratio("product_t"), _kwh=_ratio("power_kwh"))
    peers = (
        rated.filter(pl.col("industry").is_not_null() & pl.col("_cf").is_not_null())
        .group_by("industry", "waste_code", "month")
        .agg(
            base_peer_low=pl.col("_cf").quantile(PERCENTILE, interpolation="linear"),
            base_peer_median=pl.col("_cf").median(),
            base_peer_kwh_low=pl.col("_kwh").quantile(PERCENTILE, interpolation="linear"),
            base_peers=pl.len().cast(pl.Int64),
        )
    )
    rows = rated.join(peers, on=["industry", "waste_code", "month"], how="left", maintain_order="left")
    return Measured(rows.drop("_cf", "_kwh"), lacking(books, NEEDED))


def _family() -> pl.Expr:
    """The category of a code: HW08, or the last two digits of 900-249-08."""
    code = pl.col("waste_code").str.to_uppercase()
    return pl.coalesce(code.str.extract(r"^HW(\d{2})"), code.str.extract(r"-(\d{2})$"), code)


def _ratio(under: str) -> pl.Expr:
    return pl.when((pl.col(under) > 0) & (pl.col("produced_t") >= 0)).then(pl.col("produced_t") / pl.col(under))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Stretches of low months, and enterprises far below their peers (columns of `measure`)."""
    if rows.is_empty():
        return []
    months = _months(rows)
    cf, before = pl.col("_cf"), pl.col("_before")
    usual = (before > 0) & (pl.col("product_t") >= values["production"] * pl.col("_product")) & ~pl.col("_filed")
    own = before * pl.col("product_t") - pl.col("produced_t")
    family = pl.col("_family_before") * pl.col("product_t") - pl.col("_family_t")
    fell = (cf <= values["low"] * before) & (cf <= values["long_low"] * pl.col("_long"))
    low = usual & fell & (family >= (1 - values["covered"]) * own)
    high = usual & (cf >= values["mirror"] * before)
    peers = (
        (pl.col("base_peers") >= values["peers"])
        & (cf < pl.col("base_peer_low"))
        & (cf <= values["peer_share"] * pl.col("base_peer_median"))
        & (pl.col("_kwh") < pl.col("base_peer_kwh_low")).fill_null(True)
        & ~pl.col("_filed")
    )
    marked = months.with_columns(
        _low=low.fill_null(False), _high=high.fill_null(False), _under=peers.fill_null(False), _short=own
    )
    some = marked.filter(pl.col("_low") | pl.col("_under") | pl.col("_high"))[SERIES].unique().implode()
    series = marked.filter(pl.col(SERIES).is_in(some)).partition_by(SERIES, maintain_order=True)
    return [finding for one in series for finding in _findings(one, values)]


def _months(rows: pl.DataFrame) -> pl.DataFrame:
    """The books on the calendar, a row for every month, with coefficients and the six months before."""
    filed = pl.col("process_change_filed").fill_null(False)
    family = rows.group_by("enterprise_id", "base_family", "month").agg(_family_t=pl.col("produced_t").sum())
    rows = rows.join(family, on=["enterprise_id", "base_family", "month"], how="left", maintain_order="left")
    span = rows.group_by(KEYS).agg(month=pl.date_ranges(pl.col("month").min(), pl.col("month").max(), "1mo").first())
    grid = span.explode("month", empty_as_null=True).with_columns(pl.col("month").cast(pl.Datetime("us")))
    full = grid.join(rows, on=ORDER, how="left").sort(ORDER)
    full = full.with_columns(
        _cf=_ratio("product_t"),
        _kwh=_ratio("power_kwh"),
        _family_cf=pl.when(pl.col("product_t") > 0).then(pl.col("_family_t") / pl.col("product_t")),
        _change=filed.cast(pl.Float64),
    )
    signals = {"_before": "_cf", "_kwh_before": "_kwh", "_product": "product_t", "_family_before": "_family_cf"}
    windows = [Window(f"{name}_", column, "median", BEFORE, LEAST) for name, column in signals.items()]
    windows.append(Window("_long_", "_cf", "median", YEAR, LEAST))
    windows.append(Window("_filed_", "_change", "max", BEFORE + 1, 1))
    full = rolled(with_series(full, KEYS), windows)
    before = [lagged(f"{name}_").alias(name) for name in (*signals, "_long")]
    return full.with_columns(before).with_columns(_filed=pl.col("_filed_") > 0)


def _findings(series: pl.DataFrame, values: Values) -> Iterator[Finding]:
    found = False
    for kind in ("_low", "_high") if values["mirror_reported"] else ("_low",):
        for first, count in _runs(series[kind].to_list()):
            part = series.slice(first, count)
            if count < values["least_months"] or (kind == "_low" and _is_settled(series, first, count, values)):
                continue
            found = True
            yield _departed(part)
    under = series.filter("_under")
    # Where the months were found low against their own past, the peers add nothing but a second clue.
    if not found and under.height >= values["peer_months"]:
        yield _below_peers(under)


def _runs(chosen: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for index, is_chosen in enumerate([*chosen, False]):
        if is_chosen and start is None:
            start = index
        elif not is_chosen and start is not None:
            yield start, index - start
            start = None


def _is_settled(series: pl.DataFrame, first: int, count: int, values: Values) -> bool:
    """Whether a high month right before or after makes up for the low ones: booked late, or ahead."""
    level = series["_before"][first]
    for edge in (first - 1, first + count):
        if not 0 <= edge < series.height:
            continue
        if (series["_cf"][edge] or 0.0) < values["mirror"] * level:
            continue
        both = series.slice(min(edge, first), count + 1)
        if float(both["produced_t"].sum()) / float(both["product_t"].sum()) > values["low"] * level:
            return True
    return False


def _departed(part: pl.DataFrame) -> Finding:
    start = part.row(0, named=True)
    expected = float((part["_before"] * part["product_t"]).sum())
    ratio = float(part["produced_t"].sum()) / expected
    kwh = (part["_kwh"] / part["_kwh_before"]).drop_nulls().median()
    second = [abs(float(kwh) - 1) >= abs(ratio - 1) / 2] if isinstance(kwh, float) else []
    peers = part.filter(pl.col("base_peers") >= LEAST)
    if not peers.is_empty():
        second.append(bool((peers["_cf"] < peers["base_peer_low"]).any()))
    unaccounted = float(part["_short"].sum())
    statistic = {
        "ratio": ratio,
        "coefficient": float(part["produced_t"].sum()) / float(part["product_t"].sum()),
        "baseline": float(start["_before"]),
        "months": float(part.height),
        "unaccounted_t": unaccounted,
    }
    if isinstance(kwh, float):
        statistic["ratio_kwh"] = kwh
    zh, en = _reasons(start["waste_code"], statistic)
    return _finding(part, 1 - ratio if ratio < 1 else 1 - 1 / ratio, second, (zh, en), statistic)


def _reasons(code: str, figures: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    share, months = 100 * figures["ratio"], figures["months"]
    zh = [
        f"废物 {code} 单位产品产废量连续 {months:.0f} 个月为 {figures['coefficient']:.4g}，"
        f"为此前 6 个月中位数 {figures['baseline']:.4g} 的 {share:.0f}%",
    ]
    en = [
        f"waste {code} per tonne of product was {figures['coefficient']:.4g} for {months:.0f} months, "
        f"{share:.0f} % of the median {figures['baseline']:.4g} of the six months before",
    ]
    if figures["unaccounted_t"] > 0:
        zh.append(f"按基线推算疑似少记 {figures['unaccounted_t']:.2f} 吨")
        en.append(f"by the baseline {figures['unaccounted_t']:.2f} t seem unaccounted for")
    if "ratio_kwh" in figures:
        zh.append(f"单位用电产废量为此前的 {100 * figures['ratio_kwh']:.0f}%")
        en.append(f"waste per kWh was {100 * figures['ratio_kwh']:.0f} % of before")
    return tuple(zh), tuple(en)


def _below_peers(part: pl.DataFrame) -> Finding:
    code, months = part["waste_code"][0], part.height
    share = float((part["_cf"] / part["base_peer_median"]).median())  # type: ignore[arg-type]  # a number here
    peers = float(part["base_peers"].median())  # type: ignore[arg-type]  # a number here
    has_power = part["_kwh"].drop_nulls().len() > 0
    zh = (
        f"废物 {code} 单位产品产废量有 {months} 个月低于同行业最低十分位，为同行中位数的 {100 * share:.0f}%",
        f"同行业 {peers:.0f} 家企业参与比较",
    )
    en = (
        f"waste {code} per tonne of product lay below the industry's lowest tenth in {months} months, "
        f"at {100 * share:.0f} % of the peers' median",
        f"{peers:.0f} enterprises of the industry were compared",
    )
    return _finding(
        part, 1 - share, [has_power], (zh, en), {"peer_ratio": share, "months": float(months), "peers": peers}
    )


def _finding(
    part: pl.DataFrame,
    strength: float,
    second: list[bool],
    reasons: tuple[tuple[str, ...], tuple[str, ...]],
    statistic: Mapping[str, float],
) -> Finding:
    start: Mapping[str, Any] = part.row(0, named=True)
    return Finding(
        entity_id=start["enterprise_id"],
        pollutant=None,
        from_ts=start["month"],
        to_ts=part["month"][-1],
        hours=float(part.height),
        strength=strength,
        corroboration=sum(second) / len(second) if second else 0.0,
        zh=reasons[0],
        en=reasons[1],
        statistic=statistic,
        part=(start["waste_code"],),
    )


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The enterprise's whole book: the baseline is in it."""
    return cut_between(rows, finding, entity="enterprise_id", time="month", part="waste_code")


def chart(rows: pl.DataFrame, title: str) -> str:
    """The coefficient by month, its baseline and the peers' median."""
    code = rows.filter("hit")["waste_code"][0]
    own = _months(rows.drop("hit").filter(pl.col("waste_code") == code))
    times, hits = own["month"].to_list(), rows.filter("hit")["month"]
    xs = [seconds(moment) for moment in times]
    lines = {
        "产废系数（吨/吨产品）": (own["_cf"].to_list(), BLUE, False),
        "前 6 个月中位数": (own["_before"].to_list(), GREY, True),
        "同行中位数": (own["base_peer_median"].to_list(), GREEN, True),
    }
    top = top_of(*[ys for ys, _, _ in lines.values()])
    drawing = Drawing(f"{title} {code}", (xs[0], max(xs[-1], xs[0] + 1)), (0.0, top), "", time_labels(times, "%Y-%m"))
    drawing.band(seconds(hits[0]), seconds(hits[-1]), "命中月份")
    for name, (ys, colour, is_dashed) in lines.items():
        drawing.line(xs, ys, colour, name, dashed=is_dashed)
    return drawing.svg()


MODEL = Model(
    needs={"waste_month": (*ORDER, *NEEDED)},
    measure=measure,
    judge=judge,
    entity="enterprise_id",
    time="month",
    cut=cut,
    chart=chart,
)
