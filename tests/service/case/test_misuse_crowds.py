"""Many at once in one conference or operation: each act counts once, nobody meets a fault."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.desk import Desk
from tests.journeys import OFFICER, POLICE
from tests.service.case import test_operations as operating
from tests.service.case.conferring import MARKET, OPINION, at, opened, path
from tests.service.case.test_misuse_operations import task, working  # noqa: F401  # a fixture
from tests.service.case.test_operations import LEAD, eight, operation  # noqa: F401  # fixtures

CROWD = 8


def together(call: Callable[[int], httpx.Response]) -> list[int]:
    """The sorted answers of a crowd."""
    with ThreadPoolExecutor(CROWD) as pool:
        return sorted(pool.map(lambda number: call(number).status_code, range(CROWD)))


class TestConference:
    def test_tasks_are_numbered_one_after_another(self, desk: Desk) -> None:
        conference = opened(desk)
        body = {"task": "补充检测", "agency": MARKET.agency, "due_at": at(desk, days=3)}
        address = path(conference, "add-action")
        assert together(lambda _: desk.call(OFFICER, "POST", address, json=body)) == [200] * CROWD
        listed = desk.get(OFFICER, path(conference, "actions"))["items"]
        assert [one["number"] for one in listed] == list(range(1, CROWD + 1))

    def test_one_signs_one_resolves_and_opinions_become_versions(self, desk: Desk) -> None:
        conference = opened(desk)
        address = path(conference, "opine")
        assert together(lambda _: desk.call(POLICE, "POST", address, json=OPINION)) == [200] * CROWD
        listed = desk.get(OFFICER, path(conference, "opinions"))["items"]
        assert [one["number"] for one in listed] == list(range(1, CROWD + 1))
        desk.post(POLICE, path(conference, "attend"), {"name": "周庚"})
        desk.post(MARKET, path(conference, "attend"), {"name": "吴辛"})
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["移送"]})
        address = path(conference, "sign-minutes")
        answers = together(lambda _: desk.call(POLICE, "POST", address, json={"number": 1}))
        assert answers == [200] + [409] * (CROWD - 1)
        body: dict[str, Any] = {"resolutions": [{"kind": "note", "text": "移送"}]}
        answers = together(lambda _: desk.call(OFFICER, "POST", path(conference, "resolve"), json=body))
        assert answers == [200] + [409] * (CROWD - 1)

    def test_one_person_is_recorded_once(self, desk: Desk) -> None:
        conference = opened(desk)
        for step, body in (("attend", {"name": "郑壬"}), ("recuse", {"name": "冯癸", "because": "近亲属"})):
            address = path(conference, step)
            assert together(lambda _, a=address, b=body: desk.call(POLICE, "POST", a, json=b)) == [200] * CROWD  # type: ignore[misc]  # defaults bind
        names = [one["name"] for one in desk.get(OFFICER, path(conference, "attendance"))["items"]]
        assert (names.count("郑壬"), names.count("冯癸")) == (1, 1)


def test_tasks_and_findings_of_an_operation_are_numbered(desk: Desk, working: Any) -> None:  # noqa: F811
    address = operating.path(working, "tasks")
    assert together(lambda _: desk.call(LEAD, "POST", address, json=task(desk))) == [200] * CROWD
    address = operating.path(working, "tasks", 1, "reports")
    done = {"text": "已调取", "done": True}
    answers = together(lambda _: desk.call(MARKET, "POST", address, json=done))
    assert answers == [200] + [409] * (CROWD - 1)
    address = operating.path(working, "tasks", 1, "settle")
    back = {"verdict": "returned", "reason": "不全"}
    answers = together(lambda _: desk.call(LEAD, "POST", address, json=back))
    assert answers == [200] + [409] * (CROWD - 1)
    whole = desk.get(LEAD, operating.path(working, "whole"))
    assert [one["number"] for one in whole["tasks"]] == list(range(1, CROWD + 1))
