"""Matters between agencies whose procedure is data alone: opened, handed over, answered, refused."""

from typing import Any

import pytest

from tests.desk import Desk, officer
from tests.journeys import EEA, OFFICER

MARKET = officer("mra-320500", "liaison")
CLUE: dict[str, Any] = {
    "procedure": "market_regulation_referral",
    "title": "礼盒过度包装",
    "summary": "抽检的礼盒包装层数超过强制性标准。",
    "division": "320500",
    "enterprise_name": "示例礼品有限公司",
    "conduct_on": "2026-09-01",
    "facts": {"over_packaging": {"value": True}},
}


def opened(desk: Desk, **changes: Any) -> Any:
    """Open a referral to market regulation with its materials."""
    referral = desk.post(OFFICER, "/v1/referrals", CLUE | changes, expect=201)
    path = f"/v1/referrals/{referral['id']}"
    desk.attach(OFFICER, path, "mkt_clue_materials", "线索材料".encode(), received_at="2026-09-02")
    return referral


def step(desk: Desk, who: Any, referral: Any, name: str, *, expect: int = 200, **stated: Any) -> Any:
    """Take a step of a referral."""
    return desk.post(who, f"/v1/referrals/{referral['id']}/steps/{name}", {"stated": stated}, expect=expect)


class TestOpen:
    def test_the_parties_are_found_by_level(self, desk: Desk) -> None:
        referral = desk.post(OFFICER, "/v1/referrals", CLUE, expect=201)
        assert referral["state"] == "drafting"
        assert referral["receiver"] == "mra-320500"
        assert referral["takes_part"] == {"receiver": ["mra-320500"]}

    def test_the_receiver_sees_nothing_before_it_is_sent(self, desk: Desk) -> None:
        referral = opened(desk)
        assert desk.call(MARKET, "GET", f"/v1/referrals/{referral['id']}").status_code == 404

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"parties": {"receiver": ["psb-320500"]}}, "wrong_kind_of_agency"),
            ({"parties": {"receiver": ["mra-999999"]}}, "unknown_agency"),
            ({"parties": {"nobody": ["mra-320500"]}}, "unknown_relation"),
        ],
    )
    def test_parties_that_do_not_fit_are_refused(self, desk: Desk, changes: dict[str, Any], code: str) -> None:
        refused = desk.post(OFFICER, "/v1/referrals", CLUE | changes, expect=422)
        assert refused["errors"][0]["code"] == code

    def test_an_agency_the_procedure_does_not_name_cannot_begin(self, desk: Desk) -> None:
        refused = desk.post(MARKET, "/v1/referrals", CLUE, expect=403)
        assert refused["begun_by"] == ["ecological_environment_authority"]


class TestHandOver:
    def test_sending_freezes_admits_and_starts_the_agreed_clock(self, desk: Desk) -> None:
        referral = opened(desk)
        sent = step(desk, OFFICER, referral, "send", letter_number="苏环移市〔2026〕1号")
        assert sent["state"] == "clue_sent"
        assert sent["sent_manifest"]
        assert desk.get(MARKET, f"/v1/referrals/{referral['id']}")["letter_number"] == "苏环移市〔2026〕1号"
        (clock,) = desk.get(MARKET, f"/v1/referrals/{referral['id']}/deadlines")["items"]
        assert (clock["term_id"], clock["authority"], clock["party"]) == (
            "agreement_receipt",
            "agreement",
            "mra-320500",
        )

    def test_without_its_documents_it_is_refused_with_the_list(self, desk: Desk) -> None:
        referral = desk.post(OFFICER, "/v1/referrals", CLUE, expect=201)
        refused = step(desk, OFFICER, referral, "send", letter_number="1", expect=409)
        assert "违法行为线索材料" in refused["detail"]

    def test_a_receipt_for_another_manifest_is_refused(self, desk: Desk) -> None:
        referral = opened(desk)
        step(desk, OFFICER, referral, "send", letter_number="1")
        at = desk.clock.advance(hours=1).isoformat()
        refused = step(desk, MARKET, referral, "receive", received_at=at, manifest_digest="0" * 64, expect=409)
        assert "另" in refused["detail"] or "不一致" in refused["detail"]

    def test_what_is_stated_is_checked_by_type(self, desk: Desk) -> None:
        referral = opened(desk)
        refused = step(desk, OFFICER, referral, "send", letter_number=5, more=1, expect=422)
        assert {error["field"] for error in refused["errors"]} == {"stated.letter_number", "stated.more"}


