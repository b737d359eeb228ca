"""R15, hugging the limit (贴限排放): most hours lie just below the limit, and the tail above is cut off."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import of_outlets, per_cent, stretches, trimmed, with_outlets
from services.clue_service.detection.live import excused, live_of, live_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import POSITION, SERIES, Window, ahead, often, rolled, with_series

WEEK, DAY = 168, 24  # live hours
ORDER = ["outlet_id", "pollutant", "ts"]
QUANTILES = (0.10, 0.50, 0.98)


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of outlets that hugged a limit for a week, with `base_fires` where such a week ends."""
    media = (
        tables["outlets"].select("outlet_id", pl.col("medium").alias("base_medium")).unique("outlet_id", keep="last")
    )
    rows = live_series(tables)
    live = _near(with_outlets(rows.select("outlet_id", SERIES, "value", "zs_value", "limit", POSITION), media), values)
    short = lacking(live.drop("zs_value").rename({"_u": "zs_value"}), ("base_medium", "limit", "zs_value"))
    windows = [Window(f"_mean{name}", name, "mean", WEEK, WEEK) for name in ("_in", "_over")]
    hugs = (pl.col("_mean_in") >= values["share"]) & (pl.col("_mean_over") <= values["over"])
    least = max(1, int(values["share"] * WEEK))
    hugging = rolled(often(live, live["_in"] == 1.0, least), windows).filter(hugs)["outlet_id"]
    if hugging.is_empty():
        return Measured(rows.clear(), short)
    few = with_outlets(live_of(tables, hugging), media)
    few = rolled(_near(few, values), windows)
    few = rolled(few, [Window(f"_q{share}", "_u", "quantile", WEEK, WEEK, share) for share in QUANTILES])
    low, half, high = (pl.col(f"_q{share}") for share in QUANTILES)
    few = few.with_columns(
        base_fires=(hugs & (high - half <= values["tail"] * (half - low))).fill_null(False),
        base_tail=pl.when(half > low).then((high - half) / (half - low)).otherwise(0.0),
    )
    few = of_outlets(few, few.filter("base_fires")["outlet_id"])
    kept = few.select([name for name in few.columns if not name.startswith("_")])
    return Measured(excused(kept, tables.get("work_orders"), rule.work_orders), short)


def _near(rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Add `_u`, the value as share of its limit (converted for gas), whether it lies just below, and above."""
    shown = (
        pl.when(pl.col("base_medium") == "gas").then("zs_value").when(pl.col("base_medium") == "water").then("value")
    )
    rows = rows.with_columns(_u=pl.when(pl.col("limit") > 0).then(shown / pl.col("limit")))
    return rows.with_columns(
        _in=pl.col("_u").is_between(values["low"], values["high"]).cast(pl.Float64),
        _over=(pl.col("_u") > values["high"]).cast(pl.Float64),
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured live rows: weeks that fired, cut to where the days hug the limit, and tested anew."""
    if rows.is_empty():
        return []
    live = _near(with_series(rows.sort(ORDER), ORDER[:2]), values)
    live = rolled(live, [Window("_day", "_in", "mean", DAY, DAY)])
    # A week fires before it is full of such days, and goes on firing after them: only the days themselves count.
    days = pl.max_horizontal("_day", ahead("_day", DAY - 1)) >= values["share"]
    live = live.with_columns(_own=days & (pl.col("_in") == 1.0) & ~pl.col("base_excused"))
    fires = pl.col("base_fires") & ~pl.col("base_excused")
    found = []
    for stretch in stretches(live, pl.when(fires).then(WEEK), values["gap"]):
        part = trimmed(stretch, "_own")
        statistic = _statistic(part) if part.height >= values["least_hours"] else None
        # The tail is a matter of the week's window: between the edges of the band itself there is no room for one.
        if statistic is not None and _holds(statistic, values):
            found.append(_finding(part, statistic))
    return found


def _statistic(part: pl.DataFrame) -> dict[str, float]:
    low, half, high = (
        float(part.select(pl.col("_u").quantile(share, interpolation="linear")).item()) for share in QUANTILES
    )
    return {
        "share_near": float(part.select(pl.col("_in").mean()).item()),
        "share_over": float(part.select(pl.col("_over").mean()).item()),
        "q10": low,
        "median": half,
        "q98": high,
        "tail_ratio": float(part.select(pl.col("base_tail").min()).item() or 0.0),
        "limit": part["limit"][0],
        "hours": float(part.height),
    }


def _holds(statistic: Mapping[str, float], values: Values) -> bool:
    return statistic["share_near"] >= values["share"] and statistic["share_over"] <= values["over"]


def _finding(part: pl.DataFrame, statistic: dict[str, float]) -> Finding:
    name, limit = part["pollutant"][0], statistic["limit"]
    near, middle, top = (per_cent(statistic, key) for key in ("share_near", "median", "q98"))
    over, tail = per_cent(statistic, "share_over"), statistic["tail_ratio"]
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=name,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=statistic["share_near"] * (1 - min(1.0, tail)),
        # Independent signs: next to no exceedance, and a tail that natural scatter does not have.
        corroboration=((statistic["share_over"] == 0) + (tail <= 0.35)) / 2,
        zh=(
            f"{name} 在 {part.height} 小时中有 {near}% 落在限值 {limit:g} 的下沿，超限小时仅 {over}%",
            f"中位数为限值的 {middle}%，98% 分位为限值的 {top}%",
            f"上尾与下尾之比 {tail:.2f}，上尾疑似被截断",
        ),
        en=(
            f"{name} lay just below the limit {limit:g} in {near} % of {part.height} hours and above it in {over} %",
            f"the median is {middle} % of the limit, the 98 % quantile {top} %",
            f"the upper tail is {tail:.2f} of the lower one, as if cut off",
        ),
        statistic=statistic,
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "zs_value", "production_kw", "flow", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
        "outlets": ("outlet_id", "medium"),
    },
    measure=measure,
    judge=judge,
)
