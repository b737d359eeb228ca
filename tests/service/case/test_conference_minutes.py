"""Minutes of conferences: generated, signed by each agency with its own key, checked by anybody; invitations."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from shared.dossier.command import verifier
from shared.dossier.keys import Signer, key_id
from shared.dossier.minutes import SIGNATURE
from shared.dossier.statements import state
from shared.dossier.suites import DEFAULT, suite
from shared.records.keyring import keyring_of
from tests.desk import Desk
from tests.journeys import EEA, OFFICER, POLICE, PRO, PROSECUTOR, PSB
from tests.service.case.conferring import CHIEF, MARKET, MRA, OPINION, at, clocks, convened, opened, path, referring
from tests.service.referral.walking import refusal


@pytest.fixture
def minuted(desk: Desk) -> Any:
    """A conference that resolved and whose minutes are written."""
    conference = opened(desk, quorum={"agencies": 2})
    desk.post(PROSECUTOR, path(conference, "opine"), OPINION | {"is_dissent": True, "recommendation": "继续调查"})
    tasks = [{"task": "查明去向", "agency": PSB, "due_at": at(desk, days=5)}]
    desk.post(CHIEF, path(conference, "resolve"), referring(conference) | {"actions": tasks})
    body = {"conclusions": ["一致同意移送，检察机关保留意见"], "signatures_by": at(desk, days=2)}
    desk.post(OFFICER, path(conference, "write-minutes"), body)
    return conference


class TestSigning:
    def test_each_agency_signs_and_anybody_can_check(self, desk: Desk, minuted: Any, tmp_path: Path) -> None:
        assert clocks(desk, minuted, "conference_minutes_signature") == dict.fromkeys((EEA, PSB, PRO, MRA), "running")
        for who in (OFFICER, POLICE, MARKET):
            desk.post(who, path(minuted, "sign-minutes"), {"number": 1})
        desk.post(PROSECUTOR, path(minuted, "refuse-minutes"), {"number": 1, "reasons": "未载明不同意见的理由"})
        verdict = desk.get(POLICE, path(minuted, "minutes/1/verify"))
        assert verdict["holds"]
        assert verdict["awaits"] == []
        assert [one["code"] for one in verdict["findings"]].count("minutes_signed") == 3
        assert "minutes_refused" in [one["code"] for one in verdict["findings"]]
        file = tmp_path / "minutes.json"
        file.write_bytes(desk.call(POLICE, "GET", path(minuted, "minutes/1.json")).content)
        known = keyring_of(desk.rooms["case"]).public_keys()
        (report,) = verifier(known=known).verify(file)
        assert report.holds
        assert report.kind == "conference_minutes"
        file.write_bytes(file.read_bytes().replace("继续调查".encode(), "不再调查".encode()))
        (report,) = verifier(known=known).verify(file)
        assert not report.holds
        assert report.has("minutes_of_another")

    def test_the_same_version_twice_is_answered_clearly(self, desk: Desk, minuted: Any) -> None:
        desk.post(POLICE, path(minuted, "sign-minutes"), {"number": 1})
        answer = desk.post(POLICE, path(minuted, "sign-minutes"), {"number": 1}, expect=409)
        assert (answer["code"], answer["decision"]) == ("already-decided", "signed")
        body = {"number": 1, "reasons": "改变意见"}
        assert refusal(desk, POLICE, path(minuted, "refuse-minutes"), body) == (409, "already-decided")

    def test_a_new_version_wants_new_signatures(self, desk: Desk, minuted: Any) -> None:
        desk.post(POLICE, path(minuted, "sign-minutes"), {"number": 1})
        desk.post(OFFICER, path(minuted, "write-minutes"), {"conclusions": ["同意移送"]})
        assert refusal(desk, MARKET, path(minuted, "sign-minutes"), {"number": 1}) == (409, "step-refused")
        assert refusal(desk, MARKET, path(minuted, "sign-minutes"), {"number": 9}) == (404, "not-visible")
        first, second = desk.get(POLICE, path(minuted, "minutes"))["items"]
        assert [one["agency"] for one in first["signatures"]] == [PSB]
        assert second["signatures"] == []
        assert PSB in second["awaits"]
        assert first["digest"] != second["digest"]
        assert not desk.get(POLICE, path(minuted, "minutes/2/verify"))["holds"]

    def test_late_is_marked(self, desk: Desk, minuted: Any) -> None:
        desk.clock.advance(days=3)
        desk.post(POLICE, path(minuted, "sign-minutes"), {"number": 1})
        assert desk.get(POLICE, path(minuted, "minutes/1"))["signatures"][0]["is_late"]

    def test_an_agency_whose_key_is_elsewhere_sends_its_statement(self, desk: Desk, minuted: Any) -> None:
        signer = elsewhere(desk, MRA)
        answer = desk.post(MARKET, path(minuted, "sign-minutes"), {"number": 1}, expect=422)
        said = answer["wanted"]
        assert said["type"] == SIGNATURE
        for wrong in ({"minutes_digest": "0" * 64}, {"decision": "refused"}, {"number": 2}):
            false = state(said | wrong, signer, at=desk.clock.now).decode()
            body = {"number": 1, "statement": false}
            assert refusal(desk, MARKET, path(minuted, "sign-minutes"), body) == (401, "signature-invalid")
        true = state(said, signer, at=desk.clock.now).decode()
        desk.post(MARKET, path(minuted, "sign-minutes"), {"number": 1, "statement": true})
        assert desk.get(MARKET, path(minuted, "minutes/1"))["signatures"][0]["document"] == true
        other = state(said | {"agency": PSB}, signer, at=desk.clock.now).decode()
        body = {"number": 1, "statement": other}
        assert refusal(desk, POLICE, path(minuted, "sign-minutes"), body) == (401, "signature-invalid")
        assert refusal(desk, POLICE, path(minuted, "sign-minutes"), {"number": 1, "statement": "{}"})[0] == 422

    def test_they_print(self, desk: Desk, minuted: Any) -> None:
        printed = desk.call(POLICE, "GET", path(minuted, "minutes/1.pdf"))
        assert printed.content.startswith(b"%PDF-")
        assert printed.content == desk.call(POLICE, "GET", path(minuted, "minutes/1.pdf")).content
        assert desk.call(POLICE, "GET", path(minuted, "minutes/1.docx")).content.startswith(b"PK")

    def test_they_print_where_agencies_were_heard_in_writing_only(self, desk: Desk) -> None:
        conference = convened(desk, quorum={"agencies": 2})
        for who in (OFFICER, POLICE):
            desk.post(who, path(conference, "opine"), OPINION)
        desk.clock.advance(days=4)
        desk.post(OFFICER, path(conference, "open"), {"chair": "赵戊"})
        desk.post(CHIEF, path(conference, "resolve"), referring(conference))
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["移送"]})
        for format in ("pdf", "docx"):
            assert desk.call(POLICE, "GET", path(conference, f"minutes/1.{format}")).status_code == 200


def elsewhere(desk: Desk, agency: str) -> Signer:
    """Let an agency's only key be one that this desk does not hold; returns the key."""
    from shared.dossier.keys import PublicKey

    private = suite(DEFAULT).new_private()
    signer = Signer(agency, DEFAULT, private)
    key = PublicKey(agency, DEFAULT, signer.public, desk.clock.now)
    assert key.id == key_id(DEFAULT, signer.public)
    keyring_of(desk.rooms["case"]).believe([key])
    return signer


