"""The eight-department operation on vehicles, inspection bodies and repair stations, and what it refuses."""

from datetime import timedelta

import pytest

from shared.records.verifying import verify_room
from tests.desk import officer

LEAD = officer("eea-320500", "case_officer", "liaison")
POLICE = officer("psb-320500", "case_officer", "liaison")
STRANGER = officer("mra-320100", "case_officer", "liaison")
PROVINCE = officer("eea-320000", "agency_head")


def find(desk, kind):
    """The agency of a kind in the city."""
    known = desk.rooms["case"].catalogue.agencies.values()
    return next(one.id for one in known if one.kind == kind and one.id.endswith("-320500"))


@pytest.fixture
def eight(desk):
    """Officers of the eight departments, by kind."""
    kinds = (
        "ecological_environment_authority",
        "public_security_organ",
        "market_regulation_authority",
        "transport_authority",
        "housing_authority",
        "agriculture_authority",
        "natural_resources_authority",
        "emergency_authority",
    )
    return {kind: officer(find(desk, kind), "case_officer", "liaison") for kind in kinds}


@pytest.fixture
def operation(desk, eight):
    """A circulated operation: environment, police and market lead, the others support."""
    leads = [eight[kind].agency for kind in ("public_security_organ", "market_regulation_authority")]
    support = [who.agency for who in list(eight.values())[3:]]
    body = {
        "procedure": "joint_operation",
        "title": "机动车排放检验领域联合整治",
        "summary": "对车辆、检验机构和维修站开展联合执法",
        "division": "320500",
        "parties": {"partner": leads, "receiver": support},
        "stated": {"objective": "打击检验造假", "begins_on": "2026-09-10", "ends_on": "2026-09-30"},
    }
    found = desk.post(LEAD, "/v1/operations", body, expect=201)
    return desk.post(LEAD, f"/v1/operations/{found['id']}/steps/circulate", {"stated": {}})


def path(operation, *more):
    """An address under an operation."""
    return "/".join([f"/v1/operations/{operation['id']}", *map(str, more)])


def under_way(desk, operation, eight, *, but=()):
    """Let everyone join but some, list an object for each, and launch."""
    for who in list(eight.values())[1:]:
        if who.agency not in but:
            desk.post(who, path(operation, "join"), {"contact": f"{who.agency} 联络员 000"})
    objects = [
        {
            "name": f"对象{number}",
            "category": ("vehicle", "inspection_body", "repair_station")[number % 3],
            "code": f"CODE-{number}",
            "division": "320500",
            "agency": who.agency,
        }
        for number, who in enumerate(eight.values(), start=1)
    ]
    desk.post(LEAD, path(operation, "objects"), {"objects": objects})
    return desk.post(LEAD, path(operation, "steps", "launch"), {"stated": {}})


def finding(desk, **changes):
    """A finding of falsified inspections."""
    return {
        "title": "出具虚假检验报告",
        "summary": "同一车辆数据多次重复出现",
        "enterprise_id": "ENT-JYJG-1",
        "enterprise_name": "示例机动车检测有限公司",
        "division": "320500",
        "found_at": (desk.clock.now - timedelta(hours=1)).isoformat(),
        "object_number": 3,
    } | changes


