"""Conferences misused: dissent silenced, clocks nobody can meet, strangers recorded, one bad file before good ones."""

import os
from typing import Any
from uuid import UUID

import pytest

from services.case_service.conferences.models import Conference
from services.case_service.conferences.sealed.incoming import turn
from services.case_service.conferences.sealed.outgoing import folders, waiting_bags
from shared.dossier.keys import Signer
from shared.dossier.statements import STEP_TAKEN, state
from tests.desk import Desk
from tests.journeys import EEA, OFFICER, POLICE, PRO, PROSECUTOR, PSB
from tests.service.case.conferring import (
    MARKET,
    MRA,
    OPINION,
    at,
    calling,
    clocks,
    convened,
    opened,
    path,
    referable,
)
from tests.service.case.test_conference_carriers import answers, apart, bring, key, outgoing  # noqa: F401  # fixtures


def times(desk: Desk, **changes: Any) -> dict[str, Any]:
    """The new times of a conference that was put off."""
    said = {"starts_at": at(desk, days=9), "ends_at": at(desk, days=9, hours=2), "reply_by": at(desk, days=8)}
    return said | {"reason": "再议"} | changes


class TestDissent:
    def test_stays_in_the_minutes_when_the_convener_records_a_recusal_afterwards(self, desk: Desk) -> None:
        conference = opened(desk)
        desk.post(POLICE, path(conference, "opine"), OPINION | {"is_dissent": True})
        desk.post(PROSECUTOR, path(conference, "opine"), OPINION)
        desk.post(OFFICER, path(conference, "recuse"), {"agency": PSB, "because": "召集机关认为应当回避"})
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["移送"]})
        minutes = desk.get(OFFICER, path(conference, "minutes/1"))["says"]
        listed = {one["agency"]: (one["is_dissent"], one["stood_aside"]) for one in minutes["opinions"]}
        assert listed == {PRO: (False, False), PSB: (True, True)}
        assert "【不同意见】【提交后回避】" in minutes["text"]


class TestRecords:
    @pytest.mark.parametrize("agency", ["zzz-999999", "psb-320100"])
    def test_nobody_is_recused_who_takes_no_part(self, desk: Desk, agency: str) -> None:
        conference = opened(desk)
        body = {"agency": agency, "name": "王某", "because": "x"}
        refused = desk.post(OFFICER, path(conference, "recuse"), body, expect=422)
        assert refused["errors"][0]["code"] == "not_taking_part"

    def test_nobody_arrives_before_the_conference_was_called(self, desk: Desk) -> None:
        conference = opened(desk)
        body = {"name": "王某", "arrived_at": "2001-01-01T00:00:00+08:00"}
        refused = desk.post(POLICE, path(conference, "attend"), body, expect=422)
        assert refused["errors"][0]["code"] == "out_of_order"

    def test_who_stands_aside_leaves_nothing_more_for_its_task(self, desk: Desk) -> None:
        conference = opened(desk)
        task = {"task": "补充检测", "agency": MRA, "due_at": at(desk, days=3)}
        desk.post(OFFICER, path(conference, "add-action"), task)
        desk.post(MARKET, path(conference, "recuse"), {"because": "利害关系"})
        params = {"document": "action_proof", "name": "x.txt"}
        refused = desk.call(MARKET, "POST", path(conference, "evidence"), params=params, content=b"proof")
        assert (refused.status_code, refused.json()["code"]) == (403, "not-your-step")


class TestAgenda:
    def test_a_regular_meeting_has_the_standing_one(self, desk: Desk) -> None:
        case = referable(desk)
        body = calling(desk, case, agenda=[], is_regular=True)
        refused = desk.post(OFFICER, "/v1/conferences", body, expect=422)
        assert [one["field"] for one in refused["errors"]] == ["agenda"]
        standing = [{"title": "通报上次议定事项的落实"}, {"title": "案件移送情况"}]
        desk.post(OFFICER, "/v1/conferences", body | {"agenda": standing}, expect=201)
        once = desk.post(OFFICER, "/v1/conferences", calling(desk, case), expect=201)
        assert [one["title"] for one in once["agenda"]] == ["通报案情", "研究是否移送"]
        later = desk.post(OFFICER, "/v1/conferences", body, expect=201)
        assert [one["title"] for one in later["agenda"]] == [one["title"] for one in standing]

    def test_any_other_meeting_states_its_own(self, desk: Desk) -> None:
        case = referable(desk)
        desk.post(OFFICER, "/v1/conferences", calling(desk, case, is_regular=True), expect=201)
        refused = desk.post(OFFICER, "/v1/conferences", calling(desk, case, agenda=[]), expect=422)
        assert refused["errors"][0]["code"] == "missing"