def event_of(text: str) -> tuple[Any, Any]:
    """The calendar and its one event, parsed strictly."""
    calendar = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")
    assert not calendar.errors
    assert not event.errors
    return calendar, event


class TestInvitation:
    def test_one_uid_a_rising_sequence_and_a_cancel(self, desk: Desk) -> None:
        conference = convened(desk)
        calendar, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert calendar["METHOD"] == "REQUEST"
        assert event["SEQUENCE"] == 0
        assert event.decoded("dtstamp") == desk.clock.now.astimezone(UTC)
        assert event.decoded("dtstart") == datetime.fromisoformat(conference["starts_at"])
        named = [str(one.params.get("CN")) for one in event["ATTENDEE"]]
        assert named == ["苏州市公安局", "陈丁", "苏州市人民检察院", "苏州市市场监督管理局"]
        assert str(event["ORGANIZER"]).startswith(f"mailto:{EEA}@")
        assert [str(one["ACTION"]) for one in event.walk("VALARM")] == ["DISPLAY"]
        uid = str(event["UID"])

        desk.post(PROSECUTOR, path(conference, "accept"))
        moved = {"starts_at": at(desk, days=5), "ends_at": at(desk, days=5, hours=1), "reason": "会议室占用"}
        desk.post(OFFICER, path(conference, "change"), moved)
        calendar, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (str(event["UID"]), event["SEQUENCE"], calendar["METHOD"]) == (uid, 1, "REQUEST")
        answers = {str(one): str(one.params["PARTSTAT"]) for one in event["ATTENDEE"]}
        assert answers[f"mailto:{PRO}@lianqin.invalid"] == "ACCEPTED"
        assert answers[f"mailto:{PSB}@lianqin.invalid"] == "NEEDS-ACTION"

        desk.post(OFFICER, path(conference, "cancel"), {"reason": "案情变化"})
        calendar, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (str(event["UID"]), event["SEQUENCE"], calendar["METHOD"]) == (uid, 2, "CANCEL")
        assert event["STATUS"] == "CANCELLED"

    def test_people_are_mailed_each_of_them_and_the_reply_goes_back(self, desk: Desk) -> None:
        person = "person:00000000-0000-7000-8000-000000000001"
        invited = [{"agency": PSB, "people": [{"name": "陈丁", "person": person}]}]
        conference = convened(desk, invited=invited, quorum={"agencies": 2})
        desk.post(POLICE, path(conference, "accept"))
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "案情变化"})
        again = {"starts_at": at(desk, days=9), "ends_at": at(desk, days=9, hours=1), "reply_by": at(desk, days=8)}
        desk.post(OFFICER, path(conference, "reconvene"), again | {"reason": "改期"})
        desk.post(OFFICER, path(conference, "cancel"), {"reason": "不再需要"})
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        mailed = [one for one in told if one.get("calendar")]
        methods = [event_of(one["calendar"])[0]["METHOD"] for one in mailed if one.get("person") == person]
        assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
        replies = [one for one in mailed if event_of(one["calendar"])[0]["METHOD"] == "REPLY"]
        assert {one["agency"] for one in replies} == {EEA}
        assert len({event_of(one["calendar"])[1]["UID"] for one in mailed}) == 1

    def test_who_stands_aside_is_taken_off_the_calendar_and_nobody_else(self, desk: Desk) -> None:
        person = "person:00000000-0000-7000-8000-000000000001"
        invited = [{"agency": PSB, "people": [{"name": "陈丁", "person": person}]}, {"agency": PRO}]
        conference = convened(desk, invited=invited, quorum={"agencies": 2})
        desk.post(POLICE, path(conference, "accept"))
        desk.drain()
        desk.to_gateway.clear()
        desk.post(OFFICER, path(conference, "recuse"), {"agency": PSB, "because": "利害关系"})
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        mailed = [one for one in told if one.get("calendar")]
        assert {(one["agency"], one["type"]) for one in mailed} == {(PSB, "conference.invitation_withdrawn")}
        assert {one.get("person") or one["role"] for one in mailed} >= {person, "liaison", "agency_head"}
        for one in mailed:
            self.check_withdrawn(*event_of(one["calendar"]), sequence=1)
        desk.post(OFFICER, path(conference, "change"), {"place": "新地点", "reason": "换会议室"})
        text = desk.call(POLICE, "GET", path(conference, "invitation.ics")).text
        self.check_withdrawn(*event_of(text), sequence=2)
        assert "新地点" not in text
        answer = desk.call(PROSECUTOR, "GET", path(conference, "invitation.ics"))
        calendar, event = event_of(answer.text)
        assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 2)
        assert "method=REQUEST" in answer.headers["content-type"]

    def check_withdrawn(self, calendar: Any, event: Any, *, sequence: int) -> None:
        """One agency is uninvited: CANCEL with its attendees alone, and no status, which would cancel it for all."""
        assert (calendar["METHOD"], event["SEQUENCE"], event.get("STATUS")) == ("CANCEL", sequence, None)
        named = [str(one.params["CN"]) for one in event["ATTENDEE"]]
        assert named == ["苏州市公安局", "陈丁"]
        assert str(event["ORGANIZER"]).startswith(f"mailto:{EEA}@")
        assert not event.walk("VALARM")

    def test_whoever_has_not_answered_is_taken_off_it_too_but_not_for_a_person(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.post(POLICE, path(conference, "recuse"), {"name": "陈丁", "because": "近亲属"})
        calendar, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (calendar["METHOD"], event["SEQUENCE"]) == ("REQUEST", 0)
        desk.post(PROSECUTOR, path(conference, "recuse"), {"because": "利害关系"})
        calendar, event = event_of(desk.call(PROSECUTOR, "GET", path(conference, "invitation.ics")).text)
        assert (calendar["METHOD"], event["SEQUENCE"]) == ("CANCEL", 1)

    def test_while_it_is_put_off_its_time_is_tentative(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.drain()
        desk.to_gateway.clear()
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "专家未到"})
        calendar, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "TENTATIVE", 1)
        assert not event.walk("VALARM")
        desk.drain()
        told = [one["data"] for one in desk.to_gateway if one["type"] == "notice.raised"]
        put_off = [one for one in told if one["type"] == "conference.invitation_put_off"]
        assert {one["agency"] for one in put_off} == {PSB, PRO, MRA}
        assert {str(event_of(one["calendar"])[1]["STATUS"]) for one in put_off} == {"TENTATIVE"}
        assert "专家未到" in put_off[0]["body_zh"]
        again = {"starts_at": at(desk, days=9), "ends_at": at(desk, days=9, hours=1), "reply_by": at(desk, days=8)}
        desk.post(OFFICER, path(conference, "reconvene"), again | {"reason": "改期"})
        _, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (event["STATUS"], event["SEQUENCE"], len(event.walk("VALARM"))) == ("CONFIRMED", 2, 1)

    def test_the_start_is_not_moved_before_the_reply_is_due(self, desk: Desk) -> None:
        conference = convened(desk)  # starts in four days, the reply is due in two
        desk.post(POLICE, path(conference, "accept"))
        earlier = {"starts_at": at(desk, days=1), "ends_at": at(desk, days=1, hours=1), "reason": "紧急"}
        refused = desk.post(OFFICER, path(conference, "change"), earlier, expect=422)
        assert (refused["errors"][0]["field"], refused["errors"][0]["code"]) == ("reply_by", "out_of_order")
        assert "reply_by" in refused["next"]
        for wrong in ({"days": 1, "minutes": 1}, {"days": -1}):
            body = earlier | {"reply_by": at(desk, **wrong)}
            assert desk.post(OFFICER, path(conference, "change"), body, expect=422)["errors"][0]["field"] == "reply_by"
        body = {"reply_by": at(desk, days=5), "reason": "延长答复"}
        assert desk.post(OFFICER, path(conference, "change"), body, expect=422)["errors"][0]["field"] == "reply_by"
        assert desk.get(OFFICER, path(conference))["sequence"] == 0
        until = at(desk, hours=12)
        desk.post(OFFICER, path(conference, "change"), earlier | {"reply_by": until})
        shown = desk.get(OFFICER, path(conference))
        assert datetime.fromisoformat(shown["reply_by"]) == datetime.fromisoformat(until)
        assert shown["sequence"] == 1
        listed = desk.get(OFFICER, path(conference, "deadlines"))["items"]
        mine = [one for one in listed if one["term_id"] == "conference_reply" and one["state"] == "running"]
        assert {(one["party"], one["due_at"]) for one in mine} == {(PRO, shown["reply_by"]), (MRA, shown["reply_by"])}
        assert clocks(desk, conference, "conference_reply")[PSB] == "met"
        desk.post(OFFICER, path(conference, "change"), {"place": "五楼", "reason": "换会议室"})

    def test_a_put_off_conference_is_answered_anew(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.post(POLICE, path(conference, "accept"))
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "案情变化"})
        assert clocks(desk, conference, "conference_reply")[PRO] == "cancelled"
        again = {"starts_at": at(desk, days=9), "ends_at": at(desk, days=9, hours=1), "reply_by": at(desk, days=8)}
        desk.post(OFFICER, path(conference, "reconvene"), again | {"reason": "改期"})
        assert clocks(desk, conference, "conference_reply") == dict.fromkeys((PSB, PRO, MRA), "running")
        entries = desk.get(OFFICER, path(conference, "journal"))["items"]
        said = [json.loads(one["body"]) for one in entries]
        assert [one["step"] for one in said] == ["convene", "accept", "adjourn", "reconvene"]

    @pytest.mark.parametrize("odd", ["甲\x01乙", "甲\x0bX:1", "甲\r\nSTATUS:CANCELLED", '甲"乙', "甲;乙:丙,丁"])
    def test_odd_names_and_titles_stay_in_their_place(self, desk: Desk, odd: str) -> None:
        invited = [{"agency": PSB, "people": [{"name": odd}]}]
        changes = {"title": odd, "place": odd, "summary": odd, "agenda": [{"title": odd}]}
        conference = convened(desk, invited=invited, quorum={"agencies": 2}, **changes)
        _, event = event_of(desk.call(POLICE, "GET", path(conference, "invitation.ics")).text)
        assert (event["STATUS"], event.get("X")) == ("CONFIRMED", None)
        assert [str(one.params["CUTYPE"]) for one in event["ATTENDEE"]] == ["GROUP", "INDIVIDUAL"]
