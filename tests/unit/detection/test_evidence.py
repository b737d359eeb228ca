"""What a hit rests on: frozen, repeatable, and judged again from the bytes alone."""

import io
import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import polars as pl
import pytest

from services.clue_service.detection.catalogue import RuleError
from services.clue_service.detection.evidence import ReplayError, freeze, replay
from tests.unit.detection.carriers import ALL_LIMITS, OUTLETS, RULES, START, carrier, judged, put, times
from tests.unit.detection.test_air import thinned
from tests.unit.detection.test_copied import copied
from tests.unit.detection.test_hugging import capped
from tests.unit.detection.test_layers import INST, change, gas
from tests.unit.detection.test_parameters import entry
from tests.unit.detection.test_shift import shifted
from tests.unit.detection.test_swap import swapped
from tests.unit.detection.test_thinned import diluted


def hits():
    tables = {
        "R01": (times(carrier(), 700, 30, value=0.3), carrier("O1", "SO2", 0.5)),
        "R14": (put(carrier(), 700, 40, value=71.0), carrier("O1", "SO2", 0.5)),
    }
    return [hit for rule, frames in tables.items() for hit in judged(rule, *frames).hits]


def more_hits():
    """One hit of each rule on the carriers of three pollutants."""
    log = pl.concat([entry("i13008", 1.0, 0.5), entry("i13008", 0.5, 1.0, hour=690)])
    frames = {
        "R02": shifted(0.5),
        "R03": gas(),
        "R04": change(gas(), 600, 48, "NOx", value=INST * 0.6),
        "R05": swapped(600, 24, 0.3),
        "R06": pl.concat([copied(700, 48, 168, 0.005), carrier("O1", "SO2", 0.5)]),
        "R07": thinned(600, 48, 4.0),
        "R08": diluted(600, 24, 2.0),
        "R15": capped(400, 300, 98.0),
    }
    tables = {"limits": ALL_LIMITS, "outlets": OUTLETS, "param_log": log}
    return [judged(rule, frame, **tables).hits[0] for rule, frame in frames.items()]


@pytest.mark.parametrize("hit", [*hits(), *more_hits()], ids=lambda hit: hit.rule_id)
class TestEveryRule:
    def test_same_hit_gives_the_same_bytes(self, hit):
        again = next(one for one in [*hits(), *more_hits()] if one == hit)
        first, second = freeze(hit, RULES[hit.rule_id]), freeze(again, RULES[hit.rule_id])
        assert (first.parquet, first.sha256, first.chart) == (second.parquet, second.sha256, second.chart)
        assert len(first.parquet) < 300_000

    def test_replay_gives_the_same_hit(self, hit):
        frozen = freeze(hit, RULES[hit.rule_id])
        assert replay(frozen.parquet, hit.rule_id, hit.rule_version, hit.parameters, sha256=frozen.sha256) == hit

    def test_slice_marks_the_rows_of_the_hit(self, hit):
        rows = pl.read_parquet(io.BytesIO(freeze(hit, RULES[hit.rule_id]).parquet))
        marked = rows.filter("hit")
        assert (marked["ts"].min(), marked["ts"].max()) == (
            hit.from_at.replace(tzinfo=None),
            hit.to_at.replace(tzinfo=None),
        )
        assert hit.pollutant is None or marked["pollutant"].unique().to_list() == [hit.pollutant]
        assert rows.height > marked.height

    def test_changed_slice_is_refused_by_its_digest_and_by_the_rule(self, hit):
        frozen = freeze(hit, RULES[hit.rule_id])
        rows = pl.read_parquet(io.BytesIO(frozen.parquet))
        # Honest values: what the rule compares agrees, moves and stays at its level.
        honest = {
            "R02": {"zs_value": pl.lit(60.0), "value": pl.lit(60.0)},
            "R03": {"new_value": pl.col("old_value")},
            "R04": {"inst_value": pl.col("value"), "das_value": pl.col("value")},
            "R07": {
                "o2": pl.col("base_expected_o2"),
                "zs_value": 6 * pl.col("value") / (21 - pl.col("base_expected_o2")),
            },
            "R08": {"flow": pl.col("production_kw") / 12},
            "R15": {"zs_value": pl.lit(60.0)},
        }.get(hit.rule_id, {"value": (pl.int_range(pl.len()) % 7 + 75).cast(pl.Float64)})
        buffer = io.BytesIO()
        rows.with_columns(**honest).write_parquet(buffer)
        with pytest.raises(ReplayError):
            replay(buffer.getvalue(), hit.rule_id, hit.rule_version, hit.parameters, sha256=frozen.sha256)
        with pytest.raises(ReplayError):
            replay(buffer.getvalue(), hit.rule_id, hit.rule_version, hit.parameters)

    def test_chart_is_well_formed(self, hit):
        chart = freeze(hit, RULES[hit.rule_id]).chart
        if hit.rule_id == "R03":  # a log of settings has no curve
            assert chart == ""
            return
        text = "".join(ElementTree.fromstring(chart).itertext())
        assert chart.count("<polyline") >= 2
        assert all(word in text for word in (hit.entity_id, "生产功率", "命中时段"))

    def test_record_and_reasons_are_in_both_languages(self, hit):
        record = freeze(hit, RULES[hit.rule_id]).record
        assert record["rule_version"] == 1
        assert record["parameters"] == hit.parameters
        assert record["exclusions_tested"]
        assert all("涉嫌" in hook["zh"] or "疑似" in hook["zh"] for hook in record["legal_hooks"])
        assert len(hit.reasons["zh"]) == len(hit.reasons["en"]) >= 2
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in hit.reasons["zh"])
        assert not any("\u4e00" <= letter <= "\u9fff" for text in hit.reasons["en"] for letter in text)


