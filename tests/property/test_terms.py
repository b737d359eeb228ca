"""Laws of the dates: never before the start, never on a day off where it rolls, and no order of pauses matters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import calendar, catalogue
from shared.rules.calendar import SHANGHAI
from shared.rules.terms import Extension, Pause, Term, due

settings.register_profile("law", deadline=None)
settings.load_profile("law")
LAW = catalogue.default()
CALENDAR = calendar.default()
FORWARD = [
    entry
    for entries in LAW.terms.values()
    for entry in entries
    if entry.direction == "forward" and entry.profile != "inclusive_day_count"
]
ROLLING = [term for term in FORWARD if term.rolls or term.unit == "working_days"]
IN_DAYS = [term for term in FORWARD if term.unit != "hours"]

starts = st.datetimes(datetime(2023, 1, 1), datetime(2027, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001 zone above
days = st.dates(date(2022, 12, 1), date(2028, 1, 1))


@st.composite
def pauses(draw: st.DrawFn) -> list[Pause]:
    begins = draw(st.lists(days, max_size=4))
    return [Pause(day, day + timedelta(days=draw(st.integers(0, 90))), draw(st.text(max_size=3))) for day in begins]


@st.composite
def extensions(draw: st.DrawFn) -> list[Extension]:
    units = draw(st.lists(st.sampled_from(["natural_days", "working_days", "months"]), max_size=3))
    return [Extension(draw(st.integers(0, 40)), unit, to_total=draw(st.booleans())) for unit in units]


def lapse(term: Term, start: datetime, **given: Any) -> datetime:
    return due(term, start, calendar=CALENDAR, **given).lapses_at(SHANGHAI)


@given(st.sampled_from(FORWARD), starts, pauses(), extensions())
def test_a_term_never_lapses_before_its_start(
    term: Term, start: datetime, paused: list[Pause], extended: list[Extension]
) -> None:
    assert lapse(term, start, pauses=paused, extensions=extended) >= start


@given(st.sampled_from(ROLLING), starts, pauses(), extensions())
def test_a_term_that_rolls_is_never_due_on_a_day_off(
    term: Term, start: datetime, paused: list[Pause], extended: list[Extension]
) -> None:
    found = due(term, start, calendar=CALENDAR, pauses=paused, extensions=extended)
    assert found.on is not None
    assert found.unrolled_on is not None
    assert not CALENDAR.is_rest_day(found.on)
    assert found.unrolled_on <= found.on


@given(st.sampled_from(FORWARD), starts, pauses(), st.randoms(use_true_random=False))
def test_the_order_of_the_pauses_does_not_matter(term: Term, start: datetime, paused: list[Pause], random: Any) -> None:
    shuffled = list(paused)
    random.shuffle(shuffled)
    assert due(term, start, calendar=CALENDAR, pauses=paused) == due(term, start, calendar=CALENDAR, pauses=shuffled)


@given(st.sampled_from(FORWARD), starts, pauses(), st.integers(0, 60))
def test_a_longer_pause_is_never_an_earlier_date(term: Term, start: datetime, paused: list[Pause], more: int) -> None:
    longer = [
        Pause(pause.from_on, (pause.to_on or pause.from_on) + timedelta(days=more * (index == 0)), pause.ground)
        for index, pause in enumerate(paused)
    ]
    assert lapse(term, start, pauses=longer) >= lapse(term, start, pauses=paused)


@given(st.sampled_from(FORWARD), starts, extensions(), st.integers(0, 30))
def test_a_further_extension_is_never_an_earlier_date(
    term: Term, start: datetime, extended: list[Extension], more: int
) -> None:
    unit = "hours" if term.unit == "hours" else "working_days"
    longer = [*extended, Extension(more, unit)]
    assert lapse(term, start, extensions=longer) >= lapse(term, start, extensions=extended)


@given(st.sampled_from(FORWARD), starts, st.integers(0, 40))
def test_a_later_start_is_never_an_earlier_date(term: Term, start: datetime, later: int) -> None:
    assert lapse(term, start + timedelta(hours=later)) >= lapse(term, start)


@given(st.sampled_from(IN_DAYS), starts)
def test_only_the_legal_day_of_the_start_matters(term: Term, start: datetime) -> None:
    local = start.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    assert due(term, start, calendar=CALENDAR) == due(term, midnight, calendar=CALENDAR)


@given(st.sampled_from(ROLLING), starts)
def test_a_date_in_an_unpublished_year_is_provisional(term: Term, start: datetime) -> None:
    found = due(term, start, calendar=CALENDAR)
    assert found.on is not None
    if not CALENDAR.is_published(found.on):
        assert found.provisional
    if found.provisional:
        assert "provisional" in [step.code for step in found.because]


@given(st.sampled_from(FORWARD), starts, pauses(), extensions())
def test_every_step_is_said_in_both_languages(
    term: Term, start: datetime, paused: list[Pause], extended: list[Extension]
) -> None:
    found = due(term, start, calendar=CALENDAR, pauses=paused, extensions=extended)
    assert found.because
    assert all(step.zh and step.en for step in found.because)
    assert found.cite == term.cite


@given(days, days)
@settings(max_examples=300)
def test_working_days_between_is_what_adding_them_gives(first: date, second: date) -> None:
    count = CALENDAR.working_days_between(first, second)
    if count > 0:
        assert CALENDAR.add_working_days(first, count) <= second
        assert CALENDAR.next_working_day(second) == second or CALENDAR.add_working_days(first, count) < second
    assert count == -CALENDAR.working_days_between(second, first)
