"""Quiet hours: they never delay what is urgent or counts hours, and what they hold comes on a working morning."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.notices.quiet import LEVELS, Hours, send_at
from shared.clock import ZONE
from shared.rules import calendar

CALENDAR = calendar.default()
HOUR = st.integers(0, 23)
HOURS = st.builds(Hours, HOUR, HOUR, st.none() | HOUR)
MOMENT = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=ZONE) + timedelta(minutes=minutes)
)
LEVEL = st.sampled_from(LEVELS)


@given(LEVEL, HOURS, MOMENT)
def test_nothing_delays_a_term_in_hours(level: str, hours: Hours, now: datetime) -> None:
    assert send_at(level, in_hours=True, hours=hours, now=now, calendar=CALENDAR) == (now, "")


@given(HOURS, MOMENT)
def test_nothing_delays_what_is_urgent(hours: Hours, now: datetime) -> None:
    assert send_at("urgent", in_hours=False, hours=hours, now=now, calendar=CALENDAR) == (now, "")


@given(LEVEL, HOURS, MOMENT)
def test_what_waits_comes_soon_on_a_working_day_and_at_a_full_hour(level: str, hours: Hours, now: datetime) -> None:
    at, held = send_at(level, in_hours=False, hours=hours, now=now, calendar=CALENDAR)
    assert now <= at <= now + timedelta(days=12)
    if held:
        assert at > now
        assert not CALENDAR.is_rest_day(at.date())
        assert (at.minute, at.second) == (0, 0)
        assert at.hour == (hours.digest if held == "digest" else hours.morning)
    else:
        assert level == "urgent" or not hours.are_quiet(now.hour)


@given(HOURS, MOMENT)
def test_what_is_sent_at_once_disturbs_no_quiet_hour_and_no_rest_day(hours: Hours, now: datetime) -> None:
    at, held = send_at("info", in_hours=False, hours=hours, now=now, calendar=CALENDAR)
    if not held:
        assert not hours.are_quiet(at.hour)
        assert not CALENDAR.is_rest_day(at.date())
