"""What becomes of a referral after the receipt: each branch to its end, and what the case hears of it."""

import pytest

from tests import journeys
from tests.desk import Desk, subject_id
from tests.journeys import HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.referral import walking
from tests.service.referral.walking import OTHER_POLICE, case_of, clocks, path, refusal


def documents(desk: Desk, who, referral) -> set[str]:
    return {item["document"] for item in desk.get(who, path(referral, "evidence"))["items"]}


def told(desk: Desk, event: str) -> set[str]:
    """The agencies a notice of this event went to."""
    return {said["data"]["agency"] for said in desk.to_gateway if said["data"].get("type") == event}


class TestForward:
    def forwarded(self, desk: Desk, referral=None, to=OTHER_POLICE, by=POLICE):
        referral = referral or journeys.receipted_referral(desk)
        at = desk.clock.advance(hours=1).isoformat()
        sent_on = desk.post(by, path(referral, "forward"), {"forwarded_to": to.agency, "confirmed_at": at})
        desk.drain()
        return sent_on

    def receipt(self, desk: Desk, referral, who):
        at = desk.clock.advance(hours=1).isoformat()
        body = {"receipt_number": "宁公受1号", "accepted_at": at, "manifest_digest": referral["sent_manifest"]}
        answered = desk.post(who, path(referral, "receipt"), body)
        desk.drain()
        return answered

    def test_the_other_organ_is_told_receives_and_decides(self, desk):
        referral = self.forwarded(desk)
        assert (referral["state"], referral["receiver"]) == ("forwarded_to_other_police", OTHER_POLICE.agency)
        event = next(said for said in desk.to_gateway if said["type"] == "referral.forwarded")
        assert OTHER_POLICE.agency in event["recipients"].split(",")
        assert event["data"]["sent_manifest"] == referral["sent_manifest"]
        assert OTHER_POLICE.agency in told(desk, "referral.forwarded")
        assert documents(desk, OTHER_POLICE, referral) == documents(desk, POLICE, referral)
        body = {"decision_number": "1", "decided_at": journeys_at(desk)}
        assert refusal(desk, POLICE, path(referral, "file"), body) == (403, "not-your-step")
        accepted = self.receipt(desk, referral, OTHER_POLICE)
        assert accepted["state"] == "accepted"
        running = clocks(desk, path(referral))["police_filing_decision"]
        assert (running["party"], running["due_on"]) == (OTHER_POLICE.agency, "2026-09-10")
        at = desk.clock.advance(days=1).isoformat()
        body = {"decision_number": "宁公立1号", "decided_at": at, "notified_at": at}
        assert desk.post(OTHER_POLICE, path(referral, "file"), body)["state"] == "filed"
        desk.drain()
        assert case_of(desk, referral)["state"] == "with_police"

    def test_back_and_forth_ends_nowhere_else(self, desk):
        referral = self.forwarded(desk)
        for here, there in ((OTHER_POLICE, POLICE), (POLICE, OTHER_POLICE), (OTHER_POLICE, POLICE)):
            self.receipt(desk, referral, here)
            referral = self.forwarded(desk, referral, to=there, by=here)
        assert referral["receiver"] == POLICE.agency

    @pytest.mark.parametrize("target", ["psb-320500", "eea-320100", "nobody"])
    def test_only_to_another_police_organ(self, desk, target):
        referral = journeys.receipted_referral(desk)
        body = {"forwarded_to": target, "confirmed_at": journeys_at(desk)}
        assert refusal(desk, POLICE, path(referral, "forward"), body) == (422, "body-invalid")


def journeys_at(desk: Desk) -> str:
    return desk.clock.now.isoformat()


class TestReturn:
    def test_the_case_goes_on_and_the_copy_can_still_be_acknowledged(self, desk):
        sent = journeys.sent_referral(desk)
        at = desk.clock.advance(hours=1).isoformat()
        body = {"receipt_number": "1", "accepted_at": at, "manifest_digest": sent["sent_manifest"]}
        desk.post(POLICE, path(sent, "receipt"), body)
        returned = desk.post(POLICE, path(sent, "return"), {"reasons": "不属公安管辖", "confirmed_at": at})
        assert returned["state"] == "returned_not_police"
        desk.drain()
        assert case_of(desk, sent)["state"] == "investigating"
        assert clocks(desk, "/v1/cases/" + str(subject_id(sent["case_ref"])))["eep_case_limit"]["state"] == "running"
        desk.post(PROSECUTOR, path(sent, "acknowledge-copy"), {"acknowledged_at": at})
        desk.post(OFFICER, path(sent, "record-platform-entry"), {"platform_entry_number": "P1"})
        assert {clock["state"] for clock in clocks(desk, path(sent)).values()} <= {"met", "cancelled"}


