"""The examples an official can write: each is computed by the packaged law and compared with what it expects."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import law_examples
from shared.rules import calendar, catalogue
from shared.rules.calendar import SHANGHAI
from shared.rules.notices import ladder
from shared.rules.procedures import Situation, allowed_steps, may
from shared.rules.requirements import Held, missing
from shared.rules.standards import Fact, evaluate, evaluate_all
from shared.rules.terms import Extension, check_extension, due

FOLDER = Path(__file__).parent / "examples"
LAW = catalogue.default()
CALENDAR = calendar.default()


def examples(file: str, key: str = "examples") -> list[Any]:
    found = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))[key]
    return [pytest.param(example, id=example.get("name", example.get("id"))) for example in found]


def facts_of(given: dict[str, Any]) -> dict[str, Fact]:
    """Facts as in the example: a plain value, or value and unit."""
    split = {name: fact if isinstance(fact, dict) else {"value": fact} for name, fact in given.items()}
    return {name: Fact(name, fact["value"], fact.get("unit")) for name, fact in split.items()}


@pytest.mark.parametrize("example", examples("terms.yaml"))
def test_terms(example: dict[str, Any]) -> None:
    [checked] = law_examples.check([example], LAW, CALENDAR)
    assert not checked.problems, "\n".join(checked.problems)


@pytest.mark.parametrize("example", examples("deadlines.yaml", "extensions"))
def test_extensions(example: dict[str, Any]) -> None:
    given, expect = example["given"], example["expect"]
    existing = [Extension(**extension) for extension in given.get("existing", ())]
    verdict = check_extension(LAW.term(given["term"]), existing, Extension(**given["requested"]))
    assert verdict.allowed == expect["allowed"]
    assert [reason.code for reason in verdict.reasons] == expect.get("reasons", [])
    assert all(reason.zh and reason.en for reason in verdict.reasons)


@pytest.mark.parametrize("example", examples("deadlines.yaml", "ladders"))
def test_ladders(example: dict[str, Any]) -> None:
    start = datetime.fromisoformat(example["given"]["start"])
    term = LAW.term(example["given"]["term"], on=start.date())
    rungs = ladder(LAW, term, due(term, start, calendar=CALENDAR), start)
    found = {rung.name: rung.at.astimezone(SHANGHAI).isoformat() for rung in rungs}
    assert found == example["expect"]["rungs"]
    assert [rung.at for rung in rungs] == sorted(rung.at for rung in rungs)
    watched = [rung.name for rung in rungs if any(who.agency == "supervising_procuratorate" for who in rung.audience)]
    assert watched == example["expect"]["procuratorate"]


@pytest.mark.parametrize("example", examples("requirements.yaml"))
def test_requirements(example: dict[str, Any]) -> None:
    given = example["given"]
    held = [Held(id, f"evidence-{id}", metadata) for id, metadata in given["held"].items()]
    gaps = missing(LAW.requirement_set(given["set"]), held, conditions=given["conditions"], stage=given["stage"])
    assert {gap.document_id: gap.kind for gap in gaps} == example["expect"]
    wanted = [id for id, kind in example["expect"].items() if kind != "condition_unknown"]
    assert [gap.document_id for gap in gaps if gap.blocking] == example.get("blocking", wanted)
    assert all(gap.cite.article and gap.zh and gap.en for gap in gaps)
    assert all(gap.fields for gap in gaps if gap.kind == "metadata")


@pytest.mark.parametrize("example", examples("standards.yaml"))
def test_standards(example: dict[str, Any]) -> None:
    given, expect = example["given"], example["expect"]
    verdict = evaluate(LAW.standard(given["standard"], on=given["day"]), facts_of(given["facts"]))
    assert verdict.outcome == expect["outcome"]
    assert verdict.screening == expect.get("screening")
    assert list(verdict.facts_lacking) == expect.get("lacking", list(verdict.facts_lacking))
    assert {note.code for note in verdict.warnings} >= set(expect.get("warnings", ()))
    assert {note.code for note in verdict.reasons} >= set(expect.get("reasons", ()))
    assert verdict.enforceable == expect.get("enforceable", True)
    assert verdict.cite.zh.startswith("《")


@pytest.mark.parametrize("example", examples("standards.yaml", "chosen"))
def test_the_day_of_the_conduct_chooses_the_standard(example: dict[str, Any]) -> None:
    chosen = {verdict.standard_id for verdict in evaluate_all(LAW, {}, example["day"])}
    assert chosen >= set(example["has"])
    assert chosen.isdisjoint(example["has_not"])


@pytest.mark.parametrize("example", examples("procedures.yaml"))
def test_procedures(example: dict[str, Any]) -> None:
    given = example["given"]
    on: date = given.get("day", date(2026, 9, 1))
    facts = facts_of(given.get("facts", {}))
    situation = Situation(
        relations=frozenset(given.get("relations", ())),
        agency_kind=given.get("agency_kind", ""),
        roles=frozenset(given.get("roles", ())),
        facts=facts,
        verdicts=tuple(evaluate_all(LAW, facts, on)),
        open_clocks=frozenset(given.get("open_clocks", ())),
        fields=given.get("fields", {}),
        on=on,
    )
    procedure = LAW.procedure(given["procedure"])
    verdict = may(procedure, given["step"], given["state"], situation)
    assert verdict.allowed == (not example["expect"])
    assert list(dict.fromkeys(reason.kind for reason in verdict.reasons)) == example["expect"]
    assert all(reason.zh and reason.en and reason.what_next_zh and reason.what_next_en for reason in verdict.reasons)
    if "cited" in example:
        assert any(reason.cite is not None and example["cited"] in reason.cite.article for reason in verdict.reasons)
    offered = {found.step_id: found.allowed for found in allowed_steps(procedure, given["state"], situation)}
    assert offered.get(given["step"], False) == verdict.allowed
