"""R22, one sampler in two places (第三方监测报告时空冲突): jobs of one person that exclude each other."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, RED, Drawing, seconds, time_labels
from services.clue_service.detection.ledger import cut_between, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.places import distance_km, is_placed

KEYS = {"sampler_id": ("采样人员", "the sampler"), "instrument_id": ("仪器", "the instrument")}
OTHER = ("report_id", "org", "sampler_name", "site", "lat", "lon", "t_start", "t_end")
FULL_KM = 50.0
MOST_DAYS = 31  # a job said to last longer is compared by the days it began with
NEEDED = ("lat", "lon", "t_start", "t_end")


def measure(tables: Mapping[str, pl.DataFrame], _rule: Rule, values: Values) -> Measured:
    """One row per report and earlier report of the same person or instrument, in base_ columns, far enough apart."""
    reports = taken(tables, "lab_reports")
    missing = lacking(reports, NEEDED)
    is_whole = is_placed("lat", "lon") & (pl.col("t_end") >= pl.col("t_start"))
    usable = reports.filter(is_whole.fill_null(False))
    if rest := reports.height - sum(missing.values()) - usable.height:
        missing["position or order of times"] = max(rest, 0)
    pairs = pl.concat([_pairs(usable, key) for key in KEYS]).unique(maintain_order=True)
    least = min(values["distance"], values["speed_distance"])
    far = pairs.filter(distance_km("lat", "lon", "base_lat", "base_lon") > least)
    return Measured(
        far.sort("t_start", "report_id", "base_key", "base_t_start", "base_report_id"),
        {name: count for name, count in missing.items() if count},
    )


def _pairs(reports: pl.DataFrame, key: str) -> pl.DataFrame:
    """Pairs that share a day, and each job with the one before it; the later job keeps its own columns."""
    order = [key, "t_start", "report_id"]
    jobs = reports.filter(pl.col(key).is_not_null()).sort(order).with_row_index("_job")
    earlier = jobs.select("_job", key, *[pl.col(name).alias(f"base_{name}") for name in OTHER])
    last = pl.min_horizontal(pl.col("t_end"), pl.col("t_start") + pl.duration(days=MOST_DAYS))
    days = jobs.select("_job", key, _day=pl.date_ranges(pl.col("t_start").dt.date(), last.dt.date())).explode(
        "_day", empty_as_null=True
    )
    shared = days.join(days, on=[key, "_day"], suffix="_before").filter(pl.col("_job") > pl.col("_job_before"))
    after = jobs.filter(pl.col(key) == pl.col(key).shift(1)).select("_job", _job_before=pl.col("_job") - 1)
    both = pl.concat([shared.select("_job", "_job_before"), after.cast({"_job_before": pl.UInt32})]).unique()
    follows = both.with_columns(base_follows=pl.col("_job") - pl.col("_job_before") == 1)
    joined = jobs.join(follows, on="_job").join(
        earlier.drop(key), left_on="_job_before", right_on="_job", how="inner", maintain_order="left"
    )
    return joined.filter(pl.col("report_id") != pl.col("base_report_id")).select(
        *reports.columns, *[f"base_{name}" for name in OTHER], "base_follows", base_key=pl.lit(key)
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """One finding per later report, on the pair that lies farthest apart (columns of `measure`)."""
    if rows.is_empty():
        return []
    gap = (pl.col("t_start") - pl.col("base_t_end")).dt.total_seconds() / 3600
    pairs = rows.with_columns(_km=distance_km("lat", "lon", "base_lat", "base_lon"), _gap=gap)
    overlaps = (pl.col("_gap") < 0) & (pl.col("_km") > values["distance"])
    # Two jobs without a minute between them leave no time to travel at all.
    too_fast = (
        (pl.col("_gap") >= 0)
        & pl.col("base_follows")
        & (pl.col("_km") > values["speed_distance"])
        & (pl.col("_km") > values["speed"] * pl.col("_gap"))
    )
    found = pairs.with_columns(_overlaps=overlaps).filter(overlaps | too_fast)
    return [
        _finding(part.sort("_km", "base_report_id", "base_key", descending=[True, False, True]))
        for part in found.partition_by("report_id", maintain_order=True)
    ]


def _finding(pairs: pl.DataFrame) -> Finding:
    worst = pairs.row(0, named=True)
    others, keys = pairs["base_report_id"].n_unique(), pairs["base_key"].n_unique()
    zh, en = _reasons(worst, others)
    statistic = {
        "km": worst["_km"],
        "gap_hours": worst["_gap"],
        "conflicting_reports": float(others),
        "keys": float(keys),
    }
    return Finding(
        entity_id=worst["report_id"],
        pollutant=None,
        from_ts=pairs["t_start"].min(),  # type: ignore[arg-type]  # a time here
        to_ts=pairs["t_end"].max(),  # type: ignore[arg-type]  # a time here
        hours=1.0,
        strength=min(1.0, worst["_km"] / FULL_KM),
        corroboration=((others > 1) + (keys > 1)) / 2,
        zh=zh,
        en=en,
        statistic=statistic,
    )


def _reasons(pair: Mapping[str, Any], others: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    who_zh, who_en = KEYS[pair["base_key"]]
    name, km = pair.get(pair["base_key"]) or "", pair["_km"]
    times = f"{pair['t_start']:%Y-%m-%d %H:%M}–{pair['t_end']:%H:%M}"
    before = f"{pair['base_t_start']:%Y-%m-%d %H:%M}–{pair['base_t_end']:%H:%M}"
    zh = [
        f"{who_zh} {name} 在报告 {pair['report_id']}（{times}）与 {pair['base_report_id']}（{before}）"
        f"中相距 {km:.1f} 公里"
    ]
    en = [
        f"{who_en} {name} of report {pair['report_id']} ({times}) is {km:.1f} km from report "
        f"{pair['base_report_id']} ({before})"
    ]
    if pair["_overlaps"]:
        minutes = -60 * pair["_gap"]
        zh.append(f"两次采样时间重叠至少 {minutes:.0f} 分钟，疑似一人（一机）两地")
        en.append(f"the later job began {minutes:.0f} minutes before the earlier one ended")
    else:
        speed = f"{km / pair['_gap']:.0f}" if pair["_gap"] > 0 else "∞"
        zh.append(f"两次采样之间仅 {60 * pair['_gap']:.0f} 分钟，推算车速 {speed} 公里/小时")
        en.append(f"only {60 * pair['_gap']:.0f} minutes lie between the jobs: a speed of {speed} km/h")
    if others > 1:
        zh.append(f"该报告共与 {others} 份报告冲突")
        en.append(f"the report conflicts with {others} reports")
    return tuple(zh), tuple(en)


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The report's pairs."""
    return cut_between(rows, finding, entity="report_id", time="t_start")


