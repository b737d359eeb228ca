"""R17, discharge timed between samplings (避开采样时段排放): far too often no flow when the sampler works."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, log1p

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.live import excused
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking
from services.clue_service.detection.phase_chart import phase_chart

BLOCK = timedelta(days=5)
ORDER = ["outlet_id", "ts"]
STEP = timedelta(minutes=10)


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """All 10-minute steps, numbered in blocks of five days from the first day of each outlet, with their whole size."""
    rows = tables["water_10min"].with_columns(pl.col("flow").cast(pl.Float64).fill_nan(None)).sort(ORDER)
    short = lacking(rows, ("flow", "sampling"))
    known = rows.filter(pl.col("flow").is_not_null() & pl.col("sampling").is_not_null())
    first = known.group_by("outlet_id").agg(_day=pl.col("ts").min().dt.truncate("1d"))
    known = known.join(first, on="outlet_id", how="left", maintain_order="left")
    block = ((pl.col("ts") - pl.col("_day")).dt.total_days() // BLOCK.days).alias("base_block")
    known = known.with_columns(block).drop("_day")
    counts = _counted(known, values)
    keys = ["outlet_id", "base_block"]
    firing = counts.filter(_fires(values))
    known = known.join(firing.select("outlet_id").unique(), on="outlet_id", how="semi", maintain_order="left")
    known = known.join(counts.select(*keys, base_steps="steps"), on=keys, how="left", maintain_order="left")
    quiet = counts.filter(pl.col("samples") >= values["least_samples"]).group_by("outlet_id")
    known = known.join(
        quiet.agg(base_other_blocks=(~_fires(values)).sum()), on="outlet_id", how="left", maintain_order="left"
    )
    return Measured(excused(known, tables.get("work_orders"), rule.work_orders), short)


def _counted(rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """One row a block: steps, steps with flow, steps sampled, of these with flow."""
    keys = ["outlet_id", "base_block"]
    usual = pl.when(pl.col("flow") > 0).then("flow").median().over(keys)
    flowing = rows.with_columns(flowing=(pl.col("flow") > values["flow"] * usual).fill_null(False))
    return (
        flowing.group_by(keys, maintain_order=True)
        .agg(
            steps=pl.len(),
            duty=pl.col("flowing").mean(),
            samples=pl.col("sampling").sum(),
            met=(pl.col("flowing") & pl.col("sampling")).sum(),
            begin=pl.col("ts").filter("flowing").min(),
            end=pl.col("ts").filter("flowing").max(),
        )
        .sort(keys)
    )


def _fires(values: Values) -> pl.Expr:
    """All but the binomial test, which is computed for the few blocks left over."""
    return (
        (pl.col("duty") >= values["duty"])
        & (pl.col("samples") >= values["least_samples"])
        & (pl.col("met") <= values["ratio"] * pl.col("duty") * pl.col("samples"))
    )


def chance(met: int, samples: int, duty: float) -> float:
    """The probability that at most `met` of the samplings meet flow, were they independent of it (binomial)."""
    if duty >= 1:
        return 1.0 if met >= samples else 0.0
    terms = (
        lgamma(samples + 1)
        - lgamma(one + 1)
        - lgamma(samples - one + 1)
        + one * log(duty)
        + (samples - one) * log1p(-duty)
        for one in range(met + 1)
    )
    return min(1.0, sum(exp(term) for term in terms))


@dataclass(frozen=True, slots=True)
class _Block:
    """One block that fires."""

    number: int
    row: Mapping[str, float]
    odds: float


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """Blocks among measured rows (columns of `measure`); a block that is not wholly there is not judged."""
    rows = rows.filter(pl.col("base_block").is_not_null()).sort(ORDER)
    keys = ["outlet_id", "base_block"]
    whole = rows.filter((pl.len().over(keys) == pl.col("base_steps")) & ~pl.col("base_excused"))
    counts = _counted(whole, values).filter(_fires(values))
    others = dict(rows.group_by("outlet_id").agg(pl.col("base_other_blocks").first()).rows())
    findings = []
    for outlet in counts.partition_by("outlet_id", maintain_order=True):
        for episode in _episodes(outlet, values):
            name = outlet["outlet_id"][0]
            findings.append(_finding(name, episode, bool(others[name]), outlet))
    return findings


def _episodes(outlet: pl.DataFrame, values: Values) -> Iterator[list[_Block]]:
    """Blocks next to one another (or with few between): two of them, or one that chance all but rules out."""
    episode: list[_Block] = []
    for row in outlet.iter_rows(named=True):
        odds = chance(row["met"], row["samples"], row["duty"])
        if odds >= 10 ** -values["odds"]:
            continue
        if episode and row["base_block"] - episode[-1].number > values["block_gap"] + 1:
            yield from _enough(episode, values)
            episode = []
        episode.append(_Block(row["base_block"], row, odds))
    yield from _enough(episode, values)


def _enough(episode: list[_Block], values: Values) -> Iterator[list[_Block]]:
    if len(episode) >= values["least_blocks"] or any(one.odds < 10 ** -values["odds_alone"] for one in episode):
        yield episode


def _finding(name: str, episode: list[_Block], has_others: bool, outlet: pl.DataFrame) -> Finding:
    mine = outlet.filter(pl.col("base_block").is_in([one.number for one in episode]))
    samples, met = int(mine["samples"].sum()), int(mine["met"].sum())
    steps = mine["steps"].to_list()
    duty = sum(share * count for share, count in zip(mine["duty"].to_list(), steps, strict=True)) / sum(steps)
    share, least = met / samples, min(one.odds for one in episode)
    return Finding(
        entity_id=name,
        pollutant=None,
        from_ts=mine["begin"][0],
        to_ts=mine["end"][-1],
        hours=sum(steps) * STEP / timedelta(hours=1),
        strength=max(0.0, 1 - share / duty),
        # Days on which flow and sampling met as often as chance wants speak against a plant cycle in step by accident.
        corroboration=1.0 if has_others else 0.5,
        zh=(
            f"{len(episode)} 个 5 日时段内，平均 {100 * duty:.0f}% 的时间有排水，"
            f"但 {samples} 次采样中仅 {met} 次（{100 * share:.0f}%）遇到排水，疑似避开采样时段排放",
            f"若排水与采样无关，此种巧合的概率最低为 {least:.1e}（二项检验）",
            "其他时段排水与采样并无此关系" if has_others else "全部时段均如此，应核对生产周期与采样时钟的先后",
        ),
        en=(
            f"over {len(episode)} blocks of five days water flowed {100 * duty:.0f} % of the time, yet only {met} of "
            f"{samples} samplings ({100 * share:.0f} %) met flow: discharge suspected to avoid the sampling",
            f"were flow independent of sampling, the probability would be as low as {least:.1e} (binomial test)",
            "in other blocks flow and sampling are not so related"
            if has_others
            else "all blocks are alike: check whether the plant's cycle is older than the sampler's clock",
        ),
        statistic={
            "blocks": float(len(episode)),
            "duty": duty,
            "samples": float(samples),
            "samples_with_flow": float(met),
            "ratio": share / duty,
            "least_probability": least,
        },
    )


MODEL = Model(
    needs={"water_10min": ("outlet_id", "ts", "flow", "sampling")},
    measure=measure,
    judge=judge,
    source="water_10min",
    keys=("outlet_id", "ts"),
    before=BLOCK,
    after=BLOCK,
    chart=phase_chart,
)
