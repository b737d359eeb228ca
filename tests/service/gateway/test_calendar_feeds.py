"""The clocks as a calendar: parsed strictly, the same event for a clock's life, and closed to whoever has no token."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import icalendar
import orjson
import pytest
from sqlmodel import select

from gateway.door import Door
from gateway.identity import commands
from gateway.notices.models import CalendarFeed
from shared.identity import system, verify_assertion
from shared.records.room import Room
from tests.service.gateway.conftest import TestClock, sign_in
from tests.service.gateway.serving import Seen, Toy, json_answer
from tests.service.gateway.telling import person
from tests.service.gateway.test_desk import Rooms, clock_row, paged

CONFERENCE = {
    "id": str(UUID(int=77)),
    "title": "会商一号",
    "state": "convened",
    "place": "三楼会议室",
    "starts_at": "2026-12-02T10:00:00+08:00",
    "ends_at": "2026-12-02T11:30:00+08:00",
    "updated_at": "2026-11-23T08:00:00+08:00",
    "sequence": 2,
}


@pytest.fixture
def behind(toy: Toy, door: Door, rooms: str) -> Rooms:
    """Stand in for three rooms without clocks."""
    standing = Rooms(toy, door, rooms)
    for name in ("clue", "case", "referral"):
        toy.answers[f"/{name}/v1/deadlines"] = paged([])
    toy.answers["/case/v1/conferences"] = json_answer({}, status=404)
    return standing


def made(http: httpx.Client, who: str = "officer", **body: Any) -> dict[str, Any]:
    """Make an address; returns its view with the path."""
    answer = http.post("/v1/calendar-feeds", json=body, headers=sign_in(http, who))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found | {"path": httpx.URL(found["url"]).path}


def events(answer: httpx.Response) -> list[Any]:
    """Parse a calendar as strictly as the library can; returns its events."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    found = icalendar.Calendar.from_ical(answer.content)
    assert found["version"] == "2.0"
    assert [part.errors for part in found.walk()] == [[] for _ in found.walk()]
    return list(found.walk("VEVENT"))


