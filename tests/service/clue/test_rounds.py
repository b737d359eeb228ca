"""Hours that arrive one by one: who is judged at once, who waits for the round, and that nothing is missed."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from services.clue_service.demo_data import demo
from services.clue_service.detection import running
from services.clue_service.detection.running import detect_changed
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.plant import INJECTED_AT, NEIGHBOUR, START, hour, import_table, register_both, sent
from tests.service.clue.test_scenario import power

CUT = 2 * ((datetime.fromisoformat(INJECTED_AT) - START.replace(tzinfo=None)) // timedelta(hours=1))
"""The frames of both outlets that come before the drop."""
FRAMES = demo.scenario(START)


@pytest.fixture
def judged(desk: Desk) -> Desk:
    """Both outlets with everything before the drop, judged."""
    register_both(desk)
    sent(desk, b"".join(FRAMES[:CUT]))
    assert import_table(desk, "obs_hour", power()).status_code == 200
    assert detect_changed(desk.rooms["clue"]).outlets == 2
    return desk


def test_the_hour_of_a_drop_calls_and_an_honest_one_waits(desk):
    register_both(desk)
    sent(desk, b"".join(FRAMES[:CUT]))
    room = desk.rooms["clue"]
    assert detect_changed(room).outlets == 2
    sent(desk, b"".join(FRAMES[CUT : CUT + 2]))
    assert detect_changed(room).outlets == 1
    desk.clock.advance(hours=23)
    assert detect_changed(room).outlets == 0
    desk.clock.advance(hours=2)
    assert detect_changed(room).outlets == 1
    assert detect_changed(room).outlets == 0


def test_a_day_of_hours_sent_at_once_is_judged_at_once(judged):
    sent(judged, b"".join(FRAMES[CUT : CUT + 2 * 26]))
    assert detect_changed(judged.rooms["clue"]).outlets == 2


def test_a_corrected_hour_is_judged_at_once(judged):
    earlier = datetime.fromisoformat(INJECTED_AT) - timedelta(days=3)
    sent(judged, hour(f"{earlier:%Y%m%d%H%M%S}", value=77.0))
    assert detect_changed(judged.rooms["clue"]).outlets == 1


def test_hours_in_turn_make_the_clue_of_the_whole(desk):
    register_both(desk)
    assert import_table(desk, "obs_hour", power()).status_code == 200
    sent(desk, b"".join(FRAMES[:CUT]))
    room = desk.rooms["clue"]
    assert detect_changed(room).outlets == 2
    judged = []
    for first in range(CUT, len(FRAMES), 2 * 6):
        sent(desk, b"".join(FRAMES[first : first + 2 * 6]))
        desk.clock.advance(hours=6)
        judged.append(detect_changed(room).outlets)
        # Half a day after the drop there is a clue of it; the honest outlet waits, and the low level is no news later.
        assert len(judged) < 2 or len(desk.get(OFFICER, "/v1/clues")["items"]) == 1
    assert judged[:2] == [1, 1]
    assert sum(judged) <= 2 * 3 + 4
    desk.clock.advance(days=1)
    detect_changed(room)
    (before,) = desk.get(OFFICER, "/v1/clues")["items"]
    again = desk.post(OFFICER, "/v1/detections", {})
    assert (again["hits"], again["created"]) == (1, 0)
    (after,) = desk.get(OFFICER, "/v1/clues")["items"]
    assert (after["rule_id"], after["outlet_id"]) == ("R01", demo.DROPPED)
    assert (after["observed_from"], after["observed_to"]) == (before["observed_from"], before["observed_to"])


def test_a_month_says_how_many_outlets_a_rule_could_judge(judged):
    months = {one["of"]: one for one in judged.get(OFFICER, "/v1/rules/R01/precision")["by_month"]}
    assert {month: (one["evaluable"], one["clues"]) for month, one in months.items()} == {
        "2026-07": (2, 0),
        "2026-08": (2, 0),
    }
    detect_changed(judged.rooms["clue"])
    assert judged.get(NEIGHBOUR, "/v1/rules/R01/precision")["by_month"] == []


def test_numbers_beyond_all_numbers_stop_no_outlet(desk):
    register_both(desk)
    room, at = desk.rooms["clue"], datetime.fromisoformat(INJECTED_AT)
    shown = {"pollutant": "NOx", "value": 1.7e308, "production_kw": 1e-310, "treatment_kw": 1e300, "o2": 1.7e308}
    rows = [{"outlet_id": demo.DROPPED, "ts": at + timedelta(hours=each)} | shown for each in range(4)]
    assert import_table(desk, "obs_hour", pl.DataFrame(rows).write_csv().encode()).status_code == 200
    assert detect_changed(room).outlets == 1
    assert detect_changed(room).outlets == 0


def test_who_waits_by_a_clock_that_was_set_back_is_judged(judged):
    judged.clock.advance(days=400)
    at = datetime.fromisoformat(INJECTED_AT) - timedelta(days=3)
    sent(judged, hour(f"{at:%Y%m%d%H%M%S}", value=77.0))
    judged.clock.advance(days=-400)
    assert detect_changed(judged.rooms["clue"]).outlets == 1


def test_an_outlet_that_breaks_a_run_waits_and_the_others_do_not(desk, monkeypatch):
    """Whatever the reason: here what is made of one outlet's hours fails."""
    register_both(desk)
    assert import_table(desk, "obs_hour", power()).status_code == 200
    sent(desk, b"".join(FRAMES))
    room, sound = desk.rooms["clue"], running.levels

    def broken(hours: pl.DataFrame) -> object:
        if demo.CLEAN in hours["outlet_id"]:
            raise ZeroDivisionError
        return sound(hours)

    monkeypatch.setattr(running, "levels", broken)
    found = detect_changed(room)
    assert (found.outlets, found.hits, found.created) == (1, 1, 1)
    assert detect_changed(room).outlets == 0
    monkeypatch.setattr(running, "levels", sound)
    assert detect_changed(room).outlets == 0
    desk.clock.advance(days=1, minutes=1)
    assert detect_changed(room).outlets == 1
