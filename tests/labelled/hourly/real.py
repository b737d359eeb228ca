"""Real series in the columns of `obs_hour`. What the sources lack and the tables need is added here, and only here.

* Turbines: times from a fixed day on; flow 4 200 m³ per MWh; oxygen 15 %; treatment 150 kW + 0.5 % of production with
  2 % scatter; limits NOx 100 and CO 20 mg/m³, full scales 200 and 100. NOx, CO, temperature, production are real.
* Coal units: flow 277 m³ per mmBtu of heat; limit 1.2 lb/TBtu, full scale 10. Mercury, load, heat and operating time
  are real; an hour of the unit's stand is flag F, an hour it ran without a measured value is null with flag B.
* River sensors: stage in cm stands for flow, a constant 100 kW for production. The sensors' values are real and raw.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tests.labelled.hourly.carrier import Carrier
from tests.labelled.noise import START, dice

HERE = Path(__file__).resolve().parents[1] / "data"
UNIT_TESTS = Path(__file__).resolve().parents[2] / "unit" / "detection" / "data"
TURBINE_LIMITS = {"NOx": (100.0, 200.0), "CO": (20.0, 100.0)}
RIVER_SCALES = {"DO": ("do", 20.0), "TURB": ("turb", 1000.0), "COND": ("cond", 1000.0)}


def turbine(name: str, year: int, first: int, count: int, seed: int) -> Carrier:
    """`count` hours of a turbine year from row `first` on."""
    rows = [row for row in _rows(HERE / "gas_turbine.csv") if row["year"] == str(year)][first : first + count]
    outlet = Carrier(
        name, "gas", "燃机", START, len(rows), dict(TURBINE_LIMITS), dice(seed, name), 15.0, real=True
    )  # fmt: skip
    for hour, row in enumerate(rows):
        energy = float(row["tey"])
        outlet.shared["production_kw"][hour] = energy * 1000
        outlet.shared["flow"][hour] = round(energy * 4200)
        outlet.shared["o2"][hour] = 15.0
        outlet.shared["temp"][hour] = float(row["tat"])
        outlet.shared["treatment_kw"][hour] = round((150 + 5 * energy) * (1 + outlet.chance.gauss(0, 0.02)), 1)
    outlet.report("NOx", [float(row["nox"]) for row in rows])
    outlet.report("CO", [float(row["co"]) for row in rows])
    return outlet


def coal_units(seed: int) -> Iterator[Carrier]:
    """The coal units that measured mercury, two months of 2015 each."""
    rows = [*_rows(HERE / "epa_mats_3149.csv"), *_rows(UNIT_TESTS / "epa_mats_2015.csv")]
    for unit in sorted({row["unit"] for row in rows}):
        yield _coal_unit(f"EPA-{unit}", [row for row in rows if row["unit"] == unit], seed)


def _coal_unit(name: str, rows: list[dict[str, str]], seed: int) -> Carrier:
    start = datetime.fromisoformat(rows[0]["hour"])
    outlet = Carrier(name, "gas", "燃煤", start, len(rows), {"Hg": (1.2, 10.0)}, dice(seed, name), real=True)
    outlet.report("Hg", [float(row["hg_lb_tbtu"]) if row["hg_lb_tbtu"] else None for row in rows])
    own = outlet.own["Hg"]
    for hour, row in enumerate(rows):
        share = float(row["op_time"] or 0)
        outlet.shared["production_kw"][hour] = float(row["load_mw"] or 0) * 1000
        outlet.shared["flow"][hour] = round(float(row["heat_mmbtu"] or 0) * 277)
        own["valid_min"][hour] = round(60 * share)
        own["flag"][hour] = "F" if share == 0 else "N" if own["value"][hour] is not None else "B"
    return outlet


def river_sensors(seed: int) -> Iterator[Carrier]:
    """The sensors of two river sites."""
    rows = _rows(HERE / "logan_river.csv")
    for site in sorted({row["site"] for row in rows}):
        mine = [row for row in rows if row["site"] == site]
        start, name = datetime.fromisoformat(mine[0]["hour"]), f"LRO-{site}"
        scales = {pollutant: (scale, scale) for pollutant, (_, scale) in RIVER_SCALES.items()}
        outlet = Carrier(name, "water", "河流", start, len(mine), scales, dice(seed, name), real=True)
        outlet.shared["production_kw"] = [100.0] * len(mine)
        for column, source in (("flow", "stage"), ("ph", "ph"), ("cond", "cond")):
            outlet.shared[column] = [float(row[source]) if row[source] else None for row in mine]
        for pollutant, (source, _) in RIVER_SCALES.items():
            outlet.report(pollutant, [float(row[source]) if row[source] else None for row in mine])
        yield outlet


def untouched(seed: int) -> list[Carrier]:
    """Every real series as it is."""
    turbines = [turbine(f"UCI-{year}", year, 0, 10_000, seed) for year in (2011, 2012)]
    return [*turbines, *coal_units(seed), *river_sensors(seed)]


def river_hours() -> list[dict[str, str]]:
    """The rows of the river sites as text."""
    return _rows(HERE / "logan_river.csv")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
