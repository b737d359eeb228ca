"""Complaints and self-inspections through the gateway: passed on, and shown among clocks and journeys."""

import json
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

import httpx
import pytest

from gateway.console.threshold import COOKIE
from gateway.identity.commands import sign_in
from shared.clock import ZONE
from tests.desk import Desk, FrozenClock
from tests.e2e.door import Door, opened_door
from tests.service.clue.complaining import BODY, NAME, clue_of, declined, filed
from tests.service.clue.test_self_inspections import declared
from tests.service.gateway.serving import http_to

PEOPLE = {"officer": ("eea-320500", ["clue_officer", "case_officer", "duty_officer"])}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    with opened_door(desk, PEOPLE, rooms=("clue", "case", "referral")) as found:
        yield found


@pytest.fixture
def http(door: Door) -> Iterator[httpx.Client]:
    with door.room.transaction() as session:
        token, _ = sign_in(session, door.people["officer"], address="test", now=door.room.clock())
    with http_to(door.client.base_url) as client:
        client.cookies.set(COOKIE, token)
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def test_the_boards_show_their_clocks(desk, http):
    declined(desk, filed(desk))
    declared(desk)
    for path in ("/console/deadlines", "/console"):
        page = http.get(path, follow_redirects=True)
        assert page.status_code == 200, page.text[:300]
    page = http.get("/console/deadlines").text
    assert "投诉举报答复期限" in page
    assert "企业自查问题改正期限" in page


def test_a_journey_tells_of_the_complaint_and_not_of_the_complainant(desk, http):
    complaint = filed(desk)
    declined(desk, complaint)
    page = http.get(f"/console/journeys/{complaint['journey_id']}")
    assert page.status_code == 200, page.text[:300]
    assert "登记投诉举报" in page.text
    assert NAME not in page.text


def test_a_marked_clue_has_its_page(desk, http):
    declared(desk, found_on="2026-09-06")
    complaint = filed(desk)
    assert clue_of(desk, complaint)["declared_ref"]
    page = http.get(f"/console/clues/{complaint['clue_ref'][5:]}")
    assert page.status_code == 200, page.text[:300]


def test_the_gateway_passes_a_complaint_on(http):
    filed_now = http.post("/v1/complaints", json=BODY)
    assert filed_now.status_code == 201, filed_now.text
    complaint = filed_now.json()
    number = quote(complaint["tracking"])
    told = http.get(f"/v1/complaint-answers/{number}", params={"code": complaint["query_code"]})
    assert (told.status_code, told.json()["state_zh"]) == (200, "办理中")
    assert http.get("/v1/van-runs").status_code == 200
    assert http.get("/v1/self-inspections").status_code == 200


def test_a_batch_above_the_usual_limit_passes(http):
    line = {
        "title": "夜间异味",
        "summary": "巡" * 1000,
        "enterprise_name": "示例化工有限公司",
        "division": "320500",
        "discovered_at": "2026-09-07T08:00:00+08:00",
    }
    rows = [json.dumps(line | {"enterprise_id": f"E-{number}"}, ensure_ascii=False).encode() for number in range(400)]
    content = b"\n".join(rows)
    assert len(content) > 1024 * 1024
    done = http.post("/v1/clues/batches", content=content, headers={"content-type": "application/x-ndjson"})
    assert done.status_code == 200, done.text
    assert done.json()["received"] == 400
