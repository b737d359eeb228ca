"""The page of figures: the funnel and the visits drawn as the room counted them, sorted by links alone, printable."""

import re
from typing import Any

import httpx
import pytest

from gateway.console import funnel
from gateway.console.threshold import COOKIE
from tests.service.gateway.conftest import SIGNED_IN
from tests.service.gateway.serving import Toy, json_answer

PAGE, ASKED, VISITED = "/console/figures", "/v1/clue-figures", "/v1/clue-figures/visits"


def counted(key: str, *numbers: int, **rates: float | None) -> dict[str, Any]:
    """A row of the funnel."""
    stages = ("signals", "clues", "assigned", "verified", "confirmed", "cases", "referrals")
    named = dict(zip(stages, numbers, strict=True))
    rest = {"accepted": 0, "redirected": 0, "declined": 0, "off_site": 0, "on_site": 0, "visits_avoided": 0}
    none: dict[str, Any] = dict.fromkeys(("off_site_share", "discovery_rate", "confirmation_rate"))
    return {"key": key} | named | rest | none | rates


FIRST = counted("R01", 40, 20, 16, 12, 9, 6, 3, off_site_share=0.75, discovery_rate=0.5, confirmation_rate=0.75)
FIRST["visits_avoided"] = 9
SECOND = counted("R14", 10, 10, 4, 0, 0, 0, 0)
BLANK = counted("", 2, 1, 0, 0, 0, 0, 0)
TOTAL = counted("", 52, 31, 20, 12, 9, 6, 3, off_site_share=0.75, discovery_rate=0.3226, confirmation_rate=0.75)
VISITS = {
    "agency": "eea-320500",
    "visits": 7,
    "administrative": 4,
    "enforcement": 2,
    "research": 1,
    "urgent": 1,
    "merged": 3,
    "void": 0,
}


@pytest.fixture
def officer(http: httpx.Client, toy: Toy) -> httpx.Client:
    """An officer at the console, before a room that counted."""
    toy.answers = {
        ASKED: json_answer({"by": "rule", "rows": [FIRST, SECOND, BLANK], "total": TOTAL}),
        VISITED: json_answer({"rows": [VISITS]}),
    }
    http.cookies.set(COOKIE, SIGNED_IN["officer"])
    http.headers["accept-language"] = "zh"
    return http


