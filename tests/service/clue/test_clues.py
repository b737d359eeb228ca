"""Clues: received, merged, assigned, verified, accepted or declined, each step as its procedure allows."""

from datetime import timedelta
from typing import Any

import pytest

from shared.identity import Principal
from tests import journeys
from tests.desk import Desk
from tests.journeys import EEA, HEAD, OFFICER
from tests.service.clue.plant import NEIGHBOUR, NOBODY, POLICE, PROVINCE

REASON = {"reason": "无环境违法线索"}
REVIEWED = {"review_opinion": "同意核查结果"}
REDIRECTED = {"redirected_to": "psb-320500", "reason": "属公安机关管辖"}
VERIFIED = {"result": "confirmed", "findings": "现场核实属实"}


def path(clue: Any, step: str = "") -> str:
    """The address of a clue or of one of its steps."""
    return f"/v1/clues/{clue['id']}" + (f"/{step}" if step else "")


def received(desk: Desk) -> Any:
    """A clue nobody has looked at."""
    return journeys.receive_clue(desk)


def assigned(desk: Desk) -> Any:
    """A clue given to an officer."""
    return desk.post(OFFICER, path(received(desk), "assign"), {"assigned_to": OFFICER.actor})


def verified(desk: Desk, result: str = "confirmed") -> Any:
    """A verified clue."""
    return desk.post(OFFICER, path(assigned(desk), "verify"), VERIFIED | {"result": result})


def reviewed(desk: Desk, result: str = "confirmed") -> Any:
    """A clue that a second person has reviewed."""
    return desk.post(HEAD, path(verified(desk, result), "review"), REVIEWED)


def redirected(desk: Desk) -> Any:
    """A clue sent to the police."""
    return desk.post(OFFICER, path(received(desk), "redirect"), REDIRECTED)


def accepted(desk: Desk) -> Any:
    """An accepted clue."""
    return desk.post(OFFICER, path(reviewed(desk), "accept"))


def refusal(desk: Desk, who: Principal | None, address: str, body: Any, **extra: Any) -> tuple[int, str]:
    """Try a step that is refused; returns status and code."""
    answer = desk.call(who, "POST", address, json=body, **extra)
    return answer.status_code, answer.json()["code"]


