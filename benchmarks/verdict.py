"""Verdicts: every transfer standard of a day on the facts of one case. Target: under 2 ms a case."""

import time
from datetime import date

from shared.rules import catalogue
from shared.rules.standards import Fact, Verdict, evaluate_all

ROUNDS, TARGET_MS = 300, 2.0
ON = date(2026, 9, 1)
FACTS = {
    "conduct": Fact("conduct", "dump", None, ("01a07961",)),
    "illegal": Fact("illegal", True, None, ("01a07961",)),
    "hazardous_waste_mass": Fact("hazardous_waste_mass", 5200, "kilogram", ("01a07962", "01a07963")),
    "actor_permit_class": Fact("actor_permit_class", "key_discharging_unit", None, ("01a07961",)),
    "discharged_pollutant": Fact("discharged_pollutant", "NOx", None, ()),
    "method": Fact("method", "hidden_pipe", None, ("01a07964",)),
    "direct_property_loss": Fact("direct_property_loss", 31.5, "CNY_10k", ("01a07965",)),
    "over_packaging": Fact("over_packaging", False, None, ()),
}


def bare(law: catalogue.Catalogue) -> int:
    """Look every standard in force up and read its facts, without a verdict: the least any evaluation must do."""
    found = 0
    for standard in law.standards_on(ON):
        found += len(standard.id) + sum(name in FACTS for name in FACTS)
    return found


def measure() -> dict[str, float]:
    """Milliseconds a case and the ratio to bare look-up; a verdict that is wrong stops the run."""
    law = catalogue.default()
    verdicts: dict[str, Verdict] = {one.standard_id: one for one in evaluate_all(law, FACTS, ON)}
    assert verdicts["crim338_hazardous_waste_3t"].outcome == "met"
    assert verdicts["crim338_hazardous_waste_3t"].facts_used[0].evidence
    ours = raw = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        evaluate_all(law, FACTS, ON)
        ours = min(ours, time.perf_counter() - begun)
        begun = time.perf_counter()
        bare(law)
        raw = min(raw, time.perf_counter() - begun)
    return {
        "standards": float(len(verdicts)),
        "all verdicts, ms": ours * 1e3,
        "bare look-up, ms": raw * 1e3,
        "ratio to look-up": ours / raw,
        "of the target": ours * 1e3 / TARGET_MS,
    }


def main() -> None:
    """Print the figures and whether the target is reached."""
    figures = measure()
    for name, value in figures.items():
        print(f"{name:32} {value:10.3f}")
    print(f"verdict of all standards: {figures['all verdicts, ms']:.2f} ms a case, target under {TARGET_MS:.0f} ms")


if __name__ == "__main__":
    main()
