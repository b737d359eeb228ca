"""A count in days without a ledger, taken once for all that begin on one day, is what each would count for itself."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import ZONE
from shared.records import projections
from shared.records.room import Room
from shared.rules import calendar, catalogue

LAW = catalogue.default()
ROOM = cast(Room, SimpleNamespace(catalogue=LAW, calendar=calendar.default()))
TERMS = [term for versions in LAW.terms.values() for term in versions]
STARTS = st.datetimes(
    min_value=datetime(2001, 1, 2),  # noqa: DTZ001  # the zone is drawn beside it
    max_value=datetime(2060, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.sampled_from([UTC, ZONE]),
)


@given(term=st.sampled_from(TERMS), starts=st.lists(STARTS, min_size=1, max_size=3))
def test_a_plain_count_is_the_count(term, starts):
    for start in starts:
        result = projections.counted(ROOM, term, start)
        if result.on is None and result.at is None:
            continue
        alone = projections.lapse(result) | projections.reminders(ROOM, term, start, result)
        assert projections.projection(ROOM, term, start, (), ()) == alone
        rungs = [[rung.name, rung.at.isoformat()] for rung in projections.rungs_of(ROOM, term, start, result)]
        assert alone["rungs"] == json.dumps(rungs)
