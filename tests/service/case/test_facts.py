"""Facts of a case: units checked, tied to held evidence, with their history; verdicts name both."""

import json

import pytest
from sqlmodel import col, select

from shared.clock import new_id
from shared.records.deliveries import Delivery, parcel_values, queue
from tests import journeys
from tests.desk import officer
from tests.journeys import OFFICER

MASS = "hazardous_waste_mass"


@pytest.fixture
def path(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def record(desk, path, expect=200, who=OFFICER, **body):
    return desk.post(who, f"{path}/record", body, expect=expect)


def mass(value, unit="tonne", *evidence):
    return {MASS: {"value": value, "unit": unit, "evidence": list(evidence)}}


def facts(desk, path):
    return {one["name"]: one for one in desk.get(OFFICER, f"{path}/facts")["facts"]}


class TestRecord:
    def test_what_was_stated_and_what_it_comes_to_are_both_kept(self, desk, path):
        held = record(desk, path, facts=mass(5200, "公斤"))["facts"][MASS]
        assert (held["value"], held["unit"]) == (5.2, "tonne")
        assert held["stated"] == {"value": 5200, "unit": "公斤"}
        assert held["recorded_by"] == f"{journeys.EEA}/{OFFICER.actor}"

    @pytest.mark.parametrize(
        ("fact", "code"),
        [
            ({MASS: {"value": 5, "unit": "元"}}, "unit_mismatch"),
            ({MASS: {"value": 5}}, "unit_missing"),
            ({MASS: {"value": "五吨", "unit": "吨"}}, "type_mismatch"),
            ({"people_poisoned": {"value": 2.5}}, "not_whole"),
            ({"location_zone": {"value": "moon"}}, "value_unknown"),
            ({"the_weather": {"value": "rain"}}, "unknown_fact"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_nothing_changes(self, desk, path, fact, code):
        before = desk.get(OFFICER, path)
        refused = record(desk, path, expect=422, facts=mass(1) | fact)
        (error,) = refused["errors"]
        assert (error["field"], error["code"]) == (f"facts.{next(iter(fact))}", code)
        assert error["message"] in refused["detail"]
        assert desk.get(OFFICER, path) == before

    def test_an_unknown_fact_names_those_near_it(self, desk, path):
        refused = record(desk, path, expect=422, facts={"hazardous_waste_mas": {"value": 1, "unit": "t"}})
        assert refused["errors"][0]["near"][0] == MASS
        assert "危险废物数量" in refused["detail"]

    def test_every_misfit_is_named_at_once(self, desk, path):
        wrong = {MASS: {"value": 5, "unit": "元"}, "the_weather": {"value": "rain"}, "illegal": {"value": True}}
        refused = record(desk, path, expect=422, facts=wrong)
        assert [one["code"] for one in refused["errors"]] == ["unit_mismatch", "unknown_fact"]

    def test_a_fact_rests_on_items_that_are_held(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_records", b"record")["id"]
        other = f"/v1/clues/{journeys.receive_clue(desk, title='另一')['id']}"
        elsewhere = desk.attach(OFFICER, other, "clue_slice", b"x")["id"]
        invented = "018f0000-0000-7000-8000-000000000000"
        for wrong in (elsewhere, invented, "not-an-id"):
            refused = record(desk, path, expect=422, facts=mass(5, "t", item, wrong))
            assert [(one["code"], one["items"]) for one in refused["errors"]] == [("unknown_evidence", [wrong])]
        desk.post(OFFICER, f"{path}/evidence/{item}/withdraw", {"reason": "误传"})
        refused = record(desk, path, expect=422, facts=mass(5, "t", item))
        assert refused["errors"][0]["code"] == "withdrawn_evidence"
        assert desk.get(OFFICER, path)["facts"] == {}

    def test_a_fact_is_removed_with_a_reason_and_stays_in_its_history(self, desk, path):
        record(desk, path, facts=mass(5))
        record(desk, path, expect=422, removed=[MASS])
        after = record(desk, path, removed=[MASS], because="复称后不成立")
        assert after["facts"] == {}
        (added, removed) = desk.get(OFFICER, f"{path}/facts")["removed"][MASS]
        assert (added["after"]["value"], removed["after"], removed["because"]) == (5, None, "复称后不成立")
        assert record(desk, path, expect=422, removed=[MASS], because="x")["errors"][0]["code"] == "unknown_fact"

    def test_nothing_said_is_nothing_recorded(self, desk, path):
        assert record(desk, path, expect=422)["code"] == "body-invalid"
        assert record(desk, path, expect=422, facts={})["code"] == "body-invalid"

    def test_the_day_of_the_conduct_may_come_alone(self, desk, path):
        assert record(desk, path, conduct_on="2026-09-01")["conduct_on"] == "2026-09-01"


class TestProvenance:
    def test_who_recorded_what_when_on_which_evidence_and_what_it_was_before(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_records", b"record")
        record(desk, path, facts=mass(5, "t", item["id"]))
        desk.clock.advance(days=1)
        colleague = officer(journeys.EEA, "case_officer", name="李乙")
        record(desk, path, who=colleague, facts=mass(2900, "kg", item["id"]), because="复称")
        fact = facts(desk, path)[MASS]
        assert (fact["name_zh"], fact["value"], fact["unit"]) == ("危险废物数量", 2.9, "tonne")
        assert fact["evidence"] == [
            {
                "id": item["id"],
                "name": "crim_records.txt",
                "document": "crim_records",
                "sha256": item["sha256"],
                "state": "held",
            }
        ]
        assert [(one["actor"], one["after"]["value"], one["because"]) for one in fact["history"]] == [
            (OFFICER.actor, 5, None),
            ("李乙", 2.9, "复称"),
        ]
        assert fact["history"][1]["before"] == fact["history"][0]["after"]
        assert fact["history"][1]["at"].startswith("2026-09-08T")
        assert fact["is_supported"] is True

    def test_the_same_again_is_no_change(self, desk, path):
        record(desk, path, facts=mass(5))
        desk.clock.advance(days=1)
        record(desk, path, facts=mass(5))
        fact = facts(desk, path)[MASS]
        assert len(fact["history"]) == 1
        assert fact["recorded_at"].startswith("2026-09-07T")

    def test_support_that_was_withdrawn_shows(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_records", b"record")
        record(desk, path, facts=mass(5, "t", item["id"]))
        desk.post(OFFICER, f"{path}/evidence/{item['id']}/withdraw", {"reason": "误传"})
        fact = facts(desk, path)[MASS]
        assert (fact["is_supported"], fact["evidence"][0]["state"]) == (False, "withdrawn")

    def test_an_unsupported_fact_says_so(self, desk, path):
        record(desk, path, facts=mass(5))
        assert facts(desk, path)[MASS]["is_supported"] is False

    def test_strangers_see_none_of_it(self, desk, path):
        assert desk.call(officer("eea-320100", "case_officer"), "GET", f"{path}/facts").status_code == 404
        assert desk.call(journeys.POLICE, "GET", f"{path}/facts").status_code == 404


class TestVerdicts:
    def test_a_verdict_names_facts_and_the_items_they_rest_on(self, desk, path):
        item = desk.attach(OFFICER, path, "crim_records", b"record")
        stated = {name: fact | {"evidence": [item["id"]]} for name, fact in journeys.FACTS.items()}
        stated[MASS] = {"value": 5200, "unit": "kg", "evidence": [item["id"]]}
        record(desk, path, facts=stated, conduct_on="2026-09-01")
        verdicts = {one["standard_id"]: one for one in desk.get(OFFICER, f"{path}/verdicts")}
        met = verdicts["crim338_hazardous_waste_3t"]
        assert met["outcome"] == "met"
        used = {one["name"]: one for one in met["facts_used"]}
        assert set(used) == {"conduct", "illegal", MASS}
        assert (used[MASS]["value"], used[MASS]["unit"]) == (5.2, "tonne")
        assert used[MASS]["stated"] == {"value": 5200, "unit": "kg"}
        for use in used.values():
            assert use["evidence"] == [item["id"]]
            assert [(one["id"], one["name"], one["state"]) for one in use["items"]] == [
                (item["id"], "crim_records.txt", "held")
            ]

    def test_the_referral_carries_them_as_they_were(self, desk):
        referral = journeys.referral_requested(desk)
        (met,) = [one for one in referral["verdicts"] if one["standard_id"] == "crim338_hazardous_waste_3t"]
        assert {one["items"][0]["name"] for one in met["facts_used"]} == {"crim_records.txt"}


class TestSupplement:
    def test_a_supplement_with_nothing_new_is_refused_and_changes_nothing(self, desk):
        sent = journeys.receipted_referral(desk)
        case = f"/v1/cases/{sent['case_ref'].partition(':')[2]}"
        desk.attach(OFFICER, case, "crim_other", b"found since")
        desk.post(OFFICER, f"{case}/supplement", {"note": "补充"})
        before = desk.get(OFFICER, case)["version"]
        again = desk.post(OFFICER, f"{case}/supplement", {"note": "再次补充"}, expect=409)
        assert again["code"] == "step-refused"
        assert "没有新的证据" in again["detail"]
        assert desk.get(OFFICER, case)["version"] == before
        desk.drain()
        types = journal(desk, f"/v1/referrals/{sent['id']}")
        assert types.count("referral.supplemented") == 1

    def test_one_that_comes_twice_from_the_other_room_is_journalled_and_changes_nothing(self, desk):
        sent = journeys.receipted_referral(desk)
        case = f"/v1/cases/{sent['case_ref'].partition(':')[2]}"
        desk.attach(OFFICER, case, "crim_other", b"found since")
        desk.post(OFFICER, f"{case}/supplement", {"note": "补充"})
        desk.drain()
        address = f"/v1/referrals/{sent['id']}"
        items, state = desk.get(OFFICER, f"{address}/evidence"), desk.get(OFFICER, address)["state"]
        repeat(desk, "case.supplemented")
        desk.drain()
        assert journal(desk, address)[-1] == "referral.supplement_refused"
        assert desk.get(OFFICER, f"{address}/evidence") == items
        assert desk.get(OFFICER, address)["state"] == state


def journal(desk, path):
    return [one["type"] for one in desk.get(OFFICER, f"{path}/journal", params={"limit": 200})["items"]]


def repeat(desk, name):
    """Queue the newest delivery of a type again, as another message."""
    room = desk.rooms["case"]
    with room.transaction() as session:
        given = select(Delivery).where(Delivery.type == name, Delivery.receiver == "referral")
        sent = session.exec(given.order_by(col(Delivery.id).desc())).first()
        message_id = new_id(desk.clock.now)
        body = json.dumps(json.loads(sent.body) | {"id": str(message_id)})
        values = parcel_values(message_id, name, body, line=sent.line, receiver=sent.receiver, now=desk.clock.now)
        queue(session, [values])
