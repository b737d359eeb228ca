"""No rule on books and records breaks for want of a column: it is judged without, or counted as not evaluable."""

import polars as pl
import pytest

from tests.unit.detection.ledgers import (
    MONDAY,
    batch,
    book,
    car_test,
    curve,
    discharge,
    drive,
    judged,
    manifest,
    over,
    report,
    river,
    table,
)


def tables(rule: str) -> dict[str, pl.DataFrame]:
    """Tables in which the rule finds something."""
    if rule in ("R12", "R13"):
        books = book(factor=over(0.4, 10, 3))
        books[7] |= {"close_t": 9.0}
        stored = {"waste_batches": table("waste_batches", [batch(1, 500), batch(2, 0, out_date=None)])}
        return {"waste_month": table("waste_month", books)} | (stored if rule == "R13" else {})
    if rule == "R19":
        return {
            "manifests": table(
                "manifests", [manifest(1, recv_t=15.0, truck="苏B1"), manifest(1, manifest_no="X", truck="苏B1")]
            )
        }
    if rule in ("R20", "R21"):
        tests = [car_test(number, model=f"M{number % 4}", rated_kw=90.0 - 50 * (number == 3)) for number in range(8)]
        points = [row for one in tests for row in curve(one["test_id"], min(int(one["test_id"][1:]), 6), 60)]
        return {"veh_tests": table("veh_tests", tests)} | (
            {"veh_points": table("veh_points", points)} if rule == "R21" else {}
        )
    if rule == "R22":
        return {"lab_reports": table("lab_reports", [report(1, 9), report(2, 9.5, lat=33.0)])}
    if rule == "R23":
        points = drive(tvoc_ppb=lambda index: 900.0 if 300 <= index < 310 else 60.0)
        site = {"enterprise_id": "E1", "name": "厂", "lat": 32.005, "lon": points[305]["lon"]}
        return {"van_points": table("van_points", points), "enterprise_sites": table("enterprise_sites", [site])}
    links = [("S1", "O1", 12.0), ("S1", "S0", 6.0)]
    return {
        "sections": table("sections", [*river(nh3n=over(4.0, 120, 4)), *river("S0")]),
        "section_sources": table(
            "section_sources", [dict(zip(("section_id", "outlet_id", "travel_h"), one, strict=True)) for one in links]
        ),
        "obs_hour": table("obs_hour", discharge("O1", value=over(6.0, 468, 14))),
        "outlets": table("outlets", [{"outlet_id": "O1", "combined_rain": True}]),
        "weather": table("weather", [{"ts": MONDAY, "rain_mm": 1.0}]),
    }


@pytest.mark.parametrize("rule", ["R12", "R13", "R19", "R20", "R21", "R22", "R23", "R24"])
def test_any_column_or_table_may_be_absent_or_empty(rule):
    whole = tables(rule)
    assert judged(rule, **whole).hits
    for name, frame in whole.items():
        judged(rule, **{one: other for one, other in whole.items() if one != name})
        judged(rule, **(whole | {name: frame.clear()}))
        for column in frame.columns:
            without = judged(rule, **(whole | {name: frame.drop(column)}))
            untyped = judged(rule, **(whole | {name: frame.with_columns(pl.lit(None).alias(column))}))
            typed = judged(
                rule, **(whole | {name: frame.with_columns(pl.lit(None, frame.schema[column]).alias(column))})
            )
            assert untyped.hits == typed.hits
            assert without.hits or sum(without.not_evaluable[rule].values())
