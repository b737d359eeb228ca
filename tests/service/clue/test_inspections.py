"""Inspections: no approval, no visit, whatever way is tried; the code at the door."""

import json

import pytest

from tests import journeys
from tests.journeys import CITY
from tests.service.clue.visits import (
    BOTH,
    HEAD,
    MARKET,
    OFFICER,
    PEOPLE,
    PROVINCE_HEAD,
    RESULT,
    SITE_RECORD,
    STRANGER,
    approve,
    entered,
    made,
    refusal,
    request,
    take,
    urgent,
)


class TestAVisit:
    def test_from_the_request_to_the_record(self, desk):
        visit = request(desk)
        assert (visit["state"], visit["door_code"], visit["requester"]) == ("requested", None, OFFICER.actor)
        visit = approve(desk, visit)
        assert (visit["state"], len(visit["door_code"])) == ("approved", 10)
        visit = entered(desk, visit)
        desk.clock.advance(hours=2)
        visit = take(desk, visit, "record", visit_ended_at=desk.clock.now.isoformat(), **RESULT)
        assert (visit["state"], visit["visit_result"]) == ("recorded", "problems")
        journal = desk.get(OFFICER, f"/v1/inspections/{visit['id']}/journal")["items"]
        taken = [json.loads(entry["body"])["step"] for entry in journal]
        assert taken == ["request", "approve", "notify", "start", "record"]

    def test_the_code_is_in_no_journal(self, desk):
        visit = approve(desk, request(desk))
        code = visit["door_code"]
        typed = f" {code[:5]}-{code[5:]}".lower()
        shown = entered(desk, visit | {"door_code": typed})
        journal = desk.call(OFFICER, "GET", f"/v1/inspections/{visit['id']}/journal").text
        assert code not in journal
        assert typed not in journal
        assert shown["door_code"] == code
        assert desk.get(STRANGER, f"/v1/inspection-codes/{code}")["state"] == "under_way"

    def test_whoever_is_shown_the_code_learns_whose_visit_it_is(self, desk):
        visit = approve(desk, request(desk))
        shown = desk.get(STRANGER, f"/v1/inspection-codes/{visit['door_code']}")
        assert (shown["holds"], shown["agency"], shown["state"]) == (True, "eea-320500", "approved")
        assert shown["items"] == ["自动监测设备运行情况"]
        take(desk, visit, "cancel", reasons="改为非现场")
        assert desk.get(STRANGER, f"/v1/inspection-codes/{visit['door_code']}")["holds"] is False
        assert desk.call(STRANGER, "GET", "/v1/inspection-codes/AAAAAAAAAA").status_code == 404

    def test_another_agency_sees_nothing_of_it(self, desk):
        visit = request(desk)
        for who in (STRANGER, MARKET):
            assert desk.call(who, "GET", f"/v1/inspections/{visit['id']}").status_code == 404
            assert refusal(desk, visit, "cancel", who, reasons="x") == (404, "not-visible")
        assert desk.get(PROVINCE_HEAD, f"/v1/inspections/{visit['id']}")["id"] == visit["id"]
        assert refusal(desk, visit, "refuse", PROVINCE_HEAD, reasons="x") == (403, "not-your-step")

    def test_two_officers_and_an_enterprise_are_needed(self, desk):
        assert request(desk, inspectors=["张甲"], expect=409)["code"] == "step-refused"
        body = {"procedure": "inspection_handling", "title": "x", "summary": "x", "division": CITY, "stated": {}}
        answer = desk.call(OFFICER, "POST", "/v1/inspections", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "enterprise_id")


