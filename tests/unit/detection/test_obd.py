"""R20: one OBD identity on several models, rated power that is too low, and fleets that are honest."""

from datetime import timedelta

import pytest

from tests.unit.detection.ledgers import assert_stands, car_test, judged, table, times, without


def found(tests):
    return judged("R20", veh_tests=table("veh_tests", tests))


def own(number, **changes):
    """A car of its own model with that model's identity."""
    return car_test(
        number, make=f"牌{number}", model=f"X{number}", cal_id=f"CAL-{number}", cvn=f"{number:08X}", **changes
    )


def foreign(count: int, models: int, first: int = 10):
    return [
        car_test(first + index, make="乙牌", model=f"Z{index % models}", cal_id="C9", cvn="F00D")
        for index in range(count)
    ]


@pytest.mark.parametrize(("cars", "models"), [(4, 3), (8, 5), (20, 20)])
def test_one_identity_on_several_models(cars, models):
    tests = [*[own(number) for number in range(8)], *foreign(cars, models)]
    hits = found(tests).hits
    assert [(hit.entity_id, hit.statistic["cars"], hit.statistic["models"]) for hit in hits] == [("L1", cars, models)]
    assert times(hits[0]) == (tests[8]["start"], tests[-1]["start"])
    assert f"{cars} 辆车、{models} 个车型" in hits[0].reasons["zh"][0]
    assert "同一指纹" in assert_stands(hits[0], found(tests[::-1]).hits[0])


def test_more_cars_score_higher_and_a_second_identity_corroborates():
    few, many = found(foreign(4, 4)).hits[0].severity, found(foreign(12, 4)).hits[0].severity
    assert many > few
    again = [
        one | {"test_id": f"A{n}", "cal_id": f"CAL-{n}", "start": one["start"] - timedelta(days=9)}
        for n, one in enumerate(foreign(4, 4))
    ]
    both = found([*again, *foreign(4, 4)]).hits
    assert [hit.severity for hit in both] == [few + 20]
    assert_stands(both[0], both[0])


def test_a_station_that_passes_more_than_its_fleet_lets_expect_corroborates():
    rest = [
        own(
            1000 + number,
            station_id=f"ST{2 + number % 12}",
            line_id=f"L{2 + number % 12}",
            result="不合格" if number % 3 == 0 else "合格",
        )
        for number in range(600)
    ]
    passed = [own(2000 + number) for number in range(60)]
    alone, known = found(foreign(4, 4)).hits[0], found([*foreign(4, 4), *passed, *rest]).hits[0]
    assert known.severity == alone.severity + 20


def powered(kw, count=8):
    rest = [car_test(number, rated_kw=339.0, engine_family="EF1") for number in range(count)]
    return [*rest, car_test(90, rated_kw=kw, engine_family="EF1", line_id="L2")]


class TestRatedPower:
    @pytest.mark.parametrize("kw", [120.0, 250.0, 300.0])
    def test_too_low(self, kw):
        hits = found(powered(kw)).hits
        assert [hit.entity_id for hit in hits] == ["L2"]
        assert f"录入 {kw:g} kW，同型常见 339 kW" in hits[0].reasons["zh"][1]
        assert "录入额定功率" in assert_stands(hits[0], hits[0])

    def test_close_to_the_usual_or_too_few_to_know(self):
        assert found(powered(310.0)).hits == []
        assert found(powered(120.0, 3)).hits == []

    def test_another_engine_of_the_model(self):
        tests = powered(339.0)
        assert found([*tests, car_test(91, rated_kw=120.0, engine_family="EF2")]).hits == []

    def test_without_the_column_the_rest_is_judged(self):
        run = found(foreign(5, 5))
        assert (len(run.hits), run.not_evaluable["R20"]) == (1, {"veh_tests.rated_kw": 5})


class TestNoHit:
    def test_fleet_of_one_model(self):
        assert found([car_test(number) for number in range(60)]).hits == []

    def test_two_models_or_three_cars(self):
        assert found(foreign(10, 2)).hits == []
        assert found(foreign(3, 3)).hits == []

    def test_one_car_entered_under_several_models(self):
        assert found([one | {"vin": "LVIN1"} for one in foreign(6, 4)]).hits == []

    def test_other_lines(self):
        assert found([one | {"line_id": f"L{number}"} for number, one in enumerate(foreign(6, 4))]).hits == []

    def test_unread_identity_and_spelling(self):
        assert found([one | {"cal_id": "N/A"} for one in foreign(6, 4)]).hits == []
        assert found([one | {"cvn": ""} for one in foreign(6, 4)]).hits == []
        spelled = [
            one | {"make": make, "model": "Z"}
            for one, make in zip(foreign(4, 1), ("vw", "VW", "Vw", "vW"), strict=True)
        ]
        assert found(spelled).hits == []


def test_what_cannot_be_judged_is_counted():
    tests = [own(1), own(2, rated_kw=80.0), own(3) | {"cvn": None}]
    assert found(tests).not_evaluable["R20"] == {"cvn": 1}
    frame = table("veh_tests", foreign(5, 5))
    assert len(judged("R20", veh_tests=without(frame, "station_id", "model_year", "result")).hits) == 1
    assert judged("R20", veh_tests=without(frame, "cvn")).not_evaluable["R20"] == {"veh_tests.cvn": 5}
    assert judged("R20").not_evaluable["R20"] == {"veh_tests": 1}
