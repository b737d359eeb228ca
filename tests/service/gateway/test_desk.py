"""Looking across the rooms: the merged board, one journey, figures, and a room that is down."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from gateway.door import Door
from shared.web.paging import cursor, parts_of
from tests.service.gateway.conftest import sign_in
from tests.service.gateway.posting import JOURNEY
from tests.service.gateway.serving import Respond, Seen, Toy

BASE = datetime.fromisoformat("2026-12-01T00:00:00+08:00")


@pytest.fixture
def officer(http: httpx.Client) -> dict[str, str]:
    """Sign the case officer of Suzhou in."""
    return sign_in(http, "officer")


def clock_row(number: int, minutes: float) -> dict[str, Any]:
    """Return a running clock as a room shows it."""
    due = BASE + timedelta(minutes=minutes)
    texts = dict.fromkeys(("name_zh", "name_en", "cite_zh", "cite_en"), "x")
    return {
        "id": str(UUID(int=number)),
        "subject": f"case:{number}",
        "journey_id": str(JOURNEY),
        "term_id": "filing",
        **texts,
        "party": "eea-320500",
        "state": "running",
        "started_at": BASE.isoformat(),
        "due_at": due.isoformat(),
        "due_on": None,
        "provisional": False,
        "breached_at": None,
        "ended_at": None,
        "awaits": [],
        "because": [],
    }


def paged(rows: list[dict[str, Any]]) -> Respond:
    """Answer as a room's board does: by due_at and id, after a cursor, `limit` at a time."""
    ordered = sorted(rows, key=lambda row: (row["due_at"], row["id"]))

    def respond(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        query = httpx.URL(f"http://x{seen.target}").params
        place = parts_of(query.get("after"), 2)
        rest = [row for row in ordered if place is None or (row["due_at"], row["id"]) > place]
        page = rest[: int(query["limit"])]
        following = cursor(page[-1]["due_at"], page[-1]["id"]) if len(page) == int(query["limit"]) else None
        return 200, {"content-type": "application/json"}, orjson.dumps({"items": page, "next": following})

    return respond


class Rooms:
    """Three rooms behind one toy: told apart by the address they are asked under."""

    def __init__(self, toy: Toy, door: Door, address: str) -> None:
        self.upstream = door._proxy._upstream
        self.toy, self.address = toy, address
        for name in ("clue", "case", "referral"):
            self.upstream._bases[name] = f"{address}/{name}"

    def board(self, **rows: list[dict[str, Any]]) -> None:
        """Give each room its clocks."""
        for name in ("clue", "case", "referral"):
            self.toy.answers[f"/{name}/v1/deadlines"] = paged(rows.get(name, []))

    def say(self, path: str, status: int = 200, **answers: Any) -> None:
        """Let each room answer a path with JSON."""
        for name, answer in answers.items():
            body = orjson.dumps(answer)
            self.toy.answers[f"/{name}{path}"] = lambda _seen, body=body: (status, {}, body)  # type: ignore[misc]

    def down(self, name: str) -> None:
        """Let nobody answer for a room."""
        self.upstream._bases[name] = "http://127.0.0.1:9"


@pytest.fixture
def three(toy: Toy, door: Door, rooms: str, address: str) -> Rooms:
    """Set three rooms up."""
    return Rooms(toy, door, rooms)


def whole_board(http: httpx.Client, headers: dict[str, str], **params: Any) -> tuple[list[str], int]:
    """Return the ids of every page of the board, and how many pages there were."""
    found: list[str] = []
    pages, after = 0, None
    while True:
        query = params | ({"after": after} if after else {})
        answer = http.get("/v1/deadlines", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= params.get("limit", 50)
        found += [item["id"] for item in page["items"]]
        pages, after = pages + 1, page["next"]
        if after is None:
            return found, pages


class TestBoard:
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
    def test_merges_all_rooms_nearest_first_on_every_page_size(
        self, http: httpx.Client, officer: dict[str, str], three: Rooms, limit: int
    ) -> None:
        minutes = [5, 3, 3, 3, 90, 1, 40, 7, 3, 60, 61, 2]
        rows = [clock_row(number, at) for number, at in enumerate(minutes, start=1)]
        three.board(clue=rows[:2], case=rows[2:9], referral=rows[9:])
        expected = [row["id"] for row in sorted(rows, key=lambda row: (row["due_at"], row["id"]))]
        found, pages = whole_board(http, officer, limit=limit)
        assert found == expected
        assert pages <= len(rows) // limit + 2

    def test_passes_filters_and_the_identity_on(
        self, http: httpx.Client, officer: dict[str, str], three: Rooms
    ) -> None:
        three.board()
        http.get("/v1/deadlines", params={"agency": "eea-320500", "breached": True, "limit": 5}, headers=officer)
        assert len(three.toy.seen) == 3
        for seen in three.toy.seen:
            query = httpx.URL(f"http://x{seen.target}").params
            assert dict(query) == {"agency": "eea-320500", "breached": "true", "limit": "5"}
            assert seen.header("x-lianqin-identity")

    def test_names_a_room_that_is_down(self, http: httpx.Client, officer: dict[str, str], three: Rooms) -> None:
        three.board(clue=[clock_row(1, 1)], case=[clock_row(2, 2)])
        three.down("case")
        answer = http.get("/v1/deadlines", headers=officer).json()
        assert [item["id"] for item in answer["items"]] == [str(UUID(int=1))]
        assert (answer["unavailable"], answer["next"]) == (["case"], None)

    def test_what_a_room_could_not_say_comes_when_it_is_back(
        self, http: httpx.Client, officer: dict[str, str], three: Rooms
    ) -> None:
        three.board(clue=[clock_row(1, 1), clock_row(2, 2)], case=[clock_row(3, 0)])
        held = three.upstream._bases["case"]
        three.down("case")
        first = http.get("/v1/deadlines", params={"limit": 1}, headers=officer).json()
        assert first["unavailable"] == ["case"]
        three.upstream._bases["case"] = held
        params = {"limit": 5, "after": first["next"]}
        second = http.get("/v1/deadlines", params=params, headers=officer).json()
        assert [item["id"] for item in second["items"]] == [str(UUID(int=3)), str(UUID(int=2))]

    @pytest.mark.parametrize("after", ["x", "e30x", "bnVsbA", "eyJjYXNlIjpbMV19", "eyJjYXNlIjpbIiIsIjEiXX0"])
    def test_a_foreign_cursor(self, http: httpx.Client, officer: dict[str, str], three: Rooms, after: str) -> None:
        three.board()
        assert http.get("/v1/deadlines", params={"after": after}, headers=officer).status_code == 422


def entry(room: str, seq: int, minutes: float) -> dict[str, Any]:
    """Return a journal entry as a room shows it."""
    said = {"type": f"{room}.x", "agency": "eea-320500", "actor": "person:1", "prev": "", "hash": "h", "body": "{}"}
    at = (BASE + timedelta(minutes=minutes)).isoformat()
    return {"subject": f"{room}:1", "seq": seq, "at": at, "journey_id": str(JOURNEY), **said}


class TestJourney:
    def test_lays_the_journals_side_by_side(self, http: httpx.Client, officer: dict[str, str], three: Rooms) -> None:
        three.say(
            f"/v1/journeys/{JOURNEY}",
            clue={"entries": [entry("clue", 1, 0), entry("clue", 2, 30)]},
            case={"entries": [entry("case", 1, 10), entry("case", 2, 10)]},
            referral={"entries": []},
        )
        answer = http.get(f"/v1/journeys/{JOURNEY}", headers=officer).json()
        assert [(item["subject"], item["seq"]) for item in answer["entries"]] == [
            ("clue:1", 1),
            ("case:1", 1),
            ("case:1", 2),
            ("clue:1", 2),
        ]
        assert answer["unavailable"] == []

    def test_is_missing_only_when_every_room_says_so(
        self, http: httpx.Client, officer: dict[str, str], three: Rooms
    ) -> None:
        nothing: dict[str, Any] = {"entries": []}
        three.say(f"/v1/journeys/{JOURNEY}", clue=nothing, case=nothing, referral=nothing)
        assert http.get(f"/v1/journeys/{JOURNEY}", headers=officer).status_code == 404
        three.down("referral")
        answer = http.get(f"/v1/journeys/{JOURNEY}", headers=officer)
        assert (answer.status_code, answer.json()) == (200, {"entries": [], "unavailable": ["referral"]})


class TestFigures:
    def test_are_added_up(self, http: httpx.Client, officer: dict[str, str], three: Rooms) -> None:
        three.say(
            "/v1/statistics",
            clue={"subjects": {"clue": {"received": 3}}, "clocks": {"met": {"count": 2, "late": 1}}},
            case={"subjects": {"case": {"filed": 1}}, "clocks": {"met": {"count": 5, "late": 0}}},
        )
        three.down("referral")
        answer = http.get("/v1/statistics", headers=officer).json()
        assert answer["subjects"] == {"clue": {"received": 3}, "case": {"filed": 1}}
        assert answer["clocks"] == {"met": {"count": 7, "late": 1}}
        assert answer["unavailable"] == ["referral"]

    def test_timeliness_is_joined(self, http: httpx.Client, officer: dict[str, str], three: Rooms) -> None:
        row = {"name_zh": "x", "name_en": "x", "cite_zh": "x", "cite_en": "x", "authority": "law", "binds": True}
        case = row | {"agency": "eea-320500", "leg": "case", "term": "eep_case_limit", "met_late": 1}
        clue = row | {"agency": "eea-320500", "leg": "clue", "term": "eep_filing_decision", "met_in_time": 4}
        three.say("/v1/statistics/timeliness", clue={"rows": [clue]}, case={"rows": [case]})
        three.down("referral")
        answer = http.get("/v1/statistics/timeliness?begun_from=2026-01-01", headers=officer).json()
        assert [(one["leg"], one["met_late"], one["met_in_time"]) for one in answer["rows"]] == [
            ("case", 1, 0),
            ("clue", 0, 4),
        ]
        assert answer["unavailable"] == ["referral"]
        assert http.get("/v1/statistics/timeliness?begun_from=lately", headers=officer).status_code == 422
        assert http.get("/v1/statistics/timeliness?begun_to=9999-12-31", headers=officer).status_code == 422

    def test_which_room_answers(self, http: httpx.Client, officer: dict[str, str], three: Rooms) -> None:
        three.down("case")
        found = {room["room"]: room["healthy"] for room in http.get("/v1/statistics/rooms", headers=officer).json()}
        assert found == {"gateway": True, "clue": True, "case": False, "referral": True}
        assert http.get("/health").json() == {"room": "gateway", "healthy": True}
