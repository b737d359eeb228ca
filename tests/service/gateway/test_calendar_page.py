"""The page of days off: who may enter a notice, what is refused in words, and that the rooms are told."""

import json
from typing import Any

import httpx
import pytest

from gateway.console.threshold import COOKIE
from shared.records.room import Room
from tests.service.gateway.conftest import SIGNED_IN
from tests.service.gateway.test_calendar_notices import DAY, NOTICE, queued
from tests.service.gateway.test_console import SAME, token_of

PAGE = "/console/calendar"
DAYS = {"on": ["2026-09-22", ""], "name": ["台风停工", ""], "kind": ["off", "off"], "source": "省政府通知"}


def at(http: httpx.Client, login: str) -> httpx.Client:
    """Let a person be signed in at the console, in Chinese."""
    http.cookies.set(COOKIE, SIGNED_IN[login])
    http.headers["accept-language"] = "zh"
    return http


def send(http: httpx.Client, form: dict[str, Any], **extra: Any) -> httpx.Response:
    """Send the form of the page."""
    return http.post(PAGE, data={"csrf": token_of(http.get(PAGE))} | form, headers=SAME, **extra)


def file_of(notice: Any) -> dict[str, Any]:
    """A file to send."""
    content = notice if isinstance(notice, bytes) else json.dumps(notice).encode()
    return {"file": ("2026.json", content, "application/json")}


def test_single_days_are_taken_and_shown_to_everyone(http: httpx.Client, room: Room) -> None:
    province = at(http, "province")
    assert "尚未录入放假安排通知" in province.get(PAGE).text
    taken = send(province, DAYS | {"papers": "https://example.invalid/notice\n"})
    assert (taken.status_code, taken.headers["location"]) == (303, f"{PAGE}?done=1")
    assert sorted(row.receiver for row in queued(room)) == ["case", "clue", "referral"]
    for login in ("officer", "police"):
        page = at(http, login).get(PAGE).text
        for said in ("台风停工", "2026-09-22 周二", "省政府通知", "https://example.invalid/notice", "个别调整"):
            assert said in page
        assert 'action="/console/calendar"' not in page


def test_a_file_is_taken_as_it_was_published(http: httpx.Client, room: Room) -> None:
    province = at(http, "province")
    notice = {"$schema": "https://example.invalid/schema.json", "$id": "x"} | NOTICE
    answer = send(province, {"source": ""}, files=file_of(notice))
    assert answer.status_code == 303, answer.text
    assert len(queued(room)) == 3
    again = send(province, {"source": ""}, files=file_of(notice))
    assert (again.status_code, len(queued(room))) == (303, 3)
    assert province.get(PAGE).text.count("台风停工") == 1


@pytest.mark.parametrize("login", ["keeper", "officer", "neighbour", "police"])
def test_nobody_else_is_offered_it_or_may(http: httpx.Client, room: Room, login: str) -> None:
    reader = at(http, login)
    assert 'type="file"' not in reader.get(PAGE).text
    refused = send(reader, DAYS)
    assert refused.status_code == 403
    assert 'class="problem"' in refused.text
    assert queued(room) == []


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        (b"no json", "无法识别所填内容"),
        (b"[]", "无法识别所填内容"),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "无法识别所填内容"),
        (NOTICE | {"colour": "red"}, "不是通知中的项目"),
        (NOTICE | {"days": []}, "项数不足"),
        (NOTICE | {"year": 1890}, "数值过小"),
        (NOTICE | {"days": [{**DAY, "isOffDay": "perhaps"}]}, "应为是或否"),
        (NOTICE | {"days": [DAY, DAY]}, "放假安排格式有误"),
        (NOTICE | {"days": [{**DAY, "isOffDay": False}]}, "放假安排"),
    ],
)
def test_a_wrong_file_is_refused_in_words(http: httpx.Client, room: Room, notice: Any, said: str) -> None:
    refused = send(at(http, "province"), {"source": ""}, files=file_of(notice))
    assert refused.status_code == 422, refused.text
    assert said in refused.text.partition('class="problem"')[2].partition("</div>")[0]
    assert queued(room) == []


def test_wrong_days_keep_what_was_typed(http: httpx.Client, room: Room) -> None:
    province = at(http, "province")
    refused = send(province, DAYS | {"on": ["2026-13-01", "2026-09-23"], "name": ["甲", "乙"], "kind": ["off", "work"]})
    assert refused.status_code == 422
    assert 'value="乙"' in refused.text
    assert '<option value="work" selected>' in refused.text
    empty = send(province, {"on": ["", ""], "name": ["甲", ""], "kind": ["off", "off"]})
    assert "未填写" in empty.text.partition('class="problem"')[2]
    foreign = province.post(PAGE, data=DAYS, headers=SAME)
    assert foreign.status_code == 403
    assert queued(room) == []
