"""The page of timeliness: the rooms' figures drawn, filtered, sorted by links alone, agreements marked as such."""

import re
from typing import Any

import httpx
import pytest

from gateway.console.threshold import COOKIE
from tests.service.gateway.conftest import SIGNED_IN
from tests.service.gateway.serving import Toy, json_answer

PAGE, ASKED = "/console/timeliness", "/v1/statistics/timeliness"
LATE = {"median": 12.5, "worst": 30.0, "total": 42.5}
FILING = {
    "agency": "eea-320500",
    "leg": "case",
    "term": "eep_filing_decision",
    "name_zh": "立案决定",
    "name_en": "Filing decision",
    "cite_zh": "《生态环境行政处罚办法》第十八条",
    "cite_en": "Measures, art. 18",
    "authority": "law",
    "binds": True,
    "met_in_time": 7,
    "met_late": 2,
    "running": 3,
    "overdue": 1,
    "paused": 4,
    "late_hours": LATE,
}
TASK = FILING | {
    "agency": "psb-320500",
    "leg": "operation",
    "term": "operation_task",
    "name_zh": "联合行动任务",
    "name_en": "Task of an operation",
    "authority": "agreement",
    "met_in_time": 20,
    "met_late": 0,
    "overdue": 0,
    "late_hours": None,
}
TOLD = FILING | {"agency": "psb-320500", "term": "told_only", "name_zh": "仅作提示", "binds": False, "overdue": 5}


@pytest.fixture
def officer(http: httpx.Client, toy: Toy) -> httpx.Client:
    """An officer at the console; each room answers the same, so that sums are thrice what one says."""
    toy.answers = {ASKED: json_answer({"rows": [FILING, TASK, TOLD]})}
    http.cookies.set(COOKIE, SIGNED_IN["officer"])
    http.headers["accept-language"] = "zh"
    return http


def rows(page: str) -> list[list[str]]:
    """The cells of the table, without marks."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in body.split("</tr>")[:-1]
    ]


def test_the_bars_say_what_the_rooms_counted(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    for said in (
        "立案决定 按期 21",
        "立案决定 逾期办结 6",
        "立案决定 超期未办 3",
        "立案决定 在办 9",
        "立案决定 暂停 12",
    ):
        assert f"<title>{said}</title>" in page
    assert "<title>联合行动任务（协议，非法律） 按期 60</title>" in page
    widths = [
        float(one)
        for one in re.findall(
            r'<g class="met_in_time"><title>[^<]*</title><rect x="[\d.]+" y="\d+" width="([\d.]+)"', page
        )
    ]
    assert widths[0] == pytest.approx(widths[-1] * 60 / 21, abs=0.2)
    assert "超期" not in page.partition("联合行动任务（")[2].partition("</text>")[0]


def test_the_table_has_articles_and_marks_what_is_not_law(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    found = {row[2]: row for row in rows(page)}
    law = next(row for name, row in found.items() if name.startswith("立案决定"))
    assert law[2] == "立案决定《生态环境行政处罚办法》第十八条"
    assert law[3:] == ["7", "2", "1", "3", "4", "0", "0", "0", "12.5", "30.0"]
    agreed = next(name for name in found if name.startswith("联合行动任务"))
    assert "协议，非法律" in agreed
    assert "仅提示" in next(name for name in found if name.startswith("仅作提示"))
    assert "<style" not in page
    assert " style=" not in page
    assert "agreement, not law" in officer.get(f"{PAGE}?lang=en").text


def test_it_sorts_without_a_script(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text.replace("&amp;", "&")
    address = re.search(r'href="([^"]*sort=overdue[^"]*)"', page)
    assert address is not None
    sorted_page = officer.get(address[1]).text
    counts = [int(row[5]) for row in rows(sorted_page)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 5
    assert 'aria-sort="descending"' in sorted_page
    turned = re.search(r'href="([^"]*sort=overdue[^"]*)"', sorted_page.replace("&amp;", "&"))
    assert turned is not None
    assert [int(row[5]) for row in rows(officer.get(turned[1]).text)] == sorted(counts)


def test_filters_reach_every_room_and_stay_in_the_links(officer: httpx.Client, toy: Toy) -> None:
    wanted = "agency=psb-320500&begun_from=2026-09-01&begun_to=2026-09-30"
    page = officer.get(f"{PAGE}?{wanted}").text.replace("&amp;", "&")
    asked = [seen.target for seen in toy.seen if seen.target.startswith(ASKED)]
    assert len(asked) == 3
    for part in wanted.split("&"):
        assert all(part in target for target in asked)
    assert f"{PAGE}?{wanted}&sort=overdue&order=down" in page
    assert '<option value="psb-320500" selected>' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("begun_from=2026-09-30&begun_to=2026-09-01", "起始日期晚于截止日期"),
        ("begun_from=2026-13-01", "无法识别所填内容"),
    ],
)
def test_wrong_days_are_refused_in_words(officer: httpx.Client, toy: Toy, query: str, said: str) -> None:
    refused = officer.get(f"{PAGE}?{query}")
    assert refused.status_code == 422
    assert said in refused.text.partition('class="problem"')[2].partition("</div>")[0]
    assert toy.seen == []


def test_a_room_that_is_down_is_named_and_nothing_is_said_of_none(officer: httpx.Client, toy: Toy) -> None:
    toy.answers[ASKED] = lambda _seen: (503, {}, b"")
    down = officer.get(PAGE).text
    assert "以下服务暂无应答" in down
    toy.answers[ASKED] = json_answer({"rows": []})
    assert "没有符合条件的期限" in officer.get(PAGE).text
    officer.cookies.clear()
    assert officer.get(PAGE).headers["location"].startswith("/console/login")


def test_an_unknown_column_is_no_page(officer: httpx.Client) -> None:
    answers: list[Any] = [
        officer.get(f"{PAGE}?sort=secret").status_code,
        officer.get(f"{PAGE}?order=sideways").status_code,
    ]
    assert answers == [404, 404]
