"""Imports: by their header, row by row, whole or not at all unless asked otherwise."""

import io
from typing import Any

import polars as pl
import pytest

from services.clue_service.demo_data import demo
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.clue.plant import NEIGHBOUR, NOBODY, POLICE, import_table, register

HEADER = "outlet_id,ts,pollutant,value,flag"
GOOD = f"{demo.CLEAN},2026-09-01 00:00:00,NOx,50.5,N"
ROWS = "\n".join([HEADER, GOOD, f"{demo.CLEAN},2026-09-01 01:00:00,NOx,51,N"]).encode()
WRONG = {
    "wrong_type": f"{demo.CLEAN},2026-09-01 02:00:00,NOx,much,N",
    "key_empty": f"{demo.CLEAN},,NOx,50,N",
    "key_repeated": GOOD,
    "unknown_outlet": "ELSEWHERE,2026-09-01 02:00:00,NOx,50,N",
    "future_time": f"{demo.CLEAN},2026-09-08 00:00:00,NOx,50,N",
}


def series(desk: Desk) -> Any:
    """The stored values of the outlet."""
    return desk.get(OFFICER, f"/v1/series/{demo.CLEAN}?pollutant=NOx")["value"]


class TestObservations:
    def test_csv(self, desk):
        register(desk)
        answer = import_table(desk, "obs_hour", ROWS).json()
        assert (answer["rows"], answer["stored"], answer["error_count"]) == (2, 2, 0)
        assert series(desk) == [50.5, 51.0]

    def test_parquet_whatever_it_is_called(self, desk):
        register(desk)
        buffer = io.BytesIO()
        pl.read_csv(ROWS, try_parse_dates=True).write_parquet(buffer)
        assert import_table(desk, "obs_hour", buffer.getvalue()).json()["stored"] == 2

    def test_repeated_and_revised(self, desk):
        register(desk)
        import_table(desk, "obs_hour", ROWS)
        assert import_table(desk, "obs_hour", ROWS).json()["duplicates"] == 2
        changed = import_table(desk, "obs_hour", ROWS.replace(b"50.5", b"60")).json()
        assert (changed["revised"], changed["duplicates"]) == (1, 1)

    @pytest.mark.parametrize("code", WRONG)
    def test_wrong_row_is_named_and_nothing_kept(self, desk, code):
        register(desk)
        answer = import_table(desk, "obs_hour", f"{HEADER}\n{GOOD}\n{WRONG[code]}\n".encode())
        assert answer.status_code == 422
        problem = answer.json()
        assert (problem["error_count"], problem["errors"][0]["row"]) == (1, 2)
        assert (problem["errors"][0]["code"], problem["errors"][0]["file"]) == (code, "obs_hour")
        assert problem["errors"][0]["message"]
        assert series(desk) == []

    @pytest.mark.parametrize("code", WRONG)
    def test_partial_keeps_the_good_rows(self, desk, code):
        register(desk)
        answer = import_table(desk, "obs_hour", f"{HEADER}\n{WRONG[code]}\n{GOOD}\n".encode(), partial=True)
        told = answer.json()
        assert (told["rows"], told["stored"], told["refused"], told["error_count"]) == (2, 1, 1, 1)
        named = told["errors"][0]
        assert named["code"] == code
        assert named["zh"]
        assert named["en"]
        assert series(desk) == [50.5]

    def test_every_error_is_counted_and_100_are_shown(self, desk):
        register(desk)
        rows = [HEADER, *(f"{demo.CLEAN},2026-09-01 00:00:00,P{number},x,N" for number in range(250))]
        problem = import_table(desk, "obs_hour", "\n".join(rows).encode()).json()
        assert (problem["error_count"], len(problem["errors"])) == (250, 100)


