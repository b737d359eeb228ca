"""Inspections: urgent visits, caps, the positive list, merging, warnings, the register."""

import csv
import io
from datetime import UTC, date, timedelta

import pytest
from alembic import command
from sqlalchemy import insert, update

from services.case_service.visits.models import Visit
from services.clue_service.inspections.models import Inspection, LeftAlone
from shared.clock import today
from shared.records import migrations
from shared.records.db import table_of
from tests import journeys
from tests.journeys import CITY
from tests.service.clue.visits import (
    DAILY,
    HEAD,
    MARKET,
    MARKET_HEAD,
    OFFICER,
    PROVINCE_HEAD,
    RESULT,
    STRANGER,
    approve,
    known_visit,
    put,
    recorded,
    refusal,
    request,
    take,
    urgent,
)


class TestUrgent:
    def test_its_approval_follows_within_24_hours_of_entering(self, desk):
        visit = urgent(desk, hours=3)
        (clock,) = desk.get(OFFICER, f"/v1/inspections/{visit['id']}/deadlines")["items"]
        entered_at = desk.clock.now - timedelta(hours=3)
        assert clock["term_id"] == "emergency_inspection_approval"
        assert clock["due_at"] == (entered_at + timedelta(hours=24)).astimezone(UTC).isoformat().replace("+00:00", "Z")
        visit = take(desk, visit, "record_emergency", visit_ended_at=desk.clock.now.isoformat(), **RESULT)
        assert visit["state"] == "emergency_recorded"
        visit = take(desk, visit, "approve_recorded", HEAD, approval_number="补1", visit_reasons="确属紧急")
        (clock,) = desk.get(OFFICER, f"/v1/inspections/{visit['id']}/deadlines")["items"]
        assert (visit["state"], clock["state"]) == ("recorded", "met")

    def test_what_was_entered_a_day_ago_was_not_urgent(self, desk):
        answer = urgent(desk, hours=25, expect=422)
        assert answer["errors"][0]["code"] == "not_urgent"

    def test_a_late_approval_is_seen_as_late(self, desk):
        visit = urgent(desk)
        desk.clock.advance(hours=25)
        desk.sweep()
        (clock,) = desk.get(OFFICER, f"/v1/inspections/{visit['id']}/deadlines")["items"]
        assert clock["breached_at"] is not None

    def test_a_step_the_procedure_does_not_begin_with_is_refused(self, desk):
        body = {"procedure": "inspection_handling", "title": "x", "summary": "x", "division": CITY, "step": "record"}
        body |= {"enterprise_id": "E", "enterprise_name": "n", "stated": {}}
        answer = desk.call(OFFICER, "POST", "/v1/inspections", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_a_beginning")


class TestCapsAndMerging:
    def test_routine_visits_above_the_cap_need_a_reason(self, desk):
        put(desk, "/v1/inspection-plans/2026", {"cap": 1, "note": "年度检查计划"})
        recorded(desk, **DAILY)
        second = request(desk, days=30, **DAILY)
        refused = approve(desk, second, expect=409)
        assert (refused["code"], refused["cap"]) == ("step-refused", 1)
        assert approve(desk, second, over_cap_reasons="群众多次投诉")["state"] == "approved"
        assert approve(desk, request(desk, days=60))["state"] == "approved"

    def test_the_enterprise_that_obeys_is_left_alone(self, desk):
        entry = {"enterprise_name": "示例化工有限公司", "reason": "连续三年守法", "until_on": "2026-12-31"}
        put(desk, "/v1/positive-list/ENT-1", entry)
        assert approve(desk, request(desk, **DAILY), expect=409)["code"] == "step-refused"
        assert approve(desk, request(desk))["state"] == "approved"
        assert approve(desk, request(desk, days=130, **DAILY))["state"] == "approved"
        assert desk.get(PROVINCE_HEAD, "/v1/positive-list")["items"][0]["enterprise_id"] == "ENT-1"
        assert desk.get(MARKET, "/v1/positive-list")["items"] == []

    @pytest.mark.parametrize("typed", ["ent-1", "ＥＮＴ－１", " Ent-1\u3000", "E\u200bNT-1"])
    def test_one_enterprise_is_counted_once_however_its_id_is_typed(self, desk, typed):
        put(desk, "/v1/inspection-plans/2026", {"cap": 1, "note": "年度检查计划"})
        recorded(desk, **DAILY)
        second = request(desk, days=30, enterprise_id=typed, **DAILY)
        assert second["enterprise_id"] == "ENT-1"
        assert approve(desk, second, expect=409)["cap"] == 1
        warned = desk.get(OFFICER, f"/v1/inspections/{request(desk, enterprise_id=typed)['id']}/warnings")["items"]
        assert [one["visits"] for one in warned if one["days"] == 1] == [2]

    @pytest.mark.parametrize("typed", ["ent-1", "ＥＮＴ－１"])
    def test_the_list_knows_it_however_its_id_is_typed(self, desk, typed):
        entry = {"enterprise_name": "示例化工有限公司", "reason": "连续三年守法", "until_on": "2026-12-31"}
        put(desk, f"/v1/positive-list/{typed}", entry)
        assert approve(desk, request(desk, enterprise_id="Ent-1", **DAILY), expect=409)["code"] == "step-refused"
        put(desk, "/v1/positive-list/ENT-1", entry | {"until_on": "2026-01-01"})
        (listed,) = desk.get(HEAD, "/v1/positive-list")["items"]
        assert (listed["enterprise_id"], listed["until_on"]) == ("ENT-1", "2026-01-01")

    def test_a_visit_stands_behind_a_clue_and_a_case_of_the_same_enterprise(self, desk):
        case, clue = journeys.filed_case(desk), journeys.receive_clue(desk, outlet_id="DA002", pollutant="SO2")
        desk.post(OFFICER, f"/v1/clues/{clue['id']}/assign", {"assigned_to": OFFICER.actor})
        ref = known_visit(desk, enterprise_id="ｅｎｔ－1")
        verified = {"result": "confirmed", "findings": "x", "method": "on_site", "inspection_ref": ref}
        assert desk.post(OFFICER, f"/v1/clues/{clue['id']}/verify", verified)["state"] == "verified"
        with desk.rooms["case"].transaction() as session:  # as a message from a desk that typed it so
            session.execute(update(table_of(Visit)).values(enterprise_id="ｅｎｔ－1"))
        stated = journeys.INSPECTION | {"inspected_at": desk.clock.now.isoformat(), "inspection_ref": ref}
        assert journeys.take_case(desk, journeys.OFFICER, case, "record_inspection", **stated)["id"] == case["id"]

    def test_what_was_typed_before_is_brought_to_one(self, desk):
        room = desk.rooms["clue"]
        settings = migrations.config("clue", room.settings.database_url("clue"))
        visit = request(desk)
        command.downgrade(settings, "0008")
        table, alone = table_of(Inspection), table_of(LeftAlone)
        row = {"agency": "eea-320500", "enterprise_name": "n", "until_on": date(2026, 12, 31)}
        rows = [
            row | {"enterprise_id": typed, "reason": str(number), "changed_at": desk.clock.now + timedelta(days=number)}
            for number, typed in enumerate(("ent-1", "ｅｎｔ-1", "b"))
        ]
        with room.transaction() as session:
            session.execute(update(table).values(enterprise_id="ent-1"))
            session.execute(insert(alone), rows)
        command.upgrade(settings, "head")
        assert desk.get(OFFICER, f"/v1/inspections/{visit['id']}")["enterprise_id"] == "ENT-1"
        listed = desk.get(HEAD, "/v1/positive-list")["items"]
        assert [(one["enterprise_id"], one["reason"]) for one in listed] == [("B", "2"), ("ENT-1", "1")]

    def test_no_approval_covers_more_days_than_the_desk_lets_it(self, desk):
        first = today(desk.clock.now)

        def asked(days, **more):
            return request(desk, planned_until_on=(first + timedelta(days=days)).isoformat(), **more)

        (error,) = asked(31, expect=422)["errors"]
        assert (error["field"], error["code"]) == ("stated.planned_until_on", "too_long")
        assert "31 天" in error["message"] or "31 days" in error["message"]
        assert asked(3 * 365, expect=422)["code"] == "body-invalid"
        assert desk.get(OFFICER, "/v1/inspections")["items"] == []
        assert approve(desk, asked(30))["state"] == "approved"

    def test_what_was_asked_for_before_the_setting_is_not_approved(self, desk):
        long = (today(desk.clock.now) + timedelta(days=2)).isoformat()
        visit = request(desk, planned_until_on=long)
        desk.rooms["clue"].settings.inspection_days = 2
        refused = approve(desk, visit, expect=409)
        assert refused["code"] == "step-refused"
        assert "3 天" in refused["detail"]
        assert take(desk, visit, "refuse", HEAD, reasons="跨度过长")["state"] == "refused"
        desk.rooms["clue"].settings.inspection_days = 3
        assert approve(desk, request(desk, planned_until_on=long))["state"] == "approved"

    def test_only_the_head_sets_plans_and_lists(self, desk):
        for path, body in (
            ("/v1/inspection-plans/2026", {"cap": 1, "note": "x"}),
            ("/v1/positive-list/E", {"enterprise_name": "n", "reason": "x", "until_on": "2026-12-31"}),
        ):
            assert desk.call(OFFICER, "PUT", path, json=body).status_code == 403

    def test_a_second_agency_joins_the_visit_that_is_planned(self, desk):
        first = approve(desk, request(desk, days=3))
        second = request(desk, MARKET, days=5)
        refused = approve(desk, second, MARKET_HEAD, expect=409)
        assert refused["planned"][0] == {
            "inspection": first["ref"],
            "agency": "eea-320500",
            "planned_on": first["planned_on"],
        }
        joined = {"joined_inspection_ref": first["ref"]}
        assert take(desk, second, "merge", MARKET, expect=403, **joined)["code"] == "not-your-step"
        merged = take(desk, second, "merge", MARKET_HEAD, **joined)
        assert merged["state"] == "merged"
        assert desk.get(MARKET, f"/v1/inspections/{first['id']}")["ref"] == first["ref"]
        types = [entry["type"] for entry in desk.get(OFFICER, f"/v1/inspections/{first['id']}/journal")["items"]]
        assert types[-1] == "inspection.joined"

    def test_it_goes_alone_only_with_a_reason(self, desk):
        approve(desk, request(desk, days=3))
        second = request(desk, MARKET, days=5)
        alone = approve(desk, second, MARKET_HEAD, separate_visit_reasons="检验机构专项，对象不同")
        assert alone["state"] == "approved"

    def test_a_visit_is_merged_only_into_one_that_is_planned_there(self, desk):
        second = request(desk, MARKET, days=5)
        elsewhere = approve(desk, request(desk, enterprise_id="ENT-9", days=3))
        for ref in (elsewhere["ref"], second["ref"], "inspection:nothing", "clue:x"):
            status, code = refusal(desk, second, "merge", MARKET_HEAD, joined_inspection_ref=ref)
            assert (status, code) == (422, "not_planned"), ref

    def test_who_joined_goes_along_when_the_visit_is_merged_on(self, desk):
        mine, market = request(desk), request(desk, MARKET)
        last = request(desk, PROVINCE_HEAD)
        take(desk, market, "merge", MARKET_HEAD, joined_inspection_ref=mine["ref"])
        take(desk, mine, "merge", HEAD, joined_inspection_ref=last["ref"])
        for who in (MARKET, OFFICER):
            shown = desk.get(who, f"/v1/inspections/{last['id']}")
            assert shown["stated"]["joined_agencies"] == [OFFICER.agency, MARKET.agency]

    def test_visits_that_crowd_are_warned_of(self, desk):
        reasons = {"separate_visit_reasons": "各自事项"}
        visits = [approve(desk, request(desk, days=day), **reasons) for day in (0, 2, 4, 20)]
        warned = desk.get(OFFICER, f"/v1/inspections/{visits[1]['id']}/warnings")["items"]
        assert [(one["days"], one["visits"], one["most"]) for one in warned] == [(7, 3, 2), (31, 4, 3)]
        assert desk.get(OFFICER, f"/v1/inspections/{visits[3]['id']}/warnings")["items"][0]["days"] == 31


class TestRegister:
    def test_who_visited_whom_and_why(self, desk):
        recorded(desk)
        answer = desk.call(OFFICER, "GET", "/v1/inspection-register", params={"from": "2026-09-01", "to": "2026-09-30"})
        assert answer.headers["content-type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert (row["enterprise_id"], row["state"], row["inspectors"]) == ("ENT-1", "recorded", "张甲、李乙")
        assert row["reasons"].startswith("非现场")
        october = {"from": "2026-10-01", "to": "2026-10-31"}
        assert desk.call(OFFICER, "GET", "/v1/inspection-register", params=october).text.count("\n") == 1
        mine = desk.call(STRANGER, "GET", "/v1/inspection-register", params={"from": "2026-09-01", "to": "2026-09-30"})
        assert mine.text.count("\n") == 1

    def test_no_cell_is_a_formula_to_a_spreadsheet(self, desk):
        for sign in ("=", "\uff1d", " =", "\t=", "@", "-"):
            request(desk, visit_reasons=f"{sign}1+1")
        answer = desk.call(OFFICER, "GET", "/v1/inspection-register", params={"from": "2026-09-01", "to": "2026-09-30"})
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [row["reasons"][0] for row in rows] == ["'"] * 6
