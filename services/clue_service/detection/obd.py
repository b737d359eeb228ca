"""R20, repeated OBD identity, false rated power (OBD指纹重复与额定功率异常): one identity on cars of several models."""

from collections.abc import Mapping

import polars as pl

from services.clue_service.detection.catalogue import Rule
from services.clue_service.detection.drawing import BLUE, GREY, RED, Drawing, top_of
from services.clue_service.detection.ledger import cut_between, is_one_of, taken
from services.clue_service.detection.model import Finding, Measured, Model, Values, lacking

IDENTITY = ["line_id", "cal_id", "cvn"]
MODEL_OF = ["make", "model"]
RETEST = pl.duration(days=30)
FULL_CARS = 20
NEEDED = ("vin", "make", "model", "cal_id", "cvn")


def measure(tables: Mapping[str, pl.DataFrame], rule: Rule, values: Values) -> Measured:
    """Tests with a suspicious identity or power, the usual power of the model, and what else speaks against them."""
    tests = taken(tables, "veh_tests").drop_nulls(["test_id", "line_id", "start"])
    missing = lacking(tests, NEEDED)
    unread = [is_one_of(name, rule.words["unread"]) for name in ("cal_id", "cvn")]
    tests = tests.with_columns(
        [pl.when(~read).then(pl.col(name)) for name, read in zip(("cal_id", "cvn"), unread, strict=True)]
    )
    tests = tests.with_columns(_passed=is_one_of("result", rule.words["passed"]))
    if tests["rated_kw"].null_count() == tests.height:
        missing["veh_tests.rated_kw"] = tests.height
    rows = _with_usual_power(tests, values)
    rows = _with_two_ids(rows, values["two_ids"]).join(_stations(tests, values), on="station_id", how="left")
    shared = rows.group_by(IDENTITY).agg(_models=_models()).drop_nulls(IDENTITY)
    rows = rows.join(shared, on=IDENTITY, how="left").filter(
        (pl.col("_models") >= values["models"]) | (pl.col("rated_kw") < values["power"] * pl.col("base_usual_kw"))
    )
    return Measured(rows.drop("_passed", "_models").sort("line_id", "start", "test_id"), missing)


def _models() -> pl.Expr:
    """How many different models, capitals or not; a car without a model is none."""
    name = pl.struct([pl.col(one).str.to_lowercase() for one in MODEL_OF])
    return name.filter(pl.col("make").is_not_null() & pl.col("model").is_not_null()).n_unique()


def _with_usual_power(tests: pl.DataFrame, values: Values) -> pl.DataFrame:
    keys = [*MODEL_OF, "engine_family"]
    stated = tests.filter(pl.col("rated_kw") > 0).group_by(*keys, "rated_kw").agg(_count=pl.len())
    usual = (
        stated.sort("_count", "rated_kw", descending=True)
        .group_by(keys, maintain_order=True)
        .agg(base_usual_kw=pl.col("rated_kw").first(), _most=pl.col("_count").first(), _all=pl.col("_count").sum())
        .filter((pl.col("_all") >= values["power_tests"]) & (pl.col("_most") >= values["power_share"] * pl.col("_all")))
        .select(*keys, "base_usual_kw")
    )
    return tests.join(usual, on=keys, how="left", maintain_order="left", nulls_equal=True)


def _with_two_ids(tests: pl.DataFrame, days: float) -> pl.DataFrame:
    """Add base_two_ids: the same car showed another CAL ID shortly before or after; null when it came once only."""
    read = tests.filter(pl.col("vin").is_not_null() & pl.col("cal_id").is_not_null()).sort("vin", "start", "test_id")
    near = pl.duration(days=days)
    flags = []
    for step in (1, -1):
        same = pl.col("vin") == pl.col("vin").shift(step)
        close = (pl.col("start") - pl.col("start").shift(step)).abs() <= near
        flags.append(pl.when(same & close).then(pl.col("cal_id") != pl.col("cal_id").shift(step)))
    either = pl.max_horizontal([flag.cast(pl.Int8) for flag in flags]).cast(pl.Boolean)
    twice = read.select("test_id", base_two_ids=either)
    return tests.join(twice.unique("test_id"), on="test_id", how="left", maintain_order="left")


def _stations(tests: pl.DataFrame, values: Values) -> pl.DataFrame:
    """Stations with base_station_high: more pass, at first or again, than its mix of model years lets expect."""
    judged = tests.filter(pl.col("_passed").is_not_null() & pl.col("station_id").is_not_null()).sort("vin", "start")
    again = (
        (pl.col("vin") == pl.col("vin").shift(1))
        & (pl.col("start") - pl.col("start").shift(1) <= RETEST)
        & ~pl.col("_passed").shift(1)
    )
    parts = [_excess(judged, values), _excess(judged.filter(again.fill_null(False)), values)]
    both = pl.concat(parts).group_by("station_id").agg(pl.col("_excess").max())
    return both.select("station_id", base_station_high=pl.col("_excess") >= values["station"]).sort("station_id")


def _excess(tests: pl.DataFrame, values: Values) -> pl.DataFrame:
    expected = tests.with_columns(_rate=pl.col("_passed").mean().over("model_year"))
    stations = expected.group_by("station_id").agg(
        _passes=pl.col("_passed").sum(),
        _expected=pl.col("_rate").sum(),
        _spread=(pl.col("_rate") * (1 - pl.col("_rate"))).sum().sqrt(),
        _tests=pl.len(),
    )
    enough = stations.filter((pl.col("_tests") >= values["station_tests"]) & (pl.col("_spread") > 0))
    return enough.select("station_id", _excess=(pl.col("_passes") - pl.col("_expected")) / pl.col("_spread"))


