"""Van runs: two officers or none, points line by line, peaks with what lies upwind, hits that say who measured."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from shared.identity import Principal
from tests.desk import officer
from tests.journeys import EEA, OFFICER

PROGRAM = Principal(EEA, "ecological_environment_authority", "client:van", frozenset(), "走航车")
PROVINCE = officer("eea-320000", "clue_officer")
STRANGER = officer("eea-320100", "clue_officer")
POLICE = officer("psb-320500", "liaison")
BODY = {
    "run_id": "RUN-1",
    "run_on": "2026-09-06",
    "vehicle": "苏E·A0001",
    "officers": [{"name": "张甲", "certificate": "苏环执001"}, {"name": "李乙", "certificate": "苏环执002"}],
    "calibration": {
        "calibrated_at": "2026-09-06T08:00:00+08:00",
        "instrument": "PTR-MS 01",
        "gas": "异丁烯 1 ppm",
        "is_passed": True,
    },
    "route": "开发区环线",
}
START = datetime.fromisoformat("2026-09-06T10:00:00")
LAT, LON = 31.3, 120.6
HIGH = range(150, 165)


def points(high=HIGH, run=None, wind=0.0, start=START):
    """A drive to the east at 10 m a point, one point each 4 s; the wind comes from the north."""
    found = []
    for index in range(400):
        value = 900.0 - abs(index - high[len(high) // 2]) if index in high else 40.0 + index % 5
        point = {
            "ts": (start + timedelta(seconds=4 * index)).isoformat(),
            "lat": LAT,
            "lon": LON + index * 10 / 95_000,
            "tvoc_ppb": value,
            "wind_dir": wind,
            "wind_ms": 2.0,
        }
        found.append(point | ({"run_id": run, "flag": "N"} if run else {}))
    return found


def registered(desk, who=OFFICER, expect=201, **changes):
    return desk.post(who, "/v1/van-runs", BODY | changes, expect=expect)


def add(desk, run, rows, who=OFFICER, expect=200):
    content = b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    answer = desk.call(who, "POST", f"/v1/van-runs/{run['id']}/points", content=content)
    assert answer.status_code == expect, answer.text
    return answer.json()


def sites(desk):
    rows = [
        "enterprise_id,name,lat,lon",
        f"ENT-N,北厂,{LAT + 0.005},{LON + 0.0166}",
        f"ENT-NE,东北厂,{LAT + 0.010},{LON + 0.0200}",
        f"ENT-S,南厂,{LAT - 0.005},{LON + 0.0166}",
        f"ENT-FAR,远厂,{LAT + 0.5},{LON}",
    ]
    liaison = officer(EEA, "liaison")
    answer = desk.call(liaison, "POST", "/v1/imports/enterprise_sites", content="\n".join(rows).encode())
    assert answer.status_code == 200, answer.text


def detect(desk):
    desk.post(OFFICER, "/v1/detections", {"rules": ["R23"]}, expect=200)
    return desk.get(OFFICER, "/v1/clues")["items"]


class TestARun:
    def test_is_registered_once(self, desk):
        run = registered(desk)
        assert (run["owner"], run["run_id"], len(run["officers"])) == (EEA, "RUN-1", 2)
        assert registered(desk)["id"] == run["id"]
        assert registered(desk, expect=409, vehicle="苏E·A0002")["code"] == "duplicate-subject"
        assert [one["id"] for one in desk.get(OFFICER, "/v1/van-runs")["items"]] == [run["id"]]

    def test_registered_by_many_at_once_is_one(self, desk):
        with ThreadPoolExecutor(4) as pool:
            found = {one["id"] for one in pool.map(lambda _: registered(desk), range(8))}
        assert len(found) == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"officers": []}, "too_few_officers"),
            ({"officers": BODY["officers"][:1]}, "too_few_officers"),
            ({"officers": [BODY["officers"][0]] * 2}, "too_few_officers"),
            ({"officers": [BODY["officers"][0], {"name": "张甲", "certificate": "苏环执009"}]}, "too_few_officers"),
            ({"calibration": BODY["calibration"] | {"calibrated_at": "2026-09-05T08:00:00+08:00"}}, "not_of_the_day"),
            ({"calibration": BODY["calibration"] | {"is_passed": False}}, "not_passed"),
            ({"run_on": "2026-09-08"}, "in_the_future"),
            ({"thresholds": {"nox": 5}}, "unknown_pollutant"),
            ({"thresholds": {"tvoc_ppb": 1}}, "out_of_range"),
        ],
    )
    def test_that_may_not_go_is_refused(self, desk, change, code):
        assert registered(desk, expect=422, **change)["errors"][0]["code"] == code
        assert desk.get(OFFICER, "/v1/van-runs")["items"] == []

    def test_has_the_thresholds_of_the_rule_unless_it_sets_its_own(self, desk):
        run, other = registered(desk), registered(desk, run_id="RUN-2", thresholds={"tvoc_ppb": 1000})
        for one in (run, other):
            add(desk, one, points())
        shown, strict = (desk.get(OFFICER, f"/v1/van-runs/{one['id']}") for one in (run, other))
        assert (shown["held"], len(shown["peaks"])) == ({"tvoc_ppb": 200.0}, 1)
        assert (strict["held"], strict["peaks"]) == ({"tvoc_ppb": 1000.0}, [])


class TestPoints:
    def test_each_line_has_its_verdict(self, desk):
        run = registered(desk)
        good = points()[0]
        rows = [
            good,
            b"{broken",
            good | {"lat": 131.0},
            good | {"ts": "2026-09-07T12:00:00"},
            good | {"ts": "2026-09-01T12:00:00"},
            good | {"colour": "red"},
            good | {"ts": "2026-09-06T02:00:08Z"},
        ]
        done = add(desk, run, rows)
        assert [one["verdict"] for one in done["verdicts"]] == ["taken", *["refused"] * 5, "taken"]
        codes = [one["reasons"][0]["code"] for one in done["verdicts"] if one["reasons"]]
        assert codes == ["not_json", "less_than_equal", "future_time", "not_of_the_run", "extra_forbidden"]
        assert (done["stored"], done["refused"]) == (2, 5)

    def test_sent_again_change_nothing(self, desk):
        run = registered(desk)
        assert add(desk, run, points())["stored"] == 400
        again = add(desk, run, points())
        assert (again["stored"], again["duplicates"]) == (0, 400)
        assert desk.get(OFFICER, f"/v1/van-runs/{run['id']}")["points"] == 400

    def test_that_were_imported_are_the_same_run(self, desk):
        run = registered(desk)
        names = list(points(run="RUN-1")[0])
        lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in points(run="RUN-1"))]
        liaison = officer(EEA, "liaison")
        answer = desk.call(liaison, "POST", "/v1/imports/van_points", content="\n".join(lines).encode())
        assert answer.status_code == 200, answer.text
        assert len(desk.get(OFFICER, f"/v1/van-runs/{run['id']}")["peaks"]) == 1


class TestPeaks:
    def test_are_merged_by_place_and_name_what_lies_upwind(self, desk):
        sites(desk)
        run = registered(desk)
        add(desk, run, points([*range(150, 160), *range(170, 180)]))
        shown = desk.get(OFFICER, f"/v1/van-runs/{run['id']}")
        assert [one["passes"] for one in shown["peaks"]] == [2]
        peak = shown["peaks"][0]
        assert [(one["rank"], one["enterprise_id"]) for one in peak["candidates"]] == [(1, "ENT-N"), (2, "ENT-NE")]
        assert 500 < peak["candidates"][0]["metres"] < 620
        assert "上风向" in peak["candidates"][0]["zh"]
        assert (peak["candidates"][0]["lat"], peak["candidates"][0]["lon"]) == (LAT + 0.005, LON + 0.0166)
        assert peak["zh"]
        assert peak["en"]
        assert shown["length_km"] == pytest.approx(4, rel=0.02)

    def test_far_apart_are_two(self, desk):
        run = registered(desk)
        add(desk, run, points([*range(50, 60), *range(150, 160)]))
        assert [one["number"] for one in desk.get(OFFICER, f"/v1/van-runs/{run['id']}")["peaks"]] == [1, 2]

    def test_in_calm_air_name_nobody(self, desk):
        sites(desk)
        run = registered(desk)
        add(desk, run, [row | {"wind_ms": 0.1} for row in points()])
        assert desk.get(OFFICER, f"/v1/van-runs/{run['id']}")["peaks"][0]["candidates"] == []

    def test_are_drawn(self, desk):
        run = registered(desk, route="<script>alert(1)</script>", vehicle="<b>&")
        path = f"/v1/van-runs/{run['id']}/track.svg"
        empty = desk.call(OFFICER, "GET", path)
        assert (empty.status_code, empty.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
        add(desk, run, points())
        drawn = desk.call(OFFICER, "GET", path).text
        assert drawn.count("<circle") == 400
        assert "1：900 ppb" in drawn
        assert "<b>" not in drawn

    def test_a_track_without_a_peak_is_drawn_too(self, desk):
        run = registered(desk)
        add(desk, run, points(high=[]))
        drawn = desk.call(OFFICER, "GET", f"/v1/van-runs/{run['id']}/track.svg")
        assert (drawn.status_code, drawn.text.count("<circle")) == (200, 400)

    def test_a_long_track_is_thinned_and_keeps_its_peak(self, desk):
        run = registered(desk)
        starts = [START + timedelta(minutes=30 * n) for n in range(8)]
        for start in starts:
            add(desk, run, points(start=start))
        shown = desk.get(OFFICER, f"/v1/van-runs/{run['id']}")
        assert shown["points"] == 3200
        assert len(shown["track"]) <= 2000
        assert max(one["value"] for one in shown["track"]) == 900.0


class TestDetection:
    def test_a_hit_of_a_registered_run_says_who_measured(self, desk):
        run = registered(desk)
        add(desk, run, points())
        (clue,) = detect(desk)
        assert clue["score_reasons"][-1]["van_run"] == f"van-run:{run['id']}"
        assert "2 officers" in clue["score_reasons"][-1]["en"]

    def test_a_hit_of_an_unregistered_run_is_kept_and_says_so(self, desk):
        run = registered(desk, run_id="RUN-0")
        names = list(points(run="RUN-9")[0])
        lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in points(run="RUN-9"))]
        desk.call(officer(EEA, "liaison"), "POST", "/v1/imports/van_points", content="\n".join(lines).encode())
        (clue,) = detect(desk)
        reason = clue["score_reasons"][-1]
        assert (clue["entity_id"], clue["state"], reason["van_run"]) == ("RUN-9", "received", None)
        assert "未登记" in reason["zh"]
        assert run["run_id"] not in clue["title"]


class TestRights:
    @pytest.mark.parametrize(
        ("who", "expect"),
        [
            (OFFICER, 201),
            (PROGRAM, 201),
            (officer(EEA, "duty_officer"), 201),
            (officer(EEA, "auditor"), 403),
            (POLICE, 403),
            (Principal("psb-320500", "public_security_organ", "client:x", frozenset(), "x"), 403),
        ],
    )
    def test_who_registers(self, desk, who, expect):
        registered(desk, who, expect)

    def test_who_reads_and_adds(self, desk):
        assert desk.call(None, "GET", "/v1/van-runs").status_code == 401
        run = registered(desk)
        add(desk, run, points()[:1], PROGRAM)
        for who in (STRANGER, POLICE):
            for path in ("", "/track.svg"):
                assert desk.call(who, "GET", f"/v1/van-runs/{run['id']}{path}").status_code == 404
            assert desk.get(who, "/v1/van-runs")["items"] == []
        assert desk.get(PROVINCE, f"/v1/van-runs/{run['id']}")["run_id"] == "RUN-1"
        add(desk, run, points()[:1], PROVINCE, 404)
        add(desk, run, points()[:1], STRANGER, 404)
        add(desk, run, points()[:1], officer(EEA, "auditor"), 403)
