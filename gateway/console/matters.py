"""Matters between agencies in the console: forms made from the law, for every procedure that is data alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

from gateway.console import facts, forms
from gateway.console.asking import ROOM_OF
from gateway.console.entry import Visit
from gateway.console.forms import Field
from gateway.console.published import PATHS
from shared.rules.entries import StepField
from shared.rules.procedure_entries import PartyRule, Procedure, Step

KINDS = {
    "words": "text",
    "long_words": "area",
    "instant": "moment",
    "moment": "moment",
    "day": "day",
    "flag": "flag",
    "count": "number",
    "choice": "choice",
    "agency": "choice",
    "agencies": "lines",
    "digest": "text",
    "lines": "lines",
}
UNSHOWN = frozenset(
    {
        "manifest_digest",
        "open_measures",
        "measure_ref",
        "measure_procedure",
        "measure_step",
        "limitation_term",
        "limitation_ends_on",
        "is_time_barred",
        "hearing_request_by",
        "hearing_notice_by",
        "deemed_served_on",
        "payment_due_on",
        "remedies_end_on",
        "fine_yuan",
        "paid_yuan",
        "offset_yuan",
    }
)
"""What is bound to, noted or computed, and told of elsewhere on the page."""
GENERAL = ("title", "summary", "enterprise_name", "enterprise_id", "division", "conduct_on", "about", "facts")
NEEDED = frozenset({"title", "summary", "division"})
TOGETHER = ("operations", "linkages")
"""Kinds in which several agencies take part in one way, and some steps have addresses of their own."""


def is_alone(procedure: Procedure) -> bool:
    """Whether a procedure is data alone, so that its forms come from the catalogue."""
    return bool(procedure.parties)


def is_data(visit: Visit, procedure: Procedure, kind: str, step_id: str) -> bool:
    """Whether one step's form comes from the catalogue: in a case, where no address of its own takes the step."""
    step = procedure.steps.get(step_id)
    if step is None or is_alone(procedure):
        return step is not None and not (kind in TOGETHER and step_id in PATHS[kind])
    by_people = any(actor.relation != "system" for actor in step.by)
    is_free = kind == "cases" and step_id not in PATHS[kind]
    return is_free and by_people and all(name in visit.catalogue.step_fields for name in step.body_fields)


def openable(visit: Visit, kind: str) -> list[Procedure]:
    """Return the procedures of a kind of subject that the reader's agency may begin."""
    newest = (versions[-1] for versions in visit.catalogue.procedures.values())
    return [
        one
        for one in newest
        if one.subject == ROOM_OF[kind] and is_alone(one) and opening(one, visit.by.kind) is not None
    ]


def opening(procedure: Procedure, agency_kind: str, named: str = "") -> Step | None:
    """Return the step by which an agency of this kind begins a procedure, the one named where there are several."""
    found = (step for step in openings(procedure, agency_kind) if named in ("", step.id))
    return next(found, None)


def openings(procedure: Procedure, agency_kind: str) -> list[Step]:
    """Return the steps by which an agency of this kind may begin a procedure."""
    return [
        step
        for step in procedure.initial_steps
        if any(actor.relation == "owner" and actor.agency_kind in (None, agency_kind) for actor in step.by)
    ]


def ways(visit: Visit, kind: str) -> list[tuple[str, str]]:
    """Return every way to begin a matter of a kind, as (what the address names, in words)."""
    found = []
    for one in openable(visit, kind):
        steps = openings(one, visit.by.kind)
        if len(steps) == 1:
            found.append((one.id, visit.words.name(one)))
        else:
            found += [(f"{one.id}.{step.id}", visit.words.name(step)) for step in steps]
    return found


def begin_fields(visit: Visit, procedure: Procedure, step: Step) -> list[Field]:
    """Return the fields by which a matter is opened: what it is about, who takes part, what the first step states."""
    named = [_general(visit, name) for name in GENERAL]
    parties = [
        Field(
            name=f"party.{relation}",
            kind="many" if _is_open_to_many(procedure, rule) else "choice",
            label=visit.words.or_else(f"party.{relation}", relation),
            required=rule.required and rule.default == "none",
            choices=_agencies(visit, rule.kinds),
            hint=visit.words("form.party_default") if rule.default != "none" else "",
        )
        for relation, rule in procedure.parties.items()
    ]
    return [*named, *parties, *stated_fields(visit, step)]


