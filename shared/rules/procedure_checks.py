"""Does a procedure hold together: its states lead on, and what its steps name exists."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shared.rules.loading import CatalogueError, Placed
from shared.rules.procedure_entries import Procedure, Step

if TYPE_CHECKING:
    from shared.rules.checks import Shelves


def check_procedure(placed: Placed[Procedure], shelves: "Shelves") -> None:
    """CatalogueError at the step or state that does not fit."""
    procedure = placed.entry
    for step in procedure.steps.values():
        for id, known, what, key in _names(procedure, step, shelves):
            if id not in known:
                raise _error(placed, step, f"{what} {id} 没有定义", f"unknown {what} '{id}'", key)
        _check_parts(placed, step, shelves)
        if step.requirement_set is None and step.stage is not None:
            raise _error(placed, step, "stage 须与 requirement_set 同写", "'stage' needs a 'requirement_set'", "stage")
        if not set(step.required_fields) <= set(step.body_fields):
            zh, en = "required_fields 须列入 body_fields", "every required field must be among 'body_fields'"
            raise _error(placed, step, zh, en, "required_fields")
    if procedure.parties:
        _check_alone(placed, shelves)
    _check_ways(placed)


def _check_alone(placed: Placed[Procedure], shelves: "Shelves") -> None:
    """A procedure that is data alone: what its steps state is declared, whom they name takes part."""
    procedure = placed.entry
    kinds = _ids(shelves.agency_kinds)
    for relation, rule in procedure.parties.items():
        if relation not in procedure.relations:
            zh, en = f"关系 {relation} 未列入 relations。", f"relation '{relation}' is not among 'relations'."
            raise placed.error(zh, en, "parties", relation)
        for kind in rule.kinds:
            if kind not in kinds:
                zh, en = f"机关类别 {kind} 没有定义。", f"unknown agency kind '{kind}'."
                raise placed.error(zh, en, "parties", relation, "kinds")
    stated: dict[str, str] = {item.entry.id: item.entry.type for item in shelves.step_fields}
    for step in procedure.steps.values():
        _check_statements(placed, step, stated)


def _check_statements(placed: Placed[Procedure], step: Step, stated: Mapping[str, str]) -> None:
    for name in step.body_fields:
        if name not in stated:
            zh, en = f"字段 {name} 未在 step_fields 登记", f"field '{name}' is not declared in step_fields"
            raise _error(placed, step, zh, en, "body_fields")
    for one in step.appoints:
        if one.field not in step.body_fields or stated[one.field] != "agency":
            zh, en = f"{one.field} 不是本步骤的机关字段", f"'{one.field}' is no agency this step states"
            raise _error(placed, step, zh, en, "appoints")
    named = {*step.admits, *(one.relation for one in step.appoints)}
    for relation in sorted(named - set(placed.entry.parties)):
        zh, en = f"关系 {relation} 未列入 parties", f"relation '{relation}' is not among 'parties'"
        raise _error(placed, step, zh, en, "admits")


def _names(procedure: Procedure, step: Step, shelves: "Shelves") -> Iterator[tuple[str, set[str], str, str]]:
    states: set[str] = set(procedure.states)
    relations: set[str] = set(procedure.relations)
    yield from ((state, states, "state", "from_states") for state in step.from_states)
    yield from ((state, states, "state", "to_state") for state in (step.to_state,) if state)
    terms = _ids(shelves.terms)
    yield from ((clock.term, terms, "term", "clocks") for clock in step.clocks)
    yield from ((clock.party, relations, "relation", "clocks") for clock in step.clocks)
    roles, kinds = _ids(shelves.roles), _ids(shelves.agency_kinds)
    for actor in step.by:
        yield actor.relation, relations, "relation", "by"
        yield from ((role, roles, "role", "by") for role in actor.roles)
        yield from ((kind, kinds, "agency kind", "by") for kind in (actor.agency_kind,) if kind)
    yield from ((relation, relations, "relation", "to") for relation in (*step.to, *step.copies))
    fields = _ids(shelves.fields)
    yield from ((name, fields, "field", "facts_required") for name in step.facts_required)
    sets = {required.entry.id: required.entry for required in shelves.requirements}
    documents = {document.id for required in sets.values() for document in required.documents}
    yield from ((document, documents, "document", "documents") for document in step.documents)
    if step.requirement_set is not None:
        yield step.requirement_set, set(sets), "requirement set", "requirement_set"
        if step.stage is not None and step.requirement_set in sets:
            stages = {document.stage for document in sets[step.requirement_set].documents}
            yield step.stage, stages, "stage", "stage"
    for guard in step.guards:
        if guard.check.startswith("clock"):
            yield guard.subject, terms, "term", "guards"
    if step.standards_required is not None:
        targets = {name for item in shelves.standards for name in (item.entry.category, item.entry.target_agency)}
        yield step.standards_required.partition(":")[2], targets, "standard target", "standards_required"


def _check_parts(placed: Placed[Procedure], step: Step, shelves: "Shelves") -> None:
    for clock in step.clocks:
        if clock.part is None:
            continue
        known = {part for item in shelves.terms if item.entry.id == clock.term for part in item.entry.stops_on}
        if clock.part not in known:
            zh, en = f"{clock.term} 没有部分 {clock.part}", f"'{clock.term}' does not stop on '{clock.part}'"
            raise _error(placed, step, zh, en, "clocks")


def _check_ways(placed: Placed[Procedure]) -> None:
    procedure = placed.entry
    if procedure.initial not in procedure.states:
        raise placed.error(
            "initial 不是已列出的状态。", f"unknown state '{procedure.initial}' in 'initial'.", "initial"
        )
    reached = {procedure.initial}
    for _ in procedure.states:
        ways = (step for step in procedure.steps.values() if reached & set(step.from_states))
        reached |= {step.to_state for step in ways if step.to_state}
    leaving = {
        state for step in procedure.steps.values() for state in step.from_states if step.to_state not in (None, state)
    }
    for name, state in procedure.states.items():
        if name not in reached:
            zh, en = (
                f"状态 {name} 无法到达:加一个步骤或删去。",
                f"state '{name}' cannot be reached: add a step or remove it.",
            )
            raise placed.error(zh, en, "states", name)
        if state.final == (name in leaving):
            zh = f"状态 {name}:终结状态不得有出路,其他状态须有出路。"
            en = f"state '{name}' is a dead end or a final state with a way on: mark it final, or add a step."
            raise placed.error(zh, en, "states", name)


def _error(placed: Placed[Procedure], step: Step, zh: str, en: str, key: str) -> CatalogueError:
    name = step.id
    return placed.error(f"步骤 {name}:{zh},请更正。", f"step '{name}': {en}; correct it.", "steps", name, key)


def _ids(shelf: list[Any]) -> set[str]:
    return {placed.entry.id for placed in shelf}
