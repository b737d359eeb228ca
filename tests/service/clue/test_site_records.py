"""Records of visits: whatever they are called and wherever they are put, an approved visit stands behind them."""

import json

import pytest

from tests import journeys
from tests.journeys import CITY
from tests.service.clue.complaining import filed as complained
from tests.service.clue.visits import OFFICER, known_visit, request

STATED = {"officers": ["张甲", "李乙"], "signatures": ["张甲"], "fact_to_prove": "x", "place": "厂区"}
DISGUISED = ("other_paper", "inspection_record")
RESTRICTION = {"restriction_kind": "halt", "grounds": "超标"}


def tried(desk, address, named=("site_record", ""), **details):
    """Upload a record of a visit; returns the status."""
    document, kind = named
    params = {"document": document, "kind": kind, "name": "a.txt", "details": json.dumps(STATED | details)}
    headers = {"content-type": "text/plain"}
    content = f"{address} {document}".encode()
    answer = desk.call(OFFICER, "POST", f"{address}/evidence", params=params, content=content, headers=headers)
    return answer.status_code


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


@pytest.mark.parametrize("place", [a_clue, a_case, a_measure])
def test_under_any_name_it_names_an_approved_visit(desk, place):
    address = place(desk)
    for named in (("site_record", ""), DISGUISED):
        assert tried(desk, address, named) == 422
        assert tried(desk, address, named, inspection_ref=request(desk)["ref"]) == 422
        assert tried(desk, address, named, inspection_ref=known_visit(desk)) == 201


def test_it_is_kept_nowhere_else(desk):
    referral = journeys.receipted_referral(desk)
    complaint = complained(desk)
    for address in (f"/v1/referrals/{referral['id']}", f"/v1/complaints/{complaint['id']}"):
        for named in (("site_record", ""), DISGUISED):
            assert tried(desk, address, named) == 422, address