class TestFacts:
    def test_facts_are_recorded_with_their_unit_and_evidence_until_the_hand_over(self, desk: Desk) -> None:
        referral = opened(desk)
        path = f"/v1/referrals/{referral['id']}"
        (item,) = desk.get(OFFICER, f"{path}/evidence")["items"]
        mass = {"value": 5200, "unit": "kg", "evidence": [item["id"]]}
        told = desk.post(OFFICER, f"{path}/facts", {"facts": {"hazardous_waste_mass": mass}})
        fact = told["facts"]["hazardous_waste_mass"]
        assert (fact["value"], fact["unit"], fact["evidence"]) == (5.2, "tonne", [item["id"]])
        assert fact["stated"] == {"value": 5200, "unit": "kg"}
        desk.post(MARKET, f"{path}/facts", {"facts": {"illegal": {"value": True}}}, expect=404)
        step(desk, OFFICER, referral, "send", letter_number="1")
        refused = desk.post(OFFICER, f"{path}/facts", {"facts": {"illegal": {"value": True}}}, expect=409)
        assert refused["handed_over_at"]
        desk.post(MARKET, f"{path}/facts", {"facts": {"illegal": {"value": True}}}, expect=403)

    @pytest.mark.parametrize(
        ("fact", "code"),
        [
            ({"hazardous_waste_mass": {"value": 5, "unit": "CNY"}}, "unit_mismatch"),
            ({"hazardous_wast_mass": {"value": 5, "unit": "tonne"}}, "unknown_fact"),
            ({"illegal": {"value": True, "evidence": ["018f0000-0000-7000-8000-000000000000"]}}, "unknown_evidence"),
        ],
    )
    def test_what_is_no_fact_is_refused_and_nothing_changes(self, desk: Desk, fact: dict[str, Any], code: str) -> None:
        referral = opened(desk)
        path = f"/v1/referrals/{referral['id']}"
        before = desk.get(OFFICER, path)
        refused = desk.post(OFFICER, f"{path}/facts", {"facts": fact}, expect=422)
        assert refused["errors"][0]["code"] == code
        assert desk.get(OFFICER, path) == before


def test_the_whole_way_to_the_result(desk: Desk) -> None:
    referral = opened(desk)
    sent = step(desk, OFFICER, referral, "send", letter_number="1")
    at = desk.clock.advance(hours=1).isoformat()
    step(desk, MARKET, referral, "receive", received_at=at, manifest_digest=sent["sent_manifest"])
    decided = desk.clock.advance(days=3).isoformat()
    step(desk, MARKET, referral, "file", decided_at=decided, decision_number="苏市监立〔2026〕9号")
    later = desk.clock.advance(days=30).isoformat()
    step(desk, MARKET, referral, "decide", decided_at=later, outcome="罚款并撤销资质")
    done = step(desk, MARKET, referral, "report_result", note="详见决定书")
    assert done["state"] == "reported"
    clocks = desk.get(OFFICER, f"/v1/referrals/{referral['id']}/deadlines")["items"]
    assert {clock["term_id"]: clock["state"] for clock in clocks} == {
        "agreement_receipt": "met",
        "mr_clue_check": "met",
        "mr_case_limit": "met",
        "agreement_result_report": "met",
    }
    desk.drain()
    told = [event["type"] for event in desk.to_gateway if event["type"] == "referral.progressed"]
    assert len(told) == 5
    check = desk.post(OFFICER, f"/v1/referrals/{referral['id']}/check")
    assert check["rests_on"] == ["mkt_fd1224_overpackaging"]
    assert check["documents"][0]["status"] == "present"
    assert EEA in {done["owner"]}
