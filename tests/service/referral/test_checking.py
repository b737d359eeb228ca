"""Look before you act: completeness for an officer, and under which law a subject stands."""

from datetime import timedelta

from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.referral.test_proceedings import CLUE, MARKET, opened, step


def by_document(check: dict) -> dict[str, str]:
    """Return the status of each document of the hand-over."""
    return {one["document_id"]: one["status"] for one in check["documents"] if one["stage"] == "send"}


class TestCheck:
    def test_a_police_referral_says_what_is_lacking_and_when_it_is_whole(self, desk: Desk) -> None:
        referral = journeys.approved_referral(desk)
        path = f"/v1/referrals/{referral['id']}"
        check = desk.post(OFFICER, f"{path}/check")
        assert check["ready"] is False
        assert "crim338_hazardous_waste_3t" in check["rests_on"]
        found = by_document(check)
        assert found["crim_transfer_letter"] == "missing"
        assert found["crim_records"] == "present"
        assert found["crim_hw_opinion"] == "condition_unknown"
        desk.attach(OFFICER, path, "crim_item_list", b"list", item_name="废液桶", quantity="26")
        (listed,) = [
            one for one in desk.post(OFFICER, f"{path}/check")["documents"] if one["document_id"] == "crim_item_list"
        ]
        assert listed["status"] == "lacks_metadata"
        assert listed["lacking"] == ["特征", "存放地", "附强制措施、现场笔录等来源材料"]
        for document, details in journeys.DOCUMENTS.items():
            desk.attach(OFFICER, path, document, f"{document} full".encode(), **details)
        whole = desk.post(OFFICER, f"{path}/check")
        assert {by_document(whole)[name] for name in journeys.DOCUMENTS} == {"present"}

    def test_it_names_the_clocks_a_step_would_start(self, desk: Desk) -> None:
        referral = opened(desk)
        check = desk.post(OFFICER, f"/v1/referrals/{referral['id']}/check")
        (send,) = [one for one in check["steps"] if one["step_id"] == "send"]
        assert send["allowed"] is True
        (clock,) = send["starts"]
        # three working days after Monday 2026-09-07: the end of Thursday 2026-09-10
        assert desk.clock.now.date().isoformat() == "2026-09-07"
        assert clock["lapses_at"] == "2026-09-11 00:00:00+08:00"
        assert (clock["authority"], clock["party"]) == ("agreement", "receiver")

    def test_it_changes_nothing_and_a_stranger_gets_404(self, desk: Desk) -> None:
        referral = opened(desk)
        before = desk.get(OFFICER, f"/v1/referrals/{referral['id']}")
        desk.post(OFFICER, f"/v1/referrals/{referral['id']}/check")
        assert desk.get(OFFICER, f"/v1/referrals/{referral['id']}") == before
        desk.post(MARKET, f"/v1/referrals/{referral['id']}/check", expect=404)


class TestLaw:
    def test_conduct_before_2026_03_30_keeps_the_older_standard_and_shows_the_newer(self, desk: Desk) -> None:
        case = journeys.filed_case(desk)
        facts = {
            "actor_permit_class": {"value": "key_discharging_unit"},
            "conduct": {"value": "tamper_auto_monitoring_data"},
            "discharged_pollutant": {"value": "NOx"},
        }
        path = f"/v1/cases/{case['id']}"
        desk.attach(OFFICER, path, "crim_records", b"record")
        desk.post(OFFICER, f"{path}/record", {"facts": facts, "conduct_on": "2026-03-29"})
        desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})
        desk.drain()
        (referral,) = desk.get(OFFICER, "/v1/referrals")["items"]
        law = desk.get(OFFICER, f"/v1/referrals/{referral['id']}/law")
        found = {one["id"]: one for one in law["standards"]}
        older = found["crim338_auto_monitoring_falsification_2023"]
        assert older["is_newest"] is False
        assert older["superseded_by"] == "crim338_auto_monitoring_falsification"
        assert older["newer_from"] == "2026-03-30"
        assert "crim338_auto_monitoring_falsification" not in found
        assert law["has_newer"] is True
        assert law["procedure_version"] == law["newest_procedure_version"] == 1

    def test_what_was_met_is_shown_with_its_dates(self, desk: Desk) -> None:
        referral = opened(desk)
        step(desk, OFFICER, referral, "send", letter_number="1")
        law = desk.get(OFFICER, f"/v1/referrals/{referral['id']}/law")
        (standard,) = [one for one in law["standards"] if one["id"] == "mkt_fd1224_overpackaging"]
        assert standard["holds"]["from_on"] == "2026-08-15"
        assert standard["is_newest"] is True
        assert [term["id"] for term in law["terms"]] == ["agreement_receipt"]
        assert law["has_newer"] is False


def test_conduct_and_steps_on_both_sides_of_a_change_of_law(desk: Desk) -> None:
    """Conduct of 2026-08-14 is judged by the law of that day, also when every step is taken after the Code."""
    evasion = {"method": {"value": "hidden_pipe"}}
    assert desk.clock.now + timedelta(0) > desk.clock.now.replace(month=8, day=15)
    for day, met, not_there in (
        ("2026-08-14", "det_epl63_3", "det_fd1108_evasion_discharge"),
        ("2026-08-15", "det_fd1108_evasion_discharge", "det_epl63_3"),
    ):
        body = CLUE | {"procedure": "police_detention_referral", "conduct_on": day, "facts": evasion}
        referral = desk.post(OFFICER, "/v1/referrals", body, expect=201)
        check = desk.post(OFFICER, f"/v1/referrals/{referral['id']}/check")
        named = {one["standard_id"] for one in check["standards"]}
        assert met in named
        assert not_there not in named
