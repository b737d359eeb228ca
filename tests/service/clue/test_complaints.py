"""Complaints: a number and a code, a clue, a reply by its clock, an answer to the hotline."""

from concurrent.futures import ThreadPoolExecutor

from services.clue_service.complaints.tracking import check_sign
from tests.desk import officer
from tests.journeys import EEA, OFFICER
from tests.service.clue.complaining import (
    BODY,
    CASE_OFFICER,
    HOTLINE,
    NAME,
    PROVINCE,
    STRANGER,
    answer,
    clue_of,
    declined,
    everything,
    filed,
    step,
)


class TestAComplaint:
    def test_gets_a_number_a_code_and_a_clue(self, desk):
        complaint = filed(desk)
        assert complaint["tracking"].startswith("苏12345-2026-000001-")
        assert (complaint["state"], complaint["owner"], complaint["is_named"]) == ("received", EEA, True)
        clue = clue_of(desk, complaint)
        assert (clue["source"], clue["enterprise_id"], clue["reports"]) == ("complaint", "ENT-1", 1)
        assert clue["journey_id"] == complaint["journey_id"]
        assert filed(desk)["tracking"].startswith("苏12345-2026-000002-")

    def test_of_the_same_thing_merges_into_the_open_clue(self, desk):
        first, second = filed(desk), filed(desk, HOTLINE, summary="今早又闻到气味")
        assert first["clue_ref"] == second["clue_ref"]
        assert clue_of(desk, first)["reports"] == 2

    def test_of_an_unknown_enterprise_merges_by_place(self, desk):
        anonymous = {"enterprise_id": None, "enterprise_name": None, "complainant": None}
        first, second = filed(desk, **anonymous), filed(desk, **anonymous)
        elsewhere = filed(desk, place="另一处", **anonymous)
        assert first["clue_ref"] == second["clue_ref"] != elsewhere["clue_ref"]
        assert first["is_named"] is False

    def test_is_answered_after_its_clue_ended_by_an_agreed_clock(self, desk):
        complaint = filed(desk)
        refused = step(desk, complaint, "reply", expect=409, reply="正在办理")
        assert refused["code"] == "step-refused"
        declined(desk, complaint)
        waiting = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}")
        assert waiting["state"] == "awaiting_reply"
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert (clock["term_id"], clock["authority"], clock["due_on"]) == ("complaint_reply", "agreement", "2026-09-14")
        replied = step(desk, complaint, "reply", reply="已核查，未发现异常排放")
        assert replied["state"] == "replied"
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert clock["state"] == "met"

    def test_lapses_and_says_so(self, desk):
        complaint = filed(desk)
        declined(desk, complaint)
        desk.clock.advance(days=20)
        desk.sweep()
        clock = desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}/deadlines")["items"][0]
        assert clock["breached_at"] is not None

    def test_waits_for_its_reply_when_another_agency_takes_over(self, desk):
        complaint = filed(desk)
        clue_id = clue_of(desk, complaint)["id"]
        desk.post(OFFICER, f"/v1/clues/{clue_id}/redirect", {"redirected_to": "psb-320500", "reason": "属公安管辖"})
        desk.post(officer("psb-320500", "liaison"), f"/v1/clues/{clue_id}/take-over", {})
        assert desk.get(CASE_OFFICER, f"/v1/complaints/{complaint['id']}")["state"] == "awaiting_reply"

    def test_withdrawn_leaves_the_clue(self, desk):
        complaint = filed(desk, HOTLINE)
        assert step(desk, complaint, "withdraw", HOTLINE, reason="投诉人撤回")["state"] == "withdrawn"
        assert clue_of(desk, complaint)["state"] == "received"
        declined(desk, complaint)
        assert desk.get(HOTLINE, f"/v1/complaints/{complaint['id']}")["state"] == "withdrawn"

    def test_of_the_future_is_refused(self, desk):
        problem = filed(desk, expect=422, occurred_at="2026-09-08T00:00:00+08:00")
        assert problem["errors"][0]["code"] == "in_the_future"

    def test_sent_again_with_its_key_gets_the_same_number_and_code(self, desk):
        headers = {"idempotency-key": "hotline-77"}
        first = desk.call(HOTLINE, "POST", "/v1/complaints", json=BODY, headers=headers)
        again = desk.call(HOTLINE, "POST", "/v1/complaints", json=BODY, headers=headers)
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert first.json()["query_code"] not in "".join(everything(desk).values())

    def test_many_at_once_get_different_numbers(self, desk):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda n: filed(desk, summary=f"第 {n} 次"), range(12)))
        assert len({one["tracking"] for one in found}) == 12
        assert clue_of(desk, found[0])["reports"] == 12

    def test_filed_while_its_clue_is_declined_never_waits_for_nothing(self, desk):
        first = filed(desk)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(declined, desk, first), pool.submit(filed, desk, summary="同一时刻再次投诉")]
            second = jobs[1].result()
            jobs[0].result()
        state = desk.get(OFFICER, f"/v1/complaints/{second['id']}")["state"]
        expected = "awaiting_reply" if second["clue_ref"] == first["clue_ref"] else "received"
        assert state == expected


class TestTheAnswer:
    def test_is_told_to_the_hotline_and_the_bureau_alone(self, desk):
        complaint = filed(desk, HOTLINE)
        declined(desk, complaint)
        step(desk, complaint, "reply", reply="已核查")
        number, code = complaint["tracking"], complaint["query_code"]
        clerk = officer("hou-320500", "liaison")
        for who in (HOTLINE, clerk, CASE_OFFICER):
            told = answer(desk, who, number, code)
            assert told.status_code == 200, told.text
            assert (told.json()["state"], told.json()["reply"]) == ("replied", "已核查")
            assert NAME not in told.text
        for who in (STRANGER, PROVINCE):
            assert answer(desk, who, number, code).status_code == 404
        assert answer(desk, None, number, code).status_code == 401

    def test_a_wrong_code_is_like_no_number_at_all(self, desk):
        complaint = filed(desk, HOTLINE)
        number = complaint["tracking"]
        wrong = answer(desk, HOTLINE, number, "AAAA-AAAA-AAAA-AAAA")
        stem = number.rpartition("-")[0].replace("000001", "000009")
        unknown = f"{stem}-{check_sign('32' + stem[1:].replace('-', ''))}"
        missing = answer(desk, HOTLINE, unknown, complaint["query_code"])
        assert wrong.status_code == missing.status_code == 404
        assert wrong.json()["detail"] == missing.json()["detail"]

    def test_a_wrong_check_sign_is_named(self, desk):
        complaint = filed(desk, HOTLINE)
        stem, _, check = complaint["tracking"].rpartition("-")
        for wrong in (stem + "-" + ("A" if check != "A" else "B"), complaint["tracking"].replace("2026", "2062")):
            told = answer(desk, HOTLINE, wrong, complaint["query_code"])
            assert (told.status_code, told.json()["errors"][0]["code"]) == (422, "wrong_check_sign")
        told = answer(desk, HOTLINE, "12345", complaint["query_code"])
        assert told.json()["errors"][0]["code"] == "not_a_number"

    def test_the_check_sign_is_that_of_the_standard(self):
        assert check_sign("A12425GABC1234002") == "M"

    def test_the_code_may_be_written_in_small_letters_without_groups(self, desk):
        complaint = filed(desk, HOTLINE)
        code = complaint["query_code"].replace("-", "").lower()
        assert answer(desk, HOTLINE, complaint["tracking"], code).status_code == 200