def judge(rows: pl.DataFrame, values: Values) -> list[Finding]:
    """One finding per shared identity and line, and one per line with understated power (columns of `measure`)."""
    if rows.is_empty():
        return []
    tests = rows.sort("line_id", "start", "test_id")
    shared = tests.drop_nulls([*IDENTITY, "vin"]).filter(
        (_models().over(IDENTITY) >= values["models"]) & (pl.col("vin").n_unique().over(IDENTITY) >= values["cars"])
    )
    weak = tests.filter(pl.col("rated_kw") < values["power"] * pl.col("base_usual_kw"))
    return [
        *[_shared_identity(group) for group in shared.partition_by(IDENTITY, maintain_order=True)],
        *[_understated(group) for group in weak.partition_by("line_id", maintain_order=True)],
    ]


def _shared_identity(tests: pl.DataFrame) -> Finding:
    first = tests.row(0, named=True)
    models = (
        tests.drop_nulls(MODEL_OF).unique(MODEL_OF, maintain_order=True).select(pl.concat_str(MODEL_OF, separator=" "))
    )
    names = models.to_series().to_list()
    cars = tests["vin"].n_unique()
    listed = "、".join(names[:5])
    zh = (
        f"检测线 {first['line_id']}：{cars} 辆车、{len(names)} 个车型的 CAL ID {first['cal_id']} "
        f"与 CVN {first['cvn']} 相同",
        f"涉及车型：{listed}{'等' if len(names) > 5 else ''}，疑似以其他车辆的 OBD 数据代替",
    )
    en = (
        f"line {first['line_id']}: {cars} cars of {len(names)} models share CAL ID {first['cal_id']} "
        f"and CVN {first['cvn']}",
        f"models: {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}; "
        "another car's OBD seems to have been read",
    )
    return _finding(
        tests, cars, (zh, en), {"cars": float(cars), "models": float(len(names)), "tests": float(tests.height)}
    )


def _understated(tests: pl.DataFrame) -> Finding:
    worst = tests.sort(pl.col("rated_kw") / pl.col("base_usual_kw"), "test_id").row(0, named=True)
    cars = tests["vin"].n_unique()
    share = worst["rated_kw"] / worst["base_usual_kw"]
    zh = (
        f"检测线 {worst['line_id']}：{cars} 辆车录入的额定功率低于同型常见值",
        f"最低为 {worst['make']} {worst['model']}：录入 {worst['rated_kw']:g} kW，"
        f"同型常见 {worst['base_usual_kw']:g} kW（{100 * share:.0f}%）",
    )
    en = (
        f"line {worst['line_id']}: {cars} cars were entered with less rated power than their model usually has",
        f"lowest: {worst['make']} {worst['model']} with {worst['rated_kw']:g} kW, "
        f"usually {worst['base_usual_kw']:g} kW ({100 * share:.0f} %)",
    )
    return _finding(tests, cars, (zh, en), {"cars": float(cars), "tests": float(tests.height), "power_share": share})


def _finding(
    tests: pl.DataFrame,
    cars: int,
    reasons: tuple[tuple[str, ...], tuple[str, ...]],
    statistic: Mapping[str, float],
) -> Finding:
    second = [tests[name].drop_nulls() for name in ("base_two_ids", "base_station_high")]
    known = [bool(one.any()) for one in second if one.len()]
    return Finding(
        entity_id=tests["line_id"][0],
        pollutant=None,
        from_ts=tests["start"][0],
        to_ts=tests["start"][-1],
        hours=float(cars),
        strength=min(1.0, cars / FULL_CARS),
        corroboration=sum(known) / len(known) if known else 0.0,
        zh=reasons[0],
        en=reasons[1],
        statistic=dict(statistic),
        part=tuple(tests["test_id"].to_list()),
    )


def cut(rows: pl.DataFrame, finding: Finding) -> pl.DataFrame:
    """The tests the finding names: they alone make it."""
    own = rows.filter(pl.col("test_id").is_in(list(finding.part)))
    return cut_between(own, finding, entity="line_id", time="start")


def chart(rows: pl.DataFrame, title: str) -> str:
    """Cars per model that share the identity; where power is understated, entered and usual power."""
    powers = rows.filter(pl.col("rated_kw") < pl.col("base_usual_kw"))
    grouped = rows.group_by(MODEL_OF, maintain_order=True).agg(
        pl.col("vin").n_unique(), pl.col("rated_kw").min(), pl.col("base_usual_kw").max()
    )
    shown = grouped.sort("vin", *MODEL_OF, descending=[True, False, False], nulls_last=True).head(12)
    names = [f"{row['make'] or ''} {row['model'] or ''}" for row in shown.iter_rows(named=True)]
    labels = [(index + 0.5, name) for index, name in enumerate(names)]
    if powers.height == rows.height:
        top = top_of(shown["base_usual_kw"].to_list())
        drawing = Drawing(title, (0.0, float(len(names))), (0.0, top), "kW", labels)
        for index, row in enumerate(shown.iter_rows(named=True)):
            drawing.bar(index + 0.2, index + 0.48, 0.0, row["rated_kw"], RED, "录入额定功率")
            drawing.bar(index + 0.52, index + 0.8, 0.0, row["base_usual_kw"], GREY, "同型常见")
        return drawing.svg()
    drawing = Drawing(title, (0.0, float(len(names))), (0.0, top_of(shown["vin"].to_list())), "辆", labels)
    for index, count in enumerate(shown["vin"].to_list()):
        drawing.bar(index + 0.2, index + 0.8, 0.0, float(count), BLUE, "同一指纹的车辆数")
    return drawing.svg()


MODEL = Model(
    needs={"veh_tests": ("test_id", "line_id", "start", *NEEDED)},
    measure=measure,
    judge=judge,
    entity="line_id",
    time="start",
    cut=cut,
    chart=chart,
)
