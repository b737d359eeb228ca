"""Records in the columns of the import tables, honest unless a test says otherwise, and what must hold of any hit."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import polars as pl

from services.clue_service.detection.catalogue import current, load
from services.clue_service.detection.engine import Run, run
from services.clue_service.detection.evidence import freeze, replay
from services.clue_service.detection.hits import Hit
from services.clue_service.intake.tables import declared

RULES = {rule.id: rule for rule in current(load())}
MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001  the tables hold local wall time


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as a table with every declared column that is not optional, and the optional ones that are given."""
    given = {key for row in rows for key in row}
    kinds = {one.name: one.type for one in declared()[name][1] if not one.is_optional or one.name in given}
    assert given <= set(kinds), given - set(kinds)
    return pl.DataFrame([{key: row.get(key) for key in kinds} for row in rows], schema=kinds)


def judged(rule: str, **tables: pl.DataFrame) -> Run:
    return run(tables, [RULES[rule]])


def times(hit: Hit) -> tuple[datetime, datetime]:
    """First and last moment as the tables write them."""
    return hit.from_at.replace(tzinfo=None), hit.to_at.replace(tzinfo=None)


def assert_stands(hit: Hit, again: Hit) -> str:
    """A hit and the same found again: same bytes, repeatable from them alone, worded and drawn; gives the chart."""
    rule = RULES[hit.rule_id]
    first, second = freeze(hit, rule), freeze(again, rule)
    assert (first.parquet, first.chart, first.record) == (second.parquet, second.chart, second.record)
    assert len(first.parquet) < 1_000_000
    assert replay(first.parquet, hit.rule_id, hit.rule_version, hit.parameters, sha256=first.sha256) == hit
    assert len(hit.reasons["zh"]) == len(hit.reasons["en"]) > 0
    assert all(any(sign.isdigit() for sign in "".join(words)) for words in hit.reasons.values())
    root = ElementTree.fromstring(first.chart)
    assert hit.entity_id in "".join(root.itertext())
    assert len({element.tag for element in root}) >= 4
    return first.chart


