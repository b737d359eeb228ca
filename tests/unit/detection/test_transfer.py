"""R19: each test of a transfer fires alone, two grade up, and honest trips pass."""

from datetime import datetime, timedelta

import pytest

from tests.unit.detection.ledgers import MONDAY, assert_stands, judged, manifest, table, times, without

DEPART = MONDAY + timedelta(days=1, hours=9)
WRONG = {
    "weight": {"recv_t": 18.0},
    "more than sent": {"recv_t": 21.0},
    "off_route": {"off_route_km": 9.0},
    "stop": {"max_stop_min": 45.0, "stop_poi": "废弃厂房"},
    "stop nowhere": {"max_stop_min": 45.0, "stop_poi": None},
    "slow": {"arrive": DEPART + timedelta(hours=5.2)},
    "province": {"to_prov": "安徽省"},
    "receiver": {"receiver_code_ok": False},
    "confirm": {"confirm": DEPART + timedelta(days=8)},
}


def found(*manifests):
    return judged("R19", manifests=table("manifests", manifests))


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_each_test_fires_alone(wrong):
    rows = [manifest(1, **wrong), manifest(2), manifest(3)]
    hits = found(*rows).hits
    assert [hit.entity_id for hit in hits] == ["20263201000001"]
    assert times(hits[0]) == (DEPART, rows[0]["arrive"])
    assert hits[0].statistic["failed"] == 1
    assert "发出 t" in assert_stands(hits[0], found(*reversed(rows)).hits[0])


def test_two_grade_up_and_borders_add_ten():
    one = found(manifest(1, recv_t=18.0)).hits[0]
    two = found(manifest(1, recv_t=18.0, off_route_km=20.0)).hits[0]
    assert (one.grade, two.grade) == ("C", "A") or "CBA".index(two.grade) > "CBA".index(one.grade)
    near = found(manifest(1, to_prov="浙江", recv_t=18.0, cross_approval="苏环跨2026-1")).hits[0]
    assert near.severity == pytest.approx(one.severity + 10)
    far = found(manifest(1, to_prov="四川", recv_t=18.0, cross_approval="苏环跨2026-1")).hits[0]
    assert far.severity == one.severity
    assert_stands(two, two)


def test_one_truck_on_two_trips():
    rows = [manifest(1, truck="苏B1"), manifest(2, truck="苏B1", depart=DEPART + timedelta(hours=1), receiver="D2")]
    rows[1] |= {"arrive": DEPART + timedelta(hours=4)}
    hits = found(*rows).hits
    assert [hit.entity_id for hit in hits] == ["20263201000001", "20263201000002"]
    assert "20263201000002" in hits[0].reasons["zh"][0]
    assert_stands(hits[0], hits[0])


class TestNoHit:
    @pytest.mark.parametrize(
        "honest",
        [
            {"recv_t": 19.4},
            {"recv_t": 20.6},
            {"max_stop_min": 55.0, "stop_poi": "G42 梅村服务区"},
            {"arrive": DEPART + timedelta(hours=4.9)},
            {"to_prov": "安徽", "cross_approval": "皖环函〔2026〕12号"},
            {"to_prov": "江苏省"},
            {"off_route_km": 7.0},
            {"off_route_km": None, "gps_km": None},
            {"plan_km": 3.0, "arrive": DEPART + timedelta(minutes=25)},
            {"receiver_code_ok": None},
            {"ship_t": 0.0},
        ],
        ids=str,
    )
    def test_honest_trips(self, honest):
        assert found(manifest(1, **honest), manifest(2)).hits == []

    def test_several_producers_on_one_trip(self):
        rows = [
            manifest(1, truck="苏B1"),
            manifest(2, truck="苏B1", shipper="E2", depart=DEPART + timedelta(minutes=40)),
        ]
        rows[1] |= {"arrive": DEPART + timedelta(hours=2, minutes=35), "confirm": DEPART + timedelta(days=1)}
        assert found(*rows).hits == []


def test_confirmation_is_counted_in_working_days():
    arrive = datetime(2026, 9, 30, 12)  # noqa: DTZ001  the National Day week follows
    trip = {"depart": arrive - timedelta(hours=2), "arrive": arrive}
    # Seven days off, then working days from 8 October; Saturday the 10th is worked.
    assert found(manifest(1, **trip, confirm=datetime(2026, 10, 13, 23))).hits == []  # noqa: DTZ001
    late = found(manifest(1, **trip, confirm=datetime(2026, 10, 15))).hits  # noqa: DTZ001
    assert ["晚于期限" in hit.reasons["zh"][0] for hit in late] == [True]


def test_unconfirmed_is_late_once_the_tables_reach_beyond_the_term():
    recent, later = manifest(3), manifest(30)
    assert found(manifest(1, confirm=None), recent).hits == []
    hits = found(manifest(1, confirm=None), later).hits
    assert ["仍未确认" in hit.reasons["zh"][0] for hit in hits] == [True]
    assert_stands(hits[0], hits[0])
    # Without any confirmation in the table the column was not delivered.
    assert found(manifest(1, confirm=None), later | {"confirm": None}).hits == []


def test_what_cannot_be_judged_is_counted():
    frame = table("manifests", [manifest(1, recv_t=None, off_route_km=9.0)])
    run = judged("R19", manifests=frame)
    assert (len(run.hits), run.not_evaluable["R19"]) == (1, {"recv_t": 1})
    assert len(judged("R19", manifests=without(frame, "truck", "confirm", "stop_poi", "cross_approval")).hits) == 1
    assert judged("R19", manifests=without(frame, "arrive")).not_evaluable["R19"] == {"manifests.arrive": 1}
    assert judged("R19").not_evaluable["R19"] == {"manifests": 1}
