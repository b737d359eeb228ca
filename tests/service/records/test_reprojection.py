"""A notice of days off arrives while clocks run: each date that it touches moves, once, and is told and journalled."""

import json
import random
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from shared.clock import ZONE, new_id
from shared.events import Origin, envelope
from shared.records import calendars, deadlines, projections, reprojection
from shared.records.calendars import CalendarNotice
from shared.records.deadlines import Deadline
from shared.records.journal import Entry
from shared.records.notices import Notice
from shared.records.verifying import verify_room
from shared.rules.calendar import default
from shared.signing import internal_key, sign
from tests import journeys
from tests.journeys import OFFICER

TYPHOON = {"name": "台风停工", "date": "2026-09-22", "isOffDay": True}
WORKED = {"name": "台风补班", "date": "2026-09-12", "isOffDay": False}
PAPER = ["https://example.invalid/notice"]


def notice(*days, year=2026, adjusts=True):
    """A notice in the published shape."""
    return {"year": year, "papers": PAPER, "days": list(days)} | ({"adjusts": True} if adjusts else {})


def arrive(desk, said, room="clue"):
    """Let the gateway's event reach a room."""
    now = desk.clock.now
    message = new_id(now)
    event = envelope(
        "calendar.changed",
        {"notice": said, "source": "test"},
        Origin("gateway", "calendar:1", new_id(now), 1),
        message_id=message,
        now=now,
    )
    body = json.dumps(event, default=str, ensure_ascii=False).encode()
    keys = [internal_key(desk.rooms[room].settings.internal_secret)]
    headers = sign(body, message_id=str(message), now=now, keys=keys)
    answer = desk.clients[room].post("/internal/events", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


def open_clocks(desk, room="clue"):
    """The open clocks of a room by term."""
    with desk.rooms[room].reading() as session:
        return {clock.term_id: clock for clock in session.exec(select(Deadline)).all() if clock.state != "met"}


def told(desk, room="clue"):
    """The notices of moved dates."""
    with desk.rooms[room].reading() as session:
        return session.exec(select(Notice).where(Notice.type == "deadline.moved")).all()


class TestOneClock:
    def test_a_last_day_that_became_a_day_off_moves(self, desk):
        clue = journeys.receive_clue(desk)
        arrive(desk, notice(TYPHOON))
        assert reprojection.tend(desk.rooms["clue"]) == 1
        clock = open_clocks(desk)["eep_filing_decision"]
        assert clock.due_on == date(2026, 9, 23)
        assert clock.due_at == datetime(2026, 9, 24, 0, 0, tzinfo=ZONE)
        assert "2026-09-23" in clock.rungs or "2026-09-24" in clock.rungs
        entry = desk.get(OFFICER, f"/v1/clues/{clue['id']}/journal")["items"][-1]
        assert entry["type"] == "deadline.moved"
        with desk.rooms["clue"].reading() as session:
            body = session.exec(select(Entry.body).where(Entry.type == "deadline.moved")).one()
        moved = json.loads(body)["clocks"][0]
        assert (moved["was_due_at"][:10], moved["due_at"][:10]) == ("2026-09-23", "2026-09-24")
        rows = told(desk)
        assert {(row.agency, row.role, row.level) for row in rows} == {
            ("eea-320500", "case_officer", "info"),
            ("eea-320500", "liaison", "info"),
        }
        assert "2026-09-23 00:00 → 2026-09-24 00:00" in rows[0].body_zh

    def test_the_version_moves_and_the_chains_hold(self, desk):
        clue = journeys.receive_clue(desk)
        before = desk.get(OFFICER, f"/v1/clues/{clue['id']}")
        arrive(desk, notice(TYPHOON))
        reprojection.tend(desk.rooms["clue"])
        after = desk.get(OFFICER, f"/v1/clues/{clue['id']}")
        assert after["version"] == before["version"] + 1
        stale = {"if-match": f'"{before["version"]}"'}
        path = f"/v1/clues/{clue['id']}/assign"
        answer = desk.call(OFFICER, "POST", path, json={"assigned_to": OFFICER.actor}, headers=stale)
        assert answer.status_code == 412
        with desk.rooms["clue"].reading() as session:
            assert verify_room(session, desk.rooms["clue"].subjects)[1] == []

    def test_twice_changes_nothing_more(self, desk):
        journeys.receive_clue(desk)
        arrive(desk, notice(TYPHOON))
        arrive(desk, notice(TYPHOON))
        room = desk.rooms["clue"]
        assert [reprojection.tend(room), reprojection.tend(room)] == [1, 0]
        desk.clock.advance(minutes=2)
        assert reprojection.tend(room) == 0
        assert len(told(desk)) == 2
        with room.reading() as session:
            known = calendars.known(session)
        assert [(one.looked_at, one.moved, one.settled_at is not None) for one in known] == [(1, 1, True)]

    def test_a_clock_that_the_days_do_not_touch_is_not_looked_at(self, desk):
        journeys.receive_clue(desk)
        arrive(desk, notice({"name": "调休", "date": "2026-12-01", "isOffDay": True}))
        assert reprojection.tend(desk.rooms["clue"]) == 0
        with desk.rooms["clue"].reading() as session:
            assert calendars.known(session)[0].looked_at == 0

    def test_what_was_not_reached_is_reminded_anew_and_what_was_is_not_repeated(self, desk):
        journeys.receive_clue(desk)
        desk.clock.now = datetime(2026, 9, 22, 1, 0, tzinfo=ZONE)
        desk.sweep()
        arrive(desk, notice(TYPHOON))
        reprojection.tend(desk.rooms["clue"])
        assert desk.sweep() == 0
        desk.clock.now = datetime(2026, 9, 23, 1, 0, tzinfo=ZONE)
        assert desk.sweep() == 1

    def test_a_breach_that_the_new_days_undo_is_taken_back(self, desk):
        journeys.receive_clue(desk)
        desk.clock.now = datetime(2026, 9, 23, 0, 30, tzinfo=ZONE)
        desk.sweep()
        assert open_clocks(desk)["eep_filing_decision"].breached_at is not None
        arrive(desk, notice(TYPHOON))
        reprojection.tend(desk.rooms["clue"])
        assert open_clocks(desk)["eep_filing_decision"].breached_at is None

    def test_a_date_that_comes_earlier_is_urgent(self, desk):
        desk.clock.now = datetime(2026, 9, 9, 9, 0, tzinfo=ZONE)
        journeys.receipted_referral(desk)
        arrive(desk, notice(WORKED), room="referral")
        reprojection.tend(desk.rooms["referral"])
        clock = open_clocks(desk, "referral")["police_filing_decision"]
        assert clock.due_on == date(2026, 9, 12)
        assert {row.level for row in told(desk, "referral") if row.agency == "psb-320500"} == {"urgent"}


class TestMany:
    def clues(self, desk, count):
        """Report clues on many days, about as many enterprises."""
        for number in range(count):
            journeys.receive_clue(desk, enterprise_id=f"ENT-{number}", title=f"陡降{number}")
            desk.clock.advance(hours=7)

    @pytest.mark.parametrize("seed", range(4))
    def test_every_open_clock_is_as_if_it_began_under_the_new_days(self, desk, seed):
        picked = random.Random(seed)
        self.clues(desk, 12)
        days = {date(2026, 9, 8) + timedelta(days=picked.randrange(25)) for _ in range(9)}
        said = notice(*({"name": "试", "date": str(day), "isOffDay": picked.random() < 0.5} for day in sorted(days)))
        arrive(desk, said)
        room = desk.rooms["clue"]
        reprojection.tend(room)
        fresh = default().with_changes(said)
        assert room.calendar.differs_from(fresh) is None
        with room.reading() as session:
            for clock in session.exec(select(Deadline)).all():
                term = room.catalogue.term(clock.term_id, on=clock.term_on)
                wanted = projections.projection(room, term, clock.started_at, (), ())
                assert (clock.due_at, clock.provisional) == (wanted["due_at"], wanted["provisional"])

    def test_a_worker_that_dies_between_batches_loses_and_repeats_nothing(self, desk, monkeypatch):
        self.clues(desk, 6)
        arrive(desk, notice(*({**TYPHOON, "date": f"2026-09-{day}"} for day in range(21, 26))))
        monkeypatch.setattr(reprojection, "BATCH", 2)
        batches = []

        def dying(*args):
            batches.append(args)
            if len(batches) == 2:
                raise KeyboardInterrupt
            return work(*args)

        work = reprojection._batch
        monkeypatch.setattr(reprojection, "_batch", dying)
        with pytest.raises(KeyboardInterrupt):
            reprojection.tend(desk.rooms["clue"])
        monkeypatch.setattr(reprojection, "_batch", work)
        reprojection.tend(desk.rooms["clue"])
        assert sum("→" in line for row in told(desk) for line in row.body_zh.splitlines() if row.role == "liaison") == 6
        with desk.rooms["clue"].reading() as session:
            assert verify_room(session, desk.rooms["clue"].subjects)[1] == []

    def test_a_clock_begun_by_a_process_that_had_not_heard_is_settled(self, desk):
        room = desk.rooms["clue"]
        arrive(desk, notice(TYPHOON))
        assert reprojection.tend(room) == 0
        room.calendar, room.notices_seen, room.looked_at = default(), (), float("inf")
        journeys.receive_clue(desk)
        assert open_clocks(desk)["eep_filing_decision"].due_on == date(2026, 9, 22)
        desk.clock.advance(minutes=2)
        assert reprojection.tend(room) == 1
        assert open_clocks(desk)["eep_filing_decision"].due_on == date(2026, 9, 23)


class TestLedger:
    def test_pauses_and_extensions_are_counted_with(self, desk):
        case = journeys.filed_case(desk)
        arrive(desk, notice({**TYPHOON, "date": "2026-12-07"}, {**TYPHOON, "date": "2026-12-08"}), room="case")
        room = desk.rooms["case"]
        with room.transaction() as session:
            clock = next(one for one in session.exec(select(Deadline)).all() if one.term_id == "eep_case_limit")
            deadlines.pause(session, clock, from_on=date(2026, 9, 10), ground="衔接办法第十六条", now=desk.clock.now)
            deadlines.resume(session, clock, to_on=date(2026, 9, 20), now=desk.clock.now)
            expected = clock.due_at
        reprojection.tend(room)
        after = open_clocks(desk, "case")["eep_case_limit"]
        with room.reading() as session:
            assert deadlines.reproject(session, after, now=desk.clock.now)["due_at"] == after.due_at
        assert after.due_at >= expected
        assert desk.get(OFFICER, f"/v1/cases/{case['id']}")["state"] == "investigating"


def test_a_year_that_is_published_is_no_longer_provisional(desk):
    desk.clock.now = datetime(2026, 12, 28, 9, 0, tzinfo=ZONE)
    journeys.receive_clue(desk)
    assert open_clocks(desk)["eep_filing_decision"].provisional
    arrive(desk, notice({"name": "元旦", "date": "2027-01-01", "isOffDay": True}, year=2027, adjusts=False))
    reprojection.tend(desk.rooms["clue"])
    clock = open_clocks(desk)["eep_filing_decision"]
    assert not clock.provisional
    with desk.rooms["clue"].reading() as session:
        assert session.exec(select(CalendarNotice)).one().settled_at is None


def test_a_process_that_starts_later_counts_with_what_the_room_took(desk):
    arrive(desk, notice(TYPHOON))
    room = desk.rooms["clue"]
    room.calendar, room.notices_seen, room.looked_at = room.base, (), float("-inf")
    journeys.receive_clue(desk)
    assert open_clocks(desk)["eep_filing_decision"].due_on == date(2026, 9, 23)