@pytest.mark.usefixtures("behind")
class TestFeed:
    def test_has_every_open_clock_with_its_alarms(self, http: httpx.Client, toy: Toy) -> None:
        in_days = clock_row(1, 0) | {"due_on": "2026-11-30", "name_zh": "立案期限"}
        toy.answers["/clue/v1/deadlines"] = paged([in_days])
        toy.answers["/case/v1/deadlines"] = paged([clock_row(number, 60 * number) for number in range(2, 260)])
        found = events(http.get(made(http)["path"]))
        assert len(found) == 259
        first = next(event for event in found if event["uid"].startswith(str(UUID(int=1))))
        assert first["dtstart"].dt.isoformat() == "2026-11-30"
        assert "立案期限" in first["summary"]
        alarms = sorted(alarm["trigger"].dt for alarm in first.walk("VALARM"))
        due = datetime.fromisoformat(in_days["due_at"])
        assert alarms == [due - timedelta(hours=24), due - timedelta(hours=4)]
        second = next(event for event in found if event["uid"].startswith(str(UUID(int=2))))
        assert second["dtstart"].dt == datetime.fromisoformat(clock_row(2, 120)["due_at"])

    def test_a_date_that_moves_keeps_the_uid_and_raises_the_sequence(
        self, http: httpx.Client, toy: Toy, clock: TestClock
    ) -> None:
        path = made(http)["path"]
        toy.answers["/clue/v1/deadlines"] = paged([clock_row(1, 0)])
        (before,) = events(http.get(path))
        (again,) = events(http.get(path))
        clock.move(minutes=5)
        toy.answers["/clue/v1/deadlines"] = paged([clock_row(1, 60)])
        (after,) = events(http.get(path))
        assert before["uid"] == again["uid"] == after["uid"]
        assert [event["sequence"] for event in (before, again, after)] == [0, 0, 1]
        assert before["dtstamp"].dt == again["dtstamp"].dt < after["dtstamp"].dt

    def test_what_did_not_change_is_not_sent_again(self, http: httpx.Client, toy: Toy) -> None:
        path = made(http)["path"]
        toy.answers["/clue/v1/deadlines"] = paged([clock_row(1, 0)])
        first = http.get(path)
        tag = first.headers["etag"]
        assert http.get(path, headers={"if-none-match": tag}).status_code == 304
        toy.answers["/clue/v1/deadlines"] = paged([clock_row(1, 1)])
        assert http.get(path, headers={"if-none-match": tag}).status_code == 200
        assert "private" in first.headers["cache-control"]

    def test_conferences_stand_beside_the_clocks(self, http: httpx.Client, toy: Toy) -> None:
        off = CONFERENCE | {"id": str(UUID(int=78)), "state": "cancelled"}
        put_off = CONFERENCE | {"id": str(UUID(int=79)), "state": "adjourned"}
        toy.answers["/case/v1/conferences"] = json_answer({"items": [CONFERENCE, off, put_off], "next": None})
        (event,) = events(http.get(made(http)["path"]))
        assert event["uid"] == f"{UUID(int=77)}@lianqin"
        assert (str(event["summary"]), str(event["location"])) == ("会商一号", "三楼会议室")
        assert event["sequence"] == 2

    def test_a_conference_has_the_sequence_of_its_invitation(self, http: httpx.Client, toy: Toy) -> None:
        path, told = made(http)["path"], []
        for sequence, version in ((0, 1), (0, 9), (1, 10)):
            one = CONFERENCE | {"sequence": sequence, "version": version}
            toy.answers["/case/v1/conferences"] = json_answer({"items": [one], "next": None})
            told += [event["sequence"] for event in events(http.get(path))]
        assert told == [0, 0, 1]

    @pytest.mark.parametrize(("who", "body"), [("officer", {}), ("keeper", {"agency": "eea-320500"})])
    def test_is_read_with_the_holders_own_rights(
        self, http: httpx.Client, room: Room, toy: Toy, clock: TestClock, who: str, body: dict[str, str]
    ) -> None:
        address = made(http, who, **body)
        events(http.get(address["path"]))
        asked: list[Seen] = [seen for seen in toy.seen if "/v1/deadlines" in seen.target]
        assert {seen.target.split("/")[1] for seen in asked} == {"clue", "case", "referral"}
        for seen in asked:
            token = seen.header("x-lianqin-identity") or ""
            by, _ = verify_assertion(token, secret=room.settings.internal_secret, now=clock())
            assert by.agency == "eea-320500"
            if body:
                assert (by.actor, by.roles) == (f"calendar:{address['id']}", frozenset())
            else:
                assert (by.actor, by.roles) == (person(room, who).ref, frozenset({"case_officer"}))

    def test_a_room_that_is_down_is_said_and_no_clock_is_missing_silently(self, http: httpx.Client, toy: Toy) -> None:
        toy.answers["/case/v1/deadlines"] = json_answer({}, status=503)
        assert http.get(made(http)["path"]).status_code == 503


@pytest.mark.usefixtures("behind")
class TestToken:
    def test_only_its_digest_is_stored(self, http: httpx.Client, room: Room) -> None:
        address = made(http)
        token = address["path"].rpartition("/")[2].removesuffix(".ics")
        with room.reading() as session:
            (row,) = session.exec(select(CalendarFeed)).all()
        assert token not in orjson.dumps(row.model_dump(mode="json")).decode()
        assert token not in http.get("/v1/calendar-feeds", headers=sign_in(http, "officer")).text

    def test_an_unknown_malformed_revoked_or_renewed_one_opens_nothing(self, http: httpx.Client) -> None:
        first, second = made(http), made(http)
        officer = sign_in(http, "officer")
        renewed = http.post(f"/v1/calendar-feeds/{first['id']}/rotate", headers=officer).json()
        http.post(f"/v1/calendar-feeds/{second['id']}/end", headers=officer)
        paths = [first["path"], second["path"], f"/v1/calendar/{'A' * 43}.ics"]
        assert {http.get(path).status_code for path in paths} == {404}
        assert http.get(httpx.URL(renewed["url"]).path).status_code == 200
        assert http.get("/v1/calendar/short.ics").status_code in (404, 422)
        assert http.post(first["path"]).status_code in (401, 405)
        assert http.post(f"/v1/calendar-feeds/{second['id']}/rotate", headers=officer).status_code == 404

    def test_a_person_who_left_reads_nothing_more(self, http: httpx.Client, room: Room, clock: TestClock) -> None:
        path = made(http)["path"]
        assert http.get(path).status_code == 200
        with room.transaction() as session:
            commands.deactivate_person(session, person(room, "officer").id, by=system("gateway"), now=clock())
        assert http.get(path).status_code == 404

    def test_there_are_not_any_number_of_them(self, http: httpx.Client) -> None:
        for _ in range(10):
            made(http)
        refused = http.post("/v1/calendar-feeds", json={}, headers=sign_in(http, "officer"))
        assert refused.status_code == 409
