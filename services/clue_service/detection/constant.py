"""R14, constant or zero readings (恒值零值): the band collapses while other signals of the outlet keep theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from services.clue_service.detection.calm import BEFORE, CALMEST, LONG, ORDER, SHORT, USUAL, calm_hours
from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.limits import with_limits
from services.clue_service.detection.live import excused, live_of, live_series
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.windows import (
    KEYS,
    POSITION,
    SERIES,
    Window,
    lagged,
    rolled,
    with_series,
)

ZERO = 6  # live hours
COMPANIONS = ("o2", "flow")
NEEDED = ("value", "production_kw", "flow", "full_scale")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Live hours of every outlet where a band collapsed at all, with usual bands and what the siblings did."""
    rows = with_limits(tables["live_hours"], tables["limits"])
    short = lacking(rows, NEEDED, "ok")
    # Usual bands cost most, so they are asked for only at outlets, and there at hours, where a band is calm enough.
    calm = calm_hours(live_series(tables), values)
    if calm.is_empty():
        return Measured(rows.clear(), short)
    few = _with_usual(_bands(live_of(tables, calm["outlet_id"]), ("value", *COMPANIONS)), calm)
    keep = [*rows.columns, *[name for name in few.columns if name.startswith("base_")]]
    return Measured(excused(few.select(keep), tables.get("work_orders"), rule.work_orders), short)


def _with_usual(rows: pl.DataFrame, calm: pl.DataFrame) -> pl.DataFrame:
    """Add the columns base_* where a window may fire and in the hours around that become evidence, null elsewhere."""
    rows = rows.with_row_index("_at")
    asked = _around(rows, calm)
    # The next row that is asked for, in the same series, says whether a row stands in one of its windows.
    ahead = pl.select(pl.when(asked).then(rows["_at"])).to_series().fill_null(strategy="backward")
    behind = (ahead - rows["_at"] < USUAL + LONG + BEFORE) & (rows[SERIES].gather(ahead) == rows[SERIES])
    some = rows.filter(behind.fill_null(False)).with_columns(
        _stretch=(pl.col("_at").diff().fill_null(1) != 1).cum_sum()
    )
    signals = ("value", *COMPANIONS)
    some = _calm(_siblings(_usual(with_series(some.drop(SERIES, POSITION), (*KEYS, "_stretch")), signals)))
    some = some.filter(asked.gather(some["_at"]))
    nothing = pl.repeat(None, rows.height, dtype=pl.Float64, eager=True)
    bases = [one.name for one in some if one.name.startswith("base_")]
    return rows.drop("_at").with_columns([nothing.clone().scatter(some["_at"], some[one]).alias(one) for one in bases])


def _around(rows: pl.DataFrame, calm: pl.DataFrame) -> pl.Series:
    """Whether a row lies in the window of an hour that may fire, or so near that it becomes evidence with it."""
    began = pl.coalesce(lagged("ts", LONG), pl.col("ts").first().over(SERIES)) - MODEL.before
    spans = rows.select(*ORDER, began=began, ended=pl.col("ts") + MODEL.after).join(calm, on=ORDER, how="semi")
    spans = spans.sort("outlet_id", "began")
    before = pl.col("ended").cum_max().shift(1).over("outlet_id")
    spans = spans.with_columns(_span=(pl.col("began") > before).fill_null(True).cum_sum())
    spans = spans.group_by("_span").agg(pl.col("outlet_id").first(), pl.col("began").min(), pl.col("ended").max())
    each = pl.datetime_ranges(pl.col("began").dt.truncate("1h"), "ended", "1h")
    hours = spans.select("outlet_id", ts=each).explode("ts").unique().with_columns(near=pl.lit(True))
    asked = rows.select("outlet_id", pl.col("ts").dt.truncate("1h"))
    return asked.join(hours, on=["outlet_id", "ts"], how="left", maintain_order="left")["near"].fill_null(False)


def _bands(rows: pl.DataFrame, signals: tuple[str, ...]) -> pl.DataFrame:
    """Add band10_x and band24_x (highest less lowest of that many live hours) and `top`, the highest of 6."""
    windows = [Window("top", "value", "max", ZERO, ZERO)]
    for name in signals:
        for size in (SHORT, LONG):
            windows += [Window(f"_{kind}{size}_{name}", name, kind, size, size) for kind in ("max", "min")]
    rows = rolled(rows, windows)
    bands = [
        (pl.col(f"_max{size}_{name}") - pl.col(f"_min{size}_{name}")).alias(f"band{size}_{name}")
        for name in signals
        for size in (SHORT, LONG)
    ]
    return rows.with_columns(bands).drop([window.name for window in windows[1:]])


