"""What must not be possible between agencies: another procedure's verbs, self-appointment, facts altered once seen."""

from typing import Any

import pytest

from tests.desk import Desk, officer
from tests.journeys import EEA, OFFICER
from tests.service.referral.test_proceedings import CLUE, MARKET, opened, step
from tests.service.referral.test_step_messages import receipt, send

POLICE = officer("psb-320500", "liaison")


def received(desk: Desk) -> Any:
    """Return a referral that market regulation received."""
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    return step(desk, MARKET, sent, "receive", **receipt(desk, sent)["stated"])


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("receipt", {"receipt_number": "1", "accepted_at": "2026-09-07T09:00:00+08:00", "manifest_digest": "0" * 64}),
        ("file", {"decision_number": "1", "decided_at": "2026-09-07T09:00:00+08:00"}),
        ("forward", {"forwarded_to": "psb-320100", "confirmed_at": "2026-09-07T09:00:00+08:00"}),
        ("correct", {"note": "x"}),
    ],
)
def test_the_verbs_of_the_police_referral_are_its_own(desk: Desk, verb: str, body: dict[str, Any]) -> None:
    referral = received(desk)
    for who in (OFFICER, MARKET):
        refused = desk.post(who, f"/v1/referrals/{referral['id']}/{verb}", body, expect=409)
        assert refused["procedure"] == "market_regulation_referral"
    desk.post(POLICE, f"/v1/referrals/{referral['id']}/{verb}", body, expect=404)


class TestAppointments:
    def disputed(self, desk: Desk, superior: str, expect: int = 200) -> Any:
        """Let market regulation dispute its jurisdiction before an agency."""
        referral = received(desk)
        return step(desk, MARKET, referral, "raise_dispute", expect=expect, reasons="略", superior_agency=superior)

    @pytest.mark.parametrize(
        ("superior", "code"), [("mra-320500", "own_agency"), ("mra-320600", "not_superior"), ("x-1", None)]
    )
    def test_a_superior_is_above(self, desk: Desk, superior: str, code: str | None) -> None:
        refused = self.disputed(desk, superior, expect=422)
        assert code is None or refused["errors"][0]["code"] == code

    def test_nobody_hands_the_matter_to_itself_to_begin_its_clock_anew(self, desk: Desk) -> None:
        disputed = self.disputed(desk, "mra-320000")
        steps = desk.get(MARKET, f"/v1/referrals/{disputed['id']}/steps")["steps"]
        naming = [one["step"] for one in steps if "designated_agency" in one["fields"] and one["allowed"]]
        assert naming
        for name in naming:
            refused = step(desk, MARKET, disputed, name, expect=422, designated_agency="mra-320500")
            assert refused["errors"][0]["code"] == "own_agency"

    def test_the_owner_is_not_made_its_own_receiver(self, desk: Desk) -> None:
        body = CLUE | {"procedure": "jurisdiction_transfer", "facts": {}}
        mine = desk.post(OFFICER, "/v1/referrals", body, expect=201)
        desk.attach(OFFICER, f"/v1/referrals/{mine['id']}", "xj_case", "案件材料".encode())
        desk.post(OFFICER, f"/v1/referrals/{mine['id']}/steps/report_up", {"stated": {"reasons": "管辖不明"}})
        province = officer("eea-320000", "agency_head", "liaison", "case_officer")
        refused = step(desk, province, mine, "designate", expect=422, designated_agency=EEA)
        assert refused["errors"][0]["code"] == "is_the_owner"


class TestFactsOnceSeen:
    def test_a_question_that_was_asked_keeps_its_facts(self, desk: Desk) -> None:
        body = CLUE | {"procedure": "consultation", "parties": {"receiver": ["psb-320500"]}}
        body |= {"facts": {"illegal": {"value": True}}, "stated": {"question": "是否到场"}}
        asked = desk.post(OFFICER, "/v1/consultations", body, expect=201)
        path = f"/v1/consultations/{asked['id']}"
        desk.post(OFFICER, f"{path}/facts", {"facts": {"illegal": {"value": False}}})
        desk.post(OFFICER, f"{path}/steps/ask_in_writing", {"stated": {}})
        desk.post(OFFICER, f"{path}/facts", {"facts": {"illegal": {"value": True}}}, expect=409)
        assert desk.get(POLICE, path)["facts"]["illegal"]["value"] is False

    def test_a_withdrawn_draft_takes_none(self, desk: Desk) -> None:
        referral = opened(desk)
        step(desk, OFFICER, referral, "withdraw_draft", reasons="重复")
        path = f"/v1/referrals/{referral['id']}/facts"
        refused = desk.post(OFFICER, path, {"facts": {"illegal": {"value": True}}}, expect=409)
        assert refused["state"] == "withdrawn"


def test_conditions_are_those_of_the_steps_own_documents(desk: Desk) -> None:
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    path = f"/v1/referrals/{sent['id']}/steps/receive"
    body = {"stated": receipt(desk, sent)["stated"], "conditions": {"copies_of_documents": True}}
    assert desk.post(MARKET, path, body, expect=422)["known"] == []
    draft = opened(desk, title="另一件")
    bogus = {"stated": {"letter_number": "2"}, "conditions": {"anything": True}}
    refused = desk.post(OFFICER, f"/v1/referrals/{draft['id']}/steps/send", bogus, expect=422)
    assert "copies_of_documents" in refused["known"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"conduct_on": "2099-01-01"}, "in_the_future"), ({"basis": ["no_such_standard"]}, "unknown_standard")],
)
def test_what_cannot_be_is_not_opened(desk: Desk, changes: dict[str, Any], code: str) -> None:
    assert desk.post(OFFICER, "/v1/referrals", CLUE | changes, expect=422)["errors"][0]["code"] == code


@pytest.mark.parametrize("id", ["", "a\x00b", "x" * 201])
def test_a_message_is_named_by_what_a_database_can_hold(desk: Desk, id: str) -> None:
    sent = step(desk, OFFICER, opened(desk), "send", letter_number="1")
    assert send(desk, MARKET, sent["ref"], receipt(desk, sent), id=id).status_code == 422
