"""R21, copied curves and diluted sample (检测过程数据雷同与尾气稀释): the record of a test by second is not its own."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.curve_words import words_of
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing, top_of
from services.clue_service.detection.ledger import holds_one_of, is_one_of, taken
from services.clue_service.detection.likeness import GASES, alike, cleaned, likeness_of, standing_out
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking

OF_TEST = ("line_id", "plate", "vin", "start", "method", "lam")
HOLE = 2  # seconds between points that still follow one another
FLAT_RPM, MOVING_CO2 = 10.0, 1.0  # r/min and %: engine speed stands still while CO2 moves
FULL_SECONDS = 30.0


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """All points of the tests that are like another's or have little CO + CO2, with the line's mean curve."""
    tests = _tests(taken(tables, "veh_tests"), rule, values)
    points = taken(tables, "veh_points").drop_nulls(["test_id", "sec"]).unique(["test_id", "sec"], keep="last")
    missing = lacking(points, ("co2", "co"))
    rows = points.join(tests, on="test_id", how="inner").sort("test_id", "sec")
    rows = _with_means(rows, values)
    copies = _copies(rows, tests, values)
    weak = rows.filter(_is_diluted(values) & pl.col("base_counts")).group_by("test_id").len()
    weak = weak.filter(pl.col("len") >= values["diluted"] / HOLE).select("test_id")
    twins = copies.select(test_id="base_twin")
    wanted = pl.concat([weak, copies.select("test_id"), twins]).unique()
    chosen = rows.join(wanted, on="test_id", how="semi", maintain_order="left")
    chosen = chosen.join(copies, on="test_id", how="left", maintain_order="left")
    return Measured(chosen.with_columns(ts=pl.col("start") + pl.duration(seconds="sec")), missing)


def _tests(tests: pl.DataFrame, rule: Rule, values: Values) -> pl.DataFrame:
    """Tests with whether CO + CO2 counts, whether the method idles, and whether the car was tested again at once."""
    words = rule.words
    tests = tests.drop_nulls(["test_id", "line_id", "start"]).unique("test_id", keep="last")
    passed, failed = is_one_of("result", words["passed"]), is_one_of("result", words["failed"])
    rows = tests.with_columns(
        base_counts=(passed & ~holds_one_of("method", words["diesel"]).fill_null(False)).fill_null(False),
        base_idles=holds_one_of("method", words["idle"]).fill_null(False),
        _passed=passed,
        _failed=failed,
    ).sort("plate", "start", "test_id")
    return rows.with_columns(base_again=_again(values)).select(
        "test_id", *OF_TEST, "base_counts", "base_idles", "base_again"
    )


def _again(values: Values) -> pl.Expr:
    """Whether the same plate was tested shortly before or after, or failed and passed at another line."""
    found = []
    for step in (1, -1):
        same = pl.col("plate") == pl.col("plate").shift(step)
        apart = (pl.col("start") - pl.col("start").shift(step)).abs()
        earlier_failed = pl.col("_failed").shift(step) if step == 1 else pl.col("_failed")
        later_passed = pl.col("_passed") if step == 1 else pl.col("_passed").shift(step)
        moved = (pl.col("line_id") != pl.col("line_id").shift(step)) & earlier_failed & later_passed
        soon = (apart <= pl.duration(minutes=values["again"])) | (
            moved & (apart <= pl.duration(minutes=values["other_line"]))
        )
        found.append((same & soon).fill_null(False))
    return pl.when(pl.col("plate").is_not_null()).then(found[0] | found[1])


def _with_means(rows: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Add the mean of each gas at that second over the line's tests by the method, where there are enough of them.

    The cycle is common to everybody: a line with too few tests is compared with the mean of all lines.
    """
    for keys, prefix in ((["line_id", "method", "sec"], "_line_"), (["method", "sec"], "_all_")):
        means = rows.group_by(keys).agg(*[pl.col(gas).mean().alias(prefix + gas) for gas in GASES], _tests=pl.len())
        enough = means.filter(pl.col("_tests") >= values["line_tests"]).drop("_tests")
        rows = rows.join(enough, on=keys, how="left", maintain_order="left", nulls_equal=True)
    either = [pl.coalesce(f"_line_{gas}", f"_all_{gas}").alias(f"base_mean_{gas}") for gas in GASES]
    return rows.with_columns(either).drop([prefix + gas for prefix in ("_line_", "_all_") for gas in GASES])


