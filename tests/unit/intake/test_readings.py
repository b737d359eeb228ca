"""From factor codes to rows of obs_hour."""

import math

import polars as pl
import pytest

from services.clue_service.intake.hj212 import decode, encode
from services.clue_service.intake.readings import factors, hours, rows, with_power
from services.clue_service.intake.tables import schema

SHARED = {"flow", "o2", "temp", "cond", "ph", "production_kw", "treatment_kw"}
POLLUTANTS = {"COD", "NH3N", "TP", "TN", "SO2", "NOx", "PM"}


def hour(area: str, *, command: str = "2061"):
    head = f"QN=1;ST=31;CN={command};PW=1;MN=M1;Flag=5"
    return decode(encode(f"{head};CP=&&DataTime=20260901011500;{area}&&"))


def test_every_code_leads_to_a_column_or_pollutant():
    assert {factor.quantity for factor in factors().values()} == SHARED | POLLUTANTS
    columns = set(schema("obs_hour"))
    assert columns >= SHARED


def test_gas_of_2017():
    found = rows(
        hours(
            hour("a21026-Avg=30,a21026-ZsAvg=33,a21026-Flag=N;a21002-Avg=5,a21002-Flag=D;a00000-Avg=2;a19001-Avg=6.1")
        ),
        outlets={"M1": "O1"},
    )
    assert found.schema == schema("obs_hour")
    assert found.select("outlet_id", "pollutant", "value", "zs_value", "flow", "o2", "flag").rows() == [
        ("O1", "SO2", 30.0, 33.0, 7200.0, 6.1, "N"),
        ("O1", "NOx", 5.0, None, 7200.0, 6.1, "D"),
    ]
    assert str(found["ts"][0]) == "2026-09-01 01:00:00"


def test_water_of_2005_and_2017_agree():
    old = hours(hour("011-Avg=20;060-Avg=1.5;101-Avg=0.2;065-Avg=8;001-Avg=7.1;B01-Avg=10"))
    new = hours(hour("w01018-Avg=20;w21003-Avg=1.5;w21011-Avg=0.2;w21001-Avg=8;w01001-Avg=7.1;w00000-Avg=10"))
    assert [(one.quantity, one.value, one.unit) for one in old] == [(one.quantity, one.value, one.unit) for one in new]
    assert new[-1].value == pytest.approx(36.0)


def test_unknown_code_is_kept_under_its_own_name():
    found = hours(hour("a99999-Avg=5,a99999-FLAG=N"))
    assert [(one.quantity, one.value, one.flag, one.unit) for one in found] == [("a99999", 5.0, "N", "")]
    assert rows(found, outlets={"M1": "O1"})["pollutant"].to_list() == ["a99999"]


@pytest.mark.parametrize("text", ["NaN", "inf", "-", "", "1e999"])
def test_what_is_no_number_becomes_null(text):
    found = hours(hour(f"a21002-Avg={text},a21002-Flag=B"))
    assert found[0].value is None
    assert not any(one.value is not None and math.isnan(one.value) for one in found)


def test_other_commands_times_and_devices_give_nothing():
    assert hours(hour("a21002-Avg=5", command="2051")) == []
    assert hours(decode(encode("ST=31;CN=2061;MN=M1;CP=&&a21002-Avg=5&&"))) == []
    assert rows(hours(hour("a21002-Avg=5")), outlets={"M2": "O2"}).is_empty()


def test_power_comes_from_the_meters_unless_the_frame_carried_it():
    both = rows(hours(hour("a21002-Avg=5")) + hours(hour("a21026-Avg=5")), outlets={"M1": "O1"})
    carried = rows(hours(hour("a21002-Avg=5;xproduction-Avg=7")), outlets={"M1": "O1"})
    meters = both.select("outlet_id", "ts").unique().with_columns(production_kw=pl.lit(100.0), treatment_kw=pl.lit(9.0))
    assert with_power(both, meters).select("production_kw", "treatment_kw").rows() == [(100.0, 9.0)] * 2
    assert with_power(carried, meters).select("production_kw", "treatment_kw").rows() == [(7.0, 9.0)]
