"""A channel that is down for a week: the next one is used, the alarm rings, nothing is lost, subjects keep order."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from gateway.identity import commands
from shared.identity import system
from shared.records.room import Room
from shared.signing import verify
from tests.service.gateway.conftest import PASSWORD, TestClock, sign_in, sign_in_now
from tests.service.gateway.serving import Seen, Toy, http_to, json_answer
from tests.service.gateway.telling import free_port, live_through, mail_server, person, raise_notice, set_mail, turn

PORT = free_port()
SUBJECTS = ("case:1", "referral:2")
WEEKEND = 5
"""The days of the frozen week on which reminders would be held back until Monday."""


@pytest.fixture
def settings() -> dict[str, object]:
    """Send mail to a server that nobody runs yet."""
    return {"smtp_host": "127.0.0.1", "smtp_port": PORT, "smtp_from": "desk@eea.example"}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Post as the worker does."""
    with http_to() as client:
        yield client


@pytest.fixture
def reader(http: httpx.Client, room: Room, rooms: str) -> dict[str, str]:
    """Give the officer mail first and a webhook second."""
    set_mail(room, "officer", "officer@example.com")
    officer = sign_in(http, "officer")
    body = {"kind": "webhook", "label": "duty phone", "url": f"{rooms}/phone"}
    assert http.post("/v1/notice-channels", json=body, headers=officer).status_code == 201
    return officer


@pytest.fixture
def unreachable(http: httpx.Client) -> dict[str, str]:
    """Add a colleague who has mail only."""
    body = {"login": "mail.only", "name": "Mail Only", "agency": "eea-320500", "password": PASSWORD}
    body |= {"email": "only@example.com", "roles": ["liaison"]}  # type: ignore[dict-item]
    assert http.post("/v1/people", json=body, headers=sign_in(http, "keeper")).status_code == 201
    return sign_in_now(http, "mail.only")


def at_the_phone(toy: Toy) -> list[dict[str, Any]]:
    """Return what the webhook got, in its order."""
    return [orjson.loads(seen.body) for seen in toy.seen if seen.target == "/phone"]