def _copies(rows: pl.DataFrame, tests: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Tests like another car's of the line, method and month: base_twin is the likest, base_twins how many."""
    blocks = tests.drop_nulls("vin").select(
        "test_id",
        "vin",
        block=pl.concat_str(
            "line_id", pl.col("method").fill_null(""), pl.col("start").dt.strftime("%Y-%m"), separator="|"
        ),
    )
    mine = cleaned(rows, values["skip"]).select("test_id", "sec", *GASES, *[f"base_mean_{gas}" for gas in GASES])
    if mine.is_empty():
        return pl.DataFrame(schema={"test_id": pl.String, "base_twin": pl.String, "base_twins": pl.Int64})
    found = alike(standing_out(mine), blocks, (values["similarity"], values["own"], values["common"]))
    likest = found.sort(["likeness", "twin"], descending=[True, False]).group_by("test_id", maintain_order=True)
    return likest.agg(base_twin=pl.col("twin").first(), base_twins=pl.len().cast(pl.Int64)).sort("test_id")


def _is_diluted(values: Values) -> pl.Expr:
    """CO + CO2 too low, the probe in, and the engine not off (a hybrid's engine speed and CO2 are zero together)."""
    is_off = ((pl.col("rpm") == 0) & (pl.col("co2") < 0.1)).fill_null(False)
    return ((pl.col("sec") > values["skip"]) & (pl.col("co") + pl.col("co2") < values["gas"]) & ~is_off).fill_null(
        False
    )


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """One finding per test that is copied or diluted (columns of `measure`)."""
    if rows.is_empty():
        return []
    points = rows.sort("test_id", "sec").with_columns(_diluted=_is_diluted(values) & pl.col("base_counts"))
    tests = {str(part["test_id"][0]): part for part in points.partition_by("test_id", maintain_order=True)}
    found = []
    for test in tests.values():
        likeness = _likeness(test, tests.get(test["base_twin"][0] or ""), values)
        run = _longest(test["sec"].to_list(), test["_diluted"].to_list())
        seconds = float(run[1] - run[0] + 1) if run else 0.0
        if likeness or seconds >= values["diluted"]:
            found.append(_finding(test, likeness, run if seconds >= values["diluted"] else None, values))
    return found


def _likeness(test: pl.DataFrame, twin: pl.DataFrame | None, values: Values) -> float:
    """How alike a test and its twin are; 0 where they are not alike enough."""
    if twin is None:
        return 0.0
    mine, other = cleaned(test, values["skip"]), cleaned(twin, values["skip"])
    if mine.is_empty() or other.is_empty():
        return 0.0
    shape, own = likeness_of(mine, other)
    if own > values["similarity"] or (shape > values["similarity"] and own >= values["own"]):
        return max(shape, own)
    return 0.0


def _longest(seconds: list[int], chosen: list[bool]) -> tuple[int, int] | None:
    """First and last second of the longest run of chosen points."""
    best: tuple[int, int] | None = None
    run: tuple[int, int] | None = None
    for sec, is_chosen in zip(seconds, chosen, strict=True):
        if not is_chosen:
            run = None
            continue
        run = (run[0], sec) if run and sec - run[1] <= HOLE else (sec, sec)
        if best is None or run[1] - run[0] > best[1] - best[0]:
            best = run
    return best


def _finding(test: pl.DataFrame, likeness: float, run: tuple[int, int] | None, values: Values) -> Finding:
    first: Mapping[str, Any] = test.row(0, named=True)
    seconds = float(run[1] - run[0] + 1) if run else 0.0
    second = _second_signals(test, values)
    told = words_of(first, likeness, run, second)
    # Copied as a whole, diluted in a stretch.
    inside = test if likeness or run is None else test.filter(pl.col("sec").is_between(*run))
    return Finding(
        entity_id=first["test_id"],
        pollutant=None,
        from_ts=inside["ts"][0],
        to_ts=inside["ts"][-1],
        hours=1.0,
        strength=max(likeness, min(1.0, seconds / FULL_SECONDS)),
        corroboration=sum(second.values()) / len(second) if second else 0.0,
        zh=told[0],
        en=told[1],
        statistic={"likeness": likeness, "diluted_seconds": seconds, "twins": float(first["base_twins"] or 0)},
    )


def _second_signals(test: pl.DataFrame, values: Values) -> dict[str, bool]:
    """What else speaks against the test, of what can be seen: tested again at once, engine speed flat, λ."""
    first = test.row(0, named=True)
    signals: dict[str, bool] = {}
    if first["base_again"] is not None:
        signals["again"] = first["base_again"]
    after = test.filter(pl.col("sec") > values["skip"])
    rpm, co2 = after["rpm"].drop_nulls().to_list(), after["co2"].drop_nulls().to_list()
    if rpm and co2:
        signals["rpm"] = max(rpm) - min(rpm) <= FLAT_RPM and max(co2) - min(co2) >= MOVING_CO2
    if first["base_idles"] and first["lam"] is not None:
        signals["lam"] = abs(first["lam"] - 1) > values["lam"]
    return signals


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The test, second by second, and the one it is like."""
    own = pl.col("test_id") == finding.entity_id
    twins = rows.filter(own)["base_twin"].drop_nulls().unique().to_list()
    both = rows.filter(own | pl.col("test_id").is_in(twins))
    return both.with_columns(hit=own & pl.col("ts").is_between(finding.from_ts, finding.to_ts))


def chart(rows: pl.DataFrame, title: str) -> str:
    """CO2 and CO of the test over those of its twin, and the seconds of the hit."""
    name = rows.filter("hit")["test_id"][0]
    own, twin = rows.filter(pl.col("test_id") == name).sort("sec"), rows.filter(pl.col("test_id") != name).sort("sec")
    seconds = [float(sec) for sec in own["sec"].to_list()]
    hit = own.filter("hit")["sec"]
    last = max(seconds[-1], 1.0)
    labels = [(float(at), f"{at} s") for at in range(0, int(last) + 1, max(10, int(last) // 80 * 10))]
    top = top_of(own["co2"].to_list(), own["co"].to_list(), twin["co2"].to_list())
    drawing = Drawing(title, (0.0, last), (0.0, top), "%", labels)
    drawing.band(float(hit[0]), float(hit[-1]), "命中时段")
    if not twin.is_empty():
        others = [float(sec) for sec in twin["sec"].to_list()]
        drawing.line(others, twin["co2"].to_list(), GREY, f"CO2 {twin['test_id'][0]}")
    drawing.line(seconds, own["co2"].to_list(), BLUE, "CO2 本次", dashed=not twin.is_empty())
    drawing.line(seconds, own["co"].to_list(), RED, "CO 本次")
    return drawing.svg()


MODEL = Model(
    needs={
        "veh_tests": ("test_id", "line_id", "vin", "start", "result"),
        "veh_points": ("test_id", "sec", "co2", "co"),
    },
    measure=measure,
    judge=judge,
    entity="test_id",
    cut=cut,
    chart=chart,
)
