"""Bodies, queries and cursors nobody honest sends: each is refused with a problem document, and nothing is kept."""

import base64
import json

import pytest

from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER

JSON = {"content-type": "application/json"}
UNSTORABLE = {
    "more than 64 bits": "1" + "0" * 30,
    "four hundred digits": "1" + "0" * 400,
    "five thousand digits": "1" * 5000,
    "not a number": "NaN",
    "infinite": "Infinity",
    "overflowing": "1e400",
    "a lone surrogate": '"\\ud800"',
    "U+0000": '"\\u0000"',
    "a key with U+0000": '{"\\u0000": 1}',
    "a key with a lone surrogate": '{"\\udfff": 1}',
    "three hundred deep": "[" * 300 + "]" * 300,
    "a hundred thousand deep": "[" * 100_000 + "]" * 100_000,
}
unstorable = pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE.keys())


def cursor(*parts: str) -> str:
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).decode().rstrip("=")


def refused(answer) -> None:
    assert answer.status_code == 422, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    assert problem["next"]


@unstorable
def test_a_clue_with_reasons_nobody_can_store(desk: Desk, value: str):
    body = {
        "title": "t",
        "summary": "s",
        "enterprise_id": "E",
        "enterprise_name": "厂",
        "division": "320500",
        "discovered_at": desk.clock.now.isoformat(),
        "score_reasons": [{"why": "@"}],
    }
    content = json.dumps(body).replace('"@"', value).encode()
    refused(desk.call(OFFICER, "POST", "/v1/clues", content=content, headers=JSON))
    assert desk.get(OFFICER, "/v1/clues")["items"] == []


@pytest.mark.parametrize("field", ["observed_from", "observed_to"])
def test_an_instant_before_every_calendar(desk: Desk, field: str):
    body = {
        "title": "t",
        "summary": "s",
        "enterprise_id": "E",
        "enterprise_name": "厂",
        "division": "320500",
        "discovered_at": desk.clock.now.isoformat(),
        field: "0001-01-01T00:00:00+23:59",
    }
    refused(desk.call(OFFICER, "POST", "/v1/clues", json=body))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", '"\\u0000"', '"\\ud800"', '["\\u0000"]', "null", "{}"])
def test_a_fact_nobody_can_store(desk: Desk, value: str):
    case = journeys.filed_case(desk)
    content = f'{{"facts": {{"conduct": {{"value": {value}}}}}}}'.encode()
    refused(desk.call(OFFICER, "POST", f"/v1/cases/{case['id']}/record", content=content, headers=JSON))
    assert desk.get(OFFICER, f"/v1/cases/{case['id']}")["version"] == case["version"]


@pytest.mark.parametrize("value", list(UNSTORABLE.values())[:-1], ids=list(UNSTORABLE)[:-1])
def test_evidence_described_by_what_nobody_can_store(desk: Desk, value: str):
    clue = journeys.receive_clue(desk)
    path = f"/v1/clues/{clue['id']}/evidence"
    params = {"document": "clue_slice", "name": "a.csv", "details": f'{{"a": {value}}}'}
    headers = {"content-type": "text/csv"}
    refused(desk.call(OFFICER, "POST", path, params=params, content=b"a,b\n", headers=headers))
    assert desk.get(OFFICER, path)["items"] == []


@pytest.mark.parametrize("place", ["x", "²", "9" * 30, "-1", "\x00", ""])
def test_a_journal_is_not_read_from_a_place_we_never_named(desk: Desk, place: str):
    clue = journeys.receive_clue(desk)
    refused(desk.call(OFFICER, "GET", f"/v1/clues/{clue['id']}/journal", params={"after": cursor(place)}))


@pytest.mark.parametrize("instant", ["x", "2026-09-07T09:00:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("room", ["clue", "case", "referral"])
def test_a_board_is_not_read_from_a_place_we_never_named(desk: Desk, instant: str, room: str):
    for place in ((instant, "01a20986-9932-7000-ae5c-6e232d98fee9"), ("2026-09-07T09:00:00+08:00", "x"), ("x",)):
        refused(desk.call(OFFICER, "GET", "/v1/deadlines", params={"after": cursor(*place)}, room=room))


@pytest.mark.parametrize("name", ["agency", "state"])
def test_a_query_with_u0000_finds_nothing_or_is_refused(desk: Desk, name: str):
    path = {"agency": "/v1/deadlines", "state": "/v1/clues"}[name]
    refused(desk.call(OFFICER, "GET", f"{path}?{name}=%00"))
