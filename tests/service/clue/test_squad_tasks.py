"""Tasks of squads: dispatched down the line only, answered with evidence, overdue by clock and by figures."""

import re
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from tests.desk import Desk, officer
from tests.journeys import CITY, EEA, OFFICER, POLICE, receive_clue

ALL = ("case_officer", "clue_officer", "agency_head", "liaison", "duty_officer", "evidence_keeper")
CENTRE = officer("eea-320000", "duty_officer")
NEXT_CITY = officer("eea-320600", *ALL)
AUDITOR = officer(EEA, "auditor")
TEAM = "squad-320583"
ANSWER = {"task_result": "found", "task_findings": "比对历史数据，夜间曲线重复"}


def body(desk: Desk, *, hours: float = 48, **changes):
    """A task of a data direction; `stated` changes by name, `about` beside."""
    stated = {
        "squad": TEAM,
        "task_text": "排查火电行业夜间数据",
        "reply_by": (desk.clock.now + timedelta(hours=hours)).isoformat(),
        "data_direction": "D1",
    }
    about = {"about": changes.pop("about")} if "about" in changes else {}
    stated = {name: value for name, value in (stated | changes).items() if value is not None}
    procedure = {"procedure": "squad_task_handling", "title": "夜间数据排查", "summary": "专项", "division": CITY}
    return procedure | about | {"stated": stated}


def dispatched(desk: Desk, who=CENTRE, **changes):
    """A task that was dispatched."""
    return desk.post(who, "/v1/squad-tasks", body(desk, **changes), expect=201)


def take(desk: Desk, task, step: str, who=OFFICER, *, expect: int = 200, **stated):
    """Take a step of a task."""
    return desk.post(who, f"/v1/squad-tasks/{task['id']}/steps/{step}", {"stated": stated}, expect=expect)


def refused(desk: Desk, who, **changes) -> tuple[int, str]:
    """Status and code of a dispatch that is refused."""
    answer = desk.call(who, "POST", "/v1/squad-tasks", json=body(desk, **changes))
    return answer.status_code, answer.json().get("errors", [answer.json()])[0]["code"]


def clocks(desk: Desk, task) -> list[tuple[str, str]]:
    """State and agency of the clocks of a task, nearest first."""
    items = desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/deadlines")["items"]
    return [(one["state"], one["party"]) for one in items if one["term_id"] == "squad_task"]


at = datetime.fromisoformat


def row(desk: Desk, who=CENTRE, squad: str = TEAM):
    """A squad's row of the board."""
    return next(one for one in desk.get(who, "/v1/squad-tasks/board")["rows"] if one["squad"] == squad)


class TestDispatch:
    def test_the_squads_agency_sees_it_and_its_clock_runs_to_the_moment_stated(self, desk):
        task = dispatched(desk)
        seen = desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}")
        assert (seen["state"], seen["squad"], seen["receiver"]) == ("dispatched", TEAM, EEA)
        (clock,) = desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/deadlines")["items"]
        assert (clock["state"], clock["party"], at(clock["due_at"])) == ("running", EEA, at(seen["reply_by"]))
        journal = desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/journal")["items"]
        assert [entry["type"] for entry in journal] == ["task.progressed", "task.clock_set"]
        assert desk.call(NEXT_CITY, "GET", f"/v1/squad-tasks/{task['id']}").status_code == 404

    def test_a_task_about_a_clue_stays_on_its_journey_and_names_its_enterprise(self, desk):
        clue = receive_clue(desk)
        task = dispatched(desk, about=clue["ref"], data_direction=None)
        assert (task["journey_id"], task["enterprise_id"]) == (clue["journey_id"], clue["enterprise_id"])

    def test_a_bureau_gives_tasks_to_its_own_teams(self, desk):
        task = dispatched(desk, OFFICER)
        assert (task["owner"], task["receiver"]) == (EEA, EEA)
        assert take(desk, task, "accept", handled_by="王五")["state"] == "accepted"

    @pytest.mark.parametrize("who", [NEXT_CITY, POLICE, officer("eea-320600", "agency_head")])
    def test_nobody_beside_or_below_gives_a_squad_a_task(self, desk, who):
        assert refused(desk, who)[0] == 403
        assert desk.get(OFFICER, "/v1/squad-tasks")["items"] == []

    def test_a_city_gives_the_province_none_and_an_auditor_gives_none(self, desk):
        assert refused(desk, OFFICER, squad="squad-320000")[0] == 403
        assert refused(desk, AUDITOR)[0] == 403

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"squad": "squad-990000"}, "unknown_squad"),
            ({"hours": -1}, "in_the_past"),
            ({"data_direction": "D99"}, "unknown_direction"),
            ({"data_direction": None}, "missing"),
            ({"about": "clue:018f0000-0000-7000-8000-000000000000"}, "not_visible"),
            ({"about": "case:018f0000-0000-7000-8000-000000000000"}, "not_visible"),
            ({"reply_by": "9999-01-01T00:00:00+08:00"}, "value_error"),
            ({"reply_by": "soon"}, "datetime_from_date_parsing"),
        ],
    )
    def test_what_does_not_fit_is_named(self, desk, changes, code):
        assert refused(desk, CENTRE, **changes) == (422, code)

    def test_a_clue_the_squads_agency_may_not_see_is_not_shown_to_it(self, desk):
        clue = receive_clue(desk)
        assert refused(desk, CENTRE, about=clue["ref"], squad="squad-320600") == (422, "not_theirs")


