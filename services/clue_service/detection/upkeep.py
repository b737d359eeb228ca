"""R11, too many or too long maintenance marks (校准维护标记异常): set by hand, beyond measure."""

from collections.abc import Mapping
from datetime import timedelta
from statistics import fmean

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.episodes import by_outlet, joined, of_outlets, runs
from services.clue_service.detection.live import ORDER, excused, settings
from services.clue_service.detection.marks import by_hand, carrying, completed, listed, marked
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.outlet_chart import outlet_chart
from services.clue_service.detection.peers import beginning, upkeep_share

WEEK = timedelta(hours=168)
QUANTILE = 0.90


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Hours marked by hand, with the work orders that cover them and what outlets of the industry mark in a week."""
    rows = tables["live_hours"]
    kept = rows.filter(carrying(rows, listed("upkeep")))
    short, hours = lacking(kept, ("mark_by",)), kept.filter(by_hand())
    many = hours.group_by(ORDER[:2]).len().filter(pl.col("len") > min(values["block"], values["peer_least"]))
    few = hours.filter(pl.col("outlet_id").is_in(many["outlet_id"].unique().implode()))
    orders = tables.get("work_orders")
    every = () if orders is None else tuple(orders["kind"].drop_nulls().unique().to_list())
    few = excused(few, orders, every).rename({"base_excused": "base_ordered"})
    few = excused(few, orders, rule.work_orders)
    if few.is_empty():
        return Measured(few.with_columns(base_peers=pl.lit(None, pl.Float64), base_young=pl.lit(False)), short)
    few = few.join(upkeep_share(tables, QUANTILE), on="outlet_id", how="left", maintain_order="left")
    first = beginning(tables, of_outlets(rows.select("outlet_id", "ts", "value"), few["outlet_id"]))
    few = few.join(first, on="outlet_id", how="left", maintain_order="left")
    young = (pl.col("ts") - pl.col("_first")) < timedelta(days=values["young_days"])
    few = few.with_columns(base_young=young.fill_null(False)).drop("_first")
    return Measured(few, short)


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Weeks among measured rows (columns of `measure`), joined where they share marked hours; one for each outlet."""
    counted = marked("upkeep") & by_hand() & ~pl.col("base_excused") & ~pl.col("base_young")
    hours = completed(rows).filter(counted).sort(ORDER)
    findings = []
    for series in hours.partition_by(ORDER[:2], maintain_order=True):
        fired, counts = _fired(series, values)
        for first, last in joined(fired):
            most = max(counts[one] for one in range(first, last + 1))
            findings.append(_finding(series.slice(first, last - first + 1), most, values))
    return by_outlet(findings)


def _fired(series: pl.DataFrame, values: Values) -> tuple[list[tuple[int, int]], list[int]]:
    """Stretches of marked hours that are too many or too long, and the hours marked in the week up to each."""
    moments, peers = series["ts"].to_list(), series["base_peers"][0]
    ordered = series["base_ordered"].to_list()
    most = values["week"]
    if peers is not None:
        most = min(most, max(values["peers"] * peers, values["peer_least"]))
    fired, counts, first = [], [], 0
    for row, moment in enumerate(moments):
        while moment - moments[first] >= WEEK:
            first += 1
        counts.append(row - first + 1)
        if counts[-1] > most:
            fired.append((first, row))
    for begin, end in runs(moments):
        if end - begin + 1 > values["block"] and not any(ordered[begin : end + 1]):
            fired.append((begin, end))
    return fired, counts


def _finding(part: pl.DataFrame, most: int, values: Values) -> Finding:
    peers, moments = part["base_peers"][0], part["ts"].to_list()
    blocks = runs(moments)
    longest = max(last - first + 1 for first, last in blocks)
    running = _share(part, pl.col("rp") >= settings()["load_share"])
    measuring = _share(part, pl.col("valid_min") >= settings()["valid_min"])
    # Hours and minutes are the rule itself; production going on, a device that kept measuring and quiet peers are more.
    signals = [running, measuring] if peers is None else [running, measuring, float(most > values["peers"] * peers)]
    present = sum(one >= 0.5 for one in signals)
    statistic = {
        "hours": float(part.height),
        "most_in_a_week": float(most),
        "longest_block": float(longest),
        "blocks": float(len(blocks)),
        "running_share": running,
        "measuring_share": measuring,
        **({} if peers is None else {"peers_p90": peers}),
    }
    zh, en = _reasons(statistic)
    return Finding(
        entity_id=part["outlet_id"][0],
        pollutant=None,
        from_ts=moments[0],
        to_ts=moments[-1],
        hours=part.height,
        strength=min(1.0, most / values["strength_hours"]),
        corroboration=present / len(signals),
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _share(part: pl.DataFrame, condition: pl.Expr) -> float:
    return fmean(part.select(one=condition.fill_null(False).cast(pl.Float64))["one"].to_list())


def _reasons(statistic: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    week, longest, blocks = (statistic[name] for name in ("most_in_a_week", "longest_block", "blocks"))
    running, measuring = 100 * statistic["running_share"], 100 * statistic["measuring_share"]
    zh = [
        f"人工校准、维护标记共 {statistic['hours']:.0f} 小时（{blocks:.0f} 段），一周内最多 {week:.0f} 小时，"
        f"最长一段 {longest:.0f} 小时，均无相应工单，疑似滥用标记",
        f"其中 {running:.0f}% 的小时生产在运行，{measuring:.0f}% 的小时设备有效分钟数充足",
    ]
    en = [
        f"{statistic['hours']:.0f} hours in {blocks:.0f} blocks are marked calibration or maintenance by hand without "
        f"a fitting work order, at most {week:.0f} in a week and {longest:.0f} in one block: suspected misuse of marks",
        f"production ran in {running:.0f} % of these hours and the device measured enough minutes in {measuring:.0f} %",
    ]
    if "peers_p90" in statistic:
        peers = statistic["peers_p90"]
        zh.append(f"同行业排口一周标记小时数的 90 分位为 {peers:.1f}")
        en.append(f"outlets of the industry mark {peers:.1f} hours a week at their 90th percentile")
    return tuple(zh), tuple(en)


MODEL = Model(
    needs={"obs_hour": (*ORDER, "value", "production_kw", "flow", "flag", "mark", "mark_by", "valid_min")},
    measure=measure,
    judge=judge,
    before=timedelta(days=7),
    after=timedelta(days=7),
    live_only=False,
    chart=outlet_chart,
)
