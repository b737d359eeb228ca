"""Series and runs of the rules: read and run by whom they concern."""

import pytest

from services.clue_service.demo_data import demo
from tests.journeys import OFFICER
from tests.service.clue.plant import NEIGHBOUR, NOBODY, POLICE, PROVINCE, hour, register, sent

PATH = f"/v1/series/{demo.CLEAN}"


class TestRead:
    def test_allowed(self, desk):
        register(desk)
        sent(desk, hour() + hour("20260901090000", value=60.0))
        found = desk.get(PROVINCE, f"{PATH}?pollutant=NOx&from=2026-09-01T08:00:00&to=2026-09-01T09:00:00%2B08:00")
        assert (found["rows"], found["ts"], found["value"]) == (1, ["2026-09-01T08:00:00+08:00"], [50.0])
        assert desk.get(OFFICER, f"{PATH}?pollutant=SO2")["rows"] == 0

    def test_wrong_agency(self, desk):
        register(desk)
        for who in (NEIGHBOUR, POLICE):
            assert desk.call(who, "GET", PATH).status_code == 404
        assert desk.call(None, "GET", PATH).status_code == 401

    @pytest.mark.parametrize(
        "span", ["from=2026-09-05&to=2026-09-01", "from=2020-01-01", "from=yesterday", "begin=2026-09-01"]
    )
    def test_wrong_span(self, desk, span):
        register(desk)
        assert desk.call(OFFICER, "GET", f"{PATH}?{span}").status_code == 422


class TestDetect:
    def test_nothing_to_judge(self, desk):
        register(desk)
        found = desk.post(OFFICER, "/v1/detections", {"outlets": [demo.CLEAN], "rules": ["R14"]})
        assert (found["outlets"], found["hits"], found["clues"]) == (1, 0, [])

    def test_without_outlets(self, desk):
        assert desk.post(NEIGHBOUR, "/v1/detections", {})["outlets"] == 0

    def test_wrong_agency(self, desk):
        register(desk)
        for who in (NEIGHBOUR, PROVINCE):
            desk.post(who, "/v1/detections", {"outlets": [demo.CLEAN]}, expect=404)

    def test_wrong_role(self, desk):
        for who in (NOBODY, POLICE):
            desk.post(who, "/v1/detections", {}, expect=403)
        desk.post(None, "/v1/detections", {}, expect=401)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"rules": ["R99"]},
            {"rules": ["everything"]},
            {"outlets": []},
            {"from": "2026-09-02T00:00:00+08:00", "to": "2026-09-01T00:00:00+08:00"},
            {"from": "2026-09-02T00:00:00"},
            {"unknown": 1},
        ],
        ids=str,
    )
    def test_wrong_body(self, desk, wrong):
        desk.post(OFFICER, "/v1/detections", wrong, expect=422)