def without(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return frame.drop(columns)


def report(number: int, start: float, minutes: float = 60, **changes: Any) -> dict[str, Any]:
    """A sampling job `start` hours after MONDAY's midnight, in the middle of Nanjing."""
    begin = MONDAY + timedelta(hours=start)
    row = {
        "report_id": f"JC{number:03}",
        "org": "某检测公司",
        "sampler_id": "S1",
        "sampler_name": "张三",
        "site": f"厂区{number}",
        "lat": 32.05,
        "lon": 118.78,
        "t_start": begin,
        "t_end": begin + timedelta(minutes=minutes),
        "project": "废气",
    }
    return row | changes


def manifest(number: int, **changes: Any) -> dict[str, Any]:
    """A transfer within Jiangsu of 90 km in two and a half hours, confirmed the next day; nothing wrong with it."""
    depart = MONDAY + timedelta(days=number, hours=9)
    row = {
        "manifest_no": f"20263201{number:06}",
        "shipper": "E1",
        "receiver": "D1",
        "truck": f"苏A{number:05}",
        "waste_code": "900-249-08",
        "from_prov": "江苏",
        "to_prov": "江苏",
        "cross_approval": "",
        "receiver_code_ok": True,
        "ship_t": 20.0,
        "recv_t": 19.9,
        "plan_km": 90.0,
        "gps_km": 92.0,
        "off_route_km": 1.0,
        "max_stop_min": 12.0,
        "stop_poi": "",
        "depart": depart,
        "arrive": depart + timedelta(hours=2, minutes=30),
        "confirm": depart + timedelta(days=1),
    }
    return row | changes


def month(index: int) -> datetime:
    """The first day of a month, counted from January 2025."""
    return datetime(2025 + index // 12, index % 12 + 1, 1)  # noqa: DTZ001


def book(count: int = 18, enterprise: str = "E1", code: str = "900-249-08", **columns: Any) -> list[dict[str, Any]]:
    """A hazardous-waste book that closes: about 1 t per 100 t of product, all of it taken away every third month.

    `columns` holds functions of the month's number that replace what a month says.
    """
    rows, stock = [], 0.0
    for index in range(count):
        product = columns.get("product_t", lambda _: 100.0)(index) * (1 + 0.04 * ((index * 7) % 5 - 2) / 2)
        produced = product * 0.01 * columns.get("factor", lambda _: 1.0)(index) * (1 + 0.03 * ((index * 3) % 4 - 1.5))
        moved = stock + produced if index % 3 == 2 else 0.0
        row = {
            "enterprise_id": enterprise,
            "month": month(index),
            "industry": "化工",
            "waste_code": code,
            "product_t": product,
            "power_kwh": product * 300.0,
            "produced_t": produced,
            "open_t": stock,
            "transferred_t": moved,
            "self_disposed_t": 0.0,
            "close_t": stock + produced - moved,
            "process_change_filed": False,
        }
        stock = row["close_t"]
        rows.append(row | {name: of(index) for name, of in columns.items() if name not in ("product_t", "factor")})
    return rows


def batch(number: int, days: float, **changes: Any) -> dict[str, Any]:
    """A batch of 2 t that was in store for some days and has left."""
    begin = month(0) + timedelta(days=number)
    row = {
        "enterprise_id": "E1",
        "batch_id": f"B{number:03}",
        "waste_code": "900-249-08",
        "t": 2.0,
        "in_date": begin,
        "out_date": begin + timedelta(days=days),
        "extension_approval": "",
    }
    return row | changes


def car_test(number: int, **changes: Any) -> dict[str, Any]:
    """A passed test of a car of its own, of one model and with the OBD identity of that model."""
    row = {
        "test_id": f"T{number:04}",
        "station_id": "ST1",
        "line_id": "L1",
        "plate": f"苏C{number:05}",
        "vin": f"LVIN{number:013}",
        "make": "甲牌",
        "model": "M1",
        "model_year": 2018,
        "start": MONDAY + timedelta(hours=8, minutes=20 * number),
        "method": "稳态工况",
        "cal_id": "CAL-M1",
        "cvn": "0A1B2C3D",
        "result": "合格",
        "co": 0.1,
        "hc": 20.0,
        "nox": 100.0,
        "lam": 1.0,
    }
    return row | changes


def curve(test: str, seed: int, seconds: int = 120, noise: float = 0.05) -> list[dict[str, Any]]:
    """A test by second: the common cycle times the car's own factors, and what its engine does beside."""
    chance = Random(seed)
    factors = [1 + chance.uniform(-0.15, 0.15) for _ in range(3)]
    rows = []
    for sec in range(seconds):
        load = 0.5 + 0.3 * math.sin(sec / 9) + 0.2 * math.sin(sec / 23)
        co2, co, nox = (
            base * factor * (load if base != 0.2 else 1 - load / 2) * (1 + chance.gauss(0, noise))
            for base, factor in zip((3.0, 0.2, 400.0), factors, strict=True)
        )
        rows.append(
            {
                "test_id": test,
                "sec": sec,
                "speed": 25.0 + 5 * math.sin(sec / 9),
                "co2": min(15.0, 10.0 + co2),
                "co": co,
                "nox": nox,
                "rpm": 1500 + 600 * load,
            }
        )
    return rows


def drive(run: str = "V1", count: int = 600, step: int = 3, **columns: Any) -> list[dict[str, Any]]:
    """A mobile run eastward at 8 m/s through 60 ppb; `columns` hold functions of the point's number."""
    rows = []
    for index in range(count):
        row = {
            "run_id": run,
            "ts": MONDAY + timedelta(hours=10, seconds=step * index),
            "lat": 32.0,
            "lon": 118.7 + index * step * 8 / 94_500,
            "tvoc_ppb": 60.0 + 8 * math.sin(index / 5),
            "wind_dir": 0.0,
            "wind_ms": 2.0,
            "flag": "N",
            "poi": "",
        }
        rows.append(row | {name: of(index) for name, of in columns.items()})
    return rows


def river(section: str = "S1", days: int = 30, **columns: Any) -> list[dict[str, Any]]:
    """A clean section every four hours; `columns` hold functions of the reading's number that multiply."""
    rows = []
    for index in range(days * 6):
        wave = 1 + 0.08 * math.sin(index / 4) + 0.05 * math.sin(index * 1.7)
        row = {
            "section_id": section,
            "ts": MONDAY + timedelta(hours=4 * index),
            "nh3n": 0.5 * wave,
            "tp": 0.1 * wave,
            "codmn": 3.5 * wave,
            "cond": 420.0 * (1 + 0.02 * math.sin(index / 7)),
            "turb": 25.0 * wave,
            "do": 7.5 + 0.8 * math.sin(index * math.pi / 3),
        }
        rows.append(row | {name: row[name] * of(index) for name, of in columns.items()})
    return rows


def discharge(outlet: str, days: int = 30, pollutant: str = "NH3N", **columns: Any) -> list[dict[str, Any]]:
    """Hours of an outlet with 50 m³/h at 5 mg/L; `columns` hold functions of the hour that multiply."""
    rows = []
    for hour in range(days * 24):
        row = {
            "outlet_id": outlet,
            "ts": MONDAY + timedelta(hours=hour),
            "pollutant": pollutant,
            "value": 5.0 * (1 + 0.1 * math.sin(hour / 5)),
            "flow": 50.0 * (1 + 0.1 * math.sin(hour / 3)),
            "flag": "N",
        }
        rows.append(row | {name: row[name] * of(hour) for name, of in columns.items()})
    return rows


def over(factor: float, first: int, count: int) -> Callable[[int], float]:
    """A factor over some numbers, 1 elsewhere."""
    return lambda index: factor if first <= index < first + count else 1.0