class TestNothingWithoutApproval:
    """Every way to record a visit that nobody approved, and each refusal."""

    def test_no_step_leads_past_the_approval(self, desk):
        visit, at = request(desk), desk.clock.now.isoformat()
        record = RESULT | {"visit_ended_at": at}
        assert refusal(desk, visit, "record", **record) == (409, "step-refused")
        assert refusal(desk, visit, "record_emergency", **record) == (409, "step-refused")
        assert refusal(desk, visit, "notify", notified_at=at) == (409, "step-refused")
        assert refusal(desk, visit, "start", door_code="AAAAAAAAAA", visit_started_at=at, **PEOPLE)[0] == 409
        assert refusal(desk, visit, "start_emergency", **RESULT)[0] == 422
        approved = {"approval_number": "1", "visit_reasons": "x"}
        assert refusal(desk, visit, "approve", **approved) == (403, "not-your-step")
        assert refusal(desk, visit, "approve_recorded", HEAD, **approved) == (409, "step-refused")

    def test_nobody_approves_a_visit_of_ones_own(self, desk):
        visit = request(desk, BOTH)
        approved = {"approval_number": "1", "visit_reasons": "x"}
        assert refusal(desk, visit, "approve", BOTH, **approved) == (403, "not-your-step")

    @pytest.mark.parametrize("code", ["AAAAAAAAAA", "", "门"])
    def test_another_code_opens_no_door(self, desk, code):
        visit = approve(desk, request(desk))
        take(desk, visit, "notify", notified_at=desk.clock.now.isoformat())
        at = desk.clock.now.isoformat()
        assert refusal(desk, visit, "start", door_code=code, visit_started_at=at, **PEOPLE)[0] == 422

    def test_not_before_the_approval_nor_on_another_day(self, desk):
        before = desk.clock.now
        desk.clock.advance(hours=1)
        visit = approve(desk, request(desk))
        take(desk, visit, "notify", notified_at=desk.clock.now.isoformat())
        start = {"door_code": visit["door_code"], **PEOPLE}
        early = refusal(desk, visit, "start", visit_started_at=before.isoformat(), **start)
        assert early == (422, "before_approval")
        desk.clock.advance(days=2)
        late = refusal(desk, visit, "start", visit_started_at=desk.clock.now.isoformat(), **start)
        assert late == (422, "not_on_approved_day")

    def test_a_clue_is_verified_on_site_only_by_a_visit_that_was_approved_and_made_there(self, desk):
        from tests.service.clue.test_clues import assigned, path

        clue = assigned(desk)
        verified = {"result": "confirmed", "findings": "现场核实", "method": "on_site"}

        def tried(**more):
            answer = desk.call(OFFICER, "POST", path(clue, "verify"), json=verified | more)
            return answer.status_code, (answer.json().get("errors") or [{}])[0].get("code")

        asked, elsewhere = request(desk), made(desk, enterprise_id="ENT-2")
        assert tried() == (409, None)
        assert tried(inspection_ref=asked["ref"]) == (422, "not_approved")
        assert tried(inspection_ref=approve(desk, asked)["ref"]) == (422, "not_approved")
        assert tried(inspection_ref=elsewhere["ref"]) == (422, "another_enterprise")
        assert tried(inspection_ref="inspection:018f0000-0000-7000-8000-000000000000") == (422, "not_visible")
        assert tried(inspection_ref=clue["ref"]) == (422, "string_pattern_mismatch")
        moved = desk.post(
            OFFICER,
            path(clue, "verify"),
            verified | {"inspection_ref": entered(desk, approve_again(desk, asked))["ref"]},
        )
        assert (moved["state"], moved["method"]) == ("verified", "on_site")

    def test_a_site_record_is_no_evidence_without_an_approved_visit(self, desk):
        from tests.service.clue.test_clues import assigned, path

        clue, visit = assigned(desk), request(desk)

        def tried(address, **details):
            params = {"document": "site_record", "name": "a.txt", "details": json.dumps(SITE_RECORD | details)}
            headers = {"content-type": "text/plain"}
            return desk.call(
                OFFICER, "POST", f"{address}/evidence", params=params, content=b"record", headers=headers
            ).status_code

        place = f"/v1/inspections/{visit['id']}"
        assert (tried(place), tried(path(clue)), tried(path(clue), inspection_ref=visit["ref"])) == (422, 422, 422)
        entered(desk, approve(desk, visit))
        assert (tried(place), tried(path(clue)), tried(path(clue), inspection_ref=visit["ref"])) == (201, 422, 201)

    def test_a_case_records_no_inspection_without_an_approved_visit(self, desk):
        case = journeys.filed_case(desk)
        stated = {"inspected_at": desk.clock.now.isoformat(), **journeys.INSPECTION}

        def tried(ref):
            body = {"stated": stated | ({} if ref is None else {"inspection_ref": ref})}
            address = f"/v1/cases/{case['id']}/steps/record_inspection"
            answer = desk.call(journeys.OFFICER, "POST", address, json=body)
            return answer.status_code, (answer.json().get("errors") or [{}])[0].get("code")

        visit, elsewhere = request(desk), made(desk, enterprise_id="ENT-2")
        assert tried(None) == (422, "missing")
        assert tried("") == (422, "string_too_short")
        assert tried(visit["ref"]) == (422, "not_visible"), "the case room has not heard of it yet"
        desk.drain()
        assert tried(visit["ref"]) == (422, "not_approved")
        assert tried(elsewhere["ref"]) == (422, "another_enterprise")
        visit = approve(desk, visit)
        desk.drain()
        assert tried(visit["ref"]) == (422, "not_approved")
        entered(desk, visit)
        desk.drain()
        assert tried(visit["ref"]) == (200, None)
        params = {"document": "site_record", "name": "a.txt", "details": json.dumps(SITE_RECORD)}
        answer = desk.call(
            journeys.OFFICER,
            "POST",
            f"/v1/cases/{case['id']}/evidence",
            params=params,
            content=b"r",
            headers={"content-type": "text/plain"},
        )
        assert answer.status_code == 422

    def test_an_urgent_visit_that_was_refused_afterwards_proves_nothing(self, desk):
        from tests.service.clue.test_clues import assigned, path

        clue, visit = assigned(desk), urgent(desk)
        body = {"result": "confirmed", "findings": "x", "method": "on_site", "inspection_ref": visit["ref"]}
        assert desk.call(OFFICER, "POST", path(clue, "verify"), json=body).status_code == 422
        take(desk, visit, "refuse_afterwards", HEAD, reasons="不属紧急情形")
        assert desk.call(OFFICER, "POST", path(clue, "verify"), json=body).status_code == 422


def approve_again(desk, visit):
    """The visit as it stands: approved by the line before."""
    return desk.get(OFFICER, f"/v1/inspections/{visit['id']}")
