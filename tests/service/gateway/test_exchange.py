"""Events from the rooms: logged for each recipient agency, pulled in order, told to people exactly once."""

from datetime import datetime

import httpx
import pytest

from shared.records.room import Room
from tests.service.gateway.conftest import Template, TestClock, enter, sign_in
from tests.service.gateway.posting import NOTICE, event, post_event, tell


@pytest.fixture
def feed(http: httpx.Client, template: Template) -> dict[str, str]:
    """Enter as the police's program."""
    return enter(http, template.programs["psb"])


class TestFeed:
    def test_pages_in_order_without_gaps(self, http: httpx.Client, room: Room, feed: dict[str, str]) -> None:
        for number in range(7):
            to = ("psb-320500", "pro-320500") if number % 2 else ("psb-320500",)
            sent = event(room, "referral.sent", {"number": number}, to=to)
            assert post_event(http, room, *sent).json() == {"repeated": False}
        seen, after, pages = [], 0, 0
        while True:
            page = http.get("/v1/events", params={"after": after, "limit": 3}, headers=feed).json()
            seen += page["events"]
            after, pages = page["next"], pages + 1
            if not page["more"]:
                break
        assert pages == 3
        assert [item["sequence"] for item in seen] == list(range(1, 8))
        assert [item["event"]["data"]["number"] for item in seen] == list(range(7))
        rest = http.get("/v1/events", params={"after": after}, headers=feed).json()
        assert rest == {"events": [], "next": 7, "more": False}

    def test_each_agency_has_its_own(self, http: httpx.Client, room: Room, template: Template) -> None:
        post_event(http, room, *event(room, "referral.sent", {}, to=("pro-320500",)))
        both = {name: enter(http, program) for name, program in template.programs.items()}
        assert len(http.get("/v1/events", headers=both["pro"]).json()["events"]) == 1
        assert http.get("/v1/events", headers=both["psb"]).json()["events"] == []
        assert http.get("/v1/messages/1", headers=both["psb"]).status_code == 404

    def test_a_repetition_is_logged_once(self, http: httpx.Client, room: Room, feed: dict[str, str]) -> None:
        sent = event(room, "referral.sent", {}, to=("psb-320500",))
        assert [post_event(http, room, *sent).json()["repeated"] for _ in range(3)] == [False, True, True]
        assert len(http.get("/v1/events", headers=feed).json()["events"]) == 1

    def test_an_event_keeps_its_envelope(self, http: httpx.Client, room: Room, feed: dict[str, str]) -> None:
        message_id, body = event(room, "referral.sent", {"title": "移送"}, to=("psb-320500", "nobody-1"))
        post_event(http, room, message_id, body)
        (found,) = http.get("/v1/events", headers=feed).json()["events"]
        assert found["event"]["id"] == str(message_id)
        assert found["event"]["specversion"] == "1.0"
        assert found["event"]["recipients"] == "psb-320500,nobody-1"
        assert found["event"]["data"] == {"title": "移送"}

    def test_is_not_for_everybody_of_the_agency(self, http: httpx.Client) -> None:
        officer = sign_in(http, "officer")
        for path in ("/v1/events", "/v1/messages", "/v1/messages/1"):
            assert http.get(path, headers=officer).status_code == 403
        assert http.get("/v1/events", headers=sign_in(http, "keeper")).status_code == 200

    def test_a_number_must_be_one(self, http: httpx.Client, feed: dict[str, str]) -> None:
        for after in ("-1", "x", "99999999999999999999"):
            assert http.get("/v1/events", params={"after": after}, headers=feed).status_code == 422


