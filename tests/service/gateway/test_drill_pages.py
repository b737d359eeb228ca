"""Drills in the console, over real rooms: prepared by form, given a set, closed, and wiped but for the scores."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.desk import Desk
from tests.e2e.door import Door
from tests.e2e.test_conference_console import SAME, Console, local
from tests.labelled.folder import made_up
from tests.labelled.hourly.cast import Size
from tests.service.clue.drilling import NEIGHBOUR, OTHER, TEAM, modelled, screened, zipped
from tests.service.gateway.paging import Enter, clock, door, enter

__all__ = ["clock", "door", "enter"]

PEOPLE = {
    "centre": ("eea-320000", ["duty_officer"]),
    "auditor": ("eea-320000", ["auditor"]),
    "team": ("eea-320500", ["case_officer"]),
    "head": ("eea-320500", ["agency_head"]),
    "outsider": ("eea-320100", ["clue_officer", "agency_head"]),
    "police": ("psb-320500", ["liaison"]),
}
LIST, NEW = "/console/drills", "/console/drills/new"
MARK = "演练/DRILL"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place: Path = tmp_path_factory.mktemp("drill")
    made_up(place, 20260302, Size(days=42, levels=(3,), replicates=1, clean=2))
    return zipped({path.name: path.read_bytes() for path in place.iterdir()})


def prepared(door: Door, centre: Console, status: int = 303, **changes: Any) -> str:
    """The address of a drill prepared by form; of one that was refused what the page says."""
    form = {
        "name": "秋季比武",
        "squads": [TEAM, NEIGHBOUR],
        "begins_at": local(door, hours=0),
        "ends_at": local(door, days=2),
    }
    made = centre.send(NEW, centre.page(NEW), form | changes, status)
    return str(made.headers["location"]).partition("?")[0] if status == 303 else problem(made.text)


def give(person: Console, address: str, content: bytes, status: int = 303) -> str:
    """Upload a set by form."""
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', person.page("/console/notices"))
    assert token is not None
    files = {"file": ("set.zip", content, "application/zip")}
    answer = person.http.post(f"{address}/set", data={"csrf": token[1]}, files=files, headers=SAME)
    assert answer.status_code == status, answer.text
    return answer.text


def end(person: Console, address: str, step: str, status: int = 303, **form: str) -> str:
    """Close or wipe by form."""
    page = person.page("/console/notices")
    return person.send(f"{address}/{step}", page, {"sure": "true"} | form, status).text


def problem(text: str) -> str:
    """What the page says of a refusal."""
    return text.partition('class="problem"')[2].partition("</div>")[0]


def board(page: str) -> list[list[str]]:
    """The board of scores, without marks."""
    body = page.partition('class="items scores"')[2].partition("</table>")[0].partition("<tbody>")[2]
    rows = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1])
    return [[re.sub("<[^>]+>", "", cell).strip() for cell in row] for row in rows]


def test_a_drill_is_prepared_played_closed_and_wiped(enter: Enter, door: Door, desk: Desk, archive: bytes) -> None:
    centre, team = enter("centre"), enter("team")
    address = prepared(door, centre)
    drill = {"id": address.rpartition("/")[2]}
    page = centre.page(address)
    assert "待上传数据集" in page
    assert "苏州昆山执法中队" in page
    give(centre, address, archive)
    page = team.page(f"{address}?done=set")
    assert "进行中" in page.partition("<h1>")[2].partition("</h1>")[0]
    assert "尚无成绩" in page
    modelled(desk, drill)
    screened(desk, drill)
    modelled(desk, drill, NEIGHBOUR, OTHER, rules=["R14"])
    assert [row[0] for row in board(centre.page(address))] == ["苏州昆山执法中队", "南通市生态环境数据战队"]
    own = team.page(address)
    assert [row[0] for row in board(own)] == ["苏州昆山执法中队"]
    assert "结束前为暂计成绩" in own
    assert own.count('class="handed"') == 2
    end(centre, address, "close")
    ranked = board(team.page(address))
    assert [(row[0], row[1]) for row in ranked] == [("1", "苏州昆山执法中队"), ("2", "南通市生态环境数据战队")]
    end(centre, address, "wipe")
    left = team.page(address)
    assert board(left) == ranked
    assert "已清除，只留成绩" in left
    assert 'id="set-title"' not in left
    assert "秋季比武" not in centre.page(LIST)
    for person in (centre, team):
        assert address in person.page(f"{LIST}?wiped=true")
    assert address not in enter("outsider").page(f"{LIST}?wiped=true")


def test_every_page_of_a_drill_carries_the_mark(enter: Enter, door: Door) -> None:
    centre = enter("centre")
    assert MARK in centre.page(NEW)
    address = prepared(door, centre)
    for path in (LIST, address, f"{address}?lang=en"):
        assert "DRILL" in centre.page(path)


def test_what_is_wrong_is_said_beside_the_form(enter: Enter, door: Door) -> None:
    centre = enter("centre")
    assert "结束时间" in prepared(door, centre, 422, ends_at=local(door, hours=-1))
    assert "参演战队" in prepared(door, centre, 422, squads=[])
    assert "参演战队" in prepared(door, centre, 422, squads=["squad-999999"])
    address = prepared(door, centre)
    assert "压缩包无法读取" in problem(give(centre, address, b"no zip", 422))
    for answered in ("set", "close", "wipe"):
        again = centre.http.get(f"{address}/{answered}", headers=SAME)
        assert (again.status_code, again.headers["location"]) == (303, address)
    refused = centre.send(f"{address}/set", centre.page(address), {}, 422)
    assert "请选择文件" in problem(refused.text)
    assert "不能撤销" in problem(end(centre, address, "wipe", 422, sure=""))
    assert problem(end(centre, address, "close", 409))
    assert problem(end(centre, address, "wipe", 409))


def test_who_may_see_and_who_may_do_what(enter: Enter, door: Door, archive: bytes) -> None:
    address = prepared(door, enter("centre"))
    outsider, police = enter("outsider"), enter("police")
    assert "秋季比武" not in outsider.page(LIST)
    assert 'href="/console/drills"' not in police.page("/console")
    police.page(LIST, 404)
    police.page(f"{LIST}?wiped=true", 404)
    for person in (outsider, police):
        for path in (address, NEW):
            person.page(path, 404)
        give(person, address, archive, 404)
        for step in ("close", "wipe"):
            end(person, address, step, 404)
        person.send(NEW, person.page("/console/notices"), {"name": "x", "squads": [TEAM]}, 404)
    for who in ("team", "head", "auditor"):
        person = enter(who)
        assert "秋季比武" in person.page(LIST)
        assert NEW not in person.page(LIST)
        person.page(NEW, 404)
        assert f'action="{address}' not in person.page(address)
        assert problem(give(person, address, archive, 403))
        for step in ("close", "wipe"):
            assert problem(end(person, address, step, 403))
