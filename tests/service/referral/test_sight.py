"""Who sees a referral, from when on, and who of them takes a step: the parties, those above them, those before them."""

from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER, POLICE, PROSECUTOR
from tests.service.case.referring import (
    ELSEWHERE,
    MARKET,
    MARKET_PROVINCE,
    OTHER_MARKET,
    PROVINCE,
    drafted,
    investigated,
    received,
    sent,
    take,
)


class TestWhoSeesAndActs:
    def test_nobody_else_sees_it_before_it_is_sent(self, desk: Desk) -> None:
        referral = drafted(desk, investigated(desk))
        address = f"/v1/referrals/{referral['id']}"
        for who in (MARKET, OTHER_MARKET, MARKET_PROVINCE, POLICE, PROSECUTOR, ELSEWHERE):
            for place in ("", "/journal", "/evidence", "/deadlines", "/steps"):
                assert desk.call(who, "GET", address + place).status_code == 404, (who.agency, place)
            assert referral["id"] not in {one["id"] for one in desk.get(who, "/v1/referrals")["items"]}

    def test_the_superior_of_the_owner_reads_and_takes_no_step(self, desk: Desk) -> None:
        referral = drafted(desk, investigated(desk))
        assert desk.get(PROVINCE, f"/v1/referrals/{referral['id']}")["state"] == "drafting"
        take(desk, PROVINCE, referral, "send", expect=403, letter_number="1")
        take(desk, PROVINCE, referral, "withdraw_draft", expect=403, reasons="略")

    def test_the_superior_of_the_receiver_reads_once_it_is_sent_and_takes_no_step(self, desk: Desk) -> None:
        referral = sent(desk, drafted(desk, investigated(desk)))
        assert desk.get(MARKET_PROVINCE, f"/v1/referrals/{referral['id']}")["state"] == "clue_sent"
        at, digest = desk.clock.now.isoformat(), referral["sent_manifest"]
        take(desk, MARKET_PROVINCE, referral, "receive", expect=403, received_at=at, manifest_digest=digest)
        desk.attach(OFFICER, f"/v1/referrals/{referral['id']}", "further", b"further")
        refused = desk.call(
            MARKET_PROVINCE,
            "POST",
            f"/v1/referrals/{referral['id']}/evidence",
            params={"document": "x", "name": "x"},
            content=b"x",
        )
        assert refused.status_code == 403
        assert desk.call(OTHER_MARKET, "GET", f"/v1/referrals/{referral['id']}").status_code == 404

    def test_who_had_it_before_reads_and_takes_no_step(self, desk: Desk) -> None:
        referral = received(desk, MARKET, sent(desk, drafted(desk, investigated(desk))))
        take(desk, MARKET, referral, "raise_dispute", reasons="略", superior_agency="mra-320000")
        moved = take(desk, MARKET, referral, "settle_for_another", designated_agency="mra-320100")
        assert moved["receiver"] == "mra-320100"
        at, digest = desk.clock.now.isoformat(), referral["sent_manifest"]
        take(desk, MARKET, referral, "receive", expect=403, received_at=at, manifest_digest=digest)
        received(desk, OTHER_MARKET, moved)
        assert desk.get(MARKET, f"/v1/referrals/{referral['id']}")["state"] == "received"
        take(desk, MARKET, referral, "decline_filing", expect=403, decided_at=at, reasons="略")
        offered = desk.get(MARKET, f"/v1/referrals/{referral['id']}/steps")["steps"]
        assert [one["step"] for one in offered if one["allowed"]] == []

    def test_what_was_not_handed_over_stays_unseen(self, desk: Desk) -> None:
        referral = sent(desk, drafted(desk, investigated(desk)))
        address = f"/v1/referrals/{referral['id']}"
        later = desk.attach(OFFICER, address, "internal_note", b"not for others")
        seen = {item["id"] for item in desk.get(MARKET, f"{address}/evidence")["items"]}
        assert later["id"] not in seen
        assert desk.call(MARKET, "GET", f"{address}/evidence/{later['id']}/content").status_code == 404


def test_what_was_handed_over_stays_open_to_the_receiver_when_it_is_withdrawn(desk: Desk) -> None:
    referral = journeys.sent_referral(desk)
    address = f"/v1/referrals/{referral['id']}/evidence"
    item = desk.get(POLICE, address)["items"][0]
    desk.post(OFFICER, f"{address}/{item['id']}/withdraw", {"reason": "原件有误，另行补充"})
    for who in (POLICE, OFFICER):
        assert desk.call(who, "GET", f"{address}/{item['id']}/content").status_code == 200
    listed = {one["id"]: one["state"] for one in desk.get(POLICE, address)["items"]}
    assert listed[item["id"]] == "withdrawn"
    acts = [one["act"] for one in desk.get(OFFICER, f"{address}/{item['id']}/custody")["items"]]
    assert acts[-3:] == ["withdrawn", "opened", "opened"]