class TestPlayed:
    def test_from_the_plan_to_the_sum(self, desk, operation, eight):
        absent = eight["natural_resources_authority"]
        desk.post(absent, path(operation, "decline"), {"reason": "无相关职责"})
        under_way(desk, operation, eight, but=[absent.agency])
        market, transport = eight["market_regulation_authority"], eight["transport_authority"]
        due = (desk.clock.now + timedelta(days=3)).isoformat()
        task = {"task": "调取检验原始数据", "agency": market.agency, "due_at": due, "object_number": 3}
        desk.post(LEAD, path(operation, "tasks"), task)
        desk.post(market, path(operation, "tasks"), task | {"task": "核查维修记录", "agency": transport.agency})
        clocks = desk.get(market, path(operation, "deadlines"))["items"]
        assert {(one["party"], one["term_id"], one["state"]) for one in clocks} == {
            (market.agency, "operation_task", "running"),
            (transport.agency, "operation_task", "running"),
        }
        at = desk.clock.now.isoformat()
        check = {"outcome": "found", "note": "数据造假", "checked_at": at}
        desk.post(market, path(operation, "objects", 3, "checks"), check)
        desk.post(market, path(operation, "findings"), finding(desk))
        desk.drain()
        desk.post(market, path(operation, "tasks", 1, "reports"), {"text": "已调取", "done": True})
        desk.post(LEAD, path(operation, "tasks", 1, "settle"), {"verdict": "verified"})
        desk.clock.advance(days=4)
        desk.sweep()
        whole = desk.get(transport, path(operation, "whole"))
        by_agency = {row["agency"]: row for row in whole["results"]}
        assert by_agency[transport.agency]["overdue"] == 1
        mine = by_agency[market.agency]
        assert {name: mine[name] for name in ("checked", "tasks", "done", "findings", "clues", "cases")} == {
            "checked": 1,
            "tasks": 1,
            "done": 1,
            "findings": 1,
            "clues": 1,
            "cases": 0,
        }
        assert len(whole["members"]) == 8
        desk.post(LEAD, path(operation, "steps", "conclude"), {"stated": {}})
        refused = desk.post(LEAD, path(operation, "steps", "summarise"), {"stated": {"outcome": "完"}}, expect=409)
        assert refused["waiting"] == 1
        desk.post(LEAD, path(operation, "tasks", 2, "settle"), {"verdict": "waived", "reason": "并入任务一"})
        done = desk.post(LEAD, path(operation, "steps", "summarise"), {"stated": {"outcome": "立案一起"}})
        assert done["state"] == "concluded"
        with desk.rooms["case"].reading() as session:
            assert verify_room(session, desk.rooms["case"].subjects)[1] == []

    def test_a_finding_becomes_a_clue_with_its_provenance_and_then_a_case(self, desk, operation, eight):
        under_way(desk, operation, eight)
        market = eight["market_regulation_authority"]
        desk.post(market, path(operation, "findings"), finding(desk))
        desk.drain()
        (told,) = desk.get(LEAD, path(operation, "whole"))["findings"]
        clue = desk.get(market, f"/v1/clues/{told['clue_ref'].partition(':')[2]}")
        assert (clue["owner"], clue["source"]) == ("eea-320500", "joint_operation")
        assert clue["score_reasons"][0]["operation"] == operation["ref"]
        assert clue["score_reasons"][0]["agency"] == market.agency
        desk.post(
            officer("eea-320500", "clue_officer", "case_officer"),
            f"/v1/clues/{clue['id']}/assign",
            {"assigned_to": "x"},
        )
        by = officer("eea-320500", "case_officer")
        desk.post(by, f"/v1/clues/{clue['id']}/verify", {"result": "confirmed", "findings": "属实"})
        desk.post(officer("eea-320500", "agency_head"), f"/v1/clues/{clue['id']}/review", {"review_opinion": "同意"})
        desk.post(officer("eea-320500", "clue_officer"), f"/v1/clues/{clue['id']}/accept", {})
        desk.drain()
        results = {row["agency"]: row for row in desk.get(LEAD, path(operation, "whole"))["results"]}
        assert (results[market.agency]["cases"], results[market.agency]["closed"]) == (1, 0)

    def test_the_same_finding_twice_is_one_clue(self, desk, operation, eight):
        under_way(desk, operation, eight)
        market = eight["market_regulation_authority"]
        for _ in range(2):
            desk.post(market, path(operation, "findings"), finding(desk))
        desk.drain()
        refs = {one["clue_ref"] for one in desk.get(LEAD, path(operation, "whole"))["findings"]}
        assert len(refs) == 1

    def test_a_further_agency_is_invited_later(self, desk, operation, eight):
        water = officer(find(desk, "water_authority"), "liaison")
        assert desk.call(water, "GET", path(operation)).status_code == 404
        desk.post(POLICE, path(operation, "invite"), {"agency": water.agency})
        desk.post(water, path(operation, "join"), {"contact": "联络员"})
        states = {one["agency"]: one["state"] for one in desk.get(water, path(operation, "whole"))["members"]}
        assert states[water.agency] == "joined"


