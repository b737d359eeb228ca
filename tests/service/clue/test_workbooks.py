"""Workbooks as imports: headers as people make them, every wrong cell named by sheet and row, nothing crashes."""

import io
import random
import zipfile
from datetime import datetime

import openpyxl
import pytest
from typer.testing import CliRunner

from scripts import detect_cli
from services.clue_service.intake.sheets import NoWorkbook, read_workbook
from services.clue_service.intake.tables import read_table
from tests.desk import officer

LIAISON = officer("eea-320500", "liaison")
MOMENT = datetime.fromisoformat("2026-09-06 10:00:00")
POINT = ["RUN-1", MOMENT, 31.3, 120.6, 55.0, 90, 2.5, "N", None]
NAMES = ["run_id", "ts", "lat", "lon", "tvoc_ppb", "wind_dir", "wind_ms", "flag", "poi"]


def workbook(**sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book


def content(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def post(desk, book, table="van_points", expect=200, **params):
    body = book if isinstance(book, bytes) else content(book)
    answer = desk.call(LIAISON, "POST", f"/v1/imports/{table}", content=body, params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


def at(second, *changes):
    row = [*POINT]
    row[1] = MOMENT.replace(second=second)
    for column, value in changes:
        row[NAMES.index(column)] = value
    return row


class TestHeaders:
    def test_plain(self, desk):
        done = post(desk, workbook(Sheet1=[NAMES, at(0), at(1)]))
        assert (done["rows"], done["stored"], done["error_count"]) == (2, 2, 0)
        assert post(desk, workbook(Sheet1=[NAMES, at(0), at(1)]))["duplicates"] == 2

    def test_below_a_title_in_two_rows_with_merged_groups_and_units(self, desk, tmp_path):
        top = ["run_id", "ts", "位置", None, "测量", "气象", None, "flag", "poi"]
        low = [None, None, "lat", "lon", "TVOC_ppb（ppb）", "wind_dir", "wind_ms (m/s)", None, None]
        units = [None, None, "°", "°", "ppb", "°", "m/s", None, None]
        book = workbook(走航=[["2026 年 9 月走航记录"], top, low, units, at(0), [None] * 9, at(1)])
        sheet = book["走航"]
        for area in ("A1:I1", "A2:A3", "B2:B3", "C2:D2", "F2:G2", "H2:H3", "I2:I3"):
            sheet.merge_cells(area)
        done = post(desk, book)
        assert (done["rows"], done["stored"], done["notes"]) == (2, 2, [])
        path = tmp_path / "van_points.xlsx"
        book.save(path)
        read = read_table("van_points", path)
        assert read.frame.row(1) == ("RUN-1", MOMENT.replace(second=1), 31.3, 120.6, 55.0, 90.0, 2.5, "N", None)
        assert [place.row for place in read.places] == [5, 7]

    def test_on_several_sheets_and_one_that_is_none(self, desk):
        turned = NAMES[::-1]
        second = [turned, at(1)[::-1]]
        done = post(desk, workbook(一月=[NAMES, at(0)], 二月=second, 说明=[["填表说明"]], 空=[]))
        assert done["stored"] == 2
        assert [note["en"] for note in done["notes"]] == ["sheet '说明' has no header: it was not read"]

    def test_missing(self, desk):
        for partial in ("false", "true"):
            problem = post(desk, workbook(Sheet1=[["a", "b"], [1, 2]]), expect=422, partial=partial)
            assert problem["errors"][0]["code"] == "wrong_header"

    def test_with_a_column_twice(self, desk):
        problem = post(desk, workbook(Sheet1=[[*NAMES, "lat"], [*at(0), 31.0]]), expect=422)
        assert problem["errors"][0]["code"] == "unreadable"
        assert "lat" in problem["errors"][0]["message"]


class TestCells:
    def test_numbers_as_text_and_dates_are_read(self, desk):
        rows = [NAMES, at(0, ("tvoc_ppb", "55.5")), at(1, ("ts", "2026-09-06T10:05:00")), at(2, ("flag", 1.0))]
        assert post(desk, workbook(Sheet1=rows))["stored"] == 3

    @pytest.mark.parametrize(
        ("column", "value", "code"),
        [
            ("tvoc_ppb", "#REF!", "formula_error"),
            ("flag", "#N/A", "formula_error"),
            ("tvoc_ppb", "五十", "wrong_type"),
            ("tvoc_ppb", "1,234.5", "wrong_type"),
            ("ts", 46271.5, "wrong_type"),
            ("lat", MOMENT, "wrong_type"),
            ("run_id", 320500202609060012, "rounded_number"),
            ("run_id", None, "key_empty"),
        ],
    )
    def test_a_wrong_one_is_named_by_sheet_row_and_column(self, desk, column, value, code):
        rows = [["走航"], NAMES, at(0), at(1, (column, value))]
        book = workbook(别的=[NAMES, at(5)], 走航=rows)
        problem = post(desk, book, expect=422)
        first = problem["errors"][0]
        assert (first["sheet"], first["row"], first["code"]) == ("走航", 4, code)
        assert column in first["column"]
        assert problem["error_count"] == 1
        done = post(desk, book, partial="true")
        assert (done["stored"], done["refused"], done["error_count"]) == (2, 1, 1)

    def test_a_row_of_the_future_is_named_where_it_stands(self, desk):
        names = ["outlet_id", "ts", "pollutant", "value"]
        rows = [["标题"], names, ["O-1", MOMENT, "NOx", 12.0]]
        problem = post(desk, workbook(一=rows), "obs_hour", expect=422)
        assert (problem["errors"][0]["sheet"], problem["errors"][0]["row"]) == ("一", 3)


class TestBrokenFiles:
    def test_an_archive_that_is_no_workbook(self, desk):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.txt", "x")
        assert post(desk, file.getvalue(), expect=422)["errors"][0]["code"] == "unreadable"

    def test_one_that_unpacks_to_more_than_a_table(self, tmp_path):
        path = tmp_path / "van_points.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/a.xml", "w") as file:
            for _ in range(600):
                file.write(bytes(1024 * 1024))
        with pytest.raises(NoWorkbook, match="unpacks"):
            read_workbook(path, {}, ("run_id",))

    def test_entities_that_multiply_are_not_followed(self, tmp_path):
        whole = content(workbook(Sheet1=[NAMES, at(0)]))
        levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
        bomb = f'<!DOCTYPE x [<!ENTITY e0 "lol">{levels}]>'
        path = tmp_path / "van_points.xlsx"
        with zipfile.ZipFile(io.BytesIO(whole)) as archive, zipfile.ZipFile(path, "w") as out:
            for name in archive.namelist():
                text = archive.read(name).decode()
                if name.startswith("xl/worksheets/") or name == "xl/sharedStrings.xml":
                    text = bomb + text.replace("RUN-1", "&e11;")
                out.writestr(name, text)
        read = read_table("van_points", path)
        assert all(len(cell or "") < 1000 for cell in read.frame["run_id"])

    def test_cut_and_changed_bytes_never_crash(self, tmp_path):
        whole = content(workbook(Sheet1=[NAMES, *(at(second) for second in range(20))]))
        chance = random.Random(7)
        path = tmp_path / "van_points.xlsx"
        for _ in range(150):
            broken = bytearray(whole[: chance.randrange(4, len(whole))] if chance.random() < 0.3 else whole)
            for _ in range(chance.randrange(1, 30)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            path.write_bytes(broken)
            read = read_table("van_points", path)
            assert read.rows >= read.frame.height

    def test_changed_xml_never_crashes(self, tmp_path):
        whole = content(workbook(Sheet1=[NAMES, *(at(second) for second in range(5))]))
        chance = random.Random(11)
        path = tmp_path / "van_points.xlsx"
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        for _ in range(200):
            name = chance.choice(list(parts))
            broken = bytearray(parts[name])
            for _ in range(chance.randrange(1, 6)):
                broken[chance.randrange(len(broken))] = chance.choice(b'<>"/0=#A9&')
            with zipfile.ZipFile(path, "w") as archive:
                for one, text in parts.items():
                    archive.writestr(one, bytes(broken) if one == name else text)
            read = read_table("van_points", path)
            assert read.rows >= read.frame.height


def test_detect_reads_a_folder_of_workbooks(tmp_path):
    path = tmp_path / "van_points.xlsx"
    workbook(Sheet1=[NAMES, at(0), at(1, ("lat", "#REF!"))]).save(path)
    output = tmp_path / "hits.jsonl"
    done = CliRunner().invoke(
        detect_cli.app, ["--input", str(tmp_path), "--output", str(output), "--json", "--rule", "R23"]
    )
    assert done.exit_code == 0, done.output
    assert '"sheet":"Sheet1","row":3,"column":"lat","code":"formula_error"' in done.output
