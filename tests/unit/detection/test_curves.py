"""R21: copied and diluted curves are found; what all tests have in common is not."""

from datetime import timedelta
from random import Random

import pytest

from tests.unit.detection.ledgers import MONDAY, assert_stands, car_test, curve, judged, table, times, without

LINE = 12
NAME = "T0003"


def record(copied: float | None = None, factor: float = 1.0, noise: float = 0.05, seconds: int = 120):
    """A line's tests and curves; the last test has the curve of test 3 with some jitter where one is given."""
    tests = [car_test(number) for number in range(LINE)]
    curves = {one["test_id"]: curve(one["test_id"], number, seconds, noise) for number, one in enumerate(tests)}
    if copied is not None:
        chance = Random(99)
        target = tests[-1]["test_id"]
        curves[target] = [
            row
            | {"test_id": target}
            | {gas: row[gas] * factor * (1 + chance.gauss(0, copied)) for gas in ("co", "nox")}
            | {"co2": row["co2"] * (1 + chance.gauss(0, copied / 10))}
            for row in curves[NAME]
        ]
    return tests, curves


def found(tests, curves):
    points = [row for rows in curves.values() for row in rows]
    return judged("R21", veh_tests=table("veh_tests", tests), veh_points=table("veh_points", points))


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 1.0), (0.002, 1.0), (0.005, 1.0), (0.0, 1.1)])
def test_copied_curves_are_found_on_both_tests(jitter, factor):
    tests, curves = record(jitter, factor)
    hits = found(tests, curves).hits
    assert [hit.entity_id for hit in hits] == [NAME, "T0011"]
    assert times(hits[1]) == (tests[-1]["start"], tests[-1]["start"] + timedelta(seconds=119))
    assert hits[1].statistic["likeness"] > 0.98
    assert NAME in hits[1].reasons["zh"][0]
    chart = assert_stands(hits[1], found(tests[::-1], dict(reversed(curves.items()))).hits[1])
    assert f"CO2 {NAME}" in chart


def test_copies_are_looked_for_within_line_and_month():
    tests, curves = record(0.0)
    for changes in ({"line_id": "L2"}, {"start": MONDAY + timedelta(days=40)}, {"vin": tests[3]["vin"]}):
        assert found([*tests[:-1], tests[-1] | changes], curves).hits == []


def test_a_line_with_few_tests_is_compared_with_the_mean_of_all():
    tests, curves = record(0.0)
    tests = [one | {"line_id": "L1" if one["test_id"] in (NAME, "T0011") else "L2"} for one in tests]
    hits = found(tests, curves).hits
    assert [hit.entity_id for hit in hits] == [NAME, "T0011"]
    assert_stands(hits[0], hits[0])


@pytest.mark.parametrize("seconds", [8, 12, 40])
def test_diluted_sample(seconds):
    tests, curves = record()
    for row in curves[NAME][30 : 30 + seconds]:
        row["co2"] = 4.5
    hits = found(tests, curves).hits
    begin = tests[3]["start"]
    assert [(hit.entity_id, times(hit)) for hit in hits] == [
        (NAME, (begin + timedelta(seconds=30), begin + timedelta(seconds=29 + seconds)))
    ]
    assert f"连续 {seconds} 秒" in hits[0].reasons["zh"][0]
    assert_stands(hits[0], hits[0])


def test_longer_dilution_and_a_second_signal_score_higher():
    def severity(seconds, **changes):
        tests, curves = record()
        for row in curves[NAME][30 : 30 + seconds]:
            row["co2"] = 4.5
        tests[3] |= changes
        return found(tests, curves).hits[0].severity

    assert severity(25) > severity(10)
    assert severity(10, plate=car_test(4)["plate"]) > severity(10)
    assert severity(10, method="双怠速", lam=1.2) > severity(10, method="双怠速")


class TestNoHit:
    @pytest.mark.parametrize("noise", [0.05, 0.01, 0.002])
    def test_one_cycle_for_everybody(self, noise):
        # With little noise the curves differ by the cars' factors alone: the cycle itself makes them alike.
        tests, curves = record(noise=noise)
        assert len({row["speed"] for rows in curves.values() for row in rows[:1]}) == 1
        assert found(tests, curves).hits == []

    def test_probe_insertion_and_short_dips(self):
        tests, curves = record()
        for row in [*curves[NAME][:6], *curves[NAME][40:47]]:
            row["co2"] = 0.5
        assert found(tests, curves).hits == []

    def test_hybrid_with_its_engine_off(self):
        tests, curves = record()
        for row in curves[NAME][30:70]:
            row |= {"co2": 0.0, "co": 0.0, "rpm": 0.0}
        assert found(tests, curves).hits == []

    @pytest.mark.parametrize("changes", [{"result": "不合格"}, {"method": "自由加速法"}])
    def test_failed_or_diesel(self, changes):
        tests, curves = record()
        for row in curves[NAME][30:70]:
            row["co2"] = 3.0
        tests[3] |= changes
        assert found(tests, curves).hits == []

    def test_too_few_tests_for_a_mean(self):
        tests, curves = record(0.0)
        few = {name: curves[name] for name in (NAME, "T0011")}
        assert found(tests, few).hits == []


def test_what_cannot_be_judged_is_counted():
    tests, curves = record(0.0)
    curves["T0005"][9] |= {"co2": None}
    run = found(tests, curves)
    assert (len(run.hits), run.not_evaluable["R21"]) == (2, {"co2": 1})
    tables = {
        "veh_tests": table("veh_tests", tests),
        "veh_points": table("veh_points", [row for rows in curves.values() for row in rows]),
    }
    bare = tables | {"veh_points": without(tables["veh_points"], "rpm", "nox")}
    assert len(judged("R21", **bare).hits) == 2
    lacks = tables | {"veh_tests": without(tables["veh_tests"], "result")}
    assert judged("R21", **lacks).not_evaluable["R21"] == {"veh_tests.result": 12}
    assert judged("R21", veh_tests=tables["veh_tests"]).not_evaluable["R21"] == {"veh_points": 1}
    assert judged("R21", **{name: frame.clear() for name, frame in tables.items()}).hits == []
