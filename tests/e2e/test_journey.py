"""One clue's journey through the rooms, leg by leg, with its clocks."""

from typing import Any

from tests import journeys
from tests.desk import Desk
from tests.journeys import HEAD, OFFICER, POLICE


def clocks(desk: Desk, path: str) -> dict[str, dict[str, Any]]:
    """Return a subject's clocks by term."""
    return {clock["term_id"]: clock for clock in desk.get(OFFICER, f"{path}/deadlines")["items"]}


def test_legs_2_and_3_a_clue_becomes_a_case(desk):
    case = journeys.opened_case(desk)
    clue = desk.get(OFFICER, "/v1/clues")["items"][0]
    assert clue["state"] == "opened"
    assert clue["case_ref"] == case["ref"]
    assert case["journey_id"] == clue["journey_id"]
    assert clocks(desk, f"/v1/clues/{clue['id']}")["eep_filing_decision"]["state"] == "met"
    running = clocks(desk, f"/v1/cases/{case['id']}")["eep_filing_decision"]
    assert running["state"] == "running"
    assert running["due_on"] == "2026-09-22"
    held = desk.get(OFFICER, f"/v1/cases/{case['id']}/evidence")["items"]
    assert [item["document"] for item in held] == ["clue_slice"]


def test_leg_5_a_case_becomes_a_referral(desk):
    referral = journeys.referral_requested(desk)
    assert referral["state"] == "investigating"
    assert (referral["receiver"], referral["copied"]) == ("psb-320500", "pro-320500")
    met = [verdict["standard_id"] for verdict in referral["verdicts"] if verdict["outcome"] == "met"]
    assert "crim338_hazardous_waste_3t" in met


def test_legs_6_to_8_the_dossier_goes_and_the_receipt_comes(desk):
    referral = journeys.receipted_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    running = clocks(desk, path)
    assert running["criminal_referral_handover"]["state"] == "met"
    assert running["police_filing_decision"]["due_on"] == "2026-09-10"
    case_path = "/v1/cases/" + referral["case_ref"].partition(":")[2]
    case = desk.get(OFFICER, case_path)
    assert (case["state"], case["receipt_number"]) == ("referred", "苏公受〔2026〕1号")
    assert clocks(desk, case_path)["eep_case_limit"]["state"] == "paused"


def test_leg_9_a_supplement_is_asked_for_and_given(desk):
    referral = journeys.receipted_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    case_path = "/v1/cases/" + referral["case_ref"].partition(":")[2]
    desk.post(POLICE, f"{path}/request-correction", {"missing_materials": "缺少现场勘验图"})
    desk.drain()
    assert desk.get(OFFICER, case_path)["requested"] == "缺少现场勘验图"
    desk.attach(OFFICER, case_path, "crim_site_survey_drawing", b"drawing")
    desk.post(OFFICER, f"{case_path}/supplement", {"note": "补充现场勘验图"})
    desk.drain()
    supplied = desk.get(POLICE, path)
    assert supplied["state"] == "accepted"
    documents = [item["document"] for item in desk.get(POLICE, f"{path}/evidence")["items"]]
    assert "crim_site_survey_drawing" in documents
    assert clocks(desk, path)["referral_materials_correction"]["state"] == "met"


def test_leg_10_the_police_file_and_the_items_go(desk):
    referral = journeys.receipted_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    at = desk.clock.advance(days=2).isoformat()
    decision = {"decision_number": "苏公立〔2026〕1号", "decided_at": at, "notified_at": at}
    filed = desk.post(POLICE, f"{path}/file", decision)
    assert filed["state"] == "filed"
    desk.drain()
    case_path = "/v1/cases/" + referral["case_ref"].partition(":")[2]
    assert desk.get(OFFICER, case_path)["state"] == "with_police"
    assert clocks(desk, path)["transfer_case_items_after_filing"]["due_on"] == "2026-09-14"
    desk.attach(OFFICER, path, "crim_post_filing_items", b"record", handover_record="已办理", handed_at=at)
    handed = desk.post(OFFICER, f"{path}/hand-over-items", {"handed_at": desk.clock.now.isoformat()})
    assert handed["state"] == "items_handed_over"
    assert clocks(desk, path)["transfer_case_items_after_filing"]["state"] == "met"


def test_leg_10_without_a_filing_the_penalty_clock_runs_on(desk):
    referral = journeys.receipted_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    at = desk.clock.advance(days=3).isoformat()
    decision = {"decision_number": "苏公不立〔2026〕1号", "decided_at": at, "notified_at": at, "reasons": "证据不足"}
    desk.post(POLICE, f"{path}/decline-filing", decision)
    desk.drain()
    case_path = "/v1/cases/" + referral["case_ref"].partition(":")[2]
    assert desk.get(OFFICER, case_path)["state"] == "investigating"
    limit = clocks(desk, case_path)["eep_case_limit"]
    assert limit["state"] == "running"
    assert limit["due_on"] == "2026-12-09"
    running = clocks(desk, path)
    assert running["reconsideration_request_non_filing"]["due_on"] == "2026-09-15"
    assert running["gl310_reconsideration_request"]["due_on"] == "2026-09-14"


def test_leg_14_the_result_goes_back_to_the_clue(desk):
    case = journeys.filed_case(desk)
    path = f"/v1/cases/{case['id']}"
    desk.post(OFFICER, f"{path}/conclude", {"finding": "violation", "proposal": "罚款"})
    journeys.informed_case(desk, case)
    desk.post(HEAD, f"{path}/decide", {"decision": "penalty", "decision_number": "苏环罚〔2026〕1号", "reason": "超标"})
    at = desk.clock.now.isoformat()
    journeys.take_case(desk, OFFICER, case, "serve_decision", service_way="direct", served_at=at)
    desk.post(OFFICER, f"{path}/close", {"result": "penalised"})
    desk.drain()
    clue = desk.get(OFFICER, "/v1/clues")["items"][0]
    assert (clue["state"], clue["outcome"]) == ("closed", "penalised")
