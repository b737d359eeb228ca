"""No value that the range of a parameter allows breaks a rule: a set on trial runs beside those in force."""

import polars as pl
import pytest

from services.clue_service.detection.engine import run
from services.clue_service.detection.functions import MODELS
from services.clue_service.rules_office.registry import digest_of_hit, key_of, tuned
from tests.unit.detection.carriers import ALL_LIMITS, LIMITS, OUTLETS, RULES, carrier, put, times
from tests.unit.detection.plants import plant
from tests.unit.detection.test_absent_columns import tables as of_books
from tests.unit.detection.test_air import thinned
from tests.unit.detection.test_copied import copied
from tests.unit.detection.test_gaps import losing
from tests.unit.detection.test_hugging import capped
from tests.unit.detection.test_late_marks import exceeding
from tests.unit.detection.test_layers import INST, change, gas
from tests.unit.detection.test_parameters import entry
from tests.unit.detection.test_sampling import batches, gated
from tests.unit.detection.test_shift import shifted
from tests.unit.detection.test_swap import swapped
from tests.unit.detection.test_thinned import diluted
from tests.unit.detection.test_upkeep import daily

HOURLY = {
    "R01": lambda: times(carrier(), 700, 30, value=0.3),
    "R02": lambda: shifted(0.5),
    "R03": gas,
    "R04": lambda: change(gas(), 600, 48, "NOx", value=INST * 0.6),
    "R05": lambda: swapped(600, 24, 0.3),
    "R06": lambda: copied(700, 48, 168, 0.005),
    "R07": lambda: thinned(600, 48, 4.0),
    "R08": lambda: diluted(600, 24, 2.0),
    "R09": lambda: put(carrier(), 700, 12, mark="停产", flag="F"),
    "R10": lambda: exceeding(plant(), hours_later=9),
    "R11": lambda: daily(plant(), 5),
    "R14": lambda: put(carrier(), 700, 40, value=71.0),
    "R15": lambda: capped(400, 300, 98.0),
    "R16": lambda: times(plant(), 700, 24, treatment_kw=0.1),
    "R18": lambda: losing(plant()),
}


def tables(rule_id: str) -> dict[str, pl.DataFrame]:
    """Tables in which the rule finds something."""
    if rule_id == "R17":
        return {"water_10min": gated(batches(), 10, 15)}
    if rule_id not in HOURLY:
        return of_books(rule_id)
    log = pl.concat([entry("i13008", 1.0, 0.5), entry("i13008", 0.5, 1.0, hour=690)])
    rows = HOURLY[rule_id]()
    return {"obs_hour": rows, "limits": ALL_LIMITS, "outlets": OUTLETS, "param_log": log}


@pytest.mark.parametrize("rule_id", list(MODELS))
def test_the_ends_of_every_range(rule_id):
    given, rule = tables(rule_id), RULES[rule_id]
    assert run(given, [rule]).hits
    for name, parameter in rule.parameters.items():
        low, high = parameter.range
        for value in (low, high, low + 0.37 * (high - low)):
            found = run(given, [rule], parameters={rule_id: {name: value}})
            assert all(one.parameters[name] == value for one in found.hits)


def test_two_sets_of_one_rule_are_told_apart():
    rule = RULES["R01"]
    other = tuned(rule, {"drop": 0.45}, rule.status)
    given = {"obs_hour": times(carrier(), 700, 30, value=0.3), "limits": LIMITS}
    both = run(given, [rule, other])
    assert {(one.rule_id, one.rule_version, digest_of_hit(one)) for one in both.hits} == {key_of(rule), key_of(other)}
    assert both.not_evaluable == run(given, [rule]).not_evaluable
    assert [one for one in both.hits if one.parameters["drop"] == 0.52] == run(given, [rule]).hits