class TestReconsideration:
    def test_the_police_see_the_application(self, desk):
        asked = walking.ask_again(desk, walking.not_filed(desk))
        assert asked["state"] == "reconsideration_requested"
        assert "rec_application" in documents(desk, POLICE, asked)
        running = clocks(desk, path(asked))["police_reconsideration_decision"]
        assert (running["party"], running["due_on"]) == (POLICE.agency, "2026-09-14")

    def test_upheld_then_supervised_then_filed(self, desk):
        referral = walking.upheld(desk)
        assert referral["state"] == "reconsideration_upheld"
        assert case_of(desk, referral)["state"] == "investigating"
        suggest = path(referral, "suggest-supervision")
        walking.letter_of_supervision(desk, referral)
        assert refusal(desk, OFFICER, suggest, {"grounds": "应当立案"}) == (409, "evidence-missing")
        walking.letter_of_supervision(desk, referral, "sup_police_decision", "sup_reconsideration")
        desk.post(OFFICER, suggest, {"grounds": "应当立案"})
        assert "sup_letter" in documents(desk, PROSECUTOR, referral)
        assert clocks(desk, path(referral))["suggest_filing_supervision_after_reconsideration"]["state"] == "met"
        filed = walking.decided(desk, referral, "file", supervision_notice="苏检通立〔2026〕1号")
        assert (filed["state"], filed["outcome"]) == ("filed", "filed")
        assert case_of(desk, referral)["state"] == "with_police"

    def test_decided_to_file(self, desk):
        filed = walking.decided(desk, walking.ask_again(desk, walking.not_filed(desk)), "file")
        assert filed["state"] == "filed"
        case = case_of(desk, filed)
        assert case["state"] == "with_police"
        assert clocks(desk, f"/v1/cases/{case['id']}")["eep_case_limit"]["state"] == "paused"

    def test_a_decision_before_the_one_it_reviews_is_refused(self, desk):
        asked = walking.ask_again(desk, walking.not_filed(desk))
        body = {"decision_number": "2", "decided_at": "2026-09-08T09:00:00+08:00"}
        assert refusal(desk, POLICE, path(asked, "file"), body) == (422, "body-invalid")

    def test_a_filing_that_finds_the_penalty_decided_stops_no_line(self, desk):
        referral = walking.ask_again(desk, walking.not_filed(desk))
        case = case_of(desk, referral)
        address = f"/v1/cases/{case['id']}"
        desk.post(OFFICER, f"{address}/conclude", {"finding": "violation", "proposal": "罚款"})
        journeys.informed_case(desk, case)
        desk.post(HEAD, f"{address}/decide", {"decision": "penalty", "decision_number": "1", "reason": "超标"})
        walking.decided(desk, referral, "file")
        assert case_of(desk, referral)["state"] == "decided"
        types = [entry["type"] for entry in desk.get(OFFICER, f"{address}/journal")["items"]]
        assert types[-1] == "case.referral_news"
        handed = desk.get(OFFICER, path(referral))
        assert handed["state"] == "filed"


class TestSupervision:
    def test_a_non_filing_is_filed_on_the_procuratorates_notice_only(self, desk):
        referral = walking.not_filed(desk)
        again = {"decision_number": "2", "decided_at": journeys_at(desk)}
        assert refusal(desk, POLICE, path(referral, "file"), again) == (409, "already-decided")
        walking.letter_of_supervision(desk, referral, "sup_police_decision")
        desk.post(OFFICER, path(referral, "suggest-supervision"), {"grounds": "应当立案"})
        filed = walking.decided(desk, referral, "file", supervision_notice="苏检通立〔2026〕1号")
        assert filed["state"] == "filed"
        running = clocks(desk, path(referral))
        assert running["reconsideration_request_non_filing"]["state"] == "cancelled"
        assert running["transfer_case_items_after_filing"]["state"] == "running"

    def test_of_police_who_do_not_decide_once_their_time_has_run_out(self, desk):
        referral = journeys.receipted_referral(desk)
        walking.letter_of_supervision(desk, referral, "sup_overdue_proof")
        suggest, body = path(referral, "suggest-supervision"), {"grounds": "逾期未决定"}
        assert refusal(desk, OFFICER, suggest, body) == (409, "step-refused")
        desk.clock.advance(days=4)
        assert desk.post(OFFICER, suggest, body)["state"] == "accepted"

    def test_of_a_withdrawal(self, desk):
        referral = walking.items_handed(desk)
        at = desk.clock.advance(days=1).isoformat()
        desk.post(POLICE, path(referral, "withdraw"), {"reasons": "显著轻微", "decided_at": at})
        desk.drain()
        assert case_of(desk, referral)["state"] == "investigating"
        walking.letter_of_supervision(desk, referral, "sup_police_decision")
        desk.post(OFFICER, path(referral, "suggest-supervision"), {"grounds": "应当追究"})
        walking.decided(desk, referral, "file", supervision_notice="苏检通立〔2026〕2号")
        assert case_of(desk, referral)["state"] == "with_police"


