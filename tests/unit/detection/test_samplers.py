"""R22: one sampler in two places, and what only looks like it."""

from datetime import timedelta

import pytest

from tests.unit.detection.ledgers import MONDAY, assert_stands, judged, report, table, times, without


def found(*reports):
    return judged("R22", lab_reports=table("lab_reports", reports))


@pytest.mark.parametrize(("lat", "km"), [(32.10, 5.6), (32.20, 16.7), (33.00, 105.6)])
def test_overlap_in_two_places_is_found_on_the_later_report(lat, km):
    rows = [report(1, 9), report(2, 9.5, lat=lat), report(3, 30)]
    hits = found(*rows).hits
    assert [(hit.entity_id, times(hit)[0]) for hit in hits] == [("JC002", MONDAY + timedelta(hours=9.5))]
    assert hits[0].statistic["km"] == pytest.approx(km, abs=0.1)
    assert f"{hits[0].statistic['km']:.1f} 公里" in hits[0].reasons["zh"][0]
    chart = assert_stands(hits[0], found(*reversed(rows)).hits[0])
    assert "JC001 厂区1" in chart


def test_speed_between_jobs():
    # 55.6 km in 20 minutes is 167 km/h, in an hour 56 km/h.
    fast = found(report(1, 9), report(2, 10 + 1 / 3, lat=32.55)).hits
    assert [hit.entity_id for hit in fast] == ["JC002"]
    assert "167 公里/小时" in fast[0].reasons["zh"][1]
    assert_stands(fast[0], fast[0])
    assert found(report(1, 9), report(2, 11, lat=32.55)).hits == []


def test_farther_scores_higher_and_several_conflicts_too():
    near, far = (found(report(1, 9), report(2, 9.5, lat=lat)).hits[0].severity for lat in (32.15, 32.45))
    assert far > near
    several = found(report(1, 9), report(3, 9.2, lat=32.05), report(2, 9.5, lat=32.15)).hits
    assert [hit.entity_id for hit in several] == ["JC002"]
    assert several[0].severity > near
    assert_stands(several[0], several[0])


def test_one_instrument_in_two_places():
    rows = [report(1, 9, instrument_id="YQ7"), report(2, 9.5, lat=32.3, sampler_id="S2", instrument_id="YQ7")]
    hits = found(*rows).hits
    assert [hit.entity_id for hit in hits] == ["JC002"]
    assert "YQ7" in hits[0].reasons["zh"][0]
    assert_stands(hits[0], hits[0])


def test_a_job_over_several_days_is_compared_on_each():
    hits = found(report(1, 9, minutes=3 * 24 * 60), report(2, 60, lat=32.3), report(3, 200)).hits
    assert [hit.entity_id for hit in hits] == ["JC002"]


def test_names_cannot_break_the_chart():
    hits = found(report(1, 9, site='<b>"&'), report(2, 9.5, lat=32.3, report_id="<script>")).hits
    assert "<script" not in assert_stands(hits[0], hits[0])


class TestNoHit:
    def test_namesakes(self):
        assert found(report(1, 9), report(2, 9.5, lat=32.3, sampler_id="S2")).hits == []

    @pytest.mark.parametrize("lat", [32.05, 32.08])
    def test_neighbouring_points(self, lat):
        assert found(report(1, 9), report(2, 9.5, lat=lat)).hits == []
        assert found(report(1, 9), report(2, 10.01, lat=lat)).hits == []

    def test_records_of_one_report(self):
        assert found(report(1, 9), report(1, 9.5, lat=32.3)).hits == []

    def test_without_a_person(self):
        assert found(report(1, 9, sampler_id=""), report(2, 9.5, lat=32.3, sampler_id="")).hits == []


def test_what_cannot_be_judged_is_counted():
    rows = [report(1, 9), report(2, 9.5, lat=0.0, lon=0.0), report(3, 9.6, lat=None), report(4, 9.7, minutes=-5)]
    run = found(*rows)
    assert run.hits == []
    assert run.not_evaluable["R22"] == {"lat": 1, "position or order of times": 2}
    frame = table("lab_reports", rows)
    assert judged("R22", lab_reports=without(frame, "lon")).not_evaluable["R22"] == {"lab_reports.lon": 4}
    assert judged("R22").not_evaluable["R22"] == {"lab_reports": 1}