def rows(page: str) -> list[list[str]]:
    """The cells of the table of the funnel, without marks."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1])
    return [[re.sub("<[^>]+>", "", cell) for cell in row] for row in cells]


def test_the_funnel_is_drawn_to_scale_with_the_share_of_each_step(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    drawn = page.partition("stacked funnel")[2].partition("</svg>")[0]
    titles = re.findall(r"<title>(.*?)</title>", drawn)
    assert titles == [
        "信号 52",
        "线索 31 为上一步的 59.6%",
        "分派 20 为上一步的 64.5%",
        "核查 12 为上一步的 60.0%",
        "属实 9 为上一步的 75.0%",
        "立案 6 为上一步的 66.7%",
        "移送 3 为上一步的 50.0%",
    ]
    widths = [float(one) for one in re.findall(r'<rect x="[\d.]+" y="\d+" width="([\d.]+)"', drawn)]
    assert widths == pytest.approx([480 * count / 52 for count in (52, 31, 20, 12, 9, 6, 3)], abs=0.1)
    assert drawn.count("<polygon") == 6
    facts = page.partition('<dl class="rates">')[2].partition("</dl>")[0]
    assert re.findall(r"<dd>(.*?)</dd>", facts) == ["75.0%", "32.3%", "75.0%", "0"]


def test_a_funnel_of_nothing_is_drawn_without_dividing() -> None:
    empty = funnel.drawn({"a": 0, "b": 0}, ("a", "b"))
    assert [(one.width, one.share) for one in empty.stages] == [(0.0, None), (0.0, None)]


def test_the_table_has_counts_and_rates_and_says_what_is_not_stated(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    found = {row[0]: row[1:] for row in rows(page)}
    assert found["R01"] == ["40", "20", "16", "12", "9", "6", "3", "75.0%", "50.0%", "75.0%", "9"]
    assert found["R14"][7:] == ["", "", "", "0"]
    assert "未写明" in found
    foot = page.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert "合计" in foot
    assert ">52<" in foot
    for said in ("R01 属实 9", "R01 不属实 3", "R01 待核查 8", "R14 待核查 10"):
        assert f"<title>{said}</title>" in page
    assert "<style" not in page
    assert " style=" not in page


def test_visits_stand_by_agency(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    table = page.partition("items visited")[2]
    assert re.findall(r"<td[^>]*>(.*?)</td>", table) == ["7", "4", "2", "1", "1", "3", "0"]
    assert "苏州市生态环境局" in table
    assert "<title>苏州市生态环境局 行政检查 4</title>" in page
    assert "Visits by agency" in officer.get(f"{PAGE}?lang=en").text


def test_it_sorts_without_a_script(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text.replace("&amp;", "&")
    address = re.search(r'href="([^"]*sort=clues[^"]*)"', page)
    assert address is not None
    sorted_page = officer.get(address[1]).text
    assert [int(row[2]) for row in rows(sorted_page)] == [20, 10, 1]
    assert 'aria-sort="descending"' in sorted_page
    turned = re.search(r'href="([^"]*sort=clues[^"]*)"', sorted_page.replace("&amp;", "&"))
    assert turned is not None
    assert [int(row[2]) for row in rows(officer.get(turned[1]).text)] == [1, 10, 20]
    assert rows(officer.get(f"{PAGE}?sort=discovery_rate&order=down").text)[0][0] == "R01"


def test_what_is_asked_reaches_the_room_and_stays_in_the_links(officer: httpx.Client, toy: Toy) -> None:
    page = officer.get(f"{PAGE}?by=source&received_from=2026-09-01&received_to=2026-09-30").text
    asked = [seen.target for seen in toy.seen]
    assert len(asked) == 2
    assert all("from=2026-09-01" in target and "to=2026-09-30" in target for target in asked)
    assert any("by=source" in target for target in asked if "/visits" not in target)
    assert "by=source&amp;received_from=2026-09-01&amp;received_to=2026-09-30&amp;sort=clues" in page
    assert '<option value="source" selected>' in page
    assert "收到日期：2026-09-01 至 2026-09-30，按来源" in page


def test_without_days_it_is_the_year_so_far(officer: httpx.Client, toy: Toy) -> None:
    page = officer.get(PAGE).text
    assert all("from=2026-01-01" in seen.target and "to=2026-11-23" in seen.target for seen in toy.seen)
    assert 'value="2026-11-23"' in page


@pytest.mark.parametrize(("by", "key", "said"), [("city", "eea-320500", "苏州市"), ("source", "complaint", "投诉举报")])
def test_keys_are_named_in_words(officer: httpx.Client, toy: Toy, by: str, key: str, said: str) -> None:
    toy.answers[ASKED] = json_answer({"by": by, "rows": [FIRST | {"key": key}], "total": TOTAL})
    assert said in rows(officer.get(f"{PAGE}?by={by}").text)[0][0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("received_from=2026-09-30&received_to=2026-09-01", "起始日期晚于截止日期"),
        ("received_from=2026-13-01", "无法识别所填内容"),
    ],
)
def test_wrong_days_are_refused_in_words(officer: httpx.Client, toy: Toy, query: str, said: str) -> None:
    refused = officer.get(f"{PAGE}?{query}")
    assert refused.status_code == 422
    assert said in refused.text.partition('class="problem"')[2].partition("</div>")[0]
    assert toy.seen == []


def test_a_room_that_refuses_or_is_down_is_said_in_words(officer: httpx.Client, toy: Toy) -> None:
    problem = {"status": 404, "code": "not-visible", "title": "不可见", "detail": "没有可供您查看的统计"}
    toy.answers[ASKED] = json_answer(problem, 404)
    refused = officer.get(PAGE)
    assert refused.status_code == 404
    assert "没有可供您查看的统计" in refused.text
    toy.answers[ASKED] = lambda _seen: (503, {}, b"")
    assert officer.get(PAGE).status_code == 503


def test_nothing_is_said_of_none_and_nobody_comes_in_unasked(officer: httpx.Client, toy: Toy) -> None:
    none = counted("", 0, 0, 0, 0, 0, 0, 0)
    toy.answers = {ASKED: json_answer({"by": "rule", "rows": [], "total": none}), VISITED: json_answer({"rows": []})}
    page = officer.get(PAGE).text
    assert "所选日期没有收到线索" in page
    assert "尚无可计算的" in page
    assert officer.get(f"{PAGE}?by=person").status_code == 404
    assert officer.get(f"{PAGE}?sort=secret").status_code == 404
    officer.cookies.clear()
    assert officer.get(PAGE).headers["location"].startswith("/console/login")


def test_it_is_reached_by_keys_and_prints(officer: httpx.Client) -> None:
    page = officer.get(PAGE).text
    assert re.search(r'<a href="/console/figures" data-go="f" aria-current="page">线索统计</a>', page)
    shortcuts = re.findall(r'data-go="(.)"', page)
    assert len(shortcuts) == len(set(shortcuts))
    assert page.count('tabindex="0" role="region"') >= 4
    assert "data-print" in page
