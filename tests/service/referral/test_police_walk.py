"""Every row of the police referral, walked by one verb against dates computed by hand; and the supervision it opens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.rules import catalogue
from tests import journeys
from tests.desk import Desk, officer
from tests.journeys import HEAD, OFFICER, POLICE, PROSECUTOR
from tests.service.referral import walking
from tests.service.referral.rows import take_rows
from tests.service.referral.walking import OTHER_POLICE, case_of, clocks, path

WALKS = yaml.safe_load(Path(__file__).with_name("police_walks.yaml").read_text(encoding="utf-8"))["walks"]
LAW = catalogue.default().procedures["police_criminal_referral"][-1]


@pytest.mark.parametrize("walk", [pytest.param(walk, id=walk["name"]) for walk in WALKS])
def test_a_walk(desk: Desk, walk: Mapping[str, Any]) -> None:
    referral = journeys.referral_requested(desk)
    take_rows(desk, OFFICER, path(referral), walk["rows"], referral, LAW)


def test_every_row_is_walked() -> None:
    taken = {row["step"] for walk in WALKS for row in walk["rows"]}
    by_people = {step.id for step in LAW.steps.values() if any(actor.relation != "system" for actor in step.by)}
    assert by_people - taken == set()


def test_every_clock_is_checked_by_hand() -> None:
    started = {clock.term for step in LAW.steps.values() for clock in step.clocks if clock.action == "start"}
    rows = [row for walk in WALKS for row in walk["rows"]]
    dated = {term for row in rows for term, expected in row.get("clocks", {}).items() if isinstance(expected, dict)}
    assert started - dated == set()


def test_what_the_desk_does_by_itself_is_nobody_elses_step(desk: Desk) -> None:
    referral = journeys.referral_requested(desk)
    desk.post(HEAD, path(referral, "steps/draft_from_case"), {"stated": {}}, expect=409)
    refused = desk.post(OFFICER, path(referral, "steps/nothing"), {"stated": {}}, expect=422)
    assert "submit_report" in refused["known"]


def step(desk: Desk, who: Any, supervision: Any, name: str, *, expect: int = 200, **stated: Any) -> Any:
    """Take a step of a supervision."""
    address = f"/v1/supervisions/{supervision['id']}/steps/{name}"
    return desk.post(who, address, {"stated": stated}, expect=expect)


def suggested(desk: Desk, referral: Any, *proofs: str) -> Any:
    """The supervision that suggesting it opened, as the procuratorate sees it."""
    walking.letter_of_supervision(desk, referral, *proofs)
    desk.post(OFFICER, path(referral, "suggest-supervision"), {"grounds": "应当立案"})
    return desk.get(PROSECUTOR, "/v1/supervisions")["items"][0]


def reasons_asked(desk: Desk, supervision: Any, ask: str = "request_reasons") -> Any:
    """Let the procuratorate accept it and ask the police for reasons."""
    at = desk.clock.now.isoformat()
    step(desk, PROSECUTOR, supervision, "accept", received_at=at)
    return step(desk, PROSECUTOR, supervision, ask, notice_number="苏检说1", notified_at=at)


def noticed(desk: Desk, supervision: Any, ask: str = "request_reasons") -> Any:
    """Let the procuratorate notify the police to file."""
    reasons_asked(desk, supervision, ask)
    step(desk, POLICE, supervision, "explain", explanation="证据不足")
    at = desk.clock.advance(days=1).isoformat()
    return step(
        desk, PROSECUTOR, supervision, "notify_filing", notice_number="苏检通立1", notified_at=at, approver="检察长"
    )


class TestTheSupervisionItOpens:
    def test_says_what_it_is_about_and_who_sees_it(self, desk: Desk) -> None:
        referral = walking.not_filed(desk)
        supervision = suggested(desk, referral, "sup_police_decision")
        assert (supervision["about"], supervision["state"]) == (f"referral:{referral['id']}", "supervision_suggested")
        assert supervision["stated"]["filing_situation"] == "not_filed"
        assert supervision["journey_id"] == referral["journey_id"]
        address = f"/v1/supervisions/{supervision['id']}"
        assert desk.call(POLICE, "GET", address).status_code == 404
        assert desk.get(OFFICER, address)["owner"] == referral["owner"]
        reasons_asked(desk, supervision)
        assert desk.get(POLICE, address)["state"] == "reasons_requested"
        assert desk.call(OTHER_POLICE, "GET", address).status_code == 404

    def test_filing_there_files_the_referral_and_the_case_hears_of_it(self, desk: Desk) -> None:
        referral = walking.upheld(desk)
        supervision = suggested(desk, referral, "sup_police_decision", "sup_reconsideration")
        noticed(desk, supervision)
        at = desk.clock.advance(days=2).isoformat()
        filed = step(desk, POLICE, supervision, "record_filing", decided_at=at, decision_number="苏公立8")
        assert filed["state"] == "filed"
        referral = desk.get(OFFICER, path(referral))
        assert (referral["state"], referral["outcome"], referral["decision_number"]) == ("filed", "filed", "苏公立8")
        # not filed 09-09, upheld 09-11, noticed 09-12, filed on Monday 09-14; three days: 09-17
        told = clocks(desk, path(referral))["police_notify_filing_result"]
        assert (told["state"], told["due_on"], told["party"]) == ("running", "2026-09-17", POLICE.agency)
        desk.drain()
        assert case_of(desk, referral)["state"] == "with_police"

    def test_filing_of_what_was_overdue(self, desk: Desk) -> None:
        referral = journeys.receipted_referral(desk)
        desk.clock.advance(days=4)
        supervision = suggested(desk, referral, "sup_overdue_proof")
        assert supervision["stated"]["filing_situation"] == "overdue"
        reasons_asked(desk, supervision, "request_overdue_explanation")
        at = desk.clock.advance(days=1).isoformat()
        step(desk, POLICE, supervision, "record_filing_unasked", decided_at=at, decision_number="苏公立9")
        assert desk.get(OFFICER, path(referral))["state"] == "filed"
        assert clocks(desk, path(referral))["police_filing_decision"]["state"] == "met"

    def test_a_filing_before_the_decision_it_replaces_changes_neither(self, desk: Desk) -> None:
        referral = walking.not_filed(desk)
        supervision = suggested(desk, referral, "sup_police_decision")
        noticed(desk, supervision)
        early = "2026-09-08T09:00:00+08:00"
        step(desk, POLICE, supervision, "record_filing", expect=422, decided_at=early, decision_number="1")
        assert desk.get(POLICE, f"/v1/supervisions/{supervision['id']}")["state"] == "filing_notice_sent"
        assert desk.get(OFFICER, path(referral))["state"] == "not_filed"

    def test_a_referral_filed_meanwhile_is_not_filed_twice(self, desk: Desk) -> None:
        referral = walking.not_filed(desk)
        supervision = suggested(desk, referral, "sup_police_decision")
        noticed(desk, supervision)
        filed = walking.decided(desk, referral, "file", supervision_notice="苏检通立1")
        at = desk.clock.advance(days=1).isoformat()
        step(desk, POLICE, supervision, "record_filing", decided_at=at, decision_number="另一文号")
        assert desk.get(OFFICER, path(referral))["version"] == filed["version"]

    def test_a_withdrawal_is_supervised_too(self, desk: Desk) -> None:
        referral = walking.items_handed(desk)
        at = desk.clock.advance(days=1).isoformat()
        desk.post(POLICE, path(referral, "withdraw"), {"reasons": "显著轻微", "decided_at": at})
        supervision = suggested(desk, referral, "sup_police_decision")
        assert supervision["stated"]["filing_situation"] == "withdrawn"

    def test_police_nobody_supervises_file_nothing_through_it(self, desk: Desk) -> None:
        """A bureau that names another's referral in `about` does not reach it."""
        referral = walking.not_filed(desk)
        elsewhere = officer("eea-320100", "case_officer", "agency_head")
        body = {"procedure": "filing_supervision", "title": "冒名", "summary": "冒名", "division": "320100"}
        body |= {"about": f"referral:{referral['id']}", "stated": {"filing_situation": "not_filed"}}
        foreign = desk.post(elsewhere, "/v1/supervisions", body, expect=201)
        assert foreign["journey_id"] != referral["journey_id"]
        address = f"/v1/supervisions/{foreign['id']}"
        for document in ("sup_letter", "sup_case_materials", "sup_police_decision"):
            desk.attach(elsewhere, address, document, document.encode())
        step(desk, elsewhere, foreign, "suggest", grounds="略")
        prosecutor, at = officer("pro-320100", "liaison"), desk.clock.now.isoformat()
        step(desk, prosecutor, foreign, "accept", received_at=at)
        step(desk, prosecutor, foreign, "request_reasons", notice_number="1", notified_at=at)
        step(desk, OTHER_POLICE, foreign, "record_filing_unasked", decided_at=at, decision_number="1")
        assert desk.get(OFFICER, path(referral))["state"] == "not_filed"


def test_the_step_that_is_named_is_the_step_that_is_taken(desk: Desk) -> None:
    referral = journeys.receipted_referral(desk)
    walking.letter_of_supervision(desk, referral, "sup_overdue_proof")
    desk.clock.advance(days=4)
    for name, stated in (("suggest_supervision", {"grounds": "略"}), ("supply", {"note": "略"})):
        refused = desk.post(OFFICER, path(referral, f"steps/{name}"), {"stated": stated}, expect=409)
        assert [reason["code"] for reason in refused["reasons"]] == ["wrong_state"]
    desk.post(OFFICER, path(referral, "steps/supply_further"), {"stated": {"note": "补充"}})
    decision = {"decision_number": "1", "decided_at": desk.clock.now.isoformat()}
    for name in ("note_reconsideration_filed", "record_supervised_filing"):
        refused = desk.post(POLICE, path(referral, f"steps/{name}"), {"stated": decision}, expect=409)
        assert [reason["code"] for reason in refused["reasons"]] == ["wrong_state"]
    assert desk.post(POLICE, path(referral, "steps/file"), {"stated": decision})["state"] == "filed"
