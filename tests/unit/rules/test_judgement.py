"""What a written legal judgement carries: the standards it names, and no others."""

from datetime import date

import pytest

from shared.rules import catalogue
from shared.rules.facts import Checked, Misfit, check_fact
from shared.rules.procedures import Situation, may
from shared.rules.standards import Fact, evaluate_all

LAW = catalogue.default()
ON = date(2026, 9, 1)
FALSIFIED = {
    "actor_permit_class": Fact("actor_permit_class", "pollution_permit_key_management_unit_personnel"),
    "conduct": Fact("conduct", "tamper_auto_monitoring_data"),
    "discharged_pollutant": Fact("discharged_pollutant", "NOx"),
}


def may_refer(judgement: object) -> bool:
    """Whether a case may be referred on the falsification standard, which was seen in one source only."""
    facts = dict(FALSIFIED)
    if judgement is not None:
        facts["manual_legal_judgement"] = Fact("manual_legal_judgement", judgement)
    asked = Situation(
        relations=frozenset({"owner"}),
        agency_kind="ecological_environment_authority",
        roles=frozenset({"case_officer", "agency_head"}),
        facts=facts,
        verdicts=tuple(evaluate_all(LAW, facts, ON)),
        fields={"suspected_offence": "污染环境罪"},
        on=ON,
    )
    verdict = may(LAW.procedure("administrative_penalty"), "request_referral", "investigating", asked)
    return not any(reason.kind == "standard" for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("judgement", "allowed"),
    [
        (None, False),
        (False, False),
        (True, True),
        (["crim338_auto_monitoring_falsification"], True),
        (["crim338_hazardous_waste_3t"], False),
        ([], False),
    ],
)
def test_a_single_source_needs_a_judgement_that_names_it(judgement: object, allowed: bool) -> None:
    assert may_refer(judgement) is allowed


def test_a_judgement_is_yes_no_or_the_standards_it_was_given_for() -> None:
    for value in (True, False, ["crim338_hazardous_waste_3t"]):
        assert isinstance(check_fact("manual_legal_judgement", value, None, LAW.fields), Checked)
    for value in ("yes", 1, [], [1]):
        assert isinstance(check_fact("manual_legal_judgement", value, None, LAW.fields), Misfit)