class TestCriminalResult:
    def test_prosecuted_then_convicted_then_the_case_and_clue_close(self, desk):
        referral = walking.items_handed(desk)
        for result, state in (("prosecuted", "items_handed_over"), ("convicted", "concluded")):
            at = desk.clock.advance(days=30).isoformat()
            body = {"result": result, "decided_at": at}
            assert desk.post(PROSECUTOR, path(referral, "criminal-result"), body)["state"] == state
            desk.drain()
            assert case_of(desk, referral)["outcome"] == result
        case = case_of(desk, referral)
        assert refusal(desk, OFFICER, f"/v1/cases/{case['id']}/close", {"result": "unfounded"}) == (409, "step-refused")
        desk.post(OFFICER, f"/v1/cases/{case['id']}/close", {"result": "criminal_liability"})
        desk.drain()
        clue = desk.get(OFFICER, "/v1/clues")["items"][0]
        assert (clue["state"], clue["outcome"]) == ("closed", "criminal_liability")

    def test_not_prosecuted_and_the_penalty_clock_counts_on_from_that_day(self, desk):
        referral = walking.items_handed(desk)
        at = desk.clock.advance(days=40).isoformat()
        desk.post(PROSECUTOR, path(referral, "criminal-result"), {"result": "not_prosecuted", "decided_at": at})
        desk.drain()
        desk.clock.advance(days=5)
        case = case_of(desk, referral)
        desk.post(HEAD, f"/v1/cases/{case['id']}/resume", {"reason": "检察意见"})
        limit = clocks(desk, f"/v1/cases/{case['id']}")["eep_case_limit"]
        # filed 2026-09-07; 90 days end on 2026-12-06; referred 09-07, not prosecuted 10-19: 42 days not counted
        assert (limit["state"], limit["due_on"]) == ("running", "2027-01-17")

    def test_without_items_to_hand_over(self, desk):
        referral = walking.filed(desk)
        body = {"result": "acquitted", "decided_at": desk.clock.advance(days=9).isoformat()}
        assert desk.post(POLICE, path(referral, "criminal-result"), body)["state"] == "concluded"
        assert clocks(desk, path(referral))["transfer_case_items_after_filing"]["state"] == "cancelled"


class TestSupply:
    @pytest.mark.parametrize("make", [journeys.receipted_referral, walking.filed, walking.items_handed])
    def test_what_the_case_gives_unasked_reaches_the_police(self, desk, make):
        referral = make(desk)
        desk.drain()
        case = case_of(desk, referral)
        desk.attach(OFFICER, f"/v1/cases/{case['id']}", "crim_monitoring_report", b"report")
        desk.post(OFFICER, f"/v1/cases/{case['id']}/supplement", {"note": "补充监测报告"})
        desk.drain()
        assert "crim_monitoring_report" in documents(desk, POLICE, referral)
        assert desk.get(POLICE, path(referral))["state"] == referral["state"]

    def test_after_the_end_it_is_kept_and_nothing_stops(self, desk):
        referral = walking.items_handed(desk)
        body = {"result": "convicted", "decided_at": journeys_at(desk)}
        desk.post(POLICE, path(referral, "criminal-result"), body)
        desk.drain()
        case = case_of(desk, referral)
        desk.attach(OFFICER, f"/v1/cases/{case['id']}", "crim_other", b"late")
        desk.post(OFFICER, f"/v1/cases/{case['id']}/supplement", {"note": "判决后补充"})
        desk.drain()
        assert "crim_other" in documents(desk, OFFICER, referral)
