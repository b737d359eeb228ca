"""R23: planted plumes are found with what lies upwind, lorries and petrol stations are not."""

from datetime import timedelta

import pytest

from tests.unit.detection.ledgers import MONDAY, assert_stands, drive, judged, table, times, without


def plume(height: float, first: int = 300, count: int = 10):
    return lambda index: height if first <= index < first + count else 60.0 + index % 7


def found(*runs, **tables):
    return judged("R23", van_points=table("van_points", [row for run in runs for row in run]), **tables)


def at(index: int, step: int = 3):
    return MONDAY + timedelta(hours=10, seconds=step * index)


@pytest.mark.parametrize("height", [280.0, 600.0, 3000.0])
@pytest.mark.parametrize("count", [4, 10, 40])
def test_planted_plume_is_found_where_it_is(height, count):
    runs = drive(tvoc_ppb=plume(height, 300, count)), drive("V2")
    hits = found(*runs).hits
    assert [(hit.entity_id, times(hit)) for hit in hits] == [("V1", (at(300), at(299 + count)))]
    assert f"最高 {height:.0f} ppb" in hits[0].reasons["zh"][0]
    assert_stands(hits[0], found(*[run[::-1] for run in runs]).hits[0])


def test_higher_and_longer_score_higher():
    score = {
        (height, count): found(drive(tvoc_ppb=plume(height, 300, count))).hits[0].severity
        for height, count in ((400, 10), (1500, 10), (400, 18))
    }
    assert score[1500, 10] > score[400, 10]
    assert score[400, 18] > score[400, 10]


def test_peaks_of_one_place_are_one_and_of_two_places_two():
    # 8 m/s: 60 points of 3 s are 1.4 km, 10 points 240 m.
    near = found(drive(tvoc_ppb=lambda i: 900.0 if 300 <= i < 305 or 312 <= i < 318 else 60.0)).hits
    assert [(times(hit), hit.statistic["peaks"]) for hit in near] == [((at(300), at(317)), 2)]
    far = found(drive(tvoc_ppb=lambda i: 900.0 if 300 <= i < 305 or 360 <= i < 366 else 60.0)).hits
    assert [times(hit) for hit in far] == [(at(300), at(304)), (at(360), at(365))]
    for hit in (*near, *far):
        assert_stands(hit, hit)


def test_second_pass_from_another_direction_grades_up():
    # The way back over the same road: the van is at the same place at points 300 and 500.
    there_and_back = {"lon": lambda i: 118.7 + (i if i < 400 else 800 - i) * 24 / 94_500}
    value = {"tvoc_ppb": lambda i: 500.0 if 300 <= i < 305 or 496 <= i < 501 else 60.0}
    once = found(drive(tvoc_ppb=plume(500.0, 300, 5), **there_and_back)).hits[0]
    twice = found(drive(**value, **there_and_back)).hits
    assert len(twice) == 1
    assert "CBA".index(twice[0].grade) > "CBA".index(once.grade) or twice[0].grade == "A"
    assert "另一方向" in twice[0].reasons["zh"][-1]
    assert_stands(twice[0], twice[0])


def test_enterprises_upwind_are_named_in_order():
    peak = drive()[305]
    sites = [
        {"enterprise_id": "E1", "name": "北侧近厂", "lat": peak["lat"] + 0.004, "lon": peak["lon"]},
        {"enterprise_id": "E1", "name": "北侧近厂", "lat": peak["lat"] + 0.005, "lon": peak["lon"] + 0.001},
        {"enterprise_id": "E2", "name": "北侧远厂", "lat": peak["lat"] + 0.012, "lon": peak["lon"] + 0.004},
        {"enterprise_id": "E3", "name": "下风厂", "lat": peak["lat"] - 0.004, "lon": peak["lon"]},
        {"enterprise_id": "E4", "name": "很远厂", "lat": peak["lat"] + 0.05, "lon": peak["lon"]},
    ]
    known = {"enterprise_sites": table("enterprise_sites", sites)}
    rows = drive(tvoc_ppb=lambda i: {305: 950.0}.get(i, 900.0 if 300 <= i < 310 else 60.0))
    hit = found(rows, **known).hits[0]
    said = hit.reasons["zh"][1]
    assert said.index("北侧近厂") < said.index("北侧远厂")
    assert "下风厂" not in said
    assert "很远厂" not in said
    assert_stands(hit, hit)
    calm = found([row | {"wind_ms": 0.2} for row in rows], **known).hits[0]
    assert calm.reasons["zh"][1] == "静风或无风向，不作来源推断"


class TestNoHit:
    def test_quiet_run(self):
        assert found(drive()).hits == []

    @pytest.mark.parametrize("count", [1, 3])
    def test_lorry_ahead(self, count):
        assert found(drive(tvoc_ppb=plume(2000.0, 300, count))).hits == []

    def test_four_points_in_four_seconds(self):
        assert found(drive(step=1, tvoc_ppb=plume(2000.0, 300, 5))).hits == []

    @pytest.mark.parametrize("flag", ["C", "M", None])
    def test_calibration(self, flag):
        assert found(drive(tvoc_ppb=plume(900.0), flag=lambda i: flag if 300 <= i < 310 else "N")).hits == []

    @pytest.mark.parametrize("poi", ["中石化加油站", "Shell petrol station"])
    def test_petrol_station(self, poi):
        assert found(drive(tvoc_ppb=plume(900.0), poi=lambda i: poi if 295 <= i < 315 else "")).hits == []

    def test_regional_rise(self):
        assert found(drive(tvoc_ppb=lambda i: 60.0 if i < 200 else min(900.0, 60 + (i - 200) * 2.0))).hits == []

    def test_three_times_the_background_or_200_ppb_alone(self):
        assert found(drive(tvoc_ppb=lambda i: 250.0 if 300 <= i < 310 else 60.0)).hits == []
        assert found(drive(tvoc_ppb=lambda i: 900.0 if 300 <= i < 310 else 400.0)).hits == []


def test_what_cannot_be_judged_is_counted():
    rows = drive(tvoc_ppb=plume(900.0))
    rows[5] |= {"tvoc_ppb": None}
    frame = table("van_points", rows)
    run = judged("R23", van_points=frame)
    assert (len(run.hits), run.not_evaluable["R23"]) == (1, {"tvoc_ppb": 1})
    bare = judged("R23", van_points=without(frame, "lat", "lon", "wind_dir", "wind_ms", "poi")).hits
    assert len(bare) == 1
    assert_stands(bare[0], bare[0])
    assert judged("R23", van_points=without(frame, "flag")).not_evaluable["R23"] == {"van_points.flag": 600}
    assert judged("R23").not_evaluable["R23"] == {"van_points": 1}
