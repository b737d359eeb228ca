"""Conferences: called, answered, heard, resolved, followed to the end; and what each refuses."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.desk import Desk, officer
from tests.journeys import EEA, OFFICER, POLICE, PRO, PROSECUTOR, PSB
from tests.service.case.conferring import (
    CHIEF,
    MARKET,
    MRA,
    OPINION,
    STRANGER,
    at,
    calling,
    clocks,
    convened,
    opened,
    path,
    referable,
    referring,
)
from tests.service.referral.walking import refusal


def invited(desk: Desk, conference: Any) -> dict[str, Any]:
    """Agency -> its invitation."""
    listed = desk.get(OFFICER, path(conference, "invitations"))["items"]
    return {one["agency"]: one for one in listed}


class TestCalling:
    def test_every_agency_has_its_clocks_and_is_told(self, desk: Desk) -> None:
        conference = convened(desk)
        assert conference["state"] == "convened"
        assert clocks(desk, conference, "conference_reply") == dict.fromkeys((PSB, PRO, MRA), "running")
        (mine,) = [
            one
            for one in desk.get(POLICE, path(conference, "deadlines"))["items"]
            if (one["term_id"], one["party"]) == ("conference_reply", PSB)
        ]
        assert datetime.fromisoformat(mine["due_at"]) == datetime.fromisoformat(conference["reply_by"])
        assert mine["authority"] == "agreement"
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        calendars = {one["agency"] for one in told if one.get("calendar", "").startswith("BEGIN:VCALENDAR")}
        assert {PSB, PRO, MRA} <= calendars

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"invited": [{"agency": EEA}]}, "invited"),
            ({"invited": [{"agency": "psb-999999"}]}, "invited"),
            ({"invited": [{"agency": PSB}, {"agency": PSB}]}, "invited"),
            ({"quorum": {"agencies": 9}}, "quorum.agencies"),
            ({"starts_at": "2026-09-01T09:00:00+08:00"}, "starts_at"),
            ({"reply_by": "2026-10-01T09:00:00+08:00"}, "reply_by"),
            ({"about": []}, "about"),
            ({"materials": ["00000000-0000-7000-8000-000000000000"]}, "materials"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, desk: Desk, changes: dict[str, Any], field: str) -> None:
        body = calling(desk, referable(desk)) | changes
        answer = desk.post(OFFICER, "/v1/conferences", body, expect=422)
        assert answer["errors"][0]["field"] == field

    def test_a_far_day_is_provisional_not_a_fault(self, desk: Desk) -> None:
        far = {"starts_at": "2099-12-30T09:00:00+08:00", "ends_at": "2099-12-31T09:00:00+08:00"}
        conference = convened(desk, **far, reply_by="2099-12-29T09:00:00+08:00")
        assert clocks(desk, conference, "conference_reply")[PSB] == "running"
        assert desk.call(OFFICER, "GET", path(conference, f"minutes/{10**12}")).status_code == 422

    def test_on_ones_own_cases_only(self, desk: Desk) -> None:
        case = referable(desk)
        assert refusal(desk, STRANGER, "/v1/conferences", calling(desk, case)) == (404, "not-visible")
        superior = officer("eea-320000", "case_officer")
        assert refusal(desk, superior, "/v1/conferences", calling(desk, case)) == (403, "not-your-step")

    def test_a_regular_meeting_needs_no_case_and_brings_figures(self, desk: Desk) -> None:
        referable(desk)
        conference = convened(
            desk,
            about=[],
            materials=[],
            is_regular=True,
            case={"id": desk.get(OFFICER, "/v1/cases")["items"][0]["id"], "ref": ""},
        )
        assert conference["figures"]["subjects"]["case"] == {"investigating": 1}
        assert conference["about"] == []


class TestAnswering:
    def test_accept_decline_delegate(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.post(POLICE, path(conference, "accept"), {"people": [{"name": "陈丁"}]})
        desk.post(PROSECUTOR, path(conference, "decline"), {"because": "另有会议"})
        desk.post(MARKET, path(conference, "delegate"), {"delegated_to": "mra-320100", "because": "管辖"})
        found = invited(desk, conference)
        assert {agency: one["state"] for agency, one in found.items()} == {
            PSB: "accepted",
            PRO: "declined",
            MRA: "delegated",
            "mra-320100": "invited",
        }
        assert clocks(desk, conference, "conference_reply") == {
            PSB: "met",
            PRO: "met",
            MRA: "met",
            "mra-320100": "running",
        }
        assert clocks(desk, conference, "conference_opinion")[PRO] == "cancelled"
        desk.get(officer("mra-320100", "liaison"), path(conference))
        assert refusal(desk, PROSECUTOR, path(conference, "accept"), {}) == (403, "not-your-step")

    def test_a_late_answer_is_taken_and_marked(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.clock.advance(days=3)
        desk.sweep()
        desk.post(POLICE, path(conference, "accept"))
        assert invited(desk, conference)[PSB]["is_late"]
        assert not invited(desk, conference)[PRO]["is_late"]

    def test_only_an_agency_of_the_same_kind_comes_instead(self, desk: Desk) -> None:
        conference = convened(desk)
        answer = desk.post(MARKET, path(conference, "delegate"), {"delegated_to": "psb-320100"}, expect=422)
        assert answer["errors"][0]["code"] == "wrong_kind_of_agency"
        desk.post(MARKET, path(conference, "delegate"), {}, expect=422)
        desk.post(MARKET, path(conference, "delegate"), {"people": [{"name": "吴辛"}]})
        assert invited(desk, conference)[MRA]["people"][0]["name"] == "吴辛"

    def test_who_stands_aside_neither_opines_nor_counts(self, desk: Desk) -> None:
        conference = opened(desk)
        desk.post(PROSECUTOR, path(conference, "opine"), OPINION)
        assert PRO in desk.get(OFFICER, path(conference, "quorum"))["present"]
        desk.post(PROSECUTOR, path(conference, "recuse"), {"because": "与本案有利害关系"})
        assert refusal(desk, PROSECUTOR, path(conference, "opine"), OPINION) == (403, "not-your-step")
        asked = desk.get(OFFICER, path(conference, "quorum"))
        assert PRO not in asked["present"]
        assert asked["recused"] == [PRO]
        assert not asked["holds"]

    def test_a_person_who_stands_aside_does_not_attend(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.post(POLICE, path(conference, "recuse"), {"name": "陈丁", "because": "近亲属"})
        body = {"name": "陈丁"}
        assert refusal(desk, POLICE, path(conference, "attend"), body) == (409, "step-refused")
        desk.post(POLICE, path(conference, "attend"), {"name": "周庚"})
        assert refusal(desk, POLICE, path(conference, "attend"), {"agency": PRO, "name": "孙庚"}) == (
            403,
            "not-your-step",
        )


class TestOpinions:
    def test_versions_stay_and_lateness_and_dissent_are_marked(self, desk: Desk) -> None:
        conference = convened(desk, opinions_by=at(desk, days=3))
        desk.post(POLICE, path(conference, "opine"), OPINION)
        desk.post(POLICE, path(conference, "opine"), OPINION | {"sufficiency": "partly", "to_supplement": "去向"})
        desk.clock.advance(days=3, hours=1)
        dissent = OPINION | {"is_dissent": True, "recommendation": "继续调查"}
        desk.post(PROSECUTOR, path(conference, "opine"), dissent)
        listed = desk.get(OFFICER, path(conference, "opinions"))["items"]
        assert [(one["agency"], one["number"], one["is_current"], one["is_late"]) for one in listed] == [
            (PSB, 1, False, False),
            (PSB, 2, True, False),
            (PRO, 1, True, True),
        ]
        desk.clock.advance(days=1)
        desk.post(OFFICER, path(conference, "open"), {"chair": "赵戊"})
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["继续研究"]})
        text = desk.get(OFFICER, path(conference, "minutes/1"))["says"]["text"]
        assert "【不同意见】【逾期提交】苏州市人民检察院" in text

    def test_none_after_the_resolution(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        desk.post(CHIEF, path(conference, "resolve"), referring(conference))
        answer = desk.post(POLICE, path(conference, "opine"), OPINION, expect=409)
        assert answer["code"] == "step-refused"
        assert "已议定" in answer["detail"]


class TestResolving:
    def test_without_a_quorum_it_says_who_is_missing(self, desk: Desk) -> None:
        conference = convened(desk, quorum={"agencies": 2, "written_counts": False})
        desk.clock.advance(days=4)
        desk.post(OFFICER, path(conference, "open"), {"chair": "赵戊"})
        desk.post(OFFICER, path(conference, "attend"), {"name": "赵戊"})
        answer = desk.post(CHIEF, path(conference, "resolve"), referring(conference), expect=409)
        assert answer["missing"] == [PSB]
        assert "苏州市公安局" in answer["detail"]
        assert desk.get(OFFICER, path(conference))["state"] == "open"

    def test_it_acts_on_the_case_and_opens_matters_elsewhere(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        subject = conference["about"][0]
        body = referring(
            conference,
            {"kind": "involve_police", "subject": subject, "grounds": "明显涉嫌犯罪"},
            {
                "kind": "list_supervision",
                "subject": subject,
                "grounds": "重大案件",
                "parties": {"receiver": [PSB], "partner": [PRO]},
            },
            {"kind": "note", "text": "每月通报"},
        )
        body["actions"] = [{"task": "补充称量记录", "agency": EEA, "due_at": at(desk, days=5)}]
        desk.post(CHIEF, path(conference, "resolve"), body)
        desk.drain()
        case = desk.get(OFFICER, f"/v1/cases/{subject.partition(':')[2]}")
        assert case["state"] == "referral_requested"
        assert [one["about"] for one in desk.get(OFFICER, "/v1/consultations")["items"]] == [subject]
        assert desk.get(OFFICER, "/v1/supervisions")["items"][0]["state"] == "drafting"
        assert [one["kind"] for one in desk.get(POLICE, path(conference, "resolutions"))["resolutions"]] == [
            "refer",
            "involve_police",
            "list_supervision",
            "note",
        ]

    def test_what_the_law_refuses_refuses_the_whole(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        closing = {"kind": "close", "subject": conference["about"][0], "result": "penalised"}
        answer = desk.post(CHIEF, path(conference, "resolve"), referring(conference, closing), expect=409)
        assert answer["reasons"]
        case = desk.get(OFFICER, f"/v1/cases/{conference['about'][0].partition(':')[2]}")
        assert case["state"] == "investigating"
        assert desk.get(OFFICER, path(conference))["state"] == "open"
        assert desk.get(OFFICER, path(conference, "actions"))["items"] == []

    def test_a_standard_not_met_refuses_it(self, desk: Desk) -> None:
        case = referable(desk)
        removed = {"removed": ["hazardous_waste_mass", "conduct", "illegal"], "because": "复核"}
        desk.post(OFFICER, f"/v1/cases/{case['id']}/record", removed)
        conference = opened(desk, case=case, quorum={"agencies": 2})
        answer = desk.post(CHIEF, path(conference, "resolve"), referring(conference), expect=409)
        assert answer["reasons"][0]["code"] == "no_standard_met"

    def test_another_case_is_not_touched(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        body = {"resolutions": [{"kind": "close", "subject": f"case:{conference['id']}", "result": "penalised"}]}
        assert desk.post(CHIEF, path(conference, "resolve"), body, expect=422)["about"] == conference["about"]

    def test_by_its_role_and_version_only(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        assert refusal(desk, POLICE, path(conference, "resolve"), referring(conference)) == (403, "not-your-step")
        liaison = officer(EEA, "liaison")
        assert refusal(desk, liaison, path(conference, "resolve"), referring(conference)) == (403, "not-your-step")
        stale = {"if-match": '"1"'}
        tried = refusal(desk, CHIEF, path(conference, "resolve"), referring(conference), headers=stale)
        assert tried == (412, "precondition-failed")
        fresh = {"if-match": f'"{desk.get(OFFICER, path(conference))["version"]}"'}
        desk.post(CHIEF, path(conference, "resolve"), referring(conference), headers=fresh)


class TestFollowing:
    def test_to_the_end(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        tasks = [{"task": "查明去向", "agency": PSB, "due_at": at(desk, days=2)}]
        desk.post(CHIEF, path(conference, "resolve"), referring(conference) | {"actions": tasks})
        address = path(conference, "finish-action")
        assert refusal(desk, OFFICER, address, {"number": 1, "note": "已完成"}) == (403, "not-your-step")
        assert refusal(desk, POLICE, address, {"number": 1}) == (422, "body-invalid")
        desk.post(POLICE, path(conference, "report-action"), {"number": 1, "progress": "已走访"})
        desk.clock.advance(days=3)
        assert desk.get(OFFICER, path(conference, "actions"))["items"][0]["is_overdue"]
        proof = desk.attach(POLICE, path(conference), "action_proof", b"record of transport")
        desk.post(POLICE, address, {"number": 1, "proof": [proof["id"]]})
        answer = desk.post(CHIEF, path(conference, "close"), expect=409)
        assert answer["actions"][0]["state"] == "done"
        desk.post(OFFICER, path(conference, "return-action"), {"number": 1, "because": "缺少签名"})
        assert clocks(desk, conference, "action_item") == {PSB: "running"}
        desk.post(POLICE, address, {"number": 1, "note": "已补签"})
        desk.post(OFFICER, path(conference, "verify-action"), {"number": 1})
        assert refusal(desk, POLICE, address, {"number": 1, "note": "再次"}) == (409, "step-refused")
        assert desk.post(CHIEF, path(conference, "close"))["state"] == "closed"
        entries = desk.get(OFFICER, path(conference, "journal") + "?limit=200")["items"]
        assert [json.loads(one["body"])["step"] for one in entries][-1] == "close"

    def test_supplement_is_a_task(self, desk: Desk) -> None:
        conference = opened(desk, quorum={"agencies": 2})
        subject = conference["about"][0]
        wanted = {
            "kind": "supplement",
            "subject": subject,
            "agency": EEA,
            "what": "称量记录",
            "due_at": at(desk, days=5),
        }
        desk.post(CHIEF, path(conference, "resolve"), {"resolutions": [wanted]})
        assert desk.get(OFFICER, path(conference, "actions"))["items"][0]["task"] == "称量记录"
        assert clocks(desk, conference, "action_item") == {EEA: "running"}
        desk.post(CHIEF, path(conference, "waive-action"), {"number": 1, "because": "已有记录"})
        assert clocks(desk, conference, "action_item") == {EEA: "cancelled"}
        desk.post(CHIEF, path(conference, "close"))
