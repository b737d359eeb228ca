"""When a partner's machine has a dossier's message, the referral room is told, once."""

import json

import httpx
import pytest

from shared.records.room import Room
from tests.service.gateway.conftest import Template, enter
from tests.service.gateway.posting import event, post_event
from tests.service.gateway.serving import Seen, Toy
from tests.service.gateway.test_worker import subscribe
from tests.service.gateway.working import until, working

DATA = {"title": "移送", "manifest": {"digest": "a" * 64, "body": "{}"}}


@pytest.fixture
def settings() -> dict[str, object]:
    """Rest little."""
    return {"poll_seconds": 0.02}


def told(toy: Toy) -> list[Seen]:
    """What the gateway told the rooms."""
    return [seen for seen in toy.seen if seen.target == "/internal/events"]


def send(http: httpx.Client, room: Room, data: dict[str, object]) -> str:
    message_id, body = event(room, "referral.sent", data, to=("psb-320500",))
    assert post_event(http, room, message_id, body).status_code == 200
    return str(message_id)


def test_a_push_that_was_taken(http: httpx.Client, room: Room, toy: Toy, rooms: str):
    subscribe(http, f"{rooms}/hook")
    sent = send(http, room, DATA)
    with working(room):
        (seen,) = until(lambda: told(toy))
    said = json.loads(seen.body)
    assert (said["type"], said["source"], said["subject"]) == ("message.delivered", "/rooms/gateway", "referral:1")
    assert said["data"] == {"agency": "psb-320500", "message_id": sent, "manifest_digest": "a" * 64}
    assert seen.header("webhook-signature")


def test_a_fetch_is_told_once_however_often(http: httpx.Client, room: Room, toy: Toy, rooms: str, template: Template):
    police = enter(http, template.programs["psb"])
    first, second = send(http, room, DATA), send(http, room, DATA)
    for _ in range(3):
        assert len(http.get("/v1/events", headers=police).json()["events"]) == 2
    with working(room):
        until(lambda: len(told(toy)) >= 2)
    said = [json.loads(seen.body)["data"]["message_id"] for seen in told(toy)]
    assert sorted(said) == sorted([first, second])


@pytest.mark.parametrize("data", [{"title": "x"}, {"manifest": None}, {"manifest": "x"}, {"manifest": {}}])
def test_what_hands_nothing_over_is_not_told(
    http: httpx.Client, room: Room, toy: Toy, rooms: str, template: Template, data: dict[str, object]
):
    send(http, room, data)
    police = enter(http, template.programs["psb"])
    assert len(http.get("/v1/events", headers=police).json()["events"]) == 1
    send(http, room, DATA)
    http.get("/v1/events", headers=police)
    with working(room):
        until(lambda: told(toy))
    assert len(told(toy)) == 1
