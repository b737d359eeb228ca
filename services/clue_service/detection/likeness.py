"""Curves of vehicle tests that are alike: what a car does apart from the common cycle, compared within line and month.

A curve is a test's CO2, CO and NOx by second. `shape` is what is left without the line's mean curve, `own` what is left
when that curve's level and factor are taken out as well; both are brought to unit spread per gas.
"""

import math
from collections.abc import Iterator, Mapping
from random import Random

import polars as pl

GASES = ("co2", "co", "nox")
KINDS = ("shape", "own")
BIN = 4  # seconds
BANDS, BITS, TERMS = 14, 10, 20  # of the hash; a pair of likeness 0.98 is missed in 1 of 25 000 cases
PAIRS_AT_ONCE = 20_000


def cleaned(points: pl.DataFrame, skip: float) -> pl.DataFrame:
    """Points after the probe was put in, where the line has a mean curve; a missing value counts as the mean."""
    means = [f"base_mean_{gas}" for gas in GASES]
    rows = points.filter((pl.col("sec") > skip) & pl.any_horizontal(pl.col(means).is_not_null()))
    rows = rows.with_columns(pl.col(means).fill_null(0.0))
    return rows.with_columns([pl.col(gas).fill_null(pl.col(f"base_mean_{gas}")) for gas in GASES])


def standing_out(points: pl.DataFrame) -> pl.DataFrame:
    """Add shape_<gas> and own_<gas> to points (test_id, sec, gases, base_mean_<gas>); 0 where a gas does not move."""
    sums = []
    for gas in GASES:
        x, mean = pl.col(gas), pl.col(f"base_mean_{gas}")
        sums += [x.mean().alias(f"_x_{gas}"), mean.mean().alias(f"_m_{gas}"), x.var(ddof=0).alias(f"_xx_{gas}")]
        sums += [mean.var(ddof=0).alias(f"_mm_{gas}"), pl.cov(x, mean, ddof=0).alias(f"_xm_{gas}")]
    tests = points.group_by("test_id").agg(sums)
    rows = points.join(tests, on="test_id", how="left", maintain_order="left")
    left = []
    for gas in GASES:
        x, mean = pl.col(gas) - pl.col(f"_x_{gas}"), pl.col(f"base_mean_{gas}") - pl.col(f"_m_{gas}")
        xx, mm, xm = (pl.col(f"_{name}_{gas}") for name in ("xx", "mm", "xm"))
        slope = pl.when(mm > 1e-12).then(xm / mm).otherwise(0.0)
        left.append(_unit(x - mean, xx + mm - 2 * xm).alias(f"shape_{gas}"))
        left.append(_unit(x - slope * mean, xx - slope * xm).alias(f"own_{gas}"))
    return rows.with_columns(left).drop([name for name in tests.columns if name != "test_id"])


def _unit(rest: pl.Expr, variance: pl.Expr) -> pl.Expr:
    return pl.when(variance > 1e-9).then(rest / variance.sqrt()).otherwise(0.0).fill_null(0.0)


def alike(points: pl.DataFrame, tests: pl.DataFrame, least: tuple[float, float, float]) -> pl.DataFrame:
    """Pairs of tests (test_id, twin, likeness) of different cars in one block; each pair stands both ways.

    `points` come from `standing_out`; `tests` has test_id, block and vin; `least` are the likeness, that of the curves
    without the common cycle, and the share of seconds both have. Only pairs that fall into one bucket of a
    hash of signs are compared second by second, so the work does not grow with the square of the tests.
    """
    wide = {kind: _wide(points, kind) for kind in KINDS}
    found = []
    for part in _candidates(wide, tests):
        near = _near(part, wide["own"], least[1] / 2)
        if not near.is_empty():
            found.append(_compared(near, points, least))
    if not found:
        return pl.DataFrame(schema={"test_id": pl.String, "twin": pl.String, "likeness": pl.Float64})
    pairs = pl.concat(found)
    return pl.concat([pairs, pairs.select(test_id="twin", twin="test_id", likeness="likeness")])


