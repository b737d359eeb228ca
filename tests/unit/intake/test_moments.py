"""From frames of minute, day and real-time data to moments."""

from datetime import UTC, datetime, timedelta

import pytest

from services.clue_service.intake.hj212 import decode, encode
from services.clue_service.intake.readings import HOUR_DATA, factor_of, factors
from services.clue_service.readings.moments import FAST, KINDS, factors_of, moment, refusal

NOW = datetime(2026, 9, 1, 9)  # noqa: DTZ001  a frame carries local wall time


def frame(area: str, *, command: str = "2051"):
    return decode(encode(f"ST=31;CN={command};PW=1;MN=M1;CP=&&{area}&&"))


def test_every_value_is_kept_as_it_came_and_what_tells_of_the_message_is_not():
    found = factors_of(frame("DataTime=20260901080000;RF=1;011-Rtd=007.0,011-Flag=N;LA=5;LA-Max=6"))
    assert found == {"011": {"Rtd": "007.0", "Flag": "N"}, "LA": {"Max": "6", "": "5"}}


def test_a_moment_is_an_instant_of_the_local_zone():
    told = moment(frame("DataTime=20260901080000123;a21002-Rtd=1"), owner="e", outlet_id="O1")
    assert told is not None
    assert (told.kind, told.at) == ("minute", datetime(2026, 9, 1, tzinfo=UTC))


def test_other_commands_tell_of_none():
    for command in (HOUR_DATA, "2021", "2041", "9014"):
        assert command not in KINDS
        assert moment(frame("DataTime=20260901080000;a21002-Rtd=1", command=command), owner="e", outlet_id="O") is None


@pytest.mark.parametrize(
    ("area", "code"),
    [
        ("a21002-Rtd=1", "no_time"),
        ("DataTime=19691231235959;a21002-Rtd=1", "no_time"),
        ("DataTime=19700101000000;a21002-Rtd=1", None),
        ("DataTime=20260901080000;RF=1", "no_readings"),
        (f"DataTime={NOW + FAST:%Y%m%d%H%M%S};a21002-Rtd=1", None),
        (f"DataTime={NOW + FAST + timedelta(seconds=1):%Y%m%d%H%M%S};a21002-Rtd=1", "future_time"),
    ],
)
def test_why_a_frame_is_refused(area, code):
    assert refusal(frame(area), NOW) == code


def test_a_code_is_known_in_whatever_case_and_names_its_unit_on_the_wire():
    assert all(factor_of(spelt) is one for code, one in factors().items() for spelt in (code, code.upper()))
    flow = factor_of("A00000")
    assert flow is not None
    assert (flow.wire, flow.unit) == ("m³/s", "m³/h")
    assert factor_of("a99999") is None