class TestAnswer:
    def test_the_squad_answers_with_evidence_that_is_frozen_with_it(self, desk):
        task = dispatched(desk)
        take(desk, task, "accept", handled_by="王五")
        item = desk.attach(OFFICER, f"/v1/squad-tasks/{task['id']}", "clue_slice", b"rows")
        assert [one["id"] for one in desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/evidence")["items"]] == [
            item["id"]
        ]
        desk.clock.advance(hours=47)
        answered = take(desk, task, "reply", **ANSWER)
        assert (answered["state"], answered["task_result"]) == ("replied", "found")
        assert re.fullmatch("[0-9a-f]{64}", answered["sent_manifest"])
        assert clocks(desk, task) == [("met", EEA)]
        content = desk.call(CENTRE, "GET", f"/v1/squad-tasks/{task['id']}/evidence/{item['id']}/content")
        assert content.content == b"rows"
        assert take(desk, task, "close", CENTRE, close_opinion="属实")["state"] == "closed"
        assert (row(desk)["answered"], row(desk)["in_time"], row(desk)["open"]) == (1, 1, 0)

    def test_an_answer_without_evidence_is_an_answer(self, desk):
        answered = take(desk, dispatched(desk), "reply", task_result="not_found", task_findings="未见异常")
        assert (answered["state"], answered["sent_manifest"]) == ("replied", None)

    def test_one_returns_it_with_reasons_and_it_is_sent_again(self, desk):
        task = dispatched(desk)
        assert take(desk, task, "return", reasons="企业已停产")["state"] == "returned"
        assert clocks(desk, task) == [("cancelled", EEA)]
        assert row(desk)["returned"] == 1
        until = (desk.clock.now + timedelta(hours=9)).isoformat()
        again = take(desk, task, "send_again", CENTRE, reply_by=until, reasons="请核对停产日期")
        assert again["state"] == "dispatched"
        assert sorted(state for state, _ in clocks(desk, task)) == ["cancelled", "running"]

    def test_a_poor_answer_is_sent_back_and_counts_as_open_again(self, desk):
        task = dispatched(desk)
        take(desk, task, "reply", **ANSWER)
        until = (desk.clock.now + timedelta(hours=9)).isoformat()
        again = take(desk, task, "send_again", CENTRE, reply_by=until, reasons="缺证据")
        assert (again["replied_at"], again["task_result"]) == (None, None)
        assert (row(desk)["open"], row(desk)["answered"]) == (1, 0)

    def test_it_is_withdrawn(self, desk):
        task = dispatched(desk)
        assert take(desk, task, "withdraw", CENTRE, reasons="重复")["state"] == "withdrawn"
        assert (clocks(desk, task), row(desk)["withdrawn"]) == ([("cancelled", EEA)], 1)


