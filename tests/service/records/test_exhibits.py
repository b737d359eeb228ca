"""Physical exhibits: described, sealed, moved, handed over, returned or destroyed, every act in custody and journal."""

import json

import pytest

from tests import journeys
from tests.desk import officer
from tests.journeys import OFFICER, POLICE

DRUMS = {
    "name": "蓝色废液桶",
    "quantity": 26,
    "unit": "个",
    "features": "蓝色塑料桶，容积200升，标签“HW34”",
    "storage_place": "市局暂存库A区",
    "taken_by": ["张甲", "李乙"],
    "taken_at": "2026-09-03T10:00:00+08:00",
    "taken_place": "示例化工厂区",
}
SEALED = {"seal_number": "苏环封0001", "sealed_by": ["张甲", "李乙"]}


@pytest.fixture
def path(desk):
    return f"/v1/cases/{journeys.filed_case(desk)['id']}"


def take(desk, path, **more):
    return desk.post(OFFICER, f"{path}/exhibits", DRUMS | more, expect=201)


def act(desk, path, item, name, expect=200, who=OFFICER, **stated):
    address = f"{path}/evidence/{item['id']}/acts"
    return desk.post(who, address, {"act": name, "stated": stated}, expect=expect)


def custody(desk, path, item):
    return desk.get(OFFICER, f"{path}/evidence/{item['id']}/custody")["items"]