def _usual(rows: pl.DataFrame, signals: tuple[str, ...]) -> pl.DataFrame:
    """Add base_usual10_x and base_usual24_x: the median band of the 14 days before the window began."""
    names = [(size, name) for name in signals for size in (SHORT, LONG)]
    windows = [Window(f"_{size}_{name}", f"band{size}_{name}", "median", USUAL, USUAL * 3 // 4) for size, name in names]
    rows = rolled(rows, windows)
    usual = [lagged(f"_{size}_{name}", size).alias(f"base_usual{size}_{name}") for size, name in names]
    return rows.with_columns(usual).drop([window.name for window in windows])


def _calm(rows: pl.DataFrame) -> pl.DataFrame:
    """Add base_calm10 and base_calm24, the calmest usual bands, and base_level, the usual value.

    Nights are calmer than days, every night: what is asked for is a calm the outlet does not know. The hours compared
    with end three days before the window, so that an episode does not become its own measure.
    """
    windows = [Window("_level", "value", "median", USUAL, USUAL * 3 // 4)]
    for size in (SHORT, LONG):
        windows.append(Window(f"_{size}", f"band{size}_value", "quantile", USUAL, USUAL * 3 // 4, CALMEST))
    rows = rolled(rows, windows)
    calm = [lagged(f"_{size}", size + BEFORE).alias(f"base_calm{size}") for size in (SHORT, LONG)]
    level = lagged("_level", LONG).alias("base_level")
    return rows.with_columns(*calm, level).drop([window.name for window in windows])


def _siblings(rows: pl.DataFrame) -> pl.DataFrame:
    """Add base_sibling10 and base_sibling24: the liveliest other signal, its band as share of its usual one."""
    shares = [
        (pl.col(f"band{size}_{name}") / pl.col(f"base_usual{size}_{name}")).alias(f"_{size}_{name}")
        for size in (SHORT, LONG)
        for name in ("value", *COMPANIONS)
    ]
    # 0/0 is no signal: a companion that never moves cannot vouch for anything.
    rows = rows.with_columns(shares).with_columns(
        [pl.when(pl.col(one.meta.output_name()).is_finite()).then(pl.col(one.meta.output_name())) for one in shares]
    )
    own = rows.select("outlet_id", "ts", "pollutant", f"_{SHORT}_value", f"_{LONG}_value")
    other = (
        own.join(own, on=["outlet_id", "ts"], suffix="_other")
        .filter(pl.col("pollutant") != pl.col("pollutant_other"))
        .group_by("outlet_id", "ts", "pollutant")
        .agg(pl.col(f"_{SHORT}_value_other", f"_{LONG}_value_other").max())
    )
    rows = rows.join(other, on=["outlet_id", "ts", "pollutant"], how="left", maintain_order="left")
    return rows.with_columns(
        [
            pl.max_horizontal(f"_{size}_value_other", *[f"_{size}_{name}" for name in COMPANIONS]).alias(
                f"base_sibling{size}"
            )
            for size in (SHORT, LONG)
        ]
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Episodes among measured live rows (columns of `measure`)."""
    if rows.is_empty():
        return []
    live = _bands(with_series(rows.sort(ORDER), ORDER[:2]), ("value",))
    live = rolled(live, [Window(f"level{size}", "value", "median", size, size) for size in (SHORT, LONG)])
    reach = _reach(values, {size: _unusual(values, size) for size in (SHORT, LONG)})
    marked = live.with_columns(_reach=pl.when(~pl.col("base_excused")).then(reach))
    firing = marked.filter(pl.col("_reach").is_not_null())[SERIES].unique()
    return [
        _finding(series, stretch)
        for series in marked.filter(pl.col(SERIES).is_in(firing.implode())).partition_by(SERIES, maintain_order=True)
        for stretch in _stretches(series, values["gap"])
    ]


def _unusual(values: Values, size: int) -> pl.Expr:
    """Whether a calm is one the outlet does not know, at this level, while a sibling is as lively as ever.

    Scatter grows with the concentration: half the level brings half the band, and proves nothing.
    """
    band, usual = pl.col(f"band{size}_value"), pl.col(f"base_usual{size}_value")
    share = values["short"] if size == SHORT else values["long"]
    level = pl.min_horizontal(pl.col(f"level{size}") / pl.col("base_level"), pl.lit(1.0))
    calm = pl.col(f"base_calm{size}")
    return (
        (pl.col(f"base_sibling{size}") >= values["sibling"])
        & (calm > 0)
        & (band <= values["calm"] * calm)
        & ((band <= share * usual * level) | (pl.col("top") == 0))
    )


def _reach(values: Values, more: Mapping[int, pl.Expr] | None = None) -> pl.Expr:
    """How many hours back the window reaches that fires at this hour; null where none does. `more`: by window size."""
    scale = pl.col("full_scale")
    flat = {
        size: (pl.col(f"band{size}_value") <= values["scale"] * scale)
        & (pl.col(f"base_usual{size}_value") >= values["usual_least"] * scale)
        & (pl.col(f"base_usual{size}_value") > 0)
        & (pl.col(f"band{size}_value") <= share * pl.col(f"base_usual{size}_value"))
        for size, share in ((SHORT, values["short"]), (LONG, values["long"]))
    }
    zero = (
        (pl.col("top") == 0)
        & (pl.col(f"base_usual{SHORT}_value") >= values["usual_least"] * scale)
        & (pl.col(f"base_usual{SHORT}_value") > 0)
    )
    if more is not None:
        flat = {size: condition & more[size] for size, condition in flat.items()}
        # Six zeros come before the window of ten has closed, so it need not be calm yet; but zero must be news.
        zero &= (pl.col(f"base_sibling{SHORT}") >= values["sibling"]) & (pl.col(f"base_calm{SHORT}") > 0)
        zero &= pl.col("base_level") >= values["usual_least"] * scale
    return pl.when(flat[LONG]).then(LONG).when(flat[SHORT]).then(SHORT).when(zero).then(ZERO)


@dataclass(frozen=True, slots=True)
class _Stretch:
    first: int
    last: int


def _stretches(series: pl.DataFrame, gap: float) -> list[_Stretch]:
    """Windows that fired, each reaching back over its own length, joined over small holes."""
    ts = series["ts"].to_list()
    stretches: list[_Stretch] = []
    for row, reach in enumerate(series["_reach"].to_list()):
        if reach is None:
            continue
        first = row - reach + 1
        if stretches and ts[first] - ts[stretches[-1].last] <= timedelta(hours=gap + 1):
            stretches[-1] = _Stretch(min(first, stretches[-1].first), row)
        else:
            stretches.append(_Stretch(first, row))
    return stretches


def _finding(series: pl.DataFrame, stretch: _Stretch) -> Finding:
    part = series.slice(stretch.first, stretch.last - stretch.first + 1)
    fired = part.filter(pl.col("_reach").is_not_null())
    is_long = pl.col("_reach") == LONG
    middle = fired.select(
        band=pl.when(is_long).then(f"band{LONG}_value").otherwise(f"band{SHORT}_value"),
        usual=pl.when(is_long).then(f"base_usual{LONG}_value").otherwise(f"base_usual{SHORT}_value"),
        sibling=pl.when(is_long).then(f"base_sibling{LONG}").otherwise(f"base_sibling{SHORT}"),
    ).median()
    band, usual, sibling = (float(one or 0.0) for one in middle.row(0))
    name, level, count = part["pollutant"][0], float(part["value"].median()), part["value"].n_unique()  # type: ignore[arg-type]  # a number
    share = 0.0 if level == 0 else min(1.0, band / usual)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=name,
        from_ts=part["ts"][0],
        to_ts=part["ts"][-1],
        hours=part.height,
        strength=1 - share,
        corroboration=min(1.0, sibling),
        zh=(
            f"{name} 连续 {part.height} 小时在 {level:.3g} 上下，窗口波动幅度 {band:.3g}，{count} 个不同数值",
            f"平常同长窗口的波动幅度为 {usual:.3g}",
            f"同排口其他信号仍保持平常波动的 {100 * sibling:.0f}%",
        ),
        en=(
            f"{name} stayed at {level:.3g} for {part.height} hours, band {band:.3g}, {count} different values",
            f"the usual band of such a window is {usual:.3g}",
            f"another signal of the outlet kept {100 * sibling:.0f} % of its usual band",
        ),
        statistic={
            "band": band,
            "usual_band": usual,
            "level": level,
            "unique_values": float(count),
            "sibling_share": sibling,
            "full_scale": part["full_scale"][0],
            "hours": float(part.height),
        },
    )


MODEL = Model(
    needs={
        "obs_hour": (*ORDER, "value", "production_kw", "flow", "o2", "flag", "mark", "valid_min"),
        "limits": ("pollutant", "limit", "full_scale"),
    },
    measure=measure,
    judge=judge,
)