SEATED = {"agencies": 2, "written_counts": False}
"""Two agencies in the room: what was only written does not count."""


class TestQuorum:
    def test_who_left_counts_no_more_until_it_has_resolved(self, desk: Desk) -> None:
        conference = opened(desk, quorum=SEATED)
        desk.post(POLICE, path(conference, "leave"), {"name": "陈丁"})
        body = {"resolutions": [{"kind": "note", "text": "每月通报"}]}
        refused = desk.post(OFFICER, path(conference, "resolve"), body, expect=409)
        assert (refused["present"], refused["missing"]) == ([EEA], [PSB])
        desk.post(POLICE, path(conference, "attend"), {"name": "陈丁"})
        desk.post(OFFICER, path(conference, "resolve"), body)
        desk.post(POLICE, path(conference, "leave"), {"name": "陈丁"})
        assert desk.get(OFFICER, path(conference, "quorum"))["holds"]

    def test_who_came_and_left_is_not_called_absent(self, desk: Desk) -> None:
        conference = opened(desk, quorum=SEATED)
        desk.post(POLICE, path(conference, "leave"), {"name": "陈丁"})
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["再议"]})
        minutes = desk.get(OFFICER, path(conference, "minutes/1"))["says"]
        assert {one["agency"] for one in minutes["absent"]} == {PRO, MRA}
        assert {one["agency"]: bool(one["left_at"]) for one in minutes["attendance"]} == {EEA: False, PSB: True}

    def test_a_meeting_put_off_starts_with_nobody_there(self, desk: Desk) -> None:
        conference = opened(desk, quorum=SEATED)
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "专家未到"})
        desk.post(OFFICER, path(conference, "reconvene"), times(desk))
        desk.clock.advance(days=9)
        desk.post(OFFICER, path(conference, "open"), {"chair": "赵戊"})
        assert desk.get(OFFICER, path(conference, "quorum"))["present"] == []
        for who, name in ((OFFICER, "赵戊"), (POLICE, "陈丁")):
            desk.post(who, path(conference, "attend"), {"name": name})
        assert desk.get(OFFICER, path(conference, "quorum"))["holds"]


class TestPutOff:
    @pytest.mark.parametrize(
        "changes", [{"opinions_by": -1}, {"opinions_by": 30}, {"access_until": -5}], ids=lambda one: str(one)
    )
    def test_moments_out_of_order_are_refused(self, desk: Desk, changes: dict[str, int]) -> None:
        conference = opened(desk)
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "专家未到"})
        moments = {name: at(desk, days=days) for name, days in changes.items()}
        desk.post(OFFICER, path(conference, "reconvene"), times(desk, **moments), expect=422)
        assert desk.get(OFFICER, path(conference))["state"] == "adjourned"

    def test_the_clocks_of_opinions_follow_the_new_times(self, desk: Desk) -> None:
        conference = opened(desk)
        desk.post(POLICE, path(conference, "opine"), OPINION)
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "专家未到"})
        desk.clock.advance(hours=1)
        body = times(desk)
        desk.post(OFFICER, path(conference, "reconvene"), body)
        listed = desk.get(OFFICER, path(conference, "deadlines"))["items"]
        mine = [one for one in listed if one["term_id"] == "conference_opinion" and one["state"] == "running"]
        assert {one["party"] for one in mine} == {PRO, MRA}
        due = {one["due_at"] for one in mine}
        assert due == {desk.get(OFFICER, path(conference))["starts_at"]}

    def test_what_is_under_a_clock_can_still_be_done(self, desk: Desk) -> None:
        conference = opened(desk)
        task = {"task": "补充检测", "agency": MRA, "due_at": at(desk, days=3)}
        desk.post(OFFICER, path(conference, "add-action"), task)
        body = {"conclusions": ["继续研究"], "signatures_by": at(desk, days=2)}
        desk.post(OFFICER, path(conference, "write-minutes"), body)
        desk.post(OFFICER, path(conference, "adjourn"), {"reason": "专家未到"})
        desk.post(MARKET, path(conference, "sign-minutes"), {"number": 1})
        desk.post(OFFICER, path(conference, "reconvene"), times(desk))
        desk.post(MARKET, path(conference, "finish-action"), {"number": 1, "note": "已补充"})
        desk.post(PROSECUTOR, path(conference, "refuse-minutes"), {"number": 1, "reasons": "记录不全"})
        assert clocks(desk, conference, "action_item") == {MRA: "met"}
        signed = clocks(desk, conference, "conference_minutes_signature")
        assert signed == {EEA: "running", PSB: "running", PRO: "met", MRA: "met"}

    def test_a_task_of_an_agency_that_stood_aside_counts_no_more(self, desk: Desk) -> None:
        conference = opened(desk)
        task = {"task": "补充检测", "agency": MRA, "due_at": at(desk, days=3)}
        desk.post(OFFICER, path(conference, "add-action"), task)
        desk.post(MARKET, path(conference, "recuse"), {"because": "利害关系"})
        assert clocks(desk, conference, "action_item") == {MRA: "cancelled"}
        desk.post(OFFICER, path(conference, "waive-action"), {"number": 1, "because": "改由他人"})


