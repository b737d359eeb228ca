"""Whoever is shown a code at the gate checks it without an account, and learns no more than whose visit it is."""

from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from shared.clock import ZONE
from tests.desk import Desk, FrozenClock
from tests.e2e.door import Door, opened_door
from tests.service.clue.visits import approve, request, take
from tests.service.gateway.serving import http_to


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    with opened_door(desk, {}, rooms=("clue",)) as found:
        yield found


@pytest.fixture
def gate(door: Door) -> Iterator[httpx.Client]:
    """The browser of somebody at the gate: signed in nowhere."""
    with http_to(door.client.base_url) as http:
        yield http


def shown(gate: httpx.Client, code: str) -> str:
    page = gate.get("/console/check", params={"code": code})
    assert page.status_code == 200, page.text
    return page.text


def test_a_code_tells_whose_visit_it_is_and_nothing_of_why(desk, gate):
    visit = approve(desk, request(desk))
    code = visit["door_code"]
    page = shown(gate, f"{code[:5].lower()} {code[5:]}")
    assert "检查码有效" in page
    assert "苏州市生态环境局" in page
    assert "示例化工有限公司" in page
    for secret in ("R01 命中", "苏环检〔2026〕7号", "张甲", visit["id"]):
        assert secret not in page
    take(desk, visit, "cancel", reasons="改为非现场")
    assert "已结束、取消或者无效" in shown(gate, code)


@pytest.mark.parametrize("code", ["AAAAAAAAAA", "<script>alert(1)</script>", "%00", "../../v1/clues", "码" * 40])
def test_what_is_no_code_is_said_to_be_none(gate, code):
    page = shown(gate, code)
    assert "没有使用该检查码的检查" in page
    assert "<script>alert" not in page


def test_the_page_without_a_code_and_in_english(gate):
    assert "没有使用该检查码" not in gate.get("/console/check").text
    assert "Check an inspection code" in gate.get("/console/check", params={"lang": "en"}).text
    assert gate.post("/console/check").status_code in (303, 405)