class TestTime:
    def test_overdue_is_seen_by_clock_and_figures_and_late_stays_late(self, desk):
        task = dispatched(desk, hours=5)
        assert row(desk)["overdue"] == 0
        desk.clock.advance(hours=5, minutes=1)
        desk.sweep()
        (clock,) = desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/deadlines")["items"]
        assert at(clock["breached_at"]) == at(task["reply_by"])
        assert (row(desk)["open"], row(desk)["overdue"], row(desk, OFFICER)["overdue"]) == (1, 1, 1)
        assert desk.get(CENTRE, "/v1/squad-tasks/board")["rows"][0]["squad"] == TEAM
        take(desk, task, "reply", **ANSWER)
        assert (row(desk)["overdue"], row(desk)["answered"], row(desk)["in_time"], row(desk)["late"]) == (0, 1, 0, 1)

    def test_more_time_runs_to_the_new_moment_and_is_counted(self, desk):
        task = dispatched(desk, hours=5)
        until = (desk.clock.now + timedelta(hours=30, minutes=20)).isoformat()
        extended = take(desk, task, "extend", CENTRE, reply_by=until, reasons="台账待调取")
        assert extended["extensions"] == 1
        running = [
            one
            for one in desk.get(OFFICER, f"/v1/squad-tasks/{task['id']}/deadlines")["items"]
            if one["state"] == "running"
        ]
        assert [at(one["due_at"]) for one in running] == [at(extended["reply_by"])]
        desk.clock.advance(hours=20)
        take(desk, task, "reply", **ANSWER)
        assert (row(desk)["in_time"], row(desk)["extended"]) == (1, 1)

    def test_less_time_is_no_more_time(self, desk):
        task = dispatched(desk, hours=5)
        sooner = (desk.clock.now + timedelta(hours=4)).isoformat()
        path = f"/v1/squad-tasks/{task['id']}/steps/extend"
        answer = desk.call(CENTRE, "POST", path, json={"stated": {"reply_by": sooner, "reasons": "x"}})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_later")

    def test_a_reminder_reaches_the_squads_agency(self, desk):
        task = dispatched(desk)
        desk.drain()
        desk.to_gateway.clear()
        assert take(desk, task, "remind", CENTRE, reminder_words="请尽快反馈")["state"] == "dispatched"
        desk.drain()
        told = [one for one in desk.to_gateway if one["type"] == "notice.raised"]
        assert any(EEA in str(one["data"]) and "催办" in str(one["data"]) for one in told)


class TestBoard:
    def test_each_agency_sees_its_own_squads(self, desk):
        dispatched(desk)
        assert len(desk.get(CENTRE, "/v1/squad-tasks/board")["rows"]) == 112
        mine = desk.get(OFFICER, "/v1/squad-tasks/board")["rows"]
        assert {one["agency"] for one in mine} == {EEA}
        assert sum(one["tasks"] for one in desk.get(NEXT_CITY, "/v1/squad-tasks/board")["rows"]) == 0
        assert desk.call(POLICE, "GET", "/v1/squad-tasks/board").status_code == 404
        assert {one["id"] for one in desk.get(OFFICER, "/v1/squads")["items"]} == {one["squad"] for one in mine}


class TestRights:
    STATED: ClassVar = {
        "accept": {"handled_by": "x"},
        "reply": ANSWER,
        "return": {"reasons": "x"},
        "remind": {"reminder_words": "x"},
        "extend": {"reply_by": "2026-12-01T00:00:00+08:00", "reasons": "x"},
        "withdraw": {"reasons": "x"},
    }
    OF_THE_SQUAD: ClassVar = {"accept", "reply", "return"}

    @pytest.mark.parametrize("step", STATED)
    def test_each_side_takes_its_own_steps_and_strangers_none(self, desk, step):
        task = dispatched(desk)
        path = f"/v1/squad-tasks/{task['id']}/steps/{step}"
        given = {"stated": self.STATED[step]}
        assert desk.call(None, "POST", path, json=given).status_code == 401
        for stranger in (NEXT_CITY, POLICE, officer("eea-320100", *ALL)):
            assert desk.call(stranger, "POST", path, json=given).status_code == 404
        theirs = step in self.OF_THE_SQUAD
        mine, other = (OFFICER, CENTRE) if theirs else (CENTRE, OFFICER)
        assert desk.call(AUDITOR, "POST", path, json=given).status_code == 403
        assert desk.call(other, "POST", path, json=given).status_code == 403
        assert desk.call(mine, "POST", path, json=given).status_code == 200

    def test_every_read_denies_by_default(self, desk):
        task = dispatched(desk)
        paths = desk.clients["clue"].app.openapi()["paths"]
        reads = [
            path for path, known in paths.items() if path.startswith("/v1/squad-tasks/{subject_id}") and "get" in known
        ]
        assert len(reads) >= 5
        for path in reads:
            filled = path.replace("{subject_id}", task["id"])
            if "{" in filled:
                continue
            assert desk.call(None, "GET", filled).status_code == 401
            assert desk.call(NEXT_CITY, "GET", filled).status_code == 404, filled
            assert desk.call(AUDITOR, "GET", filled).status_code == 200, filled
            assert desk.call(CENTRE, "GET", filled).status_code == 200, filled

    def test_a_stranger_adds_no_evidence_and_the_squad_does(self, desk):
        task = dispatched(desk)
        path = f"/v1/squad-tasks/{task['id']}/evidence"
        extra = {
            "params": {"document": "clue_slice", "name": "a.txt"},
            "content": b"x",
            "headers": {"content-type": "text/plain"},
        }
        assert desk.call(NEXT_CITY, "POST", path, **extra).status_code == 404
        assert desk.call(AUDITOR, "POST", path, **extra).status_code == 403
        assert desk.call(OFFICER, "POST", path, **extra).status_code == 201