class TestSealed:
    @pytest.mark.parametrize("message_id", ["a\x00b", "", "长" * 300, "\u0007"])
    def test_an_id_that_cannot_be_kept_is_refused_and_the_next_file_is_taken(
        self,
        apart: Desk,  # noqa: F811
        key: Signer,  # noqa: F811
        message_id: str,
    ) -> None:
        conference = convened(apart)
        inbox = folders(apart.rooms["case"]).root / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        said = {"type": STEP_TAKEN, "agency": MRA, "subject": conference["ref"], "message_id": message_id}
        (inbox / "a.json").write_bytes(state(said | {"step": "accept", "stated": {}}, key, at=apart.clock.now))
        bring(apart, key, conference, "accept", {}, id="good")
        assert answers(apart) == [("good", "taken")]
        assert [one.name for one in (inbox.parent / "quarantine").iterdir() if one.suffix == ".json"]

    def test_a_file_still_being_copied_is_left_until_it_is_whole(self, apart: Desk, key: Signer) -> None:  # noqa: F811
        conference = convened(apart)
        room = apart.rooms["case"]
        inbox = folders(room).root / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        said = {"type": STEP_TAKEN, "agency": MRA, "subject": conference["ref"], "message_id": "a"}
        whole = state(said | {"step": "accept", "stated": {}}, key, at=apart.clock.now)
        file, now = inbox / "a.json", apart.clock.now.timestamp()
        for content, is_left in ((whole[:100], True), (whole, False)):
            file.write_bytes(content)
            os.utime(file, (now, now))
            turn(room)
            assert file.exists() == is_left
        assert answers(apart) == [("a", "taken")]
        file.write_bytes(whole[:100])
        os.utime(file, (now, now))
        apart.clock.advance(minutes=5)
        turn(room)
        assert not file.exists()
        assert [one.name for one in (inbox.parent / "quarantine").glob("a.json")]

    def test_minutes_leave_although_the_conference_was_closed_at_once(
        self,
        apart: Desk,  # noqa: F811
        key: Signer,  # noqa: F811
    ) -> None:
        conference = opened(apart)
        apart.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["不再研究"]})
        apart.post(OFFICER, path(conference, "close"), {"reason": "无议定事项"})
        room = apart.rooms["case"]
        assert turn(room) == 2
        assert turn(room) == 0
        entries = apart.get(OFFICER, path(conference, "journal"))["items"]
        assert "minutes:1" in entries[-1]["body"]

    def test_a_bag_written_again_after_a_crash_is_the_same_message(
        self,
        apart: Desk,  # noqa: F811
        key: Signer,  # noqa: F811
    ) -> None:
        conference = convened(apart)
        ids = []
        for _again in range(2):
            with apart.rooms["case"].reading() as session:
                found = session.get_one(Conference, UUID(conference["id"]))
                ids += [going.message_id for going in waiting_bags(session, found)]
            apart.clock.advance(minutes=1)
        assert len(ids) == 2
        assert len(set(ids)) == 1

    def test_a_spoilt_material_holds_up_no_other_conference(self, apart: Desk, key: Signer) -> None:  # noqa: F811
        case = referable(apart)
        spoilt = apart.post(OFFICER, "/v1/conferences", calling(apart, case), expect=201)
        sound = apart.post(OFFICER, "/v1/conferences", calling(apart, case, materials=[]), expect=201)
        item = apart.get(OFFICER, path(spoilt, "evidence"))["items"][0]
        room = apart.rooms["case"]
        (blob,) = (one for one in room.settings.folder.rglob(f"{item['sha256']}*") if one.is_file())
        kept = blob.read_bytes()
        os.chmod(blob, 0o600)
        blob.write_bytes(b"spoilt")
        assert turn(room) == 1
        (bag,) = outgoing(apart)
        assert sound["id"] in str(apart.get(OFFICER, path(sound, "journal"))["items"][-1])
        blob.write_bytes(kept)
        assert turn(room) == 1
        assert len(outgoing(apart)) == 2
        assert bag in outgoing(apart)
