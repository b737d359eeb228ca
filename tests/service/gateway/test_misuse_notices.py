"""Notices misused: channels chosen and then ended, channels that are all down but one that was not chosen."""

from collections.abc import Iterator

import httpx
import pytest

from gateway.identity import commands
from shared.identity import system
from shared.records.room import Room
from tests.service.gateway.conftest import TestClock, sign_in
from tests.service.gateway.serving import Toy, http_to, json_answer
from tests.service.gateway.telling import free_port, live_through, mail_server, person, raise_notice, set_mail, turn

PORT = free_port()
CHOICE = "/v1/notice-preferences"


@pytest.fixture
def settings() -> dict[str, object]:
    """Send mail to a server that each test runs."""
    return {"smtp_host": "127.0.0.1", "smtp_port": PORT, "smtp_from": "desk@eea.example"}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Post as the worker does."""
    with http_to() as client:
        yield client


@pytest.fixture
def phone(http: httpx.Client, room: Room, rooms: str) -> tuple[dict[str, str], str]:
    """An officer with mail and a webhook who chose the webhook alone for what is urgent."""
    set_mail(room, "officer", "officer@example.com")
    officer = sign_in(http, "officer")
    body = {"kind": "webhook", "label": "duty phone", "url": f"{rooms}/phone"}
    added = http.post("/v1/notice-channels", json=body, headers=officer)
    assert added.status_code == 201
    name = str(added.json()["id"])
    assert http.put(CHOICE, json={"urgent": [name]}, headers=officer).status_code == 200
    return officer, name


def test_who_ended_the_only_channel_chosen_is_written_to_by_the_others(
    http: httpx.Client, room: Room, client: httpx.Client, phone: tuple[dict[str, str], str]
) -> None:
    officer, name = phone
    assert http.post(f"/v1/notice-channels/{name}/end", headers=officer).status_code == 200
    with mail_server(PORT) as postbox:
        raise_notice(room, "k1", level="urgent")
        turn(room, client)
    assert len(postbox.taken) == 1


def test_what_is_urgent_and_does_not_arrive_goes_by_channels_that_were_not_chosen(
    room: Room, toy: Toy, clock: TestClock, client: httpx.Client, phone: tuple[dict[str, str], str]
) -> None:
    toy.answers["/phone"] = json_answer({}, status=503)
    with mail_server(PORT) as postbox:
        raise_notice(room, "k1", level="urgent")
        live_through(room, clock, client, hours=2)
    assert [seen for seen in toy.seen if seen.target == "/phone"]
    assert len(postbox.taken) == 1


def test_who_wants_nothing_but_the_inbox_is_left_alone(
    http: httpx.Client, room: Room, client: httpx.Client, phone: tuple[dict[str, str], str]
) -> None:
    officer, _name = phone
    assert http.put(CHOICE, json={"info": []}, headers=officer).status_code == 200
    with mail_server(PORT) as postbox:
        raise_notice(room, "k1", level="info")
        turn(room, client)
    assert postbox.taken == []


def test_who_left_is_sent_nothing_that_was_still_on_its_way(
    http: httpx.Client, room: Room, clock: TestClock, toy: Toy, client: httpx.Client, phone: tuple[dict[str, str], str]
) -> None:
    assert http.put(CHOICE, json={}, headers=phone[0]).status_code == 200
    toy.answers["/phone"] = json_answer({}, status=503)
    raise_notice(room, "k1", level="urgent")
    live_through(room, clock, client, hours=1, step=0.25)
    tried = len(toy.seen)
    assert tried
    with room.transaction() as session:
        commands.deactivate_person(session, person(room, "officer").id, by=system("gateway"), now=clock())
    toy.answers["/phone"] = json_answer({})
    with mail_server(PORT) as postbox:
        live_through(room, clock, client, hours=24)
    assert (len(toy.seen), postbox.taken) == (tried, [])