class TestWhoMay:
    def test_nobody_sees_it_before_it_is_circulated_or_without_being_asked(self, desk, eight):
        body = {
            "procedure": "joint_operation",
            "title": "x",
            "summary": "x",
            "division": "320500",
            "parties": {"partner": [POLICE.agency]},
            "stated": {"objective": "x", "begins_on": "2026-09-10", "ends_on": "2026-09-30"},
        }
        found = desk.post(LEAD, "/v1/operations", body, expect=201)
        for who in (POLICE, STRANGER):
            for address in (path(found), path(found, "whole"), path(found, "journal")):
                assert desk.call(who, "GET", address).status_code == 404
            assert desk.call(who, "POST", path(found, "join"), json={"contact": "x"}).status_code == 404

    def test_who_declined_reads_no_lists_and_does_nothing(self, desk, operation, eight):
        who = eight["housing_authority"]
        desk.post(who, path(operation, "decline"), {"reason": "无关"})
        assert desk.call(who, "GET", path(operation, "whole")).status_code == 404
        assert desk.call(who, "POST", path(operation, "join"), json={"contact": "x"}).status_code == 403
        assert desk.call(who, "POST", path(operation, "findings"), json=finding(desk)).status_code == 403

    def test_supporters_lead_nothing(self, desk, operation, eight):
        under_way(desk, operation, eight)
        who = eight["transport_authority"]
        due = (desk.clock.now + timedelta(days=1)).isoformat()
        task = {"task": "x", "agency": who.agency, "due_at": due}
        assert desk.call(who, "POST", path(operation, "tasks"), json=task).status_code == 403
        assert desk.call(who, "POST", path(operation, "invite"), json={"agency": "mwa-320500"}).status_code == 403
        for step in ("launch", "conclude", "summarise", "cancel"):
            answer = desk.call(who, "POST", path(operation, "steps", step), json={"stated": {}})
            assert answer.status_code == 403, step

    def test_another_s_object_and_task_are_another_s(self, desk, operation, eight):
        under_way(desk, operation, eight)
        check = {"outcome": "clean", "note": "x", "checked_at": desk.clock.now.isoformat()}
        refused = desk.post(eight["transport_authority"], path(operation, "objects", 1, "checks"), check, expect=403)
        assert refused["agency"] == "eea-320500"

    def test_the_superior_watches(self, desk, operation, eight):
        assert desk.get(PROVINCE, path(operation, "whole"))["members"]
        assert desk.call(PROVINCE, "POST", path(operation, "findings"), json=finding(desk)).status_code == 403


class TestRefused:
    def test_steps_with_an_address_of_their_own(self, desk, operation):
        refused = desk.post(POLICE, path(operation, "steps", "join"), {"stated": {}}, expect=422)
        assert refused["errors"][0]["code"] == "has_its_own_address"

    def test_an_object_twice(self, desk, operation, eight):
        under_way(desk, operation, eight)
        again = {"name": "x", "category": "vehicle", "code": "CODE-1", "division": "320500", "agency": LEAD.agency}
        refused = desk.post(LEAD, path(operation, "objects"), {"objects": [again]}, expect=422)
        assert refused["codes"] == ["CODE-1"]
        assert len(desk.get(LEAD, path(operation, "whole"))["objects"]) == 8

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"agency": "mra-320100"}, "not_taking_part"), ({"due_at": "2026-01-01T00:00:00+08:00"}, "in_the_past")],
    )
    def test_a_task_that_cannot_be(self, desk, operation, eight, changes, code):
        under_way(desk, operation, eight)
        due = (desk.clock.now + timedelta(days=1)).isoformat()
        body = {"task": "x", "agency": LEAD.agency, "due_at": due} | changes
        refused = desk.post(LEAD, path(operation, "tasks"), body, expect=422)
        assert refused["errors"][0]["code"] == code

    def test_answering_twice(self, desk, operation):
        desk.post(POLICE, path(operation, "join"), {"contact": "x"})
        assert desk.call(POLICE, "POST", path(operation, "join"), json={"contact": "x"}).status_code == 409

    def test_a_finding_before_the_operation_is_under_way(self, desk, operation):
        desk.post(POLICE, path(operation, "join"), {"contact": "x"})
        assert (
            desk.call(POLICE, "POST", path(operation, "findings"), json=finding(desk, object_number=None)).status_code
            == 409
        )

    def test_what_lies_in_the_future(self, desk, operation, eight):
        under_way(desk, operation, eight)
        later = (desk.clock.now + timedelta(hours=1)).isoformat()
        refused = desk.post(LEAD, path(operation, "findings"), finding(desk, found_at=later), expect=422)
        assert refused["errors"][0]["code"] == "in_the_future"
        check = {"outcome": "clean", "note": "x", "checked_at": later}
        assert desk.call(LEAD, "POST", path(operation, "objects", 1, "checks"), json=check).status_code == 422

    def test_nobody_settles_its_own_task_but_the_lead(self, desk, operation, eight):
        under_way(desk, operation, eight)
        due = (desk.clock.now + timedelta(days=1)).isoformat()
        desk.post(LEAD, path(operation, "tasks"), {"task": "x", "agency": POLICE.agency, "due_at": due})
        desk.post(POLICE, path(operation, "tasks", 1, "reports"), {"text": "办完", "done": True})
        settle = {"verdict": "verified"}
        assert desk.call(POLICE, "POST", path(operation, "tasks", 1, "settle"), json=settle).status_code == 403
        back = {"verdict": "returned", "reason": "请补充"}
        desk.post(eight["market_regulation_authority"], path(operation, "tasks", 1, "settle"), back)
        assert desk.get(LEAD, path(operation, "whole"))["tasks"][0]["state"] == "open"