def _wide(points: pl.DataFrame, kind: str) -> pl.DataFrame:
    """One row per test: the curves of a kind in bins of some seconds."""
    names = [f"{kind}_{gas}" for gas in GASES]
    binned = points.group_by("test_id", _bin=pl.col("sec") // BIN).agg([pl.col(name).mean() for name in names])
    wide = binned.pivot("_bin", index="test_id", values=names)
    return wide.select("test_id", pl.col(sorted(name for name in wide.columns if name != "test_id")).fill_null(0.0))


def _candidates(wide: Mapping[str, pl.DataFrame], tests: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Pairs of different cars in one block that share a bucket of either kind."""
    pairs = []
    for kind in KINDS:
        bucket = _hashed(wide[kind]).join(tests, on="test_id")
        for band in range(BANDS):
            keys = ["block", f"band{band}"]
            own = bucket.select("test_id", "vin", *keys)
            both = own.join(own, on=keys, suffix="_twin").filter(
                (pl.col("test_id") < pl.col("test_id_twin")) & (pl.col("vin") != pl.col("vin_twin"))
            )
            pairs.append(both.select("test_id", twin="test_id_twin"))
    distinct = pl.concat(pairs).unique().sort("test_id", "twin")
    for first in range(0, distinct.height, PAIRS_AT_ONCE):
        yield distinct.slice(first, PAIRS_AT_ONCE)


def _hashed(wide: pl.DataFrame) -> pl.DataFrame:
    """Per test the signs of sums over random bins of its curve, as one number per band."""
    names = wide.columns[1:]
    chance = Random(1)  # the same planes in every run
    bands = []
    for band in range(BANDS):
        signs = []
        for bit in range(BITS):
            chosen = chance.sample(names, min(TERMS, len(names)))
            half = len(chosen) // 2
            plane = pl.sum_horizontal(chosen[:half]) - pl.sum_horizontal(chosen[half:])
            signs.append((plane > 0).cast(pl.Int64) * (1 << bit))
        bands.append(pl.sum_horizontal(signs).alias(f"band{band}"))
    return wide.select("test_id", *bands)


def _near(pairs: pl.DataFrame, wide: pl.DataFrame, least: float) -> pl.DataFrame:
    """Pairs whose binned curves are alike at all: far fewer than share a bucket by their car's factor alone."""
    names = wide.columns[1:]
    size = pl.sum_horizontal([pl.col(name) ** 2 for name in names]).sqrt()
    sized = wide.with_columns(_size=size)
    both = pairs.join(sized, on="test_id").join(sized, left_on="twin", right_on="test_id", suffix="_twin")
    dot = pl.sum_horizontal([pl.col(name) * pl.col(f"{name}_twin") for name in names])
    near = dot >= least * pl.col("_size") * pl.col("_size_twin")
    return both.filter(near & (pl.col("_size") > 0) & (pl.col("_size_twin") > 0)).select("test_id", "twin")


def _compared(pairs: pl.DataFrame, points: pl.DataFrame, least: tuple[float, float, float]) -> pl.DataFrame:
    similarity, own, common = least
    names = [f"{kind}_{gas}" for kind in KINDS for gas in GASES]
    curves = points.select("test_id", "sec", *names)
    lengths = curves.group_by("test_id").agg(_length=pl.len())
    both = pairs.join(curves, on="test_id").join(
        curves, left_on=["twin", "sec"], right_on=["test_id", "sec"], suffix="_twin"
    )
    sums = [pl.len().alias("_both")]
    for kind in KINDS:
        mine, other = [f"{kind}_{gas}" for gas in GASES], [f"{kind}_{gas}_twin" for gas in GASES]
        dot = pl.sum_horizontal([pl.col(a) * pl.col(b) for a, b in zip(mine, other, strict=True)]).sum()
        size = [pl.sum_horizontal([pl.col(name) ** 2 for name in side]).sum() for side in (mine, other)]
        sums.append((dot / (size[0] * size[1]).sqrt()).fill_nan(None).alias(kind))
    found = both.group_by("test_id", "twin").agg(sums)
    longest = found.join(lengths, on="test_id").join(lengths, left_on="twin", right_on="test_id", suffix="_twin")
    enough = pl.col("_both") >= common * pl.max_horizontal("_length", "_length_twin")
    is_copy = ((pl.col("shape") > similarity) & (pl.col("own") >= own)) | (pl.col("own") > similarity)
    likeness = pl.max_horizontal(pl.when(pl.col("own") >= own).then("shape"), "own")
    return longest.filter(enough & is_copy).select("test_id", "twin", likeness=likeness).sort("test_id", "twin")


def likeness_of(one: pl.DataFrame, other: pl.DataFrame) -> tuple[float, float]:
    """`shape` and `own` likeness of two tests' cleaned points, summed exactly: the same on every machine and slice."""
    curves = [_curves(test) for test in (one, other)]
    return _cosine(curves, "shape"), _cosine(curves, "own")


def _cosine(curves: list[Mapping[tuple[str, str], Mapping[int, float]]], kind: str) -> float:
    pairs = [
        (value, curves[1][kind, gas][sec])
        for gas in GASES
        for sec, value in curves[0][kind, gas].items()
        if sec in curves[1][kind, gas]
    ]
    squares = math.fsum(a * a for a, _ in pairs) * math.fsum(b * b for _, b in pairs)
    return math.fsum(a * b for a, b in pairs) / math.sqrt(squares) if squares > 0 else 0.0


def _curves(test: pl.DataFrame) -> Mapping[tuple[str, str], Mapping[int, float]]:
    """Both curves of every gas by second, as `standing_out` has them."""
    seconds = test["sec"].to_list()
    found = {}
    for gas in GASES:
        x, mean = _centred(test[gas].to_list()), _centred(test[f"base_mean_{gas}"].to_list())
        square = math.fsum(value * value for value in mean)
        slope = math.fsum(a * b for a, b in zip(x, mean, strict=True)) / square if square / len(mean) > 1e-12 else 0.0
        for kind, factor in (("shape", 1.0), ("own", slope)):
            rest = [a - factor * b for a, b in zip(x, mean, strict=True)]
            variance = math.fsum(value * value for value in rest) / len(rest)
            spread = math.sqrt(variance) if variance > 1e-9 else math.inf
            found[kind, gas] = {sec: value / spread for sec, value in zip(seconds, rest, strict=True)}
    return found


def _centred(values: list[float]) -> list[float]:
    middle = math.fsum(values) / len(values)
    return [value - middle for value in values]
