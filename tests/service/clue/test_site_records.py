"""Records of visits: whatever they are called and wherever they are put, an approved visit stands behind them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from tests import journeys
from tests.desk import officer
from tests.journeys import CITY
from tests.service.clue.complaining import filed as complained
from tests.service.clue.visits import (
    HEAD,
    OFFICER,
    PEOPLE,
    RESULT,
    approve,
    known_visit,
    made,
    recorded,
    request,
    take,
    urgent,
)
from tests.stages import stage

STATED = {"officers": ["张甲", "李乙"], "signatures": ["张甲"], "fact_to_prove": "x", "place": "厂区"}
DISGUISED = ("other_paper", "inspection_record")
RESTRICTION = {"restriction_kind": "halt", "grounds": "超标"}


def uploaded(desk, address, named=("site_record", ""), **details):
    """Upload a record of a visit made this moment, unless told otherwise; returns the answer."""
    document, kind = named
    at = desk.clock.now.isoformat()
    details = {name: value for name, value in ({"began_at": at, "ended_at": at} | details).items() if value is not None}
    params = {"document": document, "kind": kind, "name": "a.txt", "details": json.dumps(STATED | details)}
    headers = {"content-type": "text/plain"}
    content = f"{address} {document}".encode()
    return desk.call(OFFICER, "POST", f"{address}/evidence", params=params, content=content, headers=headers)


def tried(desk, address, named=("site_record", ""), **details):
    """Upload a record of a visit; returns the status."""
    return uploaded(desk, address, named, **details).status_code


def a_case(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def a_measure(desk):
    body = {
        "procedure": "production_restriction",
        "title": "x",
        "summary": "x",
        "division": CITY,
        "about": journeys.filed_case(desk)["ref"],
        "stated": RESTRICTION | {"informed_at": desk.clock.now.isoformat()},
    }
    return f"/v1/measures/{desk.post(OFFICER, '/v1/measures', body, expect=201)['id']}"


def a_clue(desk):
    return f"/v1/clues/{journeys.receive_clue(desk)['id']}"


PLACES = {"clue": a_clue, "case": a_case, "measure": a_measure}


@stage
def under_way(desk, place):
    """A visit that began an hour ago: the address of the place, and the visit."""
    address = PLACES[place](desk) if place in PLACES else None
    visit = made(desk)
    desk.drain()
    desk.clock.advance(hours=1)
    return address or f"/v1/inspections/{visit['id']}", visit


@pytest.mark.parametrize("place", [a_clue, a_case, a_measure])
def test_under_any_name_it_names_an_approved_visit(desk, place):
    address = place(desk)
    for named in (("site_record", ""), DISGUISED):
        assert tried(desk, address, named) == 422
        assert tried(desk, address, named, inspection_ref=request(desk)["ref"]) == 422
        assert tried(desk, address, named, inspection_ref=known_visit(desk)) == 201


class TestItsTime:
    """A record of a visit says from when to when, and that lies within the visit."""

    @pytest.fixture(params=["clue", "case", "measure", "visit"])
    def place(self, desk, request):
        """Where the record is put, under a visit that began an hour ago: the address and the visit named."""
        return under_way(desk, request.param)

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [
            ({"began_at": None, "ended_at": None}, {"details.began_at", "details.ended_at"}),
            ({"ended_at": None, "start_end_time": "9时至10时"}, {"details.ended_at"}),
            ({"began_at": "2026-09-07"}, {"details.began_at"}),
            ({"began_at": "2026-09-07T09:00:00"}, {"details.began_at"}),
            ({"began_at": "9时"}, {"details.began_at"}),
            ({"began_at": 20260907}, {"details.began_at"}),
        ],
    )
    @pytest.mark.parametrize("document", [("site_record", ""), ("site_record", "documentary"), DISGUISED])
    def test_it_is_two_instants(self, desk, place, document, wrong, named):
        address, visit = place
        answer = uploaded(desk, address, document, inspection_ref=visit["ref"], **wrong)
        assert answer.status_code == 422
        assert {one["field"] for one in answer.json()["errors"]} == named

    @pytest.mark.parametrize(
        ("began", "ended", "named"),
        [
            (-61, -30, ("details.began_at", "outside_the_visit")),
            (-9_000_000, -30, ("details.began_at", "outside_the_visit")),
            (-30, -31, ("details.ended_at", "out_of_order")),
            (-30, 1, ("details.ended_at", "ill_stated")),
            (-60, 0, None),
            (-30, -30, None),
        ],
    )
    def test_it_lies_within_the_visit(self, desk, place, began, ended, named):
        address, visit = place
        stated = {
            name: (desk.clock.now + timedelta(minutes=minutes)).isoformat()
            for name, minutes in (("began_at", began), ("ended_at", ended))
        }
        for document in (("site_record", ""), DISGUISED):
            answer = uploaded(desk, address, document, inspection_ref=visit["ref"], **stated)
            errors = [(one["field"], one["code"]) for one in answer.json().get("errors", ())]
            assert (answer.status_code, errors) == ((201, []) if named is None else (422, [named]))

    def test_a_visit_left_open_is_no_licence_for_a_later_record(self, desk, place):
        address, visit = place
        began = desk.clock.now.isoformat()
        desk.clock.advance(days=3)
        (error,) = uploaded(desk, address, inspection_ref=visit["ref"], began_at=began).json()["errors"]
        assert (error["field"], error["code"]) == ("details.ended_at", "outside_the_visit")

    def test_after_the_visit_ended_nothing_was_seen_on_it(self, desk):
        address, visit = a_case(desk), recorded(desk)
        at = desk.clock.now.isoformat()
        desk.drain()
        desk.clock.advance(hours=1)
        assert tried(desk, address, inspection_ref=visit["ref"]) == 422
        assert tried(desk, address, inspection_ref=visit["ref"], began_at=at, ended_at=at) == 201

    def test_an_urgent_visit_counts_from_its_entering_once_it_is_approved(self, desk):
        address, visit = a_case(desk), urgent(desk, hours=2)
        desk.drain()
        began = (desk.clock.now - timedelta(hours=2)).isoformat()
        early = (desk.clock.now - timedelta(hours=3)).isoformat()
        said = {"inspection_ref": visit["ref"], "ended_at": desk.clock.now.isoformat()}
        (error,) = uploaded(desk, address, began_at=began, **said).json()["errors"]
        assert (error["field"], error["code"]) == ("details.inspection_ref", "not_approved")
        take(desk, visit, "approve_afterwards", HEAD, approval_number="补1", visit_reasons="确属紧急")
        desk.drain()
        assert tried(desk, address, began_at=early, **said) == 422
        assert tried(desk, address, began_at=began, **said) == 201


def test_it_is_kept_nowhere_else(desk):
    referral = journeys.receipted_referral(desk)
    complaint = complained(desk)
    for address in (f"/v1/referrals/{referral['id']}", f"/v1/complaints/{complaint['id']}"):
        for named in (("site_record", ""), DISGUISED):
            assert tried(desk, address, named) == 422, address


def verified(desk, clue, visit, who=OFFICER):
    """Try to verify a clue on site; returns the status and why."""
    body = {"result": "confirmed", "findings": "x", "method": "on_site", "inspection_ref": visit["ref"]}
    answer = desk.call(who, "POST", f"/v1/clues/{clue['id']}/verify", json=body)
    return answer.status_code, (answer.json().get("errors") or [{}])[0].get("code")


def assigned(desk, **changes):
    clue = journeys.receive_clue(desk, **changes)
    return desk.post(OFFICER, f"/v1/clues/{clue['id']}/assign", {"assigned_to": OFFICER.actor})


class TestAnotherTime:
    """An approved visit is no licence for a later one that nobody approved."""

    def test_a_clue_found_later_was_not_verified_on_it(self, desk):
        over, left_open = recorded(desk), made(desk)
        desk.clock.advance(days=3)
        clue = assigned(desk)
        assert verified(desk, clue, over) == (422, "before_the_clue")
        assert verified(desk, clue, left_open) == (422, "before_the_clue")

    @pytest.mark.parametrize("visit", [made, recorded])
    def test_a_case_records_nothing_seen_at_another_time(self, desk, visit):
        case, address = journeys.filed_case(desk), "record_inspection"
        early = (desk.clock.now - timedelta(minutes=5)).isoformat()
        at, ref = desk.clock.now.isoformat(), visit(desk)["ref"]
        desk.drain()
        desk.clock.advance(days=3)
        for seen in (early, desk.clock.now.isoformat()):
            stated = journeys.INSPECTION | {"inspected_at": seen, "inspection_ref": ref}
            (error,) = journeys.take_case(desk, OFFICER, case, address, expect=422, **stated)["errors"]
            assert (error["field"], error["code"]) == ("stated.inspected_at", "outside_the_visit")
        stated = journeys.INSPECTION | {"inspected_at": at, "inspection_ref": ref}
        assert journeys.take_case(desk, OFFICER, case, address, **stated)["version"] == case["version"] + 1

    @pytest.mark.parametrize("step", ["approve_afterwards", "approve_recorded"])
    def test_a_day_later_an_urgent_visit_is_not_approved_any_more(self, desk, step):
        visit = urgent(desk, hours=1)
        if step == "approve_recorded":
            take(desk, visit, "record_emergency", visit_ended_at=desk.clock.now.isoformat(), **RESULT)
        approval = {"approval_number": "补1", "visit_reasons": "确属紧急"}
        desk.clock.advance(hours=23, seconds=1)
        assert take(desk, visit, step, HEAD, expect=409, **approval)["code"] == "step-refused"
        assert take(desk, visit, "refuse_afterwards", HEAD, reasons="逾期")["state"] == "unapproved"

    def test_an_urgent_visit_counts_once_it_is_approved(self, desk):
        clue, visit = assigned(desk), urgent(desk)
        take(desk, visit, "approve_afterwards", HEAD, approval_number="补1", visit_reasons="确属紧急")
        assert verified(desk, clue, visit) == (200, None)


def test_a_superior_was_not_on_the_visit_it_sees(desk):
    province = officer("eea-320000", "clue_officer", "case_officer")
    visit = made(desk)
    clue = journeys.receive_clue(desk, division="320000")
    assert clue["owner"] == "eea-320000"
    desk.post(province, f"/v1/clues/{clue['id']}/assign", {"assigned_to": province.actor})
    assert verified(desk, clue, visit, province) == (422, "not_visible")


def test_a_blank_does_not_make_another_enterprise(desk):
    assert request(desk, enterprise_id=" ENT-1 ")["enterprise_id"] == "ENT-1"
    assert request(desk, enterprise_id=" ", expect=422)["errors"][0]["field"] == "enterprise_id"


def test_steps_of_the_other_way_are_refused_by_the_state(desk):
    ordinary, sudden = approve(desk, request(desk)), urgent(desk)
    entry = {"door_code": ordinary["door_code"], "visit_started_at": desk.clock.now.isoformat(), **PEOPLE}
    approval = {"approval_number": "1", "visit_reasons": "x"}
    ended = RESULT | {"visit_ended_at": desk.clock.now.isoformat()}
    for visit, step, who, stated in (
        (ordinary, "start", OFFICER, entry),
        (ordinary, "record_emergency", OFFICER, ended),
        (ordinary, "approve_afterwards", HEAD, approval),
        (sudden, "approve", HEAD, approval),
        (sudden, "record", OFFICER, ended),
        (sudden, "start", OFFICER, entry),
    ):
        assert take(desk, visit, step, who, expect=409, **stated)["code"] == "step-refused", step


def test_a_visit_that_is_refused_during_a_long_upload_keeps_no_record(desk):
    visit, at = urgent(desk), desk.clock.now.isoformat()
    address = f"/v1/inspections/{visit['id']}"
    details = json.dumps(STATED | {"began_at": at, "ended_at": at})
    params = {"document": "site_record", "name": "a.txt", "details": details}

    beside = replace(desk, clients={"clue": TestClient(desk.clients["clue"].app)})

    def slowly():
        yield b"what was seen, "
        take(beside, visit, "refuse_afterwards", HEAD, reasons="不属于紧急情况")
        yield b"written down at length"

    headers = {"content-type": "text/plain"}
    answer = desk.call(OFFICER, "POST", f"{address}/evidence", params=params, content=slowly(), headers=headers)
    assert answer.status_code == 422, answer.text
    assert desk.get(OFFICER, f"{address}/evidence")["items"] == []
