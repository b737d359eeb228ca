"""Bodies and addresses nobody honest sends to the sources of clues: refused with a reason, never a crash."""

import json

import pytest

from tests.service.clue.complaining import BODY as COMPLAINT
from tests.service.clue.complaining import CASE_OFFICER, DUTY, filed
from tests.service.clue.test_batches import CLUE, post
from tests.service.clue.test_self_inspections import BODY as DECLARED
from tests.service.clue.test_self_inspections import OFFICER
from tests.service.clue.test_van_runs import BODY as RUN
from tests.service.clue.test_van_runs import points, registered
from tests.service.test_hostile_bodies import UNSTORABLE

DOORS = (
    ("/v1/complaints", COMPLAINT, ("summary", "place", "enterprise_id", "occurred_at")),
    ("/v1/self-inspections", DECLARED, ("problem", "pollutant", "found_on")),
    ("/v1/van-runs", RUN, ("run_id", "route", "run_on", "officers")),
)
WHO = DUTY.__class__(DUTY.agency, DUTY.kind, "many", OFFICER.roles | DUTY.roles, "many")
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE.keys())
class TestValuesNobodyCanStore:
    def test_in_a_body(self, desk, value):
        for path, body, fields in DOORS:
            for field in fields:
                text = json.dumps(body | {field: "@@"}).replace('"@@"', value)
                answer = desk.call(WHO, "POST", path, content=text.encode(), headers=JSON)
                assert answer.status_code == 422, f"{path} {field}: {answer.status_code} {answer.text[:200]}"

    def test_as_the_complainant(self, desk, value):
        body = COMPLAINT | {"complainant": {"name": "@@"}}
        text = json.dumps(body).replace('"@@"', value)
        assert desk.call(WHO, "POST", "/v1/complaints", content=text.encode(), headers=JSON).status_code == 422

    def test_in_a_line(self, desk, value):
        for field in ("title", "score", "score_reasons", "discovered_at"):
            text = json.dumps(CLUE | {field: "@@"}).replace('"@@"', value).encode()
            done = post(desk, [text])
            assert done.json()["refused"] == 1, field

    def test_in_a_point(self, desk, value):
        run = registered(desk)
        for field in ("ts", "lat", "tvoc_ppb", "flag", "poi"):
            text = json.dumps(points()[0] | {field: "@@"}).replace('"@@"', value).encode()
            answer = desk.call(WHO, "POST", f"/v1/van-runs/{run['id']}/points", content=text)
            assert answer.json()["refused"] == 1, field


@pytest.mark.parametrize(
    "number", ["x", "%00", "苏-2026-000001-X", "甲12345-2026-000001-X", "苏12345-2026-000001-苏", "A" * 41, "京京京京"]
)
def test_numbers_that_are_none(desk, number):
    filed(desk)
    for code in ("AAAA-AAAA-AAAA-AAAA", "x", "", "A" * 30, "\x00" * 16):
        answer = desk.call(CASE_OFFICER, "GET", f"/v1/complaint-answers/{number}", params={"code": code})
        assert answer.status_code == 422, (number, code)


def test_points_that_are_none(desk):
    run = registered(desk)
    path = f"/v1/van-runs/{run['id']}/points"
    assert desk.call(WHO, "POST", path, content=b"").status_code == 422
    assert desk.call(WHO, "POST", path, content=b"{}\n" * 20_001).status_code == 422
    answer = desk.call(WHO, "POST", path, content=b"\xff\xfe\nnull\n[]\n{}")
    assert (answer.status_code, answer.json()["refused"]) == (200, 4)
    early = json.dumps(points()[0] | {"ts": "0001-01-01T00:00:00+14:00"}).encode()
    late = json.dumps(points()[0] | {"ts": "9999-12-31T23:59:59-12:00"}).encode()
    answer = desk.call(WHO, "POST", path, content=early + b"\n" + late)
    assert (answer.status_code, answer.json()["refused"]) == (200, 2)