def by_subject(toy: Toy) -> dict[str, list[str]]:
    """Return the titles the webhook got, by subject."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in at_the_phone(toy):
        found[event["subject"]].append(event["data"]["title"])
    return found


def a_week(room: Room, clock: TestClock, client: httpx.Client) -> dict[str, list[str]]:
    """Raise a reminder and an urgent notice a day and subject; return their titles by subject as raised."""
    raised: dict[str, list[str]] = defaultdict(list)
    for day in range(7):
        for number in range(4):
            subject, level = SUBJECTS[number % 2], ("reminder", "urgent")[number // 2]
            if day >= WEEKEND and level == "reminder":
                continue
            title = f"{day}.{number}"
            for role in ("case_officer", "liaison"):
                raise_notice(room, title, subject=subject, level=level, title_zh=title, role=role, type="x.y")
            raised[subject].append(title)
        turn(room, client)
        live_through(room, clock, client, hours=24, step=1)
    return raised


@pytest.mark.usefixtures("unreachable")
def test_a_week_without_mail(
    http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, reader: dict[str, str]
) -> None:
    raised = a_week(room, clock, client)
    shown = {subject: [one for one in titles if one in raised[subject]] for subject, titles in by_subject(toy).items()}
    assert shown == raised, "all of it reached the second channel once, in the order of its subject"
    keeper = sign_in_now(http, "keeper")
    alarms = http.get("/v1/notices", headers=keeper, params={"limit": 200}).json()["items"]
    assert {"notice.undelivered"} <= {alarm["type"] for alarm in alarms}
    assert any("Mail Only" in alarm["title"] for alarm in alarms)
    failing = http.get("/v1/notice-failures", headers=keeper).json()
    assert {one["label"] for one in failing} == {"officer@example.com", "only@example.com"}
    with mail_server(PORT) as postbox:
        for one in failing:
            answer = http.post("/v1/notice-failures/retry", json={"receiver": one["receiver"]}, headers=keeper)
            assert answer.status_code == 200, answer.text
        live_through(room, clock, client, hours=72, step=2)
        mailed = [str(letter["Subject"]).removeprefix("【紧急】") for letter in postbox.taken]
        ids = [str(letter["Message-ID"]) for letter in postbox.taken]
    to = [str(letter["To"]) for letter in postbox.taken]
    for address in ("officer@example.com", "only@example.com"):
        for subject, titles in raised.items():
            got = [title for title, who in zip(mailed, to, strict=True) if who == address and title in titles]
            assert got == titles, f"nothing is lost, and the subject keeps its order: {address} {subject}"
    assert len(ids) == len(set(ids))
    assert http.get("/v1/notice-failures", headers=sign_in_now(http, "keeper")).json() == []
    assert reader


class TestNextChannel:
    def test_is_used_after_minutes_for_urgent_and_hours_otherwise(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, reader: dict[str, str]
    ) -> None:
        raise_notice(room, "u", level="urgent", title_zh="u", subject="case:1")
        raise_notice(room, "r", level="reminder", title_zh="r", subject="case:2")
        turn(room, client)
        clock.move(minutes=9)
        turn(room, client)
        assert at_the_phone(toy) == []
        clock.move(minutes=1)
        turn(room, client)
        assert [event["data"]["title"] for event in at_the_phone(toy)] == ["u"]
        clock.move(hours=4)
        turn(room, client)
        titles = [event["data"]["title"] for event in at_the_phone(toy)]
        assert titles.count("r") == 1
        items = http.get("/v1/notices", headers=sign_in_now(http, "officer")).json()["items"]
        (first,) = [item for item in items if item["title"] == "A deadline is near" and item["level"] == "urgent"]
        history = http.get(f"/v1/notices/{first['id']}/deliveries", headers=sign_in_now(http, "officer")).json()
        said = [(one["channel"] == "mail", one["status"], one["outcome"], one["rank"]) for one in history]
        assert said == [(True, "retrying", "passed", 0), (False, "delivered", "", 1)]
        assert history[0]["message_id"] == history[1]["message_id"]
        assert reader

    def test_is_not_used_for_what_was_acknowledged(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, reader: dict[str, str]
    ) -> None:
        raise_notice(room, "u", level="urgent")
        turn(room, client)
        (item,) = http.get("/v1/notices", headers=reader).json()["items"]
        http.post(f"/v1/notices/{item['id']}/acknowledge", headers=reader)
        live_through(room, clock, client, hours=12)
        assert at_the_phone(toy) == []

    def test_what_stood_in_and_was_acknowledged_before_it_left_is_spared(
        self, http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client, toy: Toy, reader: dict[str, str]
    ) -> None:
        toy.answers["/phone"] = json_answer({}, status=503)
        raise_notice(room, "u", level="urgent")
        turn(room, client)
        clock.move(minutes=11)
        turn(room, client)
        tried = len(at_the_phone(toy))
        assert tried >= 1
        (item,) = http.get("/v1/notices", headers=reader).json()["items"]
        http.post(f"/v1/notices/{item['id']}/acknowledge", headers=reader)
        live_through(room, clock, client, hours=3)
        assert len(at_the_phone(toy)) == tried
        history = http.get(f"/v1/notices/{item['id']}/deliveries", headers=sign_in_now(http, "officer")).json()
        assert history[1]["status"] == "not_needed"

    def test_a_refusal_passes_on_at_once(
        self, room: Room, client: httpx.Client, toy: Toy, http: httpx.Client, rooms: str
    ) -> None:
        officer = sign_in(http, "officer")
        for path in ("gone", "phone"):
            body = {"kind": "webhook", "label": path, "url": f"{rooms}/{path}"}
            assert http.post("/v1/notice-channels", json=body, headers=officer).status_code == 201
        toy.answers["/gone"] = json_answer({}, status=400)
        raise_notice(room, "u", level="info")
        turn(room, client)
        assert [event["data"]["title"] for event in at_the_phone(toy)] == ["期限将至"]


def test_nobody_is_called_about_an_account_that_was_closed(
    http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client
) -> None:
    set_mail(room, "officer", "officer@example.com")
    raise_notice(room, "u", level="urgent")
    with room.transaction() as session:
        commands.deactivate_person(session, person(room, "officer").id, by=system("gateway"), now=clock())
    live_through(room, clock, client, hours=2, step=0.5)
    items = http.get("/v1/notices", headers=sign_in(http, "keeper")).json()["items"]
    assert "notice.undelivered" not in {item["type"] for item in items}


def test_an_alarm_rings_once_a_day_and_names_who_cannot_be_reached(
    http: httpx.Client, room: Room, clock: TestClock, client: httpx.Client
) -> None:
    set_mail(room, "officer", "officer@example.com")
    for number in range(5):
        raise_notice(room, f"u{number}", level="urgent", subject=f"case:{number}")
    live_through(room, clock, client, hours=1, step=0.5)
    items = http.get("/v1/notices", headers=sign_in(http, "keeper")).json()["items"]
    assert [item["title"] for item in items] == ["Notices do not reach Officer"]


def test_the_webhook_is_signed(
    http: httpx.Client, room: Room, client: httpx.Client, toy: Toy, rooms: str, clock: TestClock
) -> None:
    body = {"kind": "webhook", "label": "x", "url": f"{rooms}/phone"}
    made = http.post("/v1/notice-channels", json=body, headers=sign_in(http, "officer")).json()
    raise_notice(room, "u")
    turn(room, client)
    (seen,) = [seen for seen in toy.seen if seen.target == "/phone"]
    assert isinstance(seen, Seen)
    verify(seen.body, dict(seen.headers), now=clock() + timedelta(0), keys=[made["verification_key"]])
