"""Measures of a case: only in one's own case and in its time; the case lists them and closes over none."""

import json
from typing import Any

import pytest

from shared.rules import catalogue
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import HEAD, OFFICER, POLICE
from tests.service.case import test_cases as cases
from tests.service.referral.walking import ALL_ROLES, refusal

STATED: dict[str, dict[str, Any]] = {
    "prior_registration": {"items": ["台账"], "reasons": "可能灭失"},
    "sealing_seizure": {"seal_kind": "seal", "items": ["泵"], "reasons": "暗管"},
    "production_restriction": {"restriction_kind": "halt", "grounds": "超标"},
    "correction_daily_penalty": {"reasons": "超标"},
}
ELSEWHERE = officer("eea-320100", *ALL_ROLES)
PROVINCE = officer("eea-320000", *ALL_ROLES)


def body(desk: Desk, case: Any, procedure: str) -> dict[str, Any]:
    """What opens a measure in a case."""
    stated = dict(STATED[procedure])
    if procedure == "production_restriction":
        stated["informed_at"] = desk.clock.now.isoformat()
    found = {"procedure": procedure, "title": "措施", "summary": "略", "division": "320500", "stated": stated}
    return found | {"about": case["ref"]}


def opened(desk: Desk, case: Any, procedure: str = "prior_registration") -> Any:
    """A measure of a case."""
    return desk.post(OFFICER, "/v1/measures", body(desk, case, procedure), expect=201)


@pytest.mark.parametrize("procedure", sorted(STATED))
def test_a_measure_stands_in_its_case(desk: Desk, procedure: str) -> None:
    case = journeys.filed_case(desk)
    measure = opened(desk, case, procedure)
    listed = desk.get(OFFICER, f"/v1/cases/{case['id']}/measures")
    assert [(one["ref"], one["procedure_id"], one["is_ended"]) for one in listed] == [
        (measure["ref"], procedure, False)
    ]
    entries = desk.get(OFFICER, f"/v1/cases/{case['id']}/journal?limit=100")["items"]
    assert json.loads(entries[-1]["body"])["data"]["measure_ref"] == measure["ref"]
    assert measure["journey_id"] == case["journey_id"]
    after = desk.get(OFFICER, f"/v1/cases/{case['id']}")
    assert after["stated"]["open_measures"] == [measure["ref"]]
    assert {one["procedure_id"] for one in desk.get(PROVINCE, f"/v1/cases/{case['id']}/measures")} == {procedure}


@pytest.mark.parametrize("procedure", sorted(STATED))
def test_not_in_another_case_nor_without_one(desk: Desk, procedure: str) -> None:
    case = journeys.filed_case(desk)
    wanted = body(desk, case, procedure)
    assert refusal(desk, ELSEWHERE, "/v1/measures", wanted) == (404, "not-visible")
    assert refusal(desk, POLICE, "/v1/measures", wanted) == (404, "not-visible")
    assert refusal(desk, PROVINCE, "/v1/measures", wanted) == (403, "not-your-step")
    assert refusal(desk, officer(journeys.EEA, "auditor"), "/v1/measures", wanted) == (403, "not-your-step")
    alone = {name: value for name, value in wanted.items() if name != "about"}
    assert refusal(desk, OFFICER, "/v1/measures", alone) == (422, "body-invalid")
    assert desk.get(OFFICER, f"/v1/cases/{case['id']}/measures") == []


@pytest.mark.parametrize("procedure", sorted(STATED))
def test_not_in_a_case_that_was_not_filed(desk: Desk, procedure: str) -> None:
    case = journeys.opened_case(desk)
    declined = desk.post(HEAD, cases.path(case, "decline-filing"), {"reason": "轻微"})
    answer = desk.call(OFFICER, "POST", "/v1/measures", json=body(desk, declined, procedure))
    assert answer.status_code == 409
    assert "不予立案" in answer.json()["detail"]
    assert answer.json()["next"]


def test_no_seal_after_the_decision_and_no_daily_penalty_while_the_police_have_it(desk: Desk) -> None:
    wanted = body(desk, cases.penalised(desk), "sealing_seizure")
    assert refusal(desk, OFFICER, "/v1/measures", wanted) == (409, "step-refused")


def test_a_case_is_not_closed_over_an_open_measure(desk: Desk) -> None:
    case = cases.unfounded(desk)
    measure = opened(desk, case)
    answer = desk.call(HEAD, "POST", cases.path(case, "close"), json={"result": "unfounded"})
    assert answer.status_code == 409
    assert {one["code"] for one in answer.json()["reasons"]} == {"guard_open_measures"}
    offered = {one["step"]: one for one in desk.get(HEAD, cases.path(case, "steps"))["steps"]}
    assert not offered["close_no_violation"]["allowed"]
    headers = {"if-match": f'"{measure["version"]}"'}
    refused = {"stated": {"reasons": "不必要"}}
    path = f"/v1/measures/{measure['id']}/steps/refuse"
    assert desk.call(HEAD, "POST", path, json=refused, headers=headers).status_code == 200
    assert desk.post(HEAD, cases.path(case, "close"), {"result": "unfounded"})["state"] == "closed"


def test_the_superior_sees_a_measure_and_takes_none_of_its_steps(desk: Desk) -> None:
    measure = opened(desk, journeys.filed_case(desk))
    path = f"/v1/measures/{measure['id']}"
    assert desk.get(PROVINCE, path)["state"] == "proposed"
    for who, status in ((PROVINCE, 403), (ELSEWHERE, 404), (POLICE, 404), (officer(journeys.EEA, "auditor"), 403)):
        for step in catalogue.default().procedure("prior_registration").steps:
            answer = desk.call(who, "POST", f"{path}/steps/{step}", json={"stated": {}})
            assert answer.status_code == status, (step, answer.text)