class TestInnerDoor:
    def test_takes_only_what_a_room_signed(self, http: httpx.Client, room: Room, feed: dict[str, str]) -> None:
        message_id, body = event(room, "referral.sent", {}, to=("psb-320500",))
        assert http.post("/internal/events", content=body).status_code == 401
        forged = {"webhook-id": str(message_id), "webhook-timestamp": "0", "webhook-signature": "v1,AAAA"}
        assert http.post("/internal/events", content=body, headers=forged).status_code == 401
        assert http.get("/v1/events", headers=feed).json()["events"] == []

    def test_a_notice_without_its_fields_is_refused(self, http: httpx.Client, room: Room) -> None:
        broken = event(room, "notice.raised", {"key": "k"})
        assert post_event(http, room, *broken).status_code == 422


class TestNotices:
    def test_reaches_the_people_with_the_role(self, http: httpx.Client, room: Room) -> None:
        tell(http, room)
        (notice,) = http.get("/v1/notices", headers=sign_in(http, "officer")).json()["items"]
        assert (notice["title"], notice["level"], notice["subject"]) == ("A deadline is near", "urgent", "case:1")
        for other in ("keeper", "province", "neighbour"):
            assert http.get("/v1/notices", headers=sign_in(http, other)).json()["items"] == []

    def test_in_the_readers_language(self, http: httpx.Client, room: Room) -> None:
        tell(http, room)
        headers = {**sign_in(http, "officer"), "accept-language": "zh"}
        assert http.get("/v1/notices", headers=headers).json()["items"][0]["title"] == "期限将至"

    def test_once_for_a_key_however_often_it_comes(self, http: httpx.Client, room: Room) -> None:
        same = event(room, "notice.raised", NOTICE)
        for _ in range(2):
            post_event(http, room, *same)
        tell(http, room)  # another event, the same key: two rooms, or one role after another
        officer = sign_in(http, "officer")
        assert len(http.get("/v1/notices", headers=officer).json()["items"]) == 1
        tell(http, room, key="notice-2")
        assert len(http.get("/v1/notices", headers=officer).json()["items"]) == 2

    def test_once_for_a_person_of_two_roles(self, http: httpx.Client, room: Room) -> None:
        for role in ("administrator", "liaison"):
            tell(http, room, agency="psb-320500", role=role)
        assert len(http.get("/v1/notices", headers=sign_in(http, "police")).json()["items"]) == 1

    def test_is_acknowledged_by_its_reader_only(self, http: httpx.Client, room: Room, clock: TestClock) -> None:
        tell(http, room)
        officer = sign_in(http, "officer")
        (notice,) = http.get("/v1/notices?unread=true", headers=officer).json()["items"]
        path = f"/v1/notices/{notice['id']}/acknowledge"
        assert http.post(path, headers=sign_in(http, "keeper")).status_code == 404
        first = http.post(path, headers=officer).json()["acknowledged_at"]
        clock.move(minutes=5)
        again = http.post(path, headers=officer).json()["acknowledged_at"]
        assert datetime.fromisoformat(again) == datetime.fromisoformat(first)
        assert http.get("/v1/notices?unread=true", headers=officer).json()["items"] == []
        assert len(http.get("/v1/notices", headers=officer).json()["items"]) == 1

    def test_pages(self, http: httpx.Client, room: Room) -> None:
        for number in range(5):
            tell(http, room, key=f"k{number}", title_en=f"No. {number}")
        officer = sign_in(http, "officer")
        first = http.get("/v1/notices", params={"limit": 3}, headers=officer).json()
        second = http.get("/v1/notices", params={"limit": 3, "after": first["next"]}, headers=officer).json()
        titles = {notice["title"] for notice in first["items"] + second["items"]}
        assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 2, None)
        assert titles == {f"No. {number}" for number in range(5)}

    def test_a_program_finds_them_in_its_feed(self, http: httpx.Client, room: Room, feed: dict[str, str]) -> None:
        tell(http, room, agency="psb-320500", role="liaison")
        (found,) = http.get("/v1/events", headers=feed).json()["events"]
        assert found["event"]["type"] == "notice.raised"
        assert http.get("/v1/notices", headers=feed).json()["items"] == []