def chart(rows: pl.DataFrame, title: str) -> str:
    """A time bar: the report and those it conflicts with, each on the line of its place."""
    own = rows.row(0, named=True)
    jobs = [(own["t_start"], own["t_end"], f"{own['report_id']} {own['site'] or ''}", RED)]
    for pair in rows.unique("base_report_id", maintain_order=True).head(4).iter_rows(named=True):
        jobs.append(
            (pair["base_t_start"], pair["base_t_end"], f"{pair['base_report_id']} {pair['base_site'] or ''}", BLUE)
        )
    times = [moment for first, last, _, _ in jobs for moment in (first, last)]
    span = (seconds(min(times)), max(seconds(max(times)), seconds(min(times)) + 60))
    drawing = Drawing(title, span, (0.0, float(len(jobs))), "每行一份报告", time_labels(times, "%m-%d %H:%M", 6))
    for line, (first, last, words, colour) in enumerate(jobs):
        drawing.bar(seconds(first), seconds(last), line + 0.25, line + 0.6, colour)
        drawing.words(span[0], line + 0.7, words, colour)
    drawing.named("本报告", RED)
    drawing.named("冲突报告", BLUE)
    return drawing.svg()


MODEL = Model(
    needs={"lab_reports": ("report_id", "sampler_id", *NEEDED)},
    measure=measure,
    judge=judge,
    entity="report_id",
    time="t_start",
    cut=cut,
    chart=chart,
)
