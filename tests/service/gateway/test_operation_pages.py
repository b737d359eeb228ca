"""The pages of an operation, a linkage and a serious case over real rooms: what each reader sees and may press."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest

from gateway.console.published import PATHS
from gateway.console.threshold import COOKIE
from gateway.identity.commands import sign_in
from services.case_service.operations.routes import OWN_ADDRESS
from shared.clock import ZONE
from tests import journeys
from tests.desk import Desk, FrozenClock
from tests.e2e.door import Door, opened_door
from tests.e2e.test_conference_console import Console, local
from tests.service.gateway.serving import http_to

LEAD, POLICE, MARKET, UPSTREAM = "eea-320500", "psb-320500", "mra-320500", "eea-320200"
OFFICERS = {"lead": LEAD, "police": POLICE, "market": MARKET, "upstream": UPSTREAM}
PEOPLE = {login: (agency, ["case_officer", "liaison"]) for login, agency in OFFICERS.items()}
PEOPLE["province"] = ("eea-320000", ["agency_head", "liaison"])
Enter = Callable[[str], Console]
OBJECTS = (
    f"示例检测站,检验机构,CODE-1,320500,{MARKET}\n\n苏E00001\t车辆\tCODE-2\t320500\t苏州市公安局\n"
    f"示例维修站，repair_station，CODE-3，320500，{LEAD}"
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 9, 7, 9, 0, tzinfo=ZONE))


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    with opened_door(desk, PEOPLE, rooms=("clue", "case", "referral")) as found:
        yield found


class Here(Console):
    """A person at the console who has signed in already."""

    def __init__(self, door: Door, login: str) -> None:
        with door.room.transaction() as session:
            token, _ = sign_in(session, door.people[login], address="test", now=door.room.clock())
        self.http = http_to(door.client.base_url)
        self.http.cookies.set(COOKIE, token)


@pytest.fixture
def enter(door: Door) -> Iterator[Enter]:
    with ExitStack() as stack:
        known: dict[str, Console] = {}

        def entered(login: str) -> Console:
            if login not in known:
                known[login] = Here(door, login)
                stack.callback(known[login].http.close)
            return known[login]

        yield entered


def planned() -> dict[str, Any]:
    """What the form of an operation states."""
    return {
        "procedure": "joint_operation",
        "title": "机动车检验联合整治",
        "summary": "联合执法",
        "division": "320500",
        "party.partner": [POLICE],
        "party.receiver": [MARKET, "tra-320500"],
        "objective": "打击造假",
        "begins_on": "2026-09-10",
        "ends_on": "2026-09-30",
    }


@pytest.fixture
def operation(enter: Enter) -> str:
    """A circulated operation, planned and sent by form."""
    lead = enter("lead")
    form = "/console/operations/new?procedure=joint_operation"
    made = lead.send("/console/operations/new", lead.page(form), planned())
    address = made.headers["location"].partition("?")[0]
    lead.step(address, "circulate")
    return address


@pytest.fixture
def under_way(enter: Enter, operation: str) -> str:
    """An operation with objects, joined by market regulation, launched."""
    enter("lead").step(operation, "list_objects", objects=OBJECTS)
    enter("market").step(operation, "join", contact="王五 000")
    enter("lead").step(operation, "launch")
    return operation


def pressed(page: str) -> set[str]:
    """The steps a page has forms for."""
    return {
        part.partition('"')[0].rpartition("/")[2]
        for part in page.split('action="/console/')[1:]
        if "/steps/" in part.partition('"')[0]
    }


def test_the_console_knows_every_address_of_its_own() -> None:
    assert {**PATHS["operations"], **PATHS["linkages"]} == dict(OWN_ADDRESS)


class TestOperation:
    def test_it_is_planned_by_form_and_stands_on_the_boards(self, enter: Enter, operation: str, door: Door) -> None:
        lead = enter("lead")
        for page in ("/console/operations", "/console/operations?state=circulated"):
            assert "机动车检验联合整治" in lead.page(page)
        assert "没有您可查看的联合行动" in lead.page("/console/operations?state=concluded")
        assert "已发征求" in lead.page("/console")
        assert "Circulated" in lead.page("/console?lang=en")
        room = door.get("lead", f"/v1{operation.removeprefix('/console')}")
        assert room["takes_part"]["receiver"] == [MARKET, "tra-320500"]
        assert room["stated"]["ends_on"] == "2026-09-30"

    def test_who_was_invited_answers_and_no_one_else_sees_it(self, enter: Enter, operation: str) -> None:
        market, police = enter("market"), enter("police")
        assert pressed(market.page(operation)) == {"join", "decline"}
        market.step(operation, "join", contact="王五 000")
        page = market.page(operation)
        assert "王五 000" in page
        assert not pressed(page) & {"join", "decline"}
        police.step(operation, "decline", reason="警力不足")
        declined = police.page(operation)
        assert "行动的清单、任务和结果仅供参加单位查看" in declined
        assert not pressed(declined)
        assert "警力不足" in market.page(operation)
        enter("upstream").page(operation, 404)
        lead = enter("lead").page(operation)
        assert {"invite", "list_objects", "set_task", "launch"} <= pressed(lead)
        enter("lead").step(operation, "invite", agency="agr-320500", relation="receiver")
        assert "苏州市农业农村局" in enter("lead").page(operation)

    def test_a_wrong_list_is_told_line_by_line_and_adds_nothing(self, enter: Enter, operation: str) -> None:
        typed = f"甲,企业,C1,320500,{LEAD}\n乙,飞船,C2,320500,{LEAD}\n丙,企业,C1,320500,{LEAD}\n"
        typed += f"丁,企业,C4,32050,{LEAD}\n戊,企业,C5,320500,xx\n己,企业"
        refused = enter("lead").step(operation, "list_objects", 422, objects=typed).text
        for said in ("第 2 行：类别", "第 3 行：编号", "第 4 行：区划", "第 5 行：没有机关", "第 6 行：应有"):
            assert said in refused
        assert "第 1 行" not in refused
        assert "丁,企业,C4,32050" in refused
        assert "尚未登记检查对象" in enter("lead").page(operation)
        stranger = f"甲,企业,C1,320500,{UPSTREAM}"
        assert (
            f"{UPSTREAM} 不在参加单位之列" in enter("lead").step(operation, "list_objects", 422, objects=stranger).text
        )

    def test_each_looks_at_its_objects_and_reports(self, enter: Enter, under_way: str, door: Door) -> None:
        market, lead = enter("market"), enter("lead")
        page = market.page(under_way)
        assert {"check_object", "report_finding"} <= pressed(page)
        assert not pressed(page) & {"report_task", "settle_task", "set_task", "invite", "list_objects", "launch"}
        form = page.partition('id="check_object-number"')[2].partition("</select>")[0]
        assert ("示例检测站" in form, "苏E00001" in form) == (True, False)
        check = {"number": "1", "outcome": "found", "note": "数据重复", "checked_at": local(door, hours=-1)}
        market.step(under_way, "check_object", **check)
        assert "发现问题 数据重复" in market.page(under_way)
        late = market.step(under_way, "check_object", 422, **check | {"checked_at": local(door, hours=1)}).text
        assert "checked_at 晚于当前时间" in late
        assert market.step(under_way, "check_object", 403, **check | {"number": "2"})
        assert "无法识别所填内容" in market.step(under_way, "check_object", 422, **check | {"number": "1/../2"}).text
        found = {"title": "虚假报告", "summary": "重复数据", "enterprise_id": "E-1", "enterprise_name": "示例检测公司"}
        found |= {"division": "320500", "found_at": local(door, hours=-1), "object_number": "1"}
        market.step(under_way, "report_finding", **found)
        assert "等待线索登记" in lead.page(under_way)
        door.desk.drain()
        page = lead.page(under_way)
        clue = page.partition("虚假报告")[2].partition('href="/console/clues/')[2].partition('"')[0]
        assert "虚假报告" in lead.page(f"/console/clues/{clue}")

    def test_a_task_runs_late_is_reported_and_settled(self, enter: Enter, under_way: str, door: Door) -> None:
        market, lead = enter("market"), enter("lead")
        assert "settle_task" not in pressed(lead.page(under_way))
        lead.step(under_way, "set_task", task="调取数据", agency=MARKET, due_at=local(door, hours=1), object_number="1")
        assert '<span class="tag urgent">已逾期</span>' not in market.page(under_way)
        door.desk.clock.advance(hours=2)
        page = market.page(under_way)
        assert '<span class="tag urgent">已逾期</span>' in page
        assert "report_task" in pressed(page)
        results = page.partition('class="items results"')[2].partition("苏州市市场监督管理局")[2].partition("</tr>")[0]
        cells = [part.partition("<")[0] for part in results.split('number">')[1:]]
        assert cells == ["1", "0", "1", "0", "1", "0", "0", "0", "0"]
        assert '<g class="passed"><title>苏州市市场监督管理局 · 任务 已逾期 1</title>' in page
        market.step(under_way, "report_task", number="1", text="已调取", done="true")
        assert not pressed(market.page(under_way)) & {"report_task", "settle_task"}
        refused = lead.step(under_way, "settle_task", 422, number="1", verdict="returned").text
        assert "请说明理由" in refused
        assert '<option value="returned" selected>' in refused
        lead.step(under_way, "settle_task", number="1", verdict="verified")
        assert "已核验" in market.page(under_way)

    def test_the_room_s_refusal_is_said_in_words(self, enter: Enter, under_way: str, door: Door) -> None:
        lead = enter("lead")
        lead.step(under_way, "set_task", task="调取数据", agency=MARKET, due_at=local(door, days=1))
        lead.step(under_way, "conclude")
        refused = lead.step(under_way, "summarise", 409, outcome="完").text
        assert "还有 1 项任务未核验" in refused
        assert "核验或者免除这些任务" in refused


@pytest.fixture
def case(desk: Desk) -> Any:
    """A case under investigation; asked for before the door, because databases are copied for it."""
    return journeys.filed_case(desk)


@pytest.fixture
def linkage(case: Any, enter: Enter) -> str:
    """A linkage on a case of one's own, begun from the case's page and proposed."""
    lead = enter("lead")
    page = lead.page(f"/console/cases/{case['id']}").replace("&amp;", "&")
    form = f"/console/linkages/new?procedure=cross_region_linkage&about={case['ref']}"
    assert form in page
    asked = {
        "procedure": "cross_region_linkage",
        "title": "望虞河锑异常",
        "summary": "疑上游来水",
        "division": "320500",
    }
    asked |= {"about": case["ref"], "linkage_relation": "upstream_downstream"}
    shown = lead.page(form)
    assert f'value="{case["ref"]}"' in shown
    refused = lead.send("/console/linkages/new", shown, asked | {"about": "", "party.partner": [UPSTREAM]}, 422)
    assert "请写明本机关的案件" in refused.text
    made = lead.send("/console/linkages/new", shown, asked | {"party.partner": [UPSTREAM]})
    address = made.headers["location"].partition("?")[0]
    lead.step(address, "propose")
    return address


class TestLinkage:
    def test_from_the_case_to_shared_facts_side_by_side(self, linkage: str, enter: Enter, door: Door) -> None:
        lead, upstream, province = enter("lead"), enter("upstream"), enter("province")
        assert pressed(upstream.page(linkage)) == {"join", "decline"}
        assert "望虞河锑异常" in upstream.page("/console/linkages")
        joining = {"title": "上游排查", "summary": "涉锑企业", "division": "320200", "enterprise_id": "E-2"}
        joining |= {"enterprise_name": "待查", "discovered_at": local(door, hours=-2), "contact": "上游 000"}
        upstream.step(linkage, "join", **joining)
        lead.step(linkage, "share_facts", fact_name=["exceedance_multiple"], fact_value=["3"])
        upstream.step(linkage, "share_facts", fact_name=["exceedance_multiple"], fact_value=["5"])
        page = lead.page(linkage)
        shared = page.partition('id="shared-title"')[2].partition("</section>")[0]
        assert ("<td>3 " in shared, "<td>5 " in shared, shared.count("生态环境局")) == (True, True, 2)
        lanes = page.partition('id="course-title"')[2].partition("</svg>")[0]
        assert ("无锡市生态环境局" in lanes, "苏州市生态环境局" in lanes) == (True, True)
        assert pressed(province.page(linkage)) == {"designate_lead"}
        province.step(linkage, "designate_lead", agency=UPSTREAM, reason="源头在上游")
        member = (
            lead.page(linkage).partition('id="members-title"')[2].partition("无锡市生态环境局")[2].partition("</tr>")[0]
        )
        assert "牵头" in member
        mine = [one for one in door.get("upstream", "/v1/cases")["items"] if one["title"] == "上游排查"]
        course = upstream.page(linkage).partition('id="course-title"')[2]
        assert f'href="/console/cases/{mine[0]["id"]}"' in course
        assert f'href="/console/cases/{mine[0]["id"]}"' not in page

    def test_an_unknown_fact_is_refused_beside_the_form(self, linkage: str, enter: Enter) -> None:
        lead = enter("lead")
        refused = lead.step(linkage, "share_facts", 422, fact_name=["exceedance_multiple"], fact_value=["多"]).text
        assert "无法识别所填内容" in refused
        assert 'value="多"' in refused

    def test_a_stranger_sees_nothing_and_the_uninvolved_declines(self, linkage: str, enter: Enter) -> None:
        enter("market").page(linkage, 404)
        upstream = enter("upstream")
        upstream.step(linkage, "decline", reason="不在本辖区")
        page = upstream.page(linkage)
        assert not pressed(page)
        assert "进展仅供联动单位查看" in page
        assert "不在本辖区" in enter("lead").page(linkage)


class TestSerious:
    def test_a_case_turns_serious_and_back(self, case: Any, enter: Enter) -> None:
        address, lead = f"/console/cases/{case['id']}", enter("lead")
        enter("police").page(address, 404)
        page = lead.page(address)
        assert 'class="tag urgent serious"' not in page
        form = page.partition('id="mark_serious-police"')[2].partition("</select>")[0]
        assert ("苏州市公安局" in form, "人民检察院" in form) == (True, False)
        missing = lead.step(address, "mark_serious", 422, grounds="跨市倾倒").text
        assert "批准人" in missing.partition('class="problem"')[2].partition("</div>")[0]
        lead.step(address, "mark_serious", grounds="跨市倾倒", approved_by="王局")
        assert 'class="tag urgent serious">重大案件' in lead.page(address)
        watching = enter("police").page(address)
        assert ("重大案件</span>" in watching, pressed(watching)) == (True, set())
        lead.step(address, "end_serious", reasons="按一般案件办理")
        assert 'class="tag urgent serious"' not in lead.page(address)
        enter("police").page(address, 404)
