"""Taking in a notice of days off: who may, what is refused, and what goes to the rooms."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from shared.records.deliveries import Delivery
from shared.records.journal import Entry
from shared.records.room import Room
from tests.service.gateway.conftest import sign_in

DAY = {"name": "台风停工", "date": "2026-09-22", "isOffDay": True}
NOTICE: dict[str, Any] = {
    "year": 2026,
    "papers": ["https://example.invalid/notice"],
    "days": [DAY],
    "adjusts": True,
    "source": "省政府通知",
}


def queued(room: Room) -> list[Delivery]:
    """Return what is on its way to the rooms."""
    with room.reading() as session:
        return list(session.exec(select(Delivery).where(Delivery.type == "calendar.changed")))


class TestTaking:
    def test_it_goes_to_every_room_once_and_into_the_journal(self, http: httpx.Client, room: Room) -> None:
        who = sign_in(http, "province")
        taken = http.post("/v1/calendar-notices", json=NOTICE, headers=who)
        assert (taken.status_code, taken.json()["first_on"], taken.json()["adjusts"]) == (201, "2026-09-22", True)
        again = http.post("/v1/calendar-notices", json=NOTICE, headers=who)
        assert (again.status_code, again.json()) == (200, taken.json())
        assert sorted(row.receiver for row in queued(room)) == ["case", "clue", "referral"]
        with room.reading() as session:
            entry = session.exec(select(Entry).where(Entry.type == "calendar.changed")).one()
        assert entry.agency == "eea-320000"

    def test_everyone_signed_in_may_read_it(self, http: httpx.Client) -> None:
        http.post("/v1/calendar-notices", json=NOTICE, headers=sign_in(http, "province"))
        for login in ("officer", "police", "neighbour"):
            listed = http.get("/v1/calendar-notices", headers=sign_in(http, login)).json()
            assert [one["days"] for one in listed] == [[DAY]]
        assert http.get("/v1/calendar-notices").status_code == 401


class TestRefused:
    @pytest.mark.parametrize("login", ["keeper", "officer", "neighbour", "police"])
    def test_nobody_but_the_highest_bureau_s_administrator(self, http: httpx.Client, room: Room, login: str) -> None:
        answer = http.post("/v1/calendar-notices", json=NOTICE, headers=sign_in(http, login))
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-step")
        assert queued(room) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"days": []},
            {"days": [DAY, DAY]},
            {"days": [{**DAY, "date": "2027-09-22"}]},
            {"days": [{**DAY, "isOffDay": "perhaps"}]},
            {"days": [{"name": "周二", "date": "2026-09-22", "isOffDay": False}]},
            {"year": 1890},
            {"year": 2028, "days": [{**DAY, "date": "2028-02-01"}]},
            {"colour": "red"},
        ],
    )
    def test_what_is_no_notice_or_changes_nothing(
        self, http: httpx.Client, room: Room, changes: dict[str, Any]
    ) -> None:
        answer = http.post("/v1/calendar-notices", json=NOTICE | changes, headers=sign_in(http, "province"))
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert queued(room) == []
