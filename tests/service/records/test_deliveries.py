"""Deliveries: in order, at least once, received once; a line that gave up holds and calls a human."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from shared.clock import new_id, system_now
from shared.records.deliveries import (
    LONGEST_WAIT,
    MAX_ATTEMPTS,
    Answer,
    Delivery,
    claim,
    next_attempt,
    parcel_values,
    queue,
    settle,
    try_again,
)
from tests import journeys
from tests.journeys import OFFICER

LEASE = timedelta(seconds=30)


def put(desk, *lines):
    """Queue one delivery per (line, receiver)."""
    room = desk.rooms["clue"]
    with room.transaction() as session:
        rows = [
            parcel_values(new_id(desk.clock.now), "x.y", str(number), line=line, receiver=receiver, now=desk.clock.now)
            for number, (line, receiver) in enumerate(lines)
        ]
        queue(session, rows)


def claimed(desk):
    with desk.rooms["clue"].transaction() as session:
        return claim(session, now=desk.clock.now, lease=LEASE)


def settled(desk, parcel, status):
    with desk.rooms["clue"].transaction() as session:
        return settle(session, parcel, Answer(status), now=desk.clock.now, jitter=0.0)


class TestOrder:
    def test_within_a_line_and_receiver_nothing_overtakes(self, desk):
        put(desk, ("a", "case"), ("a", "case"), ("a", "gateway"), ("b", "case"))
        first = claimed(desk)
        assert [(parcel.line, parcel.receiver) for parcel in first] == [("a", "case"), ("a", "gateway"), ("b", "case")]
        assert claimed(desk) == []
        settled(desk, first[0], 200)
        assert [parcel.body for parcel in claimed(desk)] == ["1"]

    def test_what_waits_for_another_try_holds_its_line(self, desk):
        put(desk, ("a", "case"), ("a", "case"))
        assert settled(desk, claimed(desk)[0], 503) == "pending"
        assert claimed(desk) == []
        desk.clock.advance(seconds=2)
        assert [parcel.body for parcel in claimed(desk)] == ["0"]

    def test_what_gave_up_holds_its_line_until_a_human_mends_it(self, desk):
        put(desk, ("a", "case"), ("a", "case"))
        stopped = claimed(desk)[0]
        assert settled(desk, stopped, 422) == "stopped"
        desk.clock.advance(days=1)
        assert claimed(desk) == []
        with desk.rooms["clue"].transaction() as session:
            assert try_again(session, stopped.id, now=desk.clock.now)
        assert [parcel.body for parcel in claimed(desk)] == ["0"]


class TestLease:
    def test_a_dead_workers_delivery_is_taken_over_and_its_late_word_ignored(self, desk):
        put(desk, ("a", "case"))
        late = claimed(desk)[0]
        desk.clock.advance(seconds=31)
        second = claimed(desk)[0]
        assert second.token == late.token + 1
        settled(desk, late, 422)
        with desk.rooms["clue"].reading() as session:
            assert session.exec(select(Delivery)).one().state == "pending"
        assert settled(desk, second, 200) == "delivered"

    def test_many_workers_claim_each_delivery_once(self, desk, databases):
        if not databases.server:
            pytest.skip("SQLite has one writer: claims never overlap")
        put(desk, *((f"line{number}", "case") for number in range(200)))
        with ThreadPoolExecutor(6) as pool:
            found = [parcel.id for batch in pool.map(lambda _: claimed(desk), range(12)) for parcel in batch]
        assert len(found) == len(set(found)) == 200


class TestNextAttempt:
    @given(st.integers(0, 599), st.integers(1, 60), st.floats(0, 1))
    def test_every_answer_leads_somewhere_known(self, status, attempts, jitter):
        now = system_now()
        state, due_at = next_attempt(Answer(status), attempts, now=now, jitter=jitter)
        assert state in ("delivered", "stopped", "pending")
        if 200 <= status < 300:
            assert state == "delivered"
        elif attempts >= MAX_ATTEMPTS:
            assert state == "stopped"
        elif status in (0, 408, 425, 429) or status >= 500:
            assert state == "pending"
            assert now < due_at <= now + LONGEST_WAIT * 1.2
        elif 400 <= status < 500:
            assert state == "stopped"


class TestReceivingOnce:
    def test_an_event_that_comes_twice_has_one_effect(self, desk):
        journeys.accepted_clue(desk)
        seen = []
        desk.before_settling = lambda parcel: seen.append(parcel)
        desk.deliver("clue")
        with desk.rooms["clue"].transaction() as session:
            for row in session.exec(select(Delivery).where(Delivery.receiver == "case")):
                row.state, row.due_at = "pending", desk.clock.now
                session.add(row)
        desk.drain()
        assert len([parcel for parcel in seen if parcel.receiver == "case"]) == 2
        assert len(desk.get(OFFICER, "/v1/cases")["items"]) == 1

    def test_a_room_that_is_down_delays_facts_and_refuses_none(self, desk):
        desk.down = {"case"}
        clue = journeys.accepted_clue(desk)
        for _ in range(5):
            desk.deliver("clue")
            desk.clock.advance(minutes=5)
        assert desk.get(OFFICER, f"/v1/clues/{clue['id']}")["state"] == "accepted"
        desk.down = set()
        desk.clock.advance(hours=1)
        desk.drain()
        assert desk.get(OFFICER, f"/v1/clues/{clue['id']}")["state"] == "opened"

    def test_a_forged_event_is_refused(self, desk):
        body = b'{"specversion":"1.0"}'
        headers = {
            "webhook-id": "1",
            "webhook-timestamp": str(int(desk.clock.now.timestamp())),
            "webhook-signature": "v1,eA==",
        }
        answer = desk.clients["case"].post("/internal/events", content=body, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "signature-invalid"
