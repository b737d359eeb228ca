"""A mobile run drawn: levels against the threshold, equal scales both ways, peaks and candidates in their places."""

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.console import tracks

START = datetime.fromisoformat("2026-09-06T10:00:00")
LAT, LON = 31.3, 120.6


def track(values: list[float | None], **step: float) -> list[dict[str, Any]]:
    """Points a second apart, as the room tells them."""
    return [
        {
            "ts": (START + timedelta(seconds=index)).isoformat(),
            "lat": LAT + index * step.get("lat", 0.0),
            "lon": LON + index * step.get("lon", 0.001),
            "value": value,
        }
        for index, value in enumerate(values)
    ]


def peak(first: int, last: int, **changes: Any) -> dict[str, Any]:
    """A judged peak."""
    at = {
        "begin": (START + timedelta(seconds=first)).isoformat(),
        "end": (START + timedelta(seconds=last)).isoformat(),
    }
    place = {"lat": LAT, "lon": LON + first * 0.001}
    return {"number": 1, "wind_dir": 0.0, "wind_ms": 2.0, "candidates": []} | at | place | changes


def places(line: str) -> list[tuple[float, float]]:
    """The points of a line."""
    return [(float(x), float(y)) for x, y in (one.split(",") for one in line.split())]


def test_levels_are_told_by_the_threshold_and_the_judged_peaks() -> None:
    run = track([50, 50, 50, 150, 249, 250, 900, None])
    assert tracks.levels(run, [], 200)[:3] == ["background"] * 3
    # the median of what was read is 150
    assert tracks.background(run) == 150
    assert tracks.levels(run, [peak(6, 6)], 100)[3:] == ["background", "raised", "above", "peak", "background"]


def test_the_track_is_whole_and_the_higher_stretches_lie_on_top() -> None:
    drawn = tracks.mapped(track([50, 50, 900, 50, 50]), [peak(2, 2)], 200)
    assert drawn is not None
    assert [one.level for one in drawn.stretches] == ["background", "background", "peak"]
    ends = [places(one.points) for one in drawn.stretches]
    assert ends[2][0] == ends[0][-1]
    assert ends[1][0] == ends[2][-1]
    assert drawn.start == ends[0][0]
    assert drawn.end == ends[1][-1]


def test_both_ways_have_one_scale_and_north_is_up() -> None:
    metres = 111_195
    square = [
        {"ts": START.isoformat(), "lat": 0.0, "lon": 0.0, "value": 1.0},
        {"ts": START.isoformat(), "lat": 0.01, "lon": 0.0, "value": 1.0},
        {"ts": START.isoformat(), "lat": 0.01, "lon": 0.01, "value": 1.0},
    ]
    drawn = tracks.mapped(square, [], 200)
    assert drawn is not None
    (south, north, east) = places(drawn.stretches[0].points)
    assert north[1] < south[1]
    assert south[1] - north[1] == pytest.approx(east[0] - north[0], abs=0.3)
    length, told = drawn.scale
    assert length / told == pytest.approx((south[1] - north[1]) / (0.01 * metres), rel=0.01)
    assert told in (50, 100, 200)


def test_a_candidate_and_the_wind_lie_where_they_are() -> None:
    site = {"rank": 1, "name": "北厂", "lat": LAT + 0.005, "lon": LON + 0.002}
    drawn = tracks.mapped(track([50] * 5), [peak(2, 2, candidates=[site])], 200)
    assert drawn is not None
    (mark,), (one,) = drawn.marks, drawn.sites
    assert (one.label, one.name) == ("1-1", "北厂")
    assert (one.peak_x, one.peak_y) == (mark.x, mark.y)
    assert one.x == pytest.approx(mark.x)
    assert one.y < mark.y
    assert mark.arrow is not None
    assert mark.arrow[0] == pytest.approx(0)
    assert mark.arrow[1] < 0


@pytest.mark.parametrize("calm", [{"wind_dir": None}, {"wind_ms": None}, {"wind_ms": 0.0}])
def test_calm_air_has_no_arrow(calm: dict[str, Any]) -> None:
    drawn = tracks.mapped(track([50] * 3), [peak(1, 1, **calm)], 200)
    assert drawn is not None
    assert drawn.marks[0].arrow is None


def test_a_peak_without_a_place_and_a_van_that_stood_still_are_drawn() -> None:
    drawn = tracks.mapped(track([50] * 3, lon=0.0), [peak(1, 1, lat=None, lon=None)], 200)
    assert drawn is not None
    assert drawn.marks == ()
    assert drawn.start == drawn.end


def test_nothing_is_drawn_of_nothing() -> None:
    assert tracks.mapped([], [], 200) is None
    assert tracks.profiled([], [], 200) is None
    assert tracks.profiled(track([None, None]), [], 200) is None


def test_the_profile_has_round_ticks_and_breaks_where_nothing_was_read() -> None:
    drawn = tracks.profiled(track([0, 40, None, 700, 900]), [peak(3, 4)], 200)
    assert drawn is not None
    assert [text for _, text in drawn.values] == ["0", "200", "400", "600", "800", "1000"]
    assert drawn.values[0][0] == drawn.base
    assert [len(places(line)) for line in drawn.lines] == [2, 2]
    assert places(drawn.lines[0])[0] == (drawn.left, drawn.base)
    ((number, x, width),) = drawn.bands
    assert number == 1
    assert x == places(drawn.lines[1])[0][0]
    assert x + width == pytest.approx(places(drawn.lines[1])[1][0])
    assert drawn.threshold is not None
    assert drawn.times[0] == (drawn.left, "10:00")


def test_readings_of_nought_have_an_axis() -> None:
    drawn = tracks.profiled(track([0.0]), [], 200)
    assert drawn is not None
    assert drawn.threshold is None
    assert places(drawn.lines[0]) == [(drawn.left, drawn.base)]


def test_a_number_just_below_a_round_one_has_an_axis() -> None:
    below = math.nextafter(3000.0, 0.0)
    drawn = tracks.profiled(track([below]), [], 200)
    assert drawn is not None
    assert [text for _, text in drawn.values][-1] == "3000"
