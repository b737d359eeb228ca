"""An officer calls and follows a conference in the console, over real rooms."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.desk import Databases, FrozenClock, open_desk
from tests.e2e.door import Door, opened_door
from tests.e2e.test_conference import PEOPLE, investigated
from tests.journeys import PRO, PSB
from tests.service.gateway.serving import http_to

SAME = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def door(databases: Databases, tmp_path: Path, clock: FrozenClock) -> Iterator[Door]:
    settings = databases.fresh(tmp_path / "desk")
    with contextmanager(open_desk)(settings, clock) as desk, opened_door(desk, PEOPLE) as found:
        yield found


class Console:
    """A person at the console."""

    def __init__(self, door: Door, login: str) -> None:
        self.http = http_to(door.client.base_url)
        form = {"login": login, "password": "rain over Suzhou 7"}
        assert self.http.post("/console/login", data=form, headers=SAME).status_code == 303

    def page(self, address: str, status: int = 200) -> str:
        """Open a page."""
        answer = self.http.get(address)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, address: str, page: str, form: dict[str, Any], status: int = 303) -> httpx.Response:
        """Send a form of a page."""
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        version = re.search(r'name="version" value="(\d+)"', page)
        assert token is not None
        hidden = {"csrf": token[1], "version": version[1] if version else "0"}
        answer = self.http.post(address, data=hidden | form, headers=SAME)
        assert answer.status_code == status, answer.text
        return answer

    def step(self, conference: str, name: str, status: int = 303, /, **form: Any) -> httpx.Response:
        """Take a step on a conference's page."""
        return self.send(f"{conference}/steps/{name}", self.page(conference), form, status)


@pytest.fixture
def enter(door: Door) -> Iterator[Callable[[str], Console]]:
    """Let people sign in at the console; their connections end with the test."""
    with ExitStack() as stack:

        def entered(login: str) -> Console:
            found = Console(door, login)
            stack.callback(found.http.close)
            return found

        yield entered


def local(door: Door, **amount: float) -> str:
    """An instant as a form states it."""
    return (door.desk.clock.now + timedelta(**amount)).strftime("%Y-%m-%dT%H:%M")


def test_from_the_form_to_the_signed_minutes(door: Door, enter: Callable[[str], Console]) -> None:
    case = investigated(door)
    officer = enter("head")
    assert case["title"] in officer.page("/console/conferences/new")
    form = f"/console/conferences/new?case={case['id']}"
    asked = {
        "case": case["id"],
        "title": "示例化工有限公司会商",
        "agenda": "通报案情\n研究是否移送",
        "place": "三楼",
        "starts_at": local(door, days=2),
        "ends_at": local(door, days=2, hours=2),
        "reply_by": local(door, days=1),
        "quorum_agencies": "2",
        "invited": [PSB, PRO],
        "required": [PSB],
        "materials": [case["item"]],
    }
    refused = officer.send(
        "/console/conferences/new", officer.page(form), asked | {"reply_by": local(door, days=3)}, 422
    )
    assert "示例化工有限公司会商" in refused.text
    made = officer.send("/console/conferences/new", officer.page(form), asked)
    conference = made.headers["location"].partition("?")[0]
    assert "示例化工有限公司会商" in officer.page("/console/conferences")
    assert "研究是否移送" in officer.page(conference)
    assert officer.page(f"{conference}/invitation.ics").startswith("BEGIN:VCALENDAR")

    police, prosecutor = enter("police"), enter("prosecutor")
    police.step(conference, "accept", people="陈丁 副支队长")
    prosecutor.step(conference, "decline", because="另有会议")
    page = prosecutor.page(conference)
    assert "不参加" in page
    assert "各机关书面意见" not in page
    opinion = {"facts": "倾倒5.2吨", "charge_or_matter": "污染环境罪", "sufficiency": "sufficient"}
    police.step(conference, "opine", **opinion, recommendation="移送", is_dissent="true")
    door.desk.clock.advance(days=2)
    officer, police = enter("head"), enter("police")
    officer.step(conference, "open", chair="赵戊")
    officer.step(conference, "attend", name="赵戊")
    refused = officer.step(conference, "resolve", 422, resolution_kind="refer", actions="没有分隔")
    assert "没有分隔" in refused.text
    resolved = {"resolution_kind": "refer", "resolution_subject": case["ref"], "suspected_offence": "污染环境罪"}
    due = local(door, days=3).replace("T", " ")
    officer.step(conference, "resolve", **resolved, also="每月通报", actions=f"{PSB} | 查明去向 | {due}")
    officer.step(conference, "write_minutes", conclusions="同意移送")
    police.step(conference, "sign_minutes", number="1")
    page = police.page(conference)
    for text in ("不同意见", "查明去向", "已会签", "每月通报", "尚未会签"):
        assert text in page
    assert police.http.get(f"{conference}/minutes/1.pdf").content.startswith(b"%PDF-")
    upload = {"file": ("说明.txt", "去向说明".encode(), "text/plain")}
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert token is not None
    given = {"csrf": token[1], "document": "action_proof"}
    assert police.http.post(f"{conference}/evidence", data=given, files=upload, headers=SAME).status_code == 303
    english = police.http.get(conference, headers={"accept-language": "en"})
    assert english.status_code == 200


def test_a_stranger_is_told_there_is_nothing(enter: Callable[[str], Console]) -> None:
    stranger = enter("stranger")
    stranger.page("/console/conferences/00000000-0000-7000-8000-000000000000", 404)
    stranger.page("/console/conferences/00000000-0000-7000-8000-000000000000/minutes/1.exe", 404)
