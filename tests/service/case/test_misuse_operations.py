"""Joint operations misused: numbers and dates out of range, divisions of nobody, clocks nobody can meet."""

from datetime import timedelta

import pytest

from tests.desk import officer
from tests.service.case.test_operations import (  # noqa: F401  # fixtures
    LEAD,
    eight,
    finding,
    operation,
    path,
    under_way,
)
from tests.service.clue.visits import known_visit, request

MARKET = officer("mra-320500", "case_officer", "liaison")


def task(desk, **changes):
    """A task of market regulation, due in three days."""
    due = (desk.clock.now + timedelta(days=3)).isoformat()
    return {"task": "调取检验原始数据", "agency": MARKET.agency, "due_at": due} | changes


def clocks(desk, operation):  # noqa: F811
    """The states of the clocks of tasks, the newest last."""
    listed = desk.get(LEAD, path(operation, "deadlines"))["items"]
    return [one["state"] for one in sorted(listed, key=lambda one: one["id"])]


@pytest.fixture
def working(desk, operation, eight):  # noqa: F811
    """An operation under way."""
    return under_way(desk, operation, eight)


class TestRanges:
    @pytest.mark.parametrize("address", [("objects", "checks"), ("tasks", "reports"), ("tasks", "settle")])
    @pytest.mark.parametrize("number", [0, -1, 10**30])
    def test_a_number_out_of_range_is_refused(self, desk, working, address, number):
        kind, verb = address
        answer = desk.call(MARKET, "POST", path(working, kind, number, verb), json={})
        assert answer.status_code == 422, answer.text

    @pytest.mark.parametrize("due_at", ["9999-12-31T23:59:59Z", "2500-01-01T00:00:00Z", "1990-01-01T00:00:00Z"])
    def test_a_task_due_beyond_the_calendar_is_refused(self, desk, working, due_at):
        refused = desk.post(LEAD, path(working, "tasks"), task(desk, due_at=due_at), expect=422)
        assert "due_at" in refused["errors"][0]["field"]
        assert desk.get(LEAD, path(working, "whole"))["tasks"] == []


def test_a_finding_nobody_is_competent_for_holds_up_no_other(desk, working):
    refused = desk.post(MARKET, path(working, "findings"), finding(desk, division="999999"), expect=422)
    assert refused["errors"][0]["code"] == "unknown_division"
    odd = finding(desk, title="数\x01据", enterprise_id="ENT-2", found_at="2001-01-02T00:00:00Z")
    for one in (odd, finding(desk)):
        desk.post(MARKET, path(working, "findings"), one)
    desk.drain()
    found = desk.get(LEAD, path(working, "whole"))["findings"]
    assert [bool(one["clue_ref"]) for one in found] == [True, True]


class TestClocks:
    def test_a_task_set_before_the_launch_can_be_reported_and_looked_at(self, desk, operation):  # noqa: F811
        desk.post(MARKET, path(operation, "join"), {"contact": "联络员"})
        desk.post(LEAD, path(operation, "tasks"), task(desk))
        desk.post(MARKET, path(operation, "tasks", 1, "reports"), {"text": "已调取", "done": True})
        desk.post(LEAD, path(operation, "tasks", 1, "settle"), {"verdict": "verified"})
        assert clocks(desk, operation) == ["met"]

    def test_a_cancelled_operation_leaves_no_clock_running(self, desk, working):
        desk.post(LEAD, path(working, "tasks"), task(desk))
        desk.post(LEAD, path(working, "tasks"), task(desk, agency="tra-320500"))
        desk.post(LEAD, path(working, "steps", "cancel"), {"stated": {"reasons": "另行部署"}})
        assert clocks(desk, working) == ["cancelled", "cancelled"]

    @pytest.mark.parametrize("later", [{"hours": 1}, {"days": 5}])
    def test_a_task_sent_back_is_under_the_clock_again(self, desk, working, later):
        desk.post(LEAD, path(working, "tasks"), task(desk))
        done = {"text": "已调取", "done": True}
        desk.post(MARKET, path(working, "tasks", 1, "reports"), done)
        desk.clock.advance(**later)
        desk.post(LEAD, path(working, "tasks", 1, "settle"), {"verdict": "returned", "reason": "数据不全"})
        assert clocks(desk, working) == ["met", "running"]
        desk.post(MARKET, path(working, "tasks", 1, "reports"), done)
        desk.post(LEAD, path(working, "tasks", 1, "settle"), {"verdict": "verified"})
        assert clocks(desk, working) == ["met", "met"]
        (told,) = desk.get(LEAD, path(working, "whole"))["tasks"]
        assert (told["state"], told["number"]) == ("verified", 1)


class TestOnSite:
    def test_a_look_on_site_rests_on_an_approved_visit_of_that_object(self, desk, working):
        def tried(**more):
            check = {"outcome": "found", "note": "现场", "checked_at": desk.clock.now.isoformat(), "method": "on_site"}
            answer = desk.call(LEAD, "POST", path(working, "objects", 1, "checks"), json=check | more)
            return answer.status_code, (answer.json().get("errors") or [{}])[0].get("code")

        asked = request(desk, enterprise_id="CODE-1")["ref"]
        desk.drain()
        assert tried() == (422, "not_visible")
        assert tried(inspection_ref=asked) == (422, "not_approved")
        assert tried(inspection_ref=known_visit(desk, "CODE-2")) == (422, "another_enterprise")
        visit = known_visit(desk, "CODE-1")
        early = (desk.clock.now - timedelta(hours=1)).isoformat()
        assert tried(inspection_ref=visit, checked_at=early) == (422, "outside_the_visit")
        assert tried(inspection_ref=visit) == (200, None)
