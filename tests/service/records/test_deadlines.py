"""Running clocks: each rung is told once, a breach is journalled, pauses and extensions move what is due."""

import json
from datetime import datetime

import pytest
from sqlmodel import select

from shared.clock import ZONE
from shared.records import sweep
from shared.records.deadlines import Deadline
from shared.records.journal import Entry
from shared.records.notices import Notice
from tests import journeys
from tests.journeys import HEAD, OFFICER, POLICE


def told(desk, room, term):
    """Return (rung, agency, role) of every notice a clock of this term caused."""
    with desk.rooms[room].reading() as session:
        ids = {str(clock.id) for clock in session.exec(select(Deadline).where(Deadline.term_id == term))}
        rows = session.exec(select(Notice)).all()
    found = [row for row in rows if row.key.split(":")[0] in ids]
    return sorted((row.key.split(":")[1].split("@")[0], row.agency, row.role) for row in found)


class TestLadder:
    def test_each_rung_is_told_once_to_its_audience(self, desk):
        journeys.receive_clue(desk)
        assert desk.sweep() == 0
        desk.clock.advance(days=8)
        assert desk.sweep() == 1
        assert desk.sweep() == 0
        half = [("half", "eea-320500", "case_officer"), ("half", "eea-320500", "liaison")]
        assert told(desk, "clue", "eep_filing_decision") == half
        desk.clock.now = datetime(2026, 9, 22, 1, 0, tzinfo=ZONE)
        desk.sweep()
        desk.clock.now = datetime(2026, 9, 22, 20, 30, tzinfo=ZONE)
        desk.sweep()
        rungs = [rung for rung, _agency, _role in told(desk, "clue", "eep_filing_decision")]
        assert sorted(set(rungs)) == ["half", "hours_24", "hours_4"]
        assert len(rungs) == len(set(told(desk, "clue", "eep_filing_decision")))

    def test_a_desk_that_slept_tells_every_rung_it_missed_once(self, desk):
        journeys.receive_clue(desk)
        desk.clock.advance(days=30)
        desk.sweep()
        rungs = {rung for rung, _agency, _role in told(desk, "clue", "eep_filing_decision")}
        assert rungs == {"half", "hours_24", "hours_4", "breach", "after_24_hours", "after_3_working_days"}
        before = told(desk, "clue", "eep_filing_decision")
        desk.sweep()
        assert told(desk, "clue", "eep_filing_decision") == before

    def test_a_breach_reaches_the_superior_and_the_journal(self, desk):
        clue = journeys.receive_clue(desk)
        desk.clock.now = datetime(2026, 9, 23, 0, 0, tzinfo=ZONE)
        desk.sweep()
        assert ("breach", "eea-320000", "agency_head") in told(desk, "clue", "eep_filing_decision")
        journal = desk.get(OFFICER, f"/v1/clues/{clue['id']}/journal")["items"]
        assert [entry["type"] for entry in journal].count("deadline.breached") == 1
        running = desk.get(OFFICER, f"/v1/clues/{clue['id']}/deadlines")["items"][0]
        assert running["state"] == "running"
        assert running["breached_at"] is not None

    def test_one_second_before_midnight_nothing_is_breached(self, desk):
        journeys.receive_clue(desk)
        desk.clock.now = datetime(2026, 9, 22, 23, 59, 59, tzinfo=ZONE)
        desk.sweep()
        assert "breach" not in {rung for rung, *_ in told(desk, "clue", "eep_filing_decision")}

    def test_a_police_clock_that_lapses_reaches_the_supervising_procuratorate(self, desk):
        journeys.receipted_referral(desk)
        desk.clock.advance(days=5)
        desk.sweep()
        breached = {
            (agency, role)
            for rung, agency, role in told(desk, "referral", "police_filing_decision")
            if rung == "breach"
        }
        assert ("pro-320500", "liaison") in breached
        assert {"psb-320500", "psb-320000"} <= {agency for agency, _role in breached}

    def test_after_the_breach_an_open_clock_rises_and_each_step_comes_once(self, desk):
        journeys.receipted_referral(desk)
        desk.clock.now = datetime(2026, 9, 11, 0, 0, tzinfo=ZONE)
        desk.sweep()
        late = {"after_24_hours", "after_3_working_days"}
        assert not late & {rung for rung, *_ in told(desk, "referral", "police_filing_decision")}
        desk.clock.advance(hours=24)
        desk.sweep()
        desk.sweep()
        rungs = told(desk, "referral", "police_filing_decision")
        assert [found for found in rungs if found[0] in late] == [
            ("after_24_hours", "pro-320500", "liaison"),
            ("after_24_hours", "psb-320000", "agency_head"),
        ]
        desk.clock.now = datetime(2026, 9, 15, 9, 0, tzinfo=ZONE)
        desk.sweep()
        desk.clock.advance(days=60)
        desk.sweep()
        rungs = told(desk, "referral", "police_filing_decision")
        assert [found for found in rungs if found[0] == "after_3_working_days"] == [
            ("after_3_working_days", "pro-320500", "agency_head"),
            ("after_3_working_days", "pro-320500", "liaison"),
            ("after_3_working_days", "psb-320000", "agency_head"),
        ]

    def test_a_clock_met_after_its_breach_rises_no_further(self, desk):
        clue = journeys.receive_clue(desk)
        desk.clock.now = datetime(2026, 9, 23, 0, 0, tzinfo=ZONE)
        desk.sweep()
        desk.post(OFFICER, f"/v1/clues/{clue['id']}/decline", {"reason": "误报"})
        desk.clock.advance(days=30)
        assert desk.sweep() == 0
        assert "after_24_hours" not in {rung for rung, *_ in told(desk, "clue", "eep_filing_decision")}

    def test_an_hour_clock_runs_through_the_night(self, desk):
        desk.clock.now = datetime(2026, 9, 30, 17, 0, tzinfo=ZONE)
        referral = journeys.approved_referral(desk)
        clock = next(
            one
            for one in desk.get(OFFICER, f"/v1/referrals/{referral['id']}/deadlines")["items"]
            if one["term_id"] == "criminal_referral_handover"
        )
        assert datetime.fromisoformat(clock["due_at"]) == datetime(2026, 10, 1, 17, 0, tzinfo=ZONE)
        assert clock["awaits"] == ["police_receipt", "procuratorate_copy"]
        desk.clock.advance(hours=24)
        desk.sweep()
        assert {"half", "hours_4", "breach"} <= {
            rung for rung, *_ in told(desk, "referral", "criminal_referral_handover")
        }

    def test_a_met_clock_is_silent(self, desk):
        clue = journeys.receive_clue(desk)
        desk.post(OFFICER, f"/v1/clues/{clue['id']}/decline", {"reason": "误报"})
        desk.clock.advance(days=30)
        assert desk.sweep() == 0