class TestReceive:
    def test_allowed(self, desk):
        clue = received(desk)
        assert (clue["state"], clue["owner"], clue["version"], clue["reports"]) == ("received", EEA, 1, 1)
        clocks = desk.get(OFFICER, path(clue, "deadlines"))["items"]
        assert [clock["term_id"] for clock in clocks] == ["eep_filing_decision"]

    def test_partner_may_report_and_keeps_sight_of_it(self, desk):
        body = {
            "title": "群众举报夜间排放异味",
            "summary": "接警转交",
            "source": "partner",
            "enterprise_id": "ENT-2",
            "enterprise_name": "示例涂装有限公司",
            "division": "320500",
            "discovered_at": desk.clock.now.isoformat(),
        }
        clue = desk.post(POLICE, "/v1/clues", body, expect=201)
        assert desk.get(POLICE, path(clue))["owner"] == EEA

    @pytest.mark.parametrize("name", ["discovered_at", "observed_from", "observed_to"])
    def test_future_is_refused(self, desk, name):
        ahead = (desk.clock.now + timedelta(minutes=1)).isoformat()
        body = {"title": "t", "summary": "s", "enterprise_id": "E", "enterprise_name": "n", "division": "320500"}
        body |= {"discovered_at": desk.clock.now.isoformat(), name: ahead}
        answer = desk.call(OFFICER, "POST", "/v1/clues", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")

    @pytest.mark.parametrize(
        "wrong", [{"division": "990000"}, {"title": ""}, {"score": 101}, {"source": "rumour"}, {"more": 1}], ids=str
    )
    def test_wrong_body(self, desk, wrong):
        body = {"title": "t", "summary": "s", "enterprise_id": "E", "enterprise_name": "n", "division": "320500"}
        body |= {"discovered_at": desk.clock.now.isoformat()}
        assert refusal(desk, OFFICER, "/v1/clues", body | wrong) == (422, "body-invalid")

    def test_wrong_role(self, desk):
        body = {"title": "t", "summary": "s", "enterprise_id": "E", "enterprise_name": "n", "division": "320500"}
        body |= {"discovered_at": desk.clock.now.isoformat()}
        assert refusal(desk, NOBODY, "/v1/clues", body) == (403, "not-your-step")
        assert refusal(desk, None, "/v1/clues", body) == (401, "not-signed-in")

    def test_same_within_72_hours_is_merged(self, desk):
        first = received(desk)
        desk.clock.advance(hours=71)
        again = journeys.receive_clue(desk, score=80)
        assert (again["id"], again["reports"], again["score"], again["version"]) == (first["id"], 2, 80.0, 2)
        types = [entry["type"] for entry in desk.get(OFFICER, path(first, "journal"))["items"]]
        assert types == ["clue.received", "clue.merged"]

    def test_one_enterprise_is_one_however_its_id_is_typed(self, desk):
        first = received(desk)
        typed = "\u200b" + first["enterprise_id"].lower().translate(
            {ord(one): ord(one) + 0xFEE0 for one in "0123456789"}
        )
        assert typed != first["enterprise_id"]
        again = journeys.receive_clue(desk, enterprise_id=f" {typed} ")
        assert (again["id"], again["reports"], again["enterprise_id"]) == (first["id"], 2, first["enterprise_id"])
        body = {"title": "t", "summary": "s", "enterprise_name": "n", "division": "320500", "enterprise_id": "\u200b "}
        body |= {"discovered_at": desk.clock.now.isoformat()}
        problem = desk.post(OFFICER, "/v1/clues", body, expect=422)
        assert [one["field"] for one in problem["errors"]] == ["body.enterprise_id"]

    def test_another_agency_that_guesses_a_clue_is_shown_none_of_it(self, desk):
        clue = verified(desk)
        body = {name: clue[name] for name in ("title", "summary", "enterprise_id", "enterprise_name", "division")}
        body |= {"source": "rule", "outlet_id": "DA001", "pollutant": "NOx", "rule_id": "R01", "rule_version": "1"}
        reported = desk.post(
            POLICE, "/v1/clues", body | {"discovered_at": clue["discovered_at"], "score": 100}, expect=201
        )
        assert reported["id"] != clue["id"]
        assert (reported["findings"], reported["state"]) == (None, "received")
        unmoved = desk.get(OFFICER, path(clue))
        assert (unmoved["version"], unmoved["reports"], unmoved["score"]) == (clue["version"], 1, clue["score"])

    def test_merging_takes_the_role_that_receiving_takes(self, desk):
        clue = received(desk)
        body = {name: clue[name] for name in ("title", "summary", "enterprise_id", "enterprise_name", "division")}
        body |= {"source": "rule", "outlet_id": "DA001", "pollutant": "NOx", "rule_id": "R01", "rule_version": "1"}
        body |= {"discovered_at": clue["discovered_at"]}
        assert refusal(desk, HEAD, "/v1/clues", body) == (403, "not-your-step")
        assert refusal(desk, PROVINCE, "/v1/clues", body) == (403, "not-your-step")
        assert desk.get(OFFICER, path(clue))["reports"] == 1

    @pytest.mark.parametrize("changes", [{"pollutant": "SO2"}, {"enterprise_id": "ENT-9"}, {"rule_id": "R14"}], ids=str)
    def test_another_thing_is_another_clue(self, desk, changes):
        assert received(desk)["id"] != journeys.receive_clue(desk, **changes)["id"]

    def test_after_72_hours_it_is_another_clue(self, desk):
        first = received(desk)
        desk.clock.advance(hours=73)
        assert received(desk)["id"] != first["id"]

    def test_repeated_key_gets_the_same_answer_and_another_body_is_refused(self, desk):
        body = {"title": "t", "summary": "s", "enterprise_id": "E", "enterprise_name": "n", "division": "320500"}
        body |= {"discovered_at": desk.clock.now.isoformat()}
        headers = {"Idempotency-Key": "report-7"}
        first = desk.call(OFFICER, "POST", "/v1/clues", json=body, headers=headers)
        again = desk.call(OFFICER, "POST", "/v1/clues", json=body, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        other = refusal(desk, OFFICER, "/v1/clues", body | {"title": "another"}, headers=headers)
        assert other == (409, "key-reused")
        assert desk.get(OFFICER, path(first.json()))["reports"] == 1


STEPS = {
    "assign": (received, {"assigned_to": "li@eea"}, OFFICER, "assigned"),
    "verify": (assigned, VERIFIED, OFFICER, "verified"),
    "triage": (received, {"priority": "urgent", "reason": "夜间排放"}, OFFICER, "received"),
    "review": (verified, REVIEWED, HEAD, "reviewed"),
    "redirect": (received, REDIRECTED, OFFICER, "redirected"),
    "verify-again": (verified, REASON, HEAD, "assigned"),
    "accept": (reviewed, {"note": "立案"}, HEAD, "accepted"),
    "decline": (received, REASON, HEAD, "declined"),
}


OF_THE_PROVINCE = {"triage", "assign"}
"""What the bureau above may do too."""


@pytest.mark.parametrize("step", STEPS)
class TestEveryStep:
    def test_allowed(self, desk, step):
        make, body, who, state = STEPS[step]
        clue = make(desk)
        moved = desk.post(who, path(clue, step), body)
        assert (moved["state"], moved["version"]) == (state, clue["version"] + 1)

    def test_wrong_agency(self, desk, step):
        make, body, _, _ = STEPS[step]
        clue = make(desk)
        assert refusal(desk, NEIGHBOUR, path(clue, step), body) == (404, "not-visible")
        assert refusal(desk, POLICE, path(clue, step), body) == (404, "not-visible")
        if step not in OF_THE_PROVINCE:
            assert refusal(desk, PROVINCE, path(clue, step), body) == (403, "not-your-step")

    def test_wrong_role(self, desk, step):
        make, body, _, _ = STEPS[step]
        clue = make(desk)
        answer = desk.call(NOBODY, "POST", path(clue, step), json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-step")
        assert answer.json()["reasons"]
        assert desk.get(OFFICER, path(clue))["version"] == clue["version"]

    def test_stale(self, desk, step):
        make, body, who, _ = STEPS[step]
        clue = make(desk)
        stale, fresh = {"If-Match": '"0"'}, {"If-Match": f'"{clue["version"]}"'}
        assert refusal(desk, who, path(clue, step), body, headers=stale) == (412, "precondition-failed")
        assert desk.call(who, "POST", path(clue, step), json=body, headers=fresh).status_code == 200

    def test_repeated(self, desk, step):
        make, body, who, _ = STEPS[step]
        address, key = path(make(desk), step), {"Idempotency-Key": "once"}
        first, again = (desk.call(who, "POST", address, json=body, headers=key) for _ in range(2))
        assert (first.status_code, again.json()) == (200, first.json())

    def test_not_after_the_end(self, desk, step):
        _, body, who, _ = STEPS[step]
        clue = desk.post(HEAD, path(received(desk), "decline"), REASON)
        answer = desk.call(who, "POST", path(clue, step), json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "step-refused")
        assert answer.json()["reasons"]


class TestVerify:
    def test_not_before_it_is_assigned(self, desk):
        assert refusal(desk, OFFICER, path(received(desk), "verify"), VERIFIED) == (409, "step-refused")

    def test_an_unknown_result_is_refused(self, desk):
        body = VERIFIED | {"result": "perhaps"}
        assert refusal(desk, OFFICER, path(assigned(desk), "verify"), body) == (422, "body-invalid")


class TestAccept:
    @pytest.mark.parametrize("result", ["unfounded", "not_ours"])
    def test_what_was_not_confirmed_is_refused(self, desk, result):
        assert refusal(desk, HEAD, path(reviewed(desk, result), "accept"), {}) == (409, "step-refused")

    def test_not_before_a_second_person_reviewed_it(self, desk):
        clue = verified(desk)
        assert refusal(desk, HEAD, path(clue, "accept"), {}) == (409, "step-refused")
        answer = desk.call(OFFICER, "POST", path(clue, "review"), json=REVIEWED)
        assert (answer.status_code, answer.json()["code"]) == (409, "step-refused")
        assert answer.json()["reasons"][0]["text"] == "复核人不得是核查人"
        assert desk.post(HEAD, path(clue, "review"), REVIEWED)["reviewed_by"] == HEAD.actor

    def test_the_case_room_hears_of_it_once(self, desk):
        clue = accepted(desk)
        assert refusal(desk, HEAD, path(clue, "accept"), {}) == (409, "step-refused")
        desk.drain()
        assert desk.get(OFFICER, path(clue))["state"] == "opened"
        assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1


class TestDecline:
    @pytest.mark.parametrize("make", [received, assigned, verified])
    def test_ends_the_clock(self, desk, make):
        clue = make(desk)
        assert desk.post(HEAD, path(clue, "decline"), REASON)["reason"] == REASON["reason"]
        assert [clock["state"] for clock in desk.get(OFFICER, path(clue, "deadlines"))["items"]] == ["met"]

    def test_needs_a_reason(self, desk):
        assert refusal(desk, HEAD, path(received(desk), "decline"), {}) == (422, "body-invalid")

    def test_not_after_it_was_accepted(self, desk):
        assert refusal(desk, HEAD, path(accepted(desk), "decline"), REASON) == (409, "step-refused")
