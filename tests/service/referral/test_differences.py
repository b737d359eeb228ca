"""What was sent stays; what changed since at the case or here shows as a difference, with when and by whom."""

import hashlib
import json

import pytest
from sqlmodel import select

from shared.records import reverify
from shared.records.deliveries import Delivery
from tests import journeys
from tests.desk import officer
from tests.journeys import OFFICER, POLICE
from tests.service.referral.walking import NOBODY, STRANGERS

MASS = "hazardous_waste_mass"
COLLEAGUE = officer(journeys.EEA, "case_officer", "evidence_keeper", name="李乙")


@pytest.fixture
def sent(desk):
    return journeys.sent_referral(desk)


def path(referral):
    return f"/v1/referrals/{referral['id']}"


def case_path(referral):
    return f"/v1/cases/{referral['case_ref'].partition(':')[2]}"


def differences(desk, referral, who=OFFICER):
    desk.drain()
    return desk.get(who, f"{path(referral)}/differences")


def as_sent(desk, referral):
    """Everything that says what was sent: the referral, its manifest, the entry of the hand-over."""
    entries = desk.get(OFFICER, f"{path(referral)}/journal", params={"limit": 200})["items"]
    shown = desk.get(OFFICER, path(referral))
    kept = ("facts", "verdicts", "sent_manifest", "handed_over_at", "conduct_on", "letter_number", "state")
    entry = next(one for one in entries if one["type"] == "referral.sent")
    return {name: shown[name] for name in kept}, entry["body"], entry["hash"]


def test_nothing_changed_is_no_difference(desk, sent):
    shown = differences(desk, sent)
    assert (shown["facts"], shown["items"]) == ([], [])
    assert shown["sent"]["is_sent"] is True
    assert shown["sent"]["manifest"] == sent["sent_manifest"]
    assert shown["sent"]["facts"] == sent["facts"]
    assert {one["document"] for one in shown["sent"]["items"]} >= set(journeys.DOCUMENTS)


class TestFacts:
    def test_a_changed_an_added_and_a_removed_fact_and_nothing_sent_alters(self, desk, sent):
        before = as_sent(desk, sent)
        desk.clock.advance(days=1)
        body = {
            "facts": {MASS: {"value": 2900, "unit": "kg"}, "people_poisoned": {"value": 3}},
            "removed": ["conduct"],
            "because": "复称、复核",
        }
        desk.post(COLLEAGUE, f"{case_path(sent)}/record", body)
        shown = differences(desk, sent)
        found = {one["name"]: one for one in shown["facts"]}
        assert {name: one["what"] for name, one in found.items()} == {
            MASS: "fact_changed",
            "people_poisoned": "fact_added",
            "conduct": "fact_removed",
        }
        changed = found[MASS]
        assert (changed["before"]["value"], changed["after"]["value"]) == (5.2, 2.9)
        assert (changed["agency"], changed["actor"], changed["reason"]) == (journeys.EEA, "李乙", "复称、复核")
        assert changed["at"].startswith("2026-09-08T")
        assert found["conduct"]["after"] is None
        assert found["people_poisoned"]["before"] is None
        assert as_sent(desk, sent) == before
        assert shown["sent"]["facts"] == before[0]["facts"]

    def test_changed_back_is_no_difference(self, desk, sent):
        fact = sent["facts"][MASS]
        for value in (2.9, 5.2):
            stated = {"value": value, "unit": "t", "evidence": fact["evidence"]}
            desk.post(OFFICER, f"{case_path(sent)}/record", {"facts": {MASS: stated}})
        assert differences(desk, sent)["facts"] == []

    def test_support_that_was_withdrawn_at_the_case(self, desk, sent):
        item = sent["facts"][MASS]["evidence"][0]
        before = as_sent(desk, sent)
        desk.clock.advance(hours=1)
        desk.post(COLLEAGUE, f"{case_path(sent)}/evidence/{item}/withdraw", {"reason": "来源不合法"})
        shown = differences(desk, sent)
        assert {one["name"]: one["what"] for one in shown["facts"]} == dict.fromkeys(journeys.FACTS, "fact_unsupported")
        (lost,) = shown["items"]
        assert (lost["what"], lost["where"], lost["reason"]) == ("item_withdrawn", "case", "来源不合法")
        assert (lost["actor"], lost["name"]) == ("李乙", "crim_records.txt")
        assert as_sent(desk, sent) == before

    def test_the_officers_of_the_referral_are_told(self, desk, sent):
        desk.post(OFFICER, f"{case_path(sent)}/record", {"facts": {MASS: {"value": 2.9, "unit": "t"}}})
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        assert {one["role"] for one in told if one["type"] == "referral.case_changed"} == {
            "case_officer",
            "legal_reviewer",
        }