@pytest.mark.parametrize("hit", hits(), ids=lambda hit: hit.rule_id)
class TestEachRule:
    def test_slice_reaches_from_72_hours_before_to_24_after_with_every_column(self, hit):
        rows = pl.read_parquet(io.BytesIO(freeze(hit, RULES[hit.rule_id]).parquet))
        first, last = hit.from_at.replace(tzinfo=None), hit.to_at.replace(tzinfo=None)
        assert rows["ts"].min() == first - timedelta(hours=72)
        assert rows["ts"].max() == last + timedelta(hours=24)
        assert set(rows.columns) >= {
            "value",
            "flow",
            "o2",
            "production_kw",
            "treatment_kw",
            "flag",
            "mark",
            "rp",
            "live",
        }
        assert rows["pollutant"].unique().sort().to_list() == ["NOx", "SO2"]
        marked = rows.filter("hit")
        assert (marked["ts"].min(), marked["ts"].max()) == (first, last)

    def test_chart_is_well_formed_and_shows_limit_band_and_power(self, hit):
        chart = freeze(hit, RULES[hit.rule_id]).chart
        root = ElementTree.fromstring(chart)
        kinds = [element.tag.rsplit("}", 1)[-1] for element in root]
        assert kinds.count("polyline") >= 2
        text = "".join(root.itertext())
        assert all(word in text for word in ("O1 NOx", "限值", "生产功率", "命中时段"))


def test_marks_of_the_slice_are_on_record():
    drop = put(times(carrier(), 700, 30, value=0.3), 660, 2, mark="维护")
    hit = judged("R01", drop).hits[0]
    marks = freeze(hit, RULES["R01"]).record["marks"]
    assert [mark["mark"] for mark in marks] == ["维护", "维护"]
    assert marks[0]["ts"].startswith(str(START + timedelta(hours=660))[:13])


def test_unknown_version_is_refused():
    hit = hits()[0]
    with pytest.raises(RuleError, match="version 99"):
        replay(freeze(hit, RULES["R01"]).parquet, "R01", 99, hit.parameters)


def test_title_cannot_break_the_chart():
    frame = times(carrier('<script>"&\x01\x1b\ufffe'), 700, 30, value=0.3)
    chart = freeze(judged("R01", frame).hits[0], RULES["R01"]).chart
    ElementTree.fromstring(chart)
    assert "<script" not in chart
