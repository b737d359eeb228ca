"""Who may see and do what at a conference: nobody who was not invited, nothing after the access has ended."""

from tests.desk import Desk
from tests.journeys import EEA, OFFICER, POLICE, PROSECUTOR, PSB
from tests.service.case.conferring import (
    AUDITOR,
    OPINION,
    OTHER_POLICE,
    STRANGER,
    clocks,
    convened,
    opened,
    path,
    record_of,
    referring,
)
from tests.service.referral.walking import refusal


class TestOthers:
    def test_who_was_not_invited_finds_nothing(self, desk: Desk) -> None:
        conference = opened(desk)
        desk.post(OFFICER, path(conference, "write-minutes"), {"conclusions": ["研究"]})
        item = desk.get(OFFICER, path(conference, "evidence"))["items"][0]["id"]
        parts = (
            "", "invitations", "attendance", "quorum", "opinions", "resolutions", "actions", "minutes", "minutes/1",
            "minutes/1/verify", "minutes/1.pdf", "minutes/1.json", "invitation.ics", "evidence", "journal", "deadlines",
            "steps", "law", f"evidence/{item}/content", f"evidence/{item}/custody",
        )  # fmt: skip
        for who in (STRANGER, OTHER_POLICE):
            answers = {part: desk.call(who, "GET", path(conference, part)).status_code for part in parts}
            assert answers == dict.fromkeys(parts, 404)
            assert desk.get(who, "/v1/conferences")["items"] == []
        for step in ("accept", "opine", "sign-minutes", "resolve", "cancel"):
            body = {"accept": {}, "opine": OPINION, "sign-minutes": {"number": 1}, "resolve": referring(conference)}
            given = body.get(step, {"reason": "x"})
            assert refusal(desk, STRANGER, path(conference, step), given) == (404, "not-visible")

    def test_an_auditor_reads_and_does_not_act(self, desk: Desk) -> None:
        conference = convened(desk)
        desk.get(AUDITOR, path(conference))
        assert refusal(desk, AUDITOR, path(conference, "accept"), {}) == (403, "not-your-step")
        assert refusal(desk, POLICE, path(conference, "open"), {"chair": "x"}) == (403, "not-your-step")

    def test_the_materials_are_open_until_the_time_set(self, desk: Desk) -> None:
        conference = convened(desk)
        item = record_of(desk, conference, POLICE)
        content = path(conference, f"evidence/{item}/content")
        assert desk.call(POLICE, "GET", content).content == "现场检查笔录".encode()
        desk.post(PROSECUTOR, path(conference, "decline"), {"because": "回避"})
        assert desk.call(PROSECUTOR, "GET", content).status_code == 404
        desk.clock.advance(days=5)
        answer = desk.call(POLICE, "GET", content)
        assert answer.status_code == 404
        assert "已终止" in answer.json()["detail"]
        assert desk.get(POLICE, path(conference, "evidence"))["items"] == []
        custody = desk.get(OFFICER, path(conference, f"evidence/{item}/custody"))["items"]
        assert [(one["act"], one["agency"]) for one in custody] == [("adopted", EEA), ("opened", PSB)]

    def test_cancelling_closes_them(self, desk: Desk) -> None:
        conference = convened(desk)
        item = record_of(desk, conference, POLICE)
        desk.post(OFFICER, path(conference, "cancel"), {"reason": "改期另议"})
        assert desk.call(POLICE, "GET", path(conference, f"evidence/{item}/content")).status_code == 404
        assert set(clocks(desk, conference, "conference_reply").values()) == {"cancelled"}
        assert refusal(desk, POLICE, path(conference, "accept"), {}) == (409, "step-refused")
