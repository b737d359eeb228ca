"""Import tables: every wrong value named, nothing guessed."""

import polars as pl
import pytest

from services.clue_service.intake.tables import TYPES, declared, read_folder, read_table, schema

HEADER = "outlet_id,ts,pollutant,value,flag,extra\n"


def written(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_judged_one_by_one(tmp_path):
    good = "O1,2026-01-01 00:00,NOx,5.5,N,x\nO1,2026-01-01T01:00:00,NOx,NaN,N,\nO1,2026-01-02,NOx,,B,\n"
    bad = "O1,2026-01-01 00:00:00,NOx,6,N,\nO2,yesterday,NOx,much,N,\n,2026-01-01 00:00,NOx,1,N,\n"
    table = read_table("obs_hour", written(tmp_path / "obs_hour.csv", HEADER + good + bad))
    assert [(one.file, one.row, one.column) for one in table.errors] == [
        ("obs_hour.csv", 4, "outlet_id, ts, pollutant"),
        ("obs_hour.csv", 5, "ts"),
        ("obs_hour.csv", 5, "value"),
        ("obs_hour.csv", 6, "outlet_id, ts, pollutant"),
    ]
    assert all(one.zh and one.en for one in table.errors)
    assert table.frame["value"].to_list() == [5.5, None, None]
    assert "extra" in table.frame.columns
    assert [("value" in note["en"], "extra" in note["en"]) for note in table.notes] == [(True, False), (False, True)]
    assert table.frame.schema["production_kw"] == pl.Float64()


def test_parquet_and_csv_read_alike(tmp_path):
    rows = pl.DataFrame(
        {
            "manifest_no": ["1", "2"],
            "receiver_code_ok": [True, False],
            "ship_t": [1, 2],
            "depart": ["2026-01-01 08:00"] * 2,
        }
    ).with_columns(pl.col("depart").str.to_datetime("%Y-%m-%d %H:%M"))
    rows.write_parquet(tmp_path / "manifests.parquet")
    rows.write_csv(tmp_path / "m.csv")
    first = read_table("manifests", tmp_path / "manifests.parquet")
    second = read_table("manifests", tmp_path / "m.csv")
    assert first.errors == second.errors == ()
    assert first.frame.equals(second.frame)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("是", True), ("No", False), ("否", False)])
def test_yes_and_no(tmp_path, text, value):
    table = read_table(
        "water_10min", written(tmp_path / "w.csv", f"outlet_id,ts,flow,sampling\nO1,2026-01-01,1,{text}\n")
    )
    assert table.frame["sampling"].to_list() == [value]


def test_unreadable_files_are_named_and_not_raised(tmp_path):
    (tmp_path / "weather.parquet").write_bytes(b"not parquet at all")
    (tmp_path / "outlets.csv").write_bytes(b"outlet_id\n\xff\xfe\xfd,,\n")
    found = read_folder(tmp_path)
    assert set(found) == {"weather", "outlets"}
    assert [table.errors[0].row for table in found.values()] == [0, 0]
    assert found["weather"].frame.is_empty()
    with pytest.raises(KeyError):
        read_table("nothing", tmp_path / "weather.parquet")


def test_declarations_are_complete():
    assert len(declared()) == 17
    for name, (key, columns) in declared().items():
        assert set(key.columns) <= {column.name for column in columns}, name
        assert {column.type for column in columns} <= set(TYPES.values())
    assert list(schema("obs_hour"))[:4] == ["outlet_id", "ts", "pollutant", "value"]
    assert "outlet_id" not in schema("limits")
