"""What the gateway pushes to partners, in order and signed, and the human it calls when that stops."""

import threading
from time import sleep
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from shared.records.room import Room
from shared.signing import verify
from tests.service.gateway.conftest import TestClock, sign_in
from tests.service.gateway.posting import event, post_event, tell
from tests.service.gateway.serving import Seen, Toy, json_answer
from tests.service.gateway.working import until, working


def subscribe(http: httpx.Client, url: str, **more: Any) -> dict[str, Any]:
    """Subscribe the police's address."""
    answer = http.post("/v1/subscriptions", json={"url": url, **more}, headers=sign_in(http, "police"))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(http: httpx.Client, room: Room, **more: Any) -> None:
    """Let the referral room tell the police something."""
    name = more.pop("type_", "referral.sent")
    post_event(http, room, *event(room, name, {"n": more.pop("n", 0)}, to=("psb-320500",), **more))


def pushed(toy: Toy, path: str = "/hook") -> list[Seen]:
    """Return what reached the partner's address."""
    return [seen for seen in toy.seen if seen.target == path]


@pytest.fixture
def settings() -> dict[str, object]:
    """Rest little."""
    return {"poll_seconds": 0.02}


class TestPush:
    def test_is_verified_by_the_reference_library(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = subscribe(http, f"{rooms}/hook")
        send(http, room)
        with working(room):
            (seen,) = until(lambda: pushed(toy))
        monkeypatch.setattr("standardwebhooks.webhooks.datetime", _Standing)
        Webhook(made["verification_key"]).verify(seen.body, dict(seen.headers))
        assert seen.header("content-type") == "application/cloudevents+json; charset=utf-8"

    def test_with_ed25519(self, http: httpx.Client, room: Room, toy: Toy, rooms: str, clock: TestClock) -> None:
        made = subscribe(http, f"{rooms}/hook", signature="ed25519")
        assert made["verification_key"].startswith("whpk_")
        send(http, room)
        with working(room):
            (seen,) = until(lambda: pushed(toy))
        verify(seen.body, dict(seen.headers), now=clock(), keys=[made["verification_key"]])

    def test_the_old_key_signs_beside_the_new_one(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, clock: TestClock
    ) -> None:
        made = subscribe(http, f"{rooms}/hook")
        renewed = http.post(f"/v1/subscriptions/{made['id']}/rotate", headers=sign_in(http, "police")).json()
        send(http, room)
        with working(room):
            (seen,) = until(lambda: pushed(toy))
        for key in (made["verification_key"], renewed["verification_key"]):
            verify(seen.body, dict(seen.headers), now=clock(), keys=[key])

    def test_only_what_was_asked_for(self, http: httpx.Client, room: Room, toy: Toy, rooms: str) -> None:
        subscribe(http, f"{rooms}/hook", types=["referral.sent"])
        subscribe(http, f"{rooms}/notices", types=["notice.raised"])
        send(http, room, type_="referral.forwarded")
        send(http, room)
        tell(http, room, agency="psb-320500", role="liaison")
        with working(room):
            until(lambda: pushed(toy) and pushed(toy, "/notices"))
        assert len(toy.seen) == 2

    def test_keeps_the_order_of_a_subject_over_failures(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str, clock: TestClock
    ) -> None:
        subscribe(http, f"{rooms}/hook")
        toy.answers["/hook"] = json_answer({}, status=503)
        for number in range(3):
            send(http, room, n=number)
        with working(room):
            until(lambda: pushed(toy))
            toy.answers["/hook"] = json_answer({})
            until(lambda: clock.move(seconds=1) or len({seen.sha256 for seen in pushed(toy)}) == 3)
        order = [seen.body.partition(b'"n":')[2][:1] for seen in pushed(toy)]
        assert order == sorted(order)

    def test_a_slow_partner_does_not_hold_up_another(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str
    ) -> None:
        released = threading.Event()

        def slow(_seen: Seen) -> tuple[int, dict[str, str], bytes]:
            return (200, {}, b"") if released.is_set() else (503, {}, b"")

        toy.answers["/slow"] = slow
        subscribe(http, f"{rooms}/slow")
        subscribe(http, f"{rooms}/hook")
        for number in range(30):
            send(http, room, n=number, subject=f"referral:{number}")
        with working(room):
            until(lambda: len(pushed(toy)) == 30)
            released.set()


class TestGivingUp:
    def test_410_ends_the_subscription_and_calls_the_administrator_once(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str
    ) -> None:
        made = subscribe(http, f"{rooms}/hook")
        toy.answers["/hook"] = json_answer({}, status=410)
        police = sign_in(http, "police")
        for number in range(3):
            send(http, room, n=number, subject=f"referral:{number}")
        with working(room):
            (notice,) = until(lambda: http.get("/v1/notices", headers=police).json()["items"])
            until(lambda: not http.get("/v1/subscriptions", headers=police).json()["items"][0]["active"])
        (found,) = http.get("/v1/subscriptions", headers=police).json()["items"]
        assert (found["id"], found["stopped_because"]) == (made["id"], "410")
        assert (notice["type"], notice["level"]) == ("delivery.stopped", "urgent")
        assert f"{rooms}/hook" in notice["title"]
        send(http, room)
        assert len(http.get("/v1/notices", headers=police).json()["items"]) == 1

    def test_what_stopped_follows_after_it_is_resumed(
        self, http: httpx.Client, room: Room, toy: Toy, rooms: str
    ) -> None:
        made = subscribe(http, f"{rooms}/hook")
        toy.answers["/hook"] = json_answer({}, status=400)
        police = sign_in(http, "police")
        for number in range(3):
            send(http, room, n=number)
        with working(room):
            until(lambda: http.get("/v1/notices", headers=police).json()["items"])
            toy.answers["/hook"] = json_answer({})
            assert len(pushed(toy)) == 1
            http.post(f"/v1/subscriptions/{made['id']}/resume", headers=police)
            until(lambda: len(pushed(toy)) == 4)
        order = [seen.body.partition(b'"n":')[2][:1] for seen in pushed(toy)]
        assert order == [b"0", b"0", b"1", b"2"]

    def test_an_ended_subscription_gets_nothing(self, http: httpx.Client, room: Room, toy: Toy, rooms: str) -> None:
        made = subscribe(http, f"{rooms}/hook")
        send(http, room)
        http.post(f"/v1/subscriptions/{made['id']}/end", headers=sign_in(http, "police"))
        send(http, room)
        with working(room):
            sleep(0.3)
        assert pushed(toy) == []


class _Standing:
    """The reference library's clock, set to the instant the tests stand at."""

    @staticmethod
    def now(tz: Any = None) -> Any:
        return TestClock().now.astimezone(tz)

    @staticmethod
    def fromtimestamp(stamp: float, tz: Any = None) -> Any:
        return TestClock().now.fromtimestamp(stamp, tz)