class TestRefused:
    def test_wrong_header(self, desk):
        answer = import_table(desk, "obs_hour", b"a,b\n1,2\n")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "wrong_header")

    @pytest.mark.parametrize("content", [b"", b"PAR1 but not Parquet"], ids=["empty", "torn"])
    def test_unreadable(self, desk, content):
        assert import_table(desk, "obs_hour", content).status_code == 422

    def test_another_kind_of_file(self, desk):
        answer = import_table(desk, "obs_hour", b"\x89PNG\r\n\x1a\n" + bytes(64))
        assert (answer.status_code, answer.json()["code"]) == (415, "media-type-refused")

    def test_unknown_table(self, desk):
        assert import_table(desk, "secrets", ROWS).status_code == 404

    def test_wrong_agency(self, desk):
        register(desk)
        answer = import_table(desk, "obs_hour", ROWS, who=NEIGHBOUR)
        assert answer.json()["errors"][0]["code"] == "unknown_outlet"
        assert desk.call(NEIGHBOUR, "GET", f"/v1/series/{demo.CLEAN}").status_code == 404

    @pytest.mark.parametrize("who", [NOBODY, POLICE], ids=["role", "police"])
    def test_wrong_role(self, desk, who):
        assert import_table(desk, "obs_hour", ROWS, who=who).status_code == 403

    def test_no_identity(self, desk):
        assert import_table(desk, "obs_hour", ROWS, who=None).status_code == 401

    def test_too_large(self, desk):
        desk.rooms["clue"].settings.evidence_limit_bytes = 10
        assert import_table(desk, "obs_hour", ROWS).status_code == 413


class TestOtherTables:
    def test_kept_once_whatever_is_repeated(self, desk):
        rows = b"ts,rain_mm\n2026-09-01 00:00:00,1.5\n2026-09-01 01:00:00,0\n"
        first, again = (import_table(desk, "weather", rows).json() for _ in range(2))
        assert (first["stored"], first["duplicates"]) == (2, 0)
        assert (again["stored"], again["duplicates"]) == (0, 2)

    def test_outlets_with_their_enterprise_are_registered(self, desk):
        rows = (
            "outlet_id,medium,kind,industry,std_o2,combined_rain,enterprise_id,enterprise_name,division\n"
            "DA1,gas,cont,火电,6,false,E1,甲公司,320500\nDA2,water,cont,,,true,,,\n"
        )
        assert import_table(desk, "outlets", rows.encode()).json()["stored"] == 2
        found = desk.get(OFFICER, "/v1/outlets")["items"]
        assert [(one["outlet_id"], one["std_o2"], one["owner"]) for one in found] == [("DA1", 6.0, "eea-320500")]

    def test_outlets_that_cannot_be_registered_are_named(self, desk):
        rows = "outlet_id,medium,kind,enterprise_id,enterprise_name,division\nDA1,soil,cont,E1,甲公司,320500\n"
        answer = import_table(desk, "outlets", rows.encode())
        problem = answer.json()["errors"][0]
        assert (answer.status_code, problem["column"], problem["code"]) == (422, "medium", "wrong_value")

    def test_outlets_of_another_bureau_are_refused(self, desk):
        register(desk)
        rows = f"outlet_id,medium,kind\n{demo.CLEAN},water,cont\n".encode()
        assert import_table(desk, "outlets", rows, who=NEIGHBOUR).status_code == 422
        assert desk.get(OFFICER, f"/v1/outlets/{demo.CLEAN}")["medium"] == "gas"

    def test_limits_of_an_outlet_change_what_is_registered(self, desk):
        register(desk)
        rows = f"pollutant,limit,full_scale,outlet_id\nSO2,35,100,{demo.CLEAN}\nNOx,40,150,{demo.CLEAN}\nPM,10,50,\n"
        assert import_table(desk, "limits", rows.encode()).json()["stored"] == 3
        limits = desk.get(OFFICER, f"/v1/outlets/{demo.CLEAN}")["limits"]
        assert [(one["pollutant"], one["limit"]) for one in limits] == [("NOx", 40.0), ("SO2", 35.0)]
