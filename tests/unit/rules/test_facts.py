"""Facts as officers state them: each unit converted by hand beforehand, and everything that does not fit refused."""

import math

import pytest

from shared.rules.catalogue import default
from shared.rules.facts import WRITTEN, Checked, Misfit, check_fact
from shared.rules.predicates import UNITS, Fact
from shared.rules.standards import evaluate

LAW = default()
MASS, GAINS, WATER = "hazardous_waste_mass", "illegal_gains", "water_intake_interruption"
LAND, WOOD, OVER = "permanent_farmland_lost", "trees_dead_volume", "exceedance_multiple"


def stated(name, value, unit=None):
    return check_fact(name, value, unit, LAW.fields)


CONVERSIONS = [
    (MASS, 5.2, "tonne", 5.2, "tonne"),
    (MASS, 5.2, "吨", 5.2, "tonne"),
    (MASS, 3, "t", 3, "tonne"),
    (MASS, 5200, "kg", 5.2, "tonne"),
    (MASS, 3000, "公斤", 3, "tonne"),
    (MASS, 2999.9, "千克", 2.9999, "tonne"),
    (MASS, 3_000_000, "克", 3, "tonne"),
    (GAINS, 300_000, "元", 300_000, "CNY"),
    (GAINS, 30, "万元", 300_000, "CNY"),
    (GAINS, 0.1, "万元", 1000, "CNY"),
    (GAINS, 29.99999, "CNY_10k", 299_999.9, "CNY"),
    (WATER, 12, "小时", 12, "hour"),
    (WATER, 720, "分钟", 12, "hour"),
    (WATER, 0.5, "天", 12, "hour"),
    (WATER, 45, "min", 0.75, "hour"),
    (LAND, 5, "亩", 5, "mu"),
    (LAND, 2, "公顷", 30, "mu"),
    (LAND, 2000, "平方米", 3, "mu"),
    (LAND, 10_000, "m²", 15, "mu"),
    (WOOD, 60, "立方米", 60, "m3"),
    (WOOD, 60_000, "L", 60, "m3"),
    (WOOD, 1500, "升", 1.5, "m3"),
    (OVER, 3.4, "倍", 3.4, "times_over_standard"),
    ("screening_ratio", 1.1, None, 1.1, None),
    ("people_poisoned", 30, "人", 30, "person"),
    ("people_poisoned", 30, None, 30, "person"),
    ("vehicles_involved", 5, "辆", 5, "vehicle"),
    ("saplings_dead", 2500, "株", 2500, "count"),
    ("prior_same_penalties_within_2y", 2, None, 2, "count"),
]


@pytest.mark.parametrize(("name", "value", "unit", "expected", "declared"), CONVERSIONS)
def test_a_unit_is_converted_exactly_and_what_was_stated_is_kept(name, value, unit, expected, declared):
    found = stated(name, value, unit)
    assert isinstance(found, Checked), found
    assert (found.value, found.unit) == (expected, declared)
    assert (found.stated_value, found.stated_unit) == (value, unit)


def test_every_unit_has_a_conversion_tried_and_every_spelling_names_a_unit():
    assert set(WRITTEN) == set(UNITS)
    kinds = {UNITS[LAW.fields[name].unit] for name, *_ in CONVERSIONS if LAW.fields[name].unit}
    assert kinds == set(UNITS.values()) - {"ratio"}


def test_a_converted_fact_meets_the_standard_the_stated_one_meets():
    standard = LAW.standard("crim338_hazardous_waste_3t")
    others = {"conduct": Fact("conduct", "dump"), "illegal": Fact("illegal", True)}
    for value, unit, outcome in ((3000, "kg", "met"), (2999, "公斤", "not_met"), (3, "吨", "met")):
        found = stated(MASS, value, unit)
        assert isinstance(found, Checked)
        facts = others | {MASS: Fact(MASS, found.value, found.unit)}
        assert evaluate(standard, facts, fields=LAW.fields).outcome == outcome


MISFITS = [
    (MASS, 3, "元", "unit_mismatch"),
    (MASS, 3, "m3", "unit_mismatch"),
    (MASS, 3, "斤", "unit_mismatch"),
    (MASS, 3, None, "unit_missing"),
    (GAINS, 3, "USD", "unit_mismatch"),
    (MASS, "3", "t", "type_mismatch"),
    (MASS, True, "t", "type_mismatch"),
    (MASS, -1, "t", "type_mismatch"),
    (MASS, math.inf, "t", "type_mismatch"),
    (MASS, math.nan, "t", "type_mismatch"),
    (MASS, 1e300, "t", "out_of_range"),
    (GAINS, 1e305, "万元", "out_of_range"),
    (MASS, [1.0], "t", "type_mismatch"),
    ("people_poisoned", 2.5, "人", "not_whole"),
    ("people_poisoned", 2, "辆", "unit_mismatch"),
    ("screening_ratio", 1.1, "倍", "unit_mismatch"),
    ("illegal", "是", None, "type_mismatch"),
    ("illegal", True, "t", "unit_mismatch"),
    ("conduct", True, None, "type_mismatch"),
    ("conduct", [], None, "type_mismatch"),
    ("conduct", " ", None, "type_mismatch"),
    ("location_zone", "moon", None, "value_unknown"),
    ("location_zone", ["ecological_redline", "moon"], None, "value_unknown"),
    ("the_weather", "rain", None, "unknown_fact"),
]


@pytest.mark.parametrize(("name", "value", "unit", "code"), MISFITS)
def test_what_does_not_fit_is_refused_with_its_reason_in_both_languages(name, value, unit, code):
    found = stated(name, value, unit)
    assert isinstance(found, Misfit), found
    assert found.code == code
    assert found.zh
    assert found.en
    assert found.zh != found.en


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hazardous_waste_mas", MASS),
        ("hazardous_wastes", MASS),
        ("gains", GAINS),
        ("exceedance", OVER),
        ("location_zones", "location_zone"),
    ],
)
def test_an_unknown_fact_names_those_near_it(written, meant):
    found = stated(written, 1, "t")
    assert isinstance(found, Misfit)
    assert meant in found.near
    assert LAW.fields[meant].zh in found.zh


def test_a_name_like_nothing_has_nothing_near_it():
    found = stated("zzzz", 1)
    assert isinstance(found, Misfit)
    assert found.near == ()


class TestZones:
    def test_a_zone_is_known_by_its_id_or_its_name(self):
        for word in ("ecological_redline", "生态保护红线", "ecological redline"):
            found = stated("location_zone", word)
            assert isinstance(found, Checked)
            assert (found.value, found.stated_value) == ("ecological_redline", word)

    def test_several_zones_stay_several(self):
        found = stated("location_zone", ["生态保护红线", "agricultural_land"])
        assert isinstance(found, Checked)
        assert found.value == ["ecological_redline", "agricultural_land"]

    def test_outside_them_all_is_a_zone_too(self):
        assert isinstance(stated("location_zone", "none_of_these"), Checked)

    def test_an_open_choice_takes_a_value_no_standard_names(self):
        found = stated("discharged_pollutant", "PFOS")
        assert isinstance(found, Checked)
        assert found.value == "PFOS"
