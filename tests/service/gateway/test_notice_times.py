"""When notices go out and what follows: quiet hours, the digest, answers that do not come."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from shared.records.room import Room
from tests.service.gateway.conftest import PASSWORD, TestClock, sign_in, sign_in_now
from tests.service.gateway.serving import Toy, http_to
from tests.service.gateway.telling import live_through, person, raise_notice, turn

FRIDAY_NIGHT = datetime.fromisoformat("2026-11-27T22:00:00+08:00")
MONDAY = datetime.fromisoformat("2026-11-30T08:00:00+08:00")


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Post as the worker does."""
    with http_to() as client:
        yield client


@pytest.fixture
def officer(http: httpx.Client, rooms: str) -> dict[str, str]:
    """Sign the officer in, who has a webhook."""
    headers = sign_in(http, "officer")
    body = {"kind": "webhook", "label": "phone", "url": f"{rooms}/phone"}
    assert http.post("/v1/notice-channels", json=body, headers=headers).status_code == 201
    return headers


def told(toy: Toy) -> list[dict[str, Any]]:
    """Return what the webhook got."""
    return [orjson.loads(seen.body)["data"] for seen in toy.seen if seen.target == "/phone"]


def choose(http: httpx.Client, headers: dict[str, str], **said: Any) -> httpx.Response:
    """Choose."""
    return http.put("/v1/notice-preferences", json=said, headers=headers)


@pytest.mark.usefixtures("officer")
class TestQuiet:
    def test_a_reminder_of_friday_night_comes_on_monday_morning_and_is_in_the_inbox_at_once(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy
    ) -> None:
        clock.now = FRIDAY_NIGHT
        raise_notice(room, "r", level="reminder")
        turn(room, client)
        headers = sign_in_now(http, "officer")
        (item,) = http.get("/v1/notices", headers=headers).json()["items"]
        (status,) = http.get(f"/v1/notices/{item['id']}/deliveries", headers=headers).json()
        assert (status["status"], status["held"]) == ("waiting", "quiet")
        assert datetime.fromisoformat(status["send_at"]) == MONDAY
        clock.now = MONDAY - timedelta(seconds=1)
        turn(room, client)
        assert told(toy) == []
        clock.now = MONDAY
        turn(room, client)
        assert len(told(toy)) == 1

    @pytest.mark.parametrize("said", [{"level": "urgent"}, {"level": "reminder", "in_hours": True}])
    def test_what_is_urgent_or_counts_hours_comes_at_once(
        self, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, said: dict[str, Any]
    ) -> None:
        clock.now = FRIDAY_NIGHT
        raise_notice(room, "r", **said)
        turn(room, client)
        assert len(told(toy)) == 1

    def test_what_was_read_meanwhile_is_not_sent(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy
    ) -> None:
        clock.now = FRIDAY_NIGHT
        raise_notice(room, "r", level="reminder")
        headers = sign_in_now(http, "officer")
        (item,) = http.get("/v1/notices", headers=headers).json()["items"]
        http.post(f"/v1/notices/{item['id']}/acknowledge", headers=headers)
        clock.now = MONDAY
        turn(room, client)
        assert told(toy) == []


