"""Laws of the procedures: every state is reached, only final ones end, and the same question has the same answer."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import catalogue
from shared.rules.procedures import Procedure, Situation, allowed_steps, may, rests_on_actor
from shared.rules.standards import Fact, evaluate

settings.register_profile("law", deadline=None)
settings.load_profile("law")
LAW = catalogue.default()
PROCEDURES = [procedure for versions in LAW.procedures.values() for procedure in versions]
STANDARDS = [standard for versions in LAW.standards.values() for standard in versions]
each = pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.id)

values = st.one_of(st.booleans(), st.integers(-1, 10**6), st.floats(), st.text(max_size=5), st.none())
relations = st.frozensets(st.sampled_from(["owner", "receiver", "copied", "supervisor", "partner", "system"]))
kinds = st.sampled_from(["", *LAW.agency_kinds])
roles = st.frozensets(st.sampled_from(list(LAW.roles)))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    names = draw(st.lists(st.sampled_from(list(LAW.fields)), max_size=5))
    columns = ["result", "finding", "reason", "outcome", "decision", "ground"]
    return Situation(
        relations=draw(relations),
        agency_kind=draw(kinds),
        roles=draw(roles),
        facts={name: Fact(name, draw(values)) for name in names},
        open_clocks=draw(st.frozensets(st.sampled_from(list(LAW.terms)))),
        fields=draw(st.dictionaries(st.sampled_from(columns), values)),
    )


def reached(procedure: Procedure, start: str) -> set[str]:
    found = {start}
    for _ in procedure.states:
        found |= {step.to_state for step in procedure.steps.values() if step.to_state and found & set(step.from_states)}
    return found


@each
def test_every_state_is_reached_from_the_beginning(procedure: Procedure) -> None:
    assert reached(procedure, procedure.initial) == set(procedure.states)


@each
def test_only_final_states_end_and_every_state_leads_to_one(procedure: Procedure) -> None:
    for name, state in procedure.states.items():
        onward = reached(procedure, name) - {name}
        assert state.final == (not onward)
        assert state.final or any(procedure.states[other].final for other in onward)


BY_COMMAND = {
    "conference_reply",
    "conference_opinion",
    "conference_minutes_signature",
    "action_item",
    "operation_task",
    "clue_verification",
    "self_inspection_correction",
    "squad_task",
}
"""Terms of agreement whose clocks a command starts, at the moment somebody states."""


@each
def test_clocks_that_are_met_were_started_in_the_same_procedure(procedure: Procedure) -> None:
    clocks = [clock for step in procedure.steps.values() for clock in step.clocks]
    started = {clock.term for clock in clocks if clock.action == "start"}
    assert {clock.term for clock in clocks} - BY_COMMAND == started


@given(st.sampled_from(PROCEDURES), st.data())
def test_rules_answer_and_give_the_same_answer_again(procedure: Procedure, data: Any) -> None:
    situation = data.draw(situations())
    state = data.draw(st.sampled_from([*procedure.states, "nowhere"]))
    step = data.draw(st.sampled_from([*procedure.steps, "nothing"]))
    verdict = may(procedure, step, state, situation)
    assert verdict == may(procedure, step, state, situation)
    assert verdict.allowed == (not verdict.reasons)
    assert all(reason.zh and reason.en and reason.what_next_zh and reason.what_next_en for reason in verdict.reasons)


@given(st.sampled_from(PROCEDURES), st.data())
def test_a_step_offered_is_a_step_that_may_be_taken(procedure: Procedure, data: Any) -> None:
    situation, state = data.draw(situations()), data.draw(st.sampled_from(list(procedure.states)))
    for offered in allowed_steps(procedure, state, situation):
        assert offered == may(procedure, offered.step_id, state, situation)
        assert state in procedure.steps[offered.step_id].from_states


@given(st.sampled_from(STANDARDS), st.data())
def test_a_standard_answers_whatever_the_facts_are(standard: Any, data: Any) -> None:
    names = data.draw(st.lists(st.sampled_from(list(LAW.fields)), max_size=12))
    units = st.sampled_from([None, "tonne", "kilogram", "CNY", "stone"])
    facts = {name: Fact(name, data.draw(values), data.draw(units)) for name in names}
    verdict = evaluate(standard, facts)
    assert verdict.outcome in ("met", "not_met", "unknown")
    assert bool(verdict.facts_lacking) == (verdict.outcome == "unknown")
    assert {use.name for use in verdict.facts_used} <= set(facts)


@given(st.sampled_from(STANDARDS), st.data())
def test_knowing_more_never_turns_a_decided_standard(standard: Any, data: Any) -> None:
    names = data.draw(st.lists(st.sampled_from(list(LAW.fields)), max_size=8))
    facts = {name: Fact(name, data.draw(values)) for name in names}
    before = evaluate(standard, facts)
    more = data.draw(st.sampled_from(list(LAW.fields)))
    after = evaluate(standard, {more: Fact(more, data.draw(values))} | facts)
    assert before.outcome == "unknown" or after.outcome == before.outcome


@each
@given(asked=situations())
def test_what_rests_on_the_actor_alone_is_the_same_whatever_else_is_known(procedure, asked):
    opening = [step for step in procedure.steps.values() if procedure.initial in step.from_states]
    for step in opening:
        fields = asked.fields | dict.fromkeys(step.required_fields, "given")
        if not rests_on_actor(step, fields):
            continue
        bare = Situation(asked.relations, asked.agency_kind, asked.roles, fields=fields)
        verdicts = [
            may(procedure, step.id, procedure.initial, one, catalogue=LAW)
            for one in (bare, replace(asked, fields=fields))
        ]
        assert verdicts[0] == verdicts[1]
        assert all(reason.kind == "actor" for reason in verdicts[0].reasons)


def test_a_clue_rests_on_the_actor_alone_where_its_required_fields_are_given():
    receive = LAW.procedure("clue_handling").steps["receive"]
    assert rests_on_actor(receive, {"discovered_at": "given"})
    assert not rests_on_actor(receive, {"discovered_at": None})
    assert not rests_on_actor(receive, {})