def _is_open_to_many(procedure: Procedure, rule: PartyRule) -> bool:
    return procedure.subject in (ROOM_OF[kind] for kind in TOGETHER) and rule.default == "none"


def _general(visit: Visit, name: str) -> Field:
    kinds = {"summary": "area", "conduct_on": "day", "facts": "facts"}
    return Field(
        name=name,
        kind=kinds.get(name, "text"),
        label=visit.words(f"field.{name}"),
        required=name in NEEDED,
        hint=visit.words.or_else(f"hint.{name}", ""),
        pattern="[0-9]{6}" if name == "division" else "",
    )


def stated_fields(visit: Visit, step: Step) -> list[Field]:
    """Return the fields of what a step states, and of the conditions its documents depend on."""
    fields = [
        _field(visit, visit.catalogue.step_fields[name], name in step.required_fields) for name in step.body_fields
    ]
    if step.requirement_set is not None:
        fields.append(Field(name="conditions", kind="conditions", label="", required=False))
    return fields


def _field(visit: Visit, declared: StepField, is_needed: bool) -> Field:
    choices: forms.Choices = ()
    if declared.choices:
        choices = tuple((value, visit.words.part(one, "", value)) for value, one in declared.choices.items())
    elif declared.type == "agency":
        choices = _agencies(visit, declared.kinds)
    return Field(
        name=declared.id,
        kind=KINDS[declared.type],
        label=visit.words.part(declared, "", declared.id),
        required=is_needed,
        choices=choices,
        limits={"minimum": 0} if declared.type == "count" else {},
    )


def _agencies(visit: Visit, kinds: Iterable[str]) -> forms.Choices:
    wanted = frozenset(kinds)
    found = (one for one in visit.catalogue.agencies.values() if not wanted or one.kind in wanted)
    return tuple((one.id, visit.words.name(one)) for one in found if one.id != visit.by.agency)


def step_body(visit: Visit, step: Step, form: FormData) -> dict[str, Any]:
    """Return the body that takes a step."""
    return {
        "stated": forms.body_from(stated_fields(visit, step), form),
        "conditions": forms.conditions_from(form),
    }


def begin_body(visit: Visit, procedure: Procedure, step: Step, form: FormData) -> dict[str, Any]:
    """Return the body that opens a matter."""
    fields = begin_fields(visit, procedure, step)
    given = forms.body_from(fields, form)
    stated = {name: given.pop(name) for name in step.body_fields if name in given}
    parties = {name.removeprefix("party."): form.getlist(name) for name in given if name.startswith("party.")}
    general = {name: value for name, value in given.items() if not name.startswith("party.")}
    if general.get("about", "").startswith("/console/"):
        general["about"] = _ref(general["about"])
    known = facts.facts_from(form, visit.catalogue.fields)
    begun = {"step": step.id} if len(openings(procedure, visit.by.kind)) > 1 else {}
    return general | begun | {"procedure": procedure.id, "parties": parties, "stated": stated, "facts": known}


def _ref(path: str) -> str:
    """Return the ref of a subject whose page's address was pasted."""
    kind, _, subject_id = path.removeprefix("/console/").partition("/")
    return f"{ROOM_OF.get(kind, kind)}:{subject_id}"


def stated_shown(visit: Visit, subject: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return what the steps of a subject stated so far, as (label, value in words, field)."""
    declared = visit.catalogue.step_fields
    found = []
    for name, value in (subject.get("stated") or {}).items():
        known = declared.get(name)
        label = visit.words.part(known, "", name) if known else visit.words.or_else(f"field.{name}", name)
        choice = (known.choices or {}).get(str(value)) if known else None
        is_agency = known is not None and known.type == "agency"
        shown = visit.words.part(choice, "", str(value)) if choice else visit.agency(value) if is_agency else value
        found.append((label, shown, name))
    return [one for one in found if one[2] not in UNSHOWN]
