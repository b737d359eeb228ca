"""The steep drop (R01) and the constant value (R14) in plain pandas, series by series as the rules are worded.

The same live hours, baselines and conditions as the rules; no screens, no windows over more than one series. A program
of its own, `python benchmarks/plain_pandas.py FOLDER`: pandas and pyarrow are no dependency of the project. Prints the
seconds after its imports, and the outlets where a rule fires, as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

INVALID = {"校准", "维护", "故障", "停运", "停产", "启炉", "停炉", "停炉降温", "烘炉", "事故"}
COLUMNS = [
    *("outlet_id", "pollutant", "ts", "value", "production_kw", "treatment_kw"),
    *("flow", "o2", "flag", "mark", "valid_min"),
]
SIGNALS = ["value", "production_kw", "flow", "treatment_kw"]


def rolling(column: Any, size: int, least: int) -> Any:
    """A trailing window of one series."""
    return column.rolling(size, min_periods=least)


def live_hours(rows: Any) -> Any:
    """The live hours, judged outlet by outlet against the usual load and flow of 30 days."""
    loads = rows.groupby(["outlet_id", "ts"], as_index=False)[["production_kw", "flow"]].max()
    parts = []
    for _, one in loads.groupby("outlet_id", sort=False):
        usual = rolling(one["production_kw"], 720, 72).quantile(0.7)
        flow = rolling(one["flow"].where(one["flow"] > 0), 720, 72).quantile(0.7)
        parts.append(one.assign(rp=one["production_kw"] / usual, rf=one["flow"] / flow))
    rows = rows.merge(pd.concat(parts)[["outlet_id", "ts", "rp", "rf"]], on=["outlet_id", "ts"])
    ok = (rows["flag"] == "N") & rows["value"].notna() & (rows["valid_min"].fillna(60) >= 45)
    ok &= ~rows["mark"].fillna("").str.strip().isin(INVALID)
    return rows[ok & (rows["rp"] >= 0.3) & (rows["rf"] >= 0.1)]


def falls(one: Any) -> bool:
    """R01 on one series."""
    before = {name: rolling(one[name], 24, 18).median().shift(1) for name in SIGNALS}
    after = {name: rolling(one[name], 8, 6).median().shift(-7) for name in SIGNALS}
    ratio = {name: after[name] / before[name] for name in SIGNALS}
    earlier = {name: after[name] / before[name].shift(12) for name in SIGNALS}
    week = rolling(one["value"], 168, 126).median().shift(1)
    fell = (
        (before["value"] >= 0.4 * one["limit"])
        & (ratio["value"] <= 0.52)
        & (pd.concat([ratio["production_kw"], earlier["production_kw"]], axis=1).min(axis=1) >= 0.8)
        & (pd.concat([ratio["flow"], earlier["flow"]], axis=1).min(axis=1) >= 0.75)
        & (pd.concat([ratio["treatment_kw"], earlier["treatment_kw"]], axis=1).max(axis=1) <= 1.25)
        & (after["value"] / week <= 0.6)
    )
    return bool(fell.any())


def bands(one: Any) -> Any:
    """The bands, usual bands, calm and levels of one series, for R14."""
    found = one[["ts", "pollutant", "value", "full_scale"]].copy()
    for size in (10, 24):
        for name in ("value", "o2", "flow"):
            band = rolling(one[name], size, size).max() - rolling(one[name], size, size).min()
            found[f"band{size}_{name}"] = band
            found[f"usual{size}_{name}"] = rolling(band, 336, 252).median().shift(size)
        found[f"calm{size}"] = rolling(found[f"band{size}_value"], 336, 252).quantile(0.05).shift(size + 72)
        found[f"level{size}"] = rolling(one["value"], size, size).median()
    found["top"] = rolling(one["value"], 6, 6).max()
    found["level"] = rolling(one["value"], 336, 252).median().shift(24)
    return found


def stands(each: list[Any]) -> bool:
    """R14 on one outlet, whose pollutants vouch for each other."""
    rows = pd.concat(each)
    fires = False
    for size, share in ((10, 0.18), (24, 0.33)):
        own = rows[f"band{size}_value"] / rows[f"usual{size}_value"]
        wide = rows.assign(own=own).pivot_table(index="ts", columns="pollutant", values="own")
        others = pd.DataFrame({name: wide.drop(columns=name).max(axis=1) for name in wide.columns}).stack()
        sibling = others.reindex(pd.MultiIndex.from_arrays([rows["ts"], rows["pollutant"]])).to_numpy()
        lively = pd.DataFrame({"sibling": sibling}, index=rows.index)
        for name in ("o2", "flow"):
            lively[name] = rows[f"band{size}_{name}"] / rows[f"usual{size}_{name}"]
        band, usual = rows[f"band{size}_value"], rows[f"usual{size}_value"]
        level = (rows[f"level{size}"] / rows["level"]).clip(upper=1)
        calm = (rows[f"calm{size}"] > 0) & (band <= 0.25 * rows[f"calm{size}"])
        flat = (band <= 0.02 * rows["full_scale"]) & (usual >= 0.005 * rows["full_scale"]) & (band <= share * usual)
        fires |= bool((flat & calm & (lively.max(axis=1) >= 0.5) & (band <= share * usual * level)).any())
    return fires


def main(folder: Path) -> None:
    """Judge a folder of tables."""
    began = time.perf_counter()
    rows = pd.read_parquet(folder / "obs_hour.parquet", columns=COLUMNS)
    rows = live_hours(rows).merge(pd.read_parquet(folder / "limits.parquet"), on="pollutant")
    rows = rows.sort_values(["outlet_id", "pollutant", "ts"])
    found: dict[str, list[str]] = {"R01": [], "R14": []}
    for outlet, own in rows.groupby("outlet_id", sort=False):
        series = [one for _, one in own.groupby("pollutant", sort=False)]
        if any(falls(one) for one in series):
            found["R01"].append(outlet)
        if stands([bands(one) for one in series]):
            found["R14"].append(outlet)
    print(json.dumps({"seconds": time.perf_counter() - began, **found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
