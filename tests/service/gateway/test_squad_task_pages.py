"""Tasks of squads and the figures in the console, over real rooms: given by form, answered by form, counted."""

import re
from typing import Any

from tests import journeys
from tests.desk import Desk
from tests.e2e.door import Door
from tests.e2e.test_conference_console import local
from tests.service.gateway.paging import Enter, clock, door, enter

__all__ = ["clock", "door", "enter"]

PEOPLE = {
    "centre": ("eea-320000", ["duty_officer", "liaison"]),
    "officer": ("eea-320500", ["clue_officer", "case_officer"]),
    "stranger": ("eea-320600", ["clue_officer"]),
    "police": ("psb-320500", ["liaison"]),
}
NEW = "/console/squad-tasks/new?procedure=squad_task_handling"


def given(door: Door, enter: Enter, **changes: Any) -> str:
    """The address of a task the centre gave by form."""
    form = {
        "procedure": "squad_task_handling",
        "title": "夜间数据排查",
        "summary": "专项",
        "division": "320500",
        "squad": "squad-320583",
        "task_text": "排查火电行业夜间数据",
        "reply_by": local(door, hours=30),
        "data_direction": "D1",
    } | changes
    centre = enter("centre")
    made = centre.send("/console/squad-tasks/new", centre.page(NEW), form)
    return str(made.headers["location"]).partition("?")[0]


def test_a_task_is_given_answered_and_closed_by_form(door: Door, enter: Enter) -> None:
    address = given(door, enter)
    officer, centre = enter("officer"), enter("centre")
    assert "夜间数据排查" in officer.page("/console/squad-tasks")
    page = officer.page(address)
    for said in ("squad-320583", "2026-09-08 15:00", "排查火电行业夜间数据", "反馈期限"):
        assert said in page
    officer.step(address, "accept", handled_by="王五")
    officer.step(address, "reply", task_result="done_in_part", task_findings="完成三家")
    assert "部分完成" in centre.page(address)
    centre.step(address, "close", close_opinion="另行派发其余")
    task = door.get("officer", f"/v1{address.removeprefix('/console')}")
    assert (task["state"], task["task_result"]) == ("closed", "done_in_part")
    assert enter("stranger").page("/console/squad-tasks").count("夜间数据排查") == 0
    enter("stranger").page(address, 404)


def test_what_the_form_states_wrongly_is_said_beside_it(door: Door, enter: Enter) -> None:
    centre = enter("centre")
    form = {"procedure": "squad_task_handling", "title": "x", "summary": "x", "division": "320500", "task_text": "x"}
    past = {"squad": "squad-320583", "reply_by": local(door, hours=-1), "data_direction": "D1"}
    refused = centre.send("/console/squad-tasks/new", centre.page(NEW), form | past, 422)
    assert "反馈期限" in refused.text.partition('class="problem"')[2].partition("</div>")[0]


def test_the_figures_are_those_of_the_room(door: Door, desk: Desk, enter: Enter) -> None:
    journeys.receive_clue(desk)
    journeys.receive_clue(desk)
    page = enter("officer").page("/console/figures?by=source")
    drawn = page.partition("stacked funnel")[2].partition("</svg>")[0]
    assert re.findall(r"<title>(.*?)</title>", drawn)[:2] == ["信号 2", "线索 1 为上一步的 50.0%"]
    assert "规则命中" in page.partition("<tbody>")[2]
    assert "没有可供您查看的统计" in enter("police").page("/console/figures", 404)