class TestTake:
    def test_its_description_is_an_item_with_bytes_of_its_own(self, desk, path):
        item = take(desk, path)
        assert item["kind"]["id"] == "physical"
        assert item["retention"]["id"] == "exhibit"
        assert (item["exhibit"]["quantity"], item["exhibit"]["storage_place"]) == (26, "市局暂存库A区")
        card = desk.call(OFFICER, "GET", f"{path}/evidence/{item['id']}/content").json()
        assert (card["name"], card["features"]) == (DRUMS["name"], DRUMS["features"])
        assert [one["act"] for one in custody(desk, path, item)] == ["added", "taken", "opened"]

    def test_with_its_seal_and_photographs(self, desk, path):
        photo = desk.attach(OFFICER, path, "crim_photos_av", b"photo", **journeys.DOCUMENTS["crim_photos_av"])
        item = take(desk, path, **SEALED, photos=[photo["id"]])
        assert (item["exhibit"]["seal_number"], item["exhibit"]["sealed_by"]) == ("苏环封0001", "张甲、李乙")
        assert item["details"]["photos"] == [photo["id"]]
        assert [one["act"] for one in custody(desk, path, item)] == ["added", "taken", "sealed"]

    def test_a_photograph_that_is_not_held_here_is_refused(self, desk, path):
        photo = desk.attach(OFFICER, path, "crim_photos_av", b"photo", **journeys.DOCUMENTS["crim_photos_av"])
        desk.post(OFFICER, f"{path}/evidence/{photo['id']}/withdraw", {"reason": "模糊"})
        for wrong in (photo["id"], "018f0000-0000-7000-8000-000000000000"):
            refused = desk.post(OFFICER, f"{path}/exhibits", DRUMS | {"photos": [wrong]}, expect=422)
            assert refused["errors"][0]["code"] == "unknown_evidence"

    @pytest.mark.parametrize("missing", sorted(DRUMS))
    def test_nothing_may_be_left_out(self, desk, path, missing):
        body = {name: value for name, value in DRUMS.items() if name != missing}
        assert desk.call(OFFICER, "POST", f"{path}/exhibits", json=body).status_code == 422

    @pytest.mark.parametrize(
        "wrong",
        [
            {"quantity": 0},
            {"quantity": -1},
            {"quantity": "many"},
            {"seal_number": "1"},
            {"sealed_by": ["张甲"]},
            {"taken_at": "2026-09-08T10:00:00+08:00"},
            {"taken_at": "2026-09-03T10:00:00"},
            {"features": "\x00"},
            {"extra": 1},
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_is_kept(self, desk, path, wrong):
        before = desk.get(OFFICER, path)["version"]
        assert desk.call(OFFICER, "POST", f"{path}/exhibits", json=DRUMS | wrong).status_code == 422
        assert desk.get(OFFICER, f"{path}/exhibits")["items"] == []
        assert desk.get(OFFICER, path)["version"] == before


class TestActs:
    def test_a_life_from_seal_to_hand_over_with_every_act_in_custody_and_journal(self, desk, path):
        item = take(desk, path)
        act(desk, path, item, "sealed", **SEALED)
        moved = act(desk, path, item, "moved", storage_place="市局暂存库B区", reason="防雨")
        assert (moved["exhibit"]["storage_place"], moved["exhibit"]["seal_number"]) == ("市局暂存库B区", "苏环封0001")
        act(desk, path, item, "unsealed", reason="送检取样", seal_was_whole=True)
        act(desk, path, item, "sealed", seal_number="苏环封0002", sealed_by=["李乙"])
        given = {"to": "苏州市公安局", "received_by": "王警官", "handover_record": "交接单1号"}
        gone = act(desk, path, item, "handed_over", **given)
        assert (gone["exhibit"]["state"], gone["exhibit"]["holder"]) == ("handed_over", "苏州市公安局")
        acts = custody(desk, path, item)
        order = ["added", "taken", "sealed", "moved", "unsealed", "sealed", "handed_over"]
        assert [one["act"] for one in acts] == order
        assert acts[-1]["stated"] == given
        types = [one["type"] for one in desk.get(OFFICER, f"{path}/journal", params={"limit": 200})["items"]]
        assert [one for one in types if one.startswith("exhibit.")] == [f"exhibit.{one}" for one in order[1:]]

    @pytest.mark.parametrize(
        ("first", "then", "stated"),
        [
            ("sealed", "sealed", {"seal_number": "2", "sealed_by": ["x"]}),
            (None, "unsealed", {"reason": "x", "seal_was_whole": True}),
            ("returned", "moved", {"storage_place": "x", "reason": "x"}),
            ("returned", "returned", {"to": "x", "reason": "x"}),
            ("destroyed", "handed_over", {"to": "x", "received_by": "x", "handover_record": "x"}),
            ("handed_over", "destroyed", {"order_number": "1", "reason": "x", "witnesses": ["x"]}),
        ],
    )
    def test_what_its_state_does_not_allow_is_refused(self, desk, path, first, then, stated):
        item = take(desk, path)
        before = {
            "sealed": SEALED,
            "returned": {"to": "示例化工", "reason": "解除查封"},
            "destroyed": {"order_number": "苏环毁1号", "reason": "强制法第二十七条", "witnesses": ["赵丙"]},
            "handed_over": {"to": "公安", "received_by": "王", "handover_record": "1号"},
        }
        if first:
            act(desk, path, item, first, **before[first])
        count = len(custody(desk, path, item))
        refused = act(desk, path, item, then, expect=409, **stated)
        assert refused["code"] == "step-refused"
        assert len(custody(desk, path, item)) == count

    def test_what_an_act_must_state_is_named(self, desk, path):
        item = take(desk, path)
        refused = act(desk, path, item, "destroyed", expect=422, order_number="1")
        assert [one["field"] for one in refused["errors"]] == ["reason", "witnesses"]
        assert act(desk, path, item, "eaten", expect=422)["errors"][0]["code"] == "unknown_act"
        assert act(desk, path, item, "taken", expect=422)["errors"][0]["code"] == "unknown_act"

    def test_a_file_is_no_exhibit(self, desk, path):
        file = desk.attach(OFFICER, path, "crim_other", b"text")
        assert act(desk, path, file, "moved", expect=409, storage_place="x", reason="x")["code"] == "step-refused"

    def test_only_its_keepers_act_upon_it(self, desk, path):
        item = take(desk, path)
        stated = {"storage_place": "x", "reason": "x"}
        act(desk, path, item, "moved", expect=403, who=officer(journeys.EEA, "auditor"), **stated)
        act(desk, path, item, "moved", expect=404, who=officer("eea-320100", "case_officer"), **stated)
        act(desk, path, item, "moved", who=officer(journeys.EEA, "evidence_keeper"), **stated)


def test_a_hand_over_list_shows_the_exhibits(desk):
    case = journeys.filed_case(desk)
    path = f"/v1/cases/{case['id']}"
    item = take(desk, path, **SEALED)
    facts = {name: fact | {"evidence": [item["id"]]} for name, fact in journeys.FACTS.items()}
    desk.post(OFFICER, f"{path}/record", {"facts": facts, "conduct_on": "2026-09-01"})
    desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})
    desk.drain()
    referral = desk.get(OFFICER, "/v1/referrals")["items"][0]
    address = f"/v1/referrals/{referral['id']}"
    (adopted,) = desk.get(OFFICER, f"{address}/exhibits")["items"]
    assert (adopted["exhibit"]["seal_number"], adopted["sha256"]) == ("苏环封0001", item["sha256"])
    desk.attach(OFFICER, address, "crim_task_force", b"force", officers=["张甲", "李乙"])
    at = desk.clock.now.isoformat()
    report = {"report_received_at": at, "decision": "批准", "decision_at": at, "approver": "王局"}
    desk.attach(OFFICER, address, "crim_internal_report", b"report", **report)
    desk.post(OFFICER, f"{address}/submit-report", {"procedure_lawful": True, "evidence_lawful": True})
    desk.post(journeys.HEAD, f"{address}/approve", {})
    for document, details in journeys.DOCUMENTS.items():
        desk.attach(OFFICER, address, document, document.encode(), **details)
    desk.post(OFFICER, f"{address}/send", {"letter_number": "1"})
    (seen,) = desk.get(POLICE, f"{address}/exhibits")["items"]
    assert seen["exhibit"]["quantity"] == 26
    entries = desk.get(OFFICER, f"{address}/journal", params={"limit": 200})["items"]
    sent = next(json.loads(one["body"]) for one in entries if one["type"] == "referral.sent")
    listed = json.loads(sent["data"]["manifest"]["body"])["items"]
    (thing,) = [one for one in listed if "exhibit" in one]
    assert thing["exhibit"]["storage_place"] == DRUMS["storage_place"]
    assert thing["kind"] == "physical"
