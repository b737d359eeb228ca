"""Mobile runs in the console, over real rooms: registered by form, points by file, drawn with what lies upwind."""

import json
import re
from typing import Any

import pytest

from tests.desk import Desk
from tests.e2e.test_conference_console import SAME, Console
from tests.service.clue.test_van_runs import points, sites
from tests.service.gateway.paging import Enter, clock, door, enter

__all__ = ["clock", "door", "enter"]

CITY = "eea-320500"
PEOPLE = {
    "officer": (CITY, ["case_officer"]),
    "keeper": (CITY, ["evidence_keeper"]),
    "province": ("eea-320000", ["clue_officer"]),
    "outsider": ("eea-320100", ["clue_officer"]),
    "police": ("psb-320500", ["liaison"]),
}
LIST, NEW = "/console/van-runs", "/console/van-runs/new"
FORM = {
    "run_id": "RUN-1",
    "run_on": "2026-09-06",
    "vehicle": "苏E·A0001",
    "officers": "张甲 苏环执001\n李乙，苏环执002",
    "calibrated_at": "2026-09-06T08:00",
    "instrument": "PTR-MS 01",
    "gas": "异丁烯 1 ppm",
    "is_passed": "true",
    "route": "开发区环线",
}


def registered(person: Console, **changes: str) -> str:
    """The address of a run registered by form."""
    made = person.send(NEW, person.page(NEW), FORM | changes)
    return str(made.headers["location"]).partition("?")[0]


def add(person: Console, address: str, rows: list[Any], status: int = 200) -> str:
    """Upload points."""
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', person.page("/console/notices"))
    assert token is not None
    content = b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    files = {"file": ("points.ndjson", content, "application/x-ndjson")}
    answer = person.http.post(f"{address}/points", data={"csrf": token[1]}, files=files, headers=SAME)
    assert answer.status_code == status, answer.text
    return answer.text


def problem(text: str) -> str:
    """What the page says of a refusal."""
    return text.partition('class="problem"')[2].partition("</div>")[0]


class TestARun:
    def test_is_registered_fed_and_drawn(self, enter: Enter, desk: Desk) -> None:
        officer = enter("officer")
        address = registered(officer)
        assert "没有带定位的读数" in officer.page(address)
        sites(desk)
        taken = add(officer, address, [*points(), b"{broken", {"ts": "2026-09-01T10:00:00"}])
        assert "已接收 400 个读数，重复 0 个，未接收 2 个" in taken
        wrong = taken.partition('id="wrong-title"')[2].partition("</section>")[0]
        assert "第 401 行" in wrong
        assert "不是 2026-09-06 这次走航的时间" in wrong
        assert "重复 400 个" in add(officer, address, points())
        again = officer.http.get(f"{address}/points", headers=SAME)
        assert (again.status_code, again.headers["location"]) == (303, address)
        page = officer.page(address)
        drawn = page.partition('<svg class="track"')[2].partition("</svg>")[0]
        assert drawn.count('<polyline class="peak"') == 1
        assert re.findall(r'<g class="site"><title>(.*?)</title>', drawn) == ["1-1 北厂", "1-2 东北厂"]
        assert drawn.count('class="wind"') == 1
        profile = page.partition('<svg class="profile"')[2].partition("</svg>")[0]
        assert "<title>高值 1</title>" in profile
        assert profile.count("<polyline") == 1
        peaks = page.partition('id="peaks-title"')[2]
        for said in ("北厂", "东北厂", "来自 0°，2.0 米/秒", "<dd>900</dd>", "上风向"):
            assert said in peaks
        assert "南厂" not in page
        assert " style=" not in page
        assert "RUN-1" in officer.page(LIST)

    def test_speaks_english(self, enter: Enter) -> None:
        officer = enter("officer")
        address = registered(officer)
        add(officer, address, points())
        page = officer.page(f"{address}?lang=en")
        for said in ("Track of 400 readings with 1 peaks, north up", "judged a peak", "Peak 1"):
            assert said in page

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"officers": "张甲 苏环执001"}, "执法人员"),
            ({"officers": "张甲"}, "每行应有姓名和证件号"),
            ({"is_passed": ""}, "校准通过"),
            ({"calibrated_at": "2026-09-05T08:00"}, "校准时间"),
            ({"tvoc_ppb": "1"}, "高于本底的判据"),
            ({"tvoc_ppb": "-1"}, "高于本底的判据"),
            ({"tvoc_ppb": "-1"}, "数值过小"),
            ({"run_id": ""}, "任务名称"),
            ({"run_on": "2026-09-08"}, "走航日期"),
        ],
    )
    def test_that_may_not_go_is_refused_beside_the_form(self, enter: Enter, change: dict[str, str], said: str) -> None:
        officer = enter("officer")
        refused = officer.send(NEW, officer.page(NEW), FORM | change, 422)
        assert said in problem(refused.text)
        assert "开发区环线" in refused.text

    def test_the_same_form_twice_is_one_run_and_another_by_its_name_is_refused(self, enter: Enter) -> None:
        officer = enter("officer")
        assert registered(officer) == registered(officer)
        refused = officer.send(NEW, officer.page(NEW), FORM | {"vehicle": "苏E·A0002"}, 409)
        assert "已有同名走航任务" in problem(refused.text)

    def test_without_a_file_nothing_is_added(self, enter: Enter) -> None:
        officer = enter("officer")
        address = registered(officer)
        refused = officer.send(f"{address}/points", officer.page(address), {}, 422)
        assert "请选择文件" in problem(refused.text)


class TestWhoMaySee:
    def test_the_bureau_and_the_one_above_it_alone(self, enter: Enter) -> None:
        address = registered(enter("officer"))
        assert "RUN-1" in enter("province").page(LIST)
        assert "高值 0 处" in enter("province").page(address)
        assert "RUN-1" not in enter("outsider").page(LIST)
        enter("outsider").page(address, 404)
        add(enter("outsider"), address, points(), 404)
        police = enter("police")
        assert 'href="/console/van-runs"' not in police.page("/console")
        for path in (LIST, NEW, address):
            police.page(path, 404)
        add(police, address, points(), 404)

    def test_only_who_measures_is_offered_the_forms(self, enter: Enter) -> None:
        address = registered(enter("officer"))
        keeper, province = enter("keeper"), enter("province")
        assert NEW not in keeper.page(LIST)
        keeper.page(NEW, 404)
        keeper.send(NEW, keeper.page("/console/notices"), FORM, 404)
        for person in (keeper, province):
            assert f"{address}/points" not in person.page(address)
        assert problem(add(keeper, address, points(), 403))
        add(province, address, points(), 404)