class TestDigest:
    def test_one_message_a_day_holds_each_item_once(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, officer: dict[str, str]
    ) -> None:
        assert choose(http, officer, digest_hour=16).status_code == 200
        for number in range(3):
            raise_notice(room, f"r{number}", level="reminder", title_zh=f"第{number}件", subject=f"case:{number}")
        raise_notice(room, "u", level="urgent", title_zh="紧急的")
        turn(room, client)
        assert [one["title"] for one in told(toy)] == ["紧急的"]
        live_through(room, clock, client, hours=7)
        (digest,) = [one for one in told(toy) if "汇总" in one["title"]]
        assert "3 条" in digest["title"]
        assert all(digest["body"].count(f"第{number}件") == 1 for number in range(3))
        raise_notice(room, "late", level="info", title_zh="晚到的")
        live_through(room, clock, client, hours=23)
        assert not any("晚到的" in one["body"] for one in told(toy) if "汇总" in one["title"])
        live_through(room, clock, client, hours=2)
        digests = [one for one in told(toy) if "汇总" in one["title"]]
        assert len(digests) == 2
        assert "晚到的" in digests[1]["body"]
        assert "第0件" not in digests[1]["body"]

    @pytest.mark.parametrize("said", [{"calendar": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"}, {"needs_answer": True}])
    def test_an_invitation_and_a_question_are_messages_of_their_own(
        self,
        http: httpx.Client,
        room: Room,
        client: httpx.Client,
        toy: Toy,
        officer: dict[str, str],
        said: dict[str, Any],
    ) -> None:
        assert choose(http, officer, digest_hour=16).status_code == 200
        raise_notice(room, "invitation", level="info", **said)
        turn(room, client)
        (one,) = told(toy)
        assert one.get("calendar", "") == said.get("calendar", "")


class TestAnswers:
    @pytest.fixture
    def head(self, http: httpx.Client) -> dict[str, str]:
        """Add the head of the agency."""
        body: dict[str, Any] = {"login": "the.head", "name": "Head", "agency": "eea-320500", "password": PASSWORD}
        body |= {"roles": ["agency_head", "duty_officer"]}
        assert http.post("/v1/people", json=body, headers=sign_in(http, "keeper")).status_code == 201
        return sign_in_now(http, "the.head")

    def inbox(self, http: httpx.Client, login: str) -> list[str]:
        """Return the titles in somebody's inbox, oldest first."""
        items = http.get("/v1/notices", headers=sign_in_now(http, login)).json()["items"]
        return [item["title"] for item in reversed(items)]

    @pytest.mark.usefixtures("head")
    @pytest.mark.parametrize(("in_hours", "first", "second"), [(False, 2.0, 2.0), (True, 1.0, 1.0)])
    def test_the_person_is_asked_again_and_then_the_head_is_called_each_once(
        self,
        http: httpx.Client,
        room: Room,
        clock: TestClock,
        client: httpx.Client,
        in_hours: bool,
        first: float,
        second: float,
    ) -> None:
        raise_notice(room, "q", level="info", needs_answer=True, in_hours=in_hours)
        clock.move(hours=first, seconds=-1)
        turn(room, client)
        assert self.inbox(http, "officer") == ["A deadline is near"]
        clock.move(seconds=1)
        turn(room, client)
        turn(room, client)
        assert self.inbox(http, "officer") == ["A deadline is near", "Please acknowledge: A deadline is near"]
        assert self.inbox(http, "the.head") == []
        clock.move(hours=second)
        turn(room, client)
        live_through(room, clock, client, hours=48, step=6)
        assert self.inbox(http, "the.head") == ["Nobody acknowledged: A deadline is near"]
        assert len(self.inbox(http, "officer")) == 2

    @pytest.mark.usefixtures("head")
    def test_acknowledging_the_reminder_stops_it(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client
    ) -> None:
        raise_notice(room, "q", level="urgent")
        clock.move(hours=2)
        turn(room, client)
        headers = sign_in_now(http, "officer")
        newest = http.get("/v1/notices", headers=headers).json()["items"][0]
        http.post(f"/v1/notices/{newest['id']}/acknowledge", headers=headers)
        live_through(room, clock, client, hours=48, step=6)
        assert self.inbox(http, "the.head") == []
        items = http.get("/v1/notices", headers=sign_in_now(http, "officer")).json()["items"]
        assert all(item["acknowledged_at"] for item in items)

    @pytest.mark.usefixtures("head")
    def test_working_hours_end_at_five_and_go_on_in_the_morning(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client
    ) -> None:
        clock.now = FRIDAY_NIGHT.replace(hour=16)
        raise_notice(room, "q", level="urgent")
        clock.now = MONDAY.replace(hour=9, minute=59)
        turn(room, client)
        assert len(self.inbox(http, "officer")) == 1
        clock.move(minutes=1)
        turn(room, client)
        assert len(self.inbox(http, "officer")) == 2

    def test_what_asks_for_nothing_is_not_followed_up(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client
    ) -> None:
        raise_notice(room, "i", level="reminder")
        live_through(room, clock, client, hours=48, step=12)
        assert len(self.inbox(http, "officer")) == 1


class TestOnePerson:
    def test_only_the_person_named_is_told(self, http: httpx.Client, room: Room) -> None:
        keeper = person(room, "keeper")
        assert raise_notice(room, "p", person=keeper.ref) == 1
        assert http.get("/v1/notices", headers=sign_in(http, "officer")).json()["items"] == []
        assert len(http.get("/v1/notices", headers=sign_in(http, "keeper")).json()["items"]) == 1

    @pytest.mark.parametrize("who", ["person:nobody", "client:1", "person:018f0000-0000-7000-8000-000000000000"])
    def test_nobody_is_told_of_what_is_for_no_person_of_the_agency(self, room: Room, who: str) -> None:
        assert raise_notice(room, "p", person=who) == 0

    def test_a_person_of_another_agency_is_not_told(self, room: Room) -> None:
        assert raise_notice(room, "p", person=person(room, "neighbour").ref) == 0