class TestLedger:
    def test_a_late_answer_is_met_late(self, desk):
        case = journeys.opened_case(desk)
        desk.clock.advance(days=20)
        desk.post(HEAD, f"/v1/cases/{case['id']}/file", {"case_no": "1", "officers": ["a", "b"]})
        clock = desk.get(OFFICER, f"/v1/cases/{case['id']}/deadlines")["items"][-1]
        assert clock["term_id"] == "eep_filing_decision"
        assert (clock["state"], clock["breached_at"] is not None) == ("met", True)

    def test_an_extension_moves_the_date_and_announces_it_again(self, desk):
        case = journeys.opened_case(desk)
        desk.clock.advance(days=8)
        desk.sweep()
        path = f"/v1/cases/{case['id']}"
        extension = {"extension_days": 15, "ground": "案情复杂", "approved_by": "王局"}
        desk.post(HEAD, f"{path}/extend-filing", extension)
        clock = desk.get(OFFICER, f"{path}/deadlines")["items"][0]
        assert clock["due_on"] == "2026-10-08"
        refused = desk.post(HEAD, f"{path}/extend-filing", extension, expect=409)
        assert refused["code"] == "step-refused"
        assert refused["reasons"]
        desk.clock.now = datetime(2026, 10, 8, 1, 0, tzinfo=ZONE)
        desk.sweep()
        rungs = [rung for rung, agency, role in told(desk, "case", "eep_filing_decision") if role == "case_officer"]
        assert sorted(rungs) == ["half", "half", "hours_24"]

    def test_too_long_an_extension_is_refused_with_the_article(self, desk):
        case = journeys.opened_case(desk)
        body = {"extension_days": 60, "ground": "x", "approved_by": "王局"}
        refused = desk.post(HEAD, f"/v1/cases/{case['id']}/extend-filing", body, expect=409)
        assert "15" in json.dumps(refused, ensure_ascii=False)

    def test_a_paused_clock_gives_no_notice_and_projects_its_end(self, desk):
        referral = journeys.receipted_referral(desk)
        desk.clock.advance(days=200)
        desk.sweep()
        assert told(desk, "case", "eep_case_limit") == []
        case_path = "/v1/cases/" + referral["case_ref"].partition(":")[2]
        clock = next(
            one for one in desk.get(OFFICER, f"{case_path}/deadlines")["items"] if one["term_id"] == "eep_case_limit"
        )
        assert clock["state"] == "paused"
        assert any("衔接办法" in step["zh"] for step in clock["because"])

    def test_a_clock_beyond_the_published_calendar_is_provisional(self, desk):
        desk.clock.now = datetime(2026, 12, 28, 9, 0, tzinfo=ZONE)
        clue = journeys.receive_clue(desk)
        assert desk.get(OFFICER, f"/v1/clues/{clue['id']}/deadlines")["items"][0]["provisional"] is True

    def test_the_journal_says_what_moved(self, desk):
        referral = journeys.receipted_referral(desk)
        with desk.rooms["referral"].reading() as session:
            entries = session.exec(select(Entry).where(Entry.type == "referral.received")).all()
        moved = json.loads(entries[0].body)["clocks"]
        assert {(one["term"], one["what"]) for one in moved} == {
            ("criminal_referral_handover", "part_done"),
            ("police_acceptance_receipt", "started"),
            ("police_acceptance_receipt", "met"),
            ("police_filing_decision", "started"),
        }
        assert referral["state"] == "accepted"

    def test_the_police_may_take_seven_or_thirty_days(self, desk):
        referral = journeys.receipted_referral(desk)
        path = f"/v1/referrals/{referral['id']}"
        desk.post(POLICE, f"{path}/extend-clue-check", {"ground": "线索需查证"})
        clocks = {one["term_id"]: one for one in desk.get(OFFICER, f"{path}/deadlines")["items"]}
        assert clocks["police_filing_decision"]["state"] == "cancelled"
        assert clocks["police_filing_decision_clue_check"]["due_on"] == "2026-09-14"
        desk.post(POLICE, f"{path}/extend-complex", {"ground": "重大复杂", "approver": "局长"})
        clocks = {one["term_id"]: one for one in desk.get(OFFICER, f"{path}/deadlines")["items"]}
        assert clocks["police_filing_decision_complex"]["due_on"] == "2026-10-08"


class TestSweepUnderContention:
    def test_two_sweeps_at_once_tell_once(self, desk, databases):
        if not databases.server:
            pytest.skip("SQLite has one writer: there are never two sweeps at once")
        from concurrent.futures import ThreadPoolExecutor

        for number in range(20):
            journeys.receive_clue(desk, enterprise_id=f"E{number}")
        desk.clock.advance(days=8)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: sweep.sweep(desk.rooms["clue"]), range(8)))
        assert len(told(desk, "clue", "eep_filing_decision")) == 40