class TestItems:
    def test_an_item_added_to_the_case_shows_until_it_is_given(self, desk):
        referral = journeys.receipted_referral(desk)
        item = desk.attach(COLLEAGUE, case_path(referral), "crim_other", b"found since")
        (added,) = differences(desk, referral)["items"]
        assert (added["what"], added["where"], added["item"]) == ("item_added", "case", item["id"])
        assert (added["after"]["sha256"], added["actor"]) == (item["sha256"], "李乙")
        desk.post(OFFICER, f"{case_path(referral)}/supplement", {"note": "补充"})
        assert differences(desk, referral)["items"] == []

    def test_added_and_withdrawn_again_is_no_difference(self, desk, sent):
        item = desk.attach(OFFICER, case_path(sent), "crim_other", b"found since")
        desk.post(OFFICER, f"{case_path(sent)}/evidence/{item['id']}/withdraw", {"reason": "误传"})
        assert differences(desk, sent)["items"] == []

    def test_what_became_of_the_referrals_own_items(self, desk, sent):
        held = {one["document"]: one for one in desk.get(OFFICER, f"{path(sent)}/evidence")["items"]}
        gone = held["crim_materials_list"]
        desk.post(COLLEAGUE, f"{path(sent)}/evidence/{gone['id']}/withdraw", {"reason": "页码有误"})
        more = desk.attach(OFFICER, path(sent), "crim_other", b"later")
        found = {one["item"]: one for one in differences(desk, sent)["items"]}
        assert (found[gone["id"]]["what"], found[gone["id"]]["where"]) == ("item_withdrawn", "referral")
        assert (found[gone["id"]]["actor"], found[gone["id"]]["reason"]) == ("李乙", "页码有误")
        assert (found[more["id"]]["what"], found[more["id"]]["where"]) == ("item_added", "referral")

    def test_an_item_whose_bytes_changed_is_frozen_in_each_room_that_finds_it(self, desk, sent):
        item = sent["facts"][MASS]["evidence"][0]
        sha256 = hashlib.sha256("现场检查笔录".encode()).hexdigest()
        blob = desk.rooms["case"].blobs.folder / sha256[:2] / sha256[2:4] / sha256
        blob.chmod(0o600)
        blob.write_bytes(b"changed")
        desk.clock.advance(days=8)
        reverify.run(desk.rooms["case"], before=desk.clock.now)
        shown = differences(desk, sent)
        (frozen,) = shown["items"]
        assert (frozen["what"], frozen["where"], frozen["actor"]) == ("item_frozen", "case", "system:case")
        assert {one["what"] for one in shown["facts"]} == {"fact_unsupported"}
        assert shown["facts"][0]["after"]["item"] == item
        blob.write_bytes("现场检查笔录".encode())
        desk.post(OFFICER, f"{case_path(sent)}/evidence/{item}/reinstate", {"reason": "自备份恢复"})
        shown = differences(desk, sent)
        assert (shown["facts"], shown["items"]) == ([], [])


class TestBefore:
    def test_a_change_after_the_draft_and_before_the_hand_over_shows_against_the_draft(self, desk):
        referral = journeys.approved_referral(desk)
        desk.post(OFFICER, f"{case_path(referral)}/record", {"facts": {MASS: {"value": 2.9, "unit": "t"}}})
        shown = differences(desk, referral)
        assert (shown["sent"]["is_sent"], shown["sent"]["manifest"]) == (False, None)
        assert [(one["name"], one["what"]) for one in shown["facts"]] == [(MASS, "fact_changed")]
        assert desk.get(OFFICER, path(referral))["facts"][MASS]["value"] == 5.2

    def test_before_a_referral_is_asked_for_nobody_is_told(self, desk):
        case = journeys.filed_case(desk)
        address = f"/v1/cases/{case['id']}"
        desk.attach(OFFICER, address, "crim_other", b"text")
        desk.post(OFFICER, f"{address}/record", {"facts": {MASS: {"value": 2.9, "unit": "t"}}})
        with desk.rooms["case"].reading() as session:
            types = {one.type for one in session.exec(select(Delivery))}
        assert "case.facts_changed" not in types

    def test_changes_reach_a_referral_room_that_was_down(self, desk, sent):
        desk.down.add("referral")
        desk.post(OFFICER, f"{case_path(sent)}/record", {"facts": {MASS: {"value": 2.9, "unit": "t"}}})
        desk.drain()
        assert desk.get(OFFICER, f"{path(sent)}/differences")["facts"] == []
        desk.down.clear()
        desk.clock.advance(hours=1)
        assert len(differences(desk, sent)["facts"]) == 1


class TestReaders:
    def test_other_parties_read_what_became_of_what_they_were_given(self, desk, sent):
        item = sent["facts"][MASS]["evidence"][0]
        internal = desk.attach(OFFICER, path(sent), "crim_other", b"internal")
        desk.post(OFFICER, f"{case_path(sent)}/record", {"facts": {MASS: {"value": 2.9, "unit": "t"}}})
        desk.post(OFFICER, f"{case_path(sent)}/evidence/{item}/withdraw", {"reason": "来源不合法"})
        shown = differences(desk, sent, POLICE)
        assert shown["facts"] == []
        assert [one["what"] for one in shown["items"]] == ["item_withdrawn"]
        assert internal["id"] not in json.dumps(shown)

    def test_strangers_read_nothing_and_a_colleague_reads_all(self, desk, sent):
        for stranger in STRANGERS:
            assert desk.call(stranger, "GET", f"{path(sent)}/differences").status_code == 404
        assert desk.get(NOBODY, f"{path(sent)}/differences")["sent"]["is_sent"] is True
