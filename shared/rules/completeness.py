"""Is a matter complete, before it is sent and for both sides: standards, documents, steps and the clocks they start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from shared.rules.calendar import Calendar
from shared.rules.entries import Cite
from shared.rules.procedure_entries import Clock, Procedure, Step
from shared.rules.procedures import Reason, Situation, may
from shared.rules.requirements import Gap, Held, Level, Requirement, missing
from shared.rules.standards import Verdict
from shared.rules.terms import due

if TYPE_CHECKING:
    from shared.rules.catalogue import Catalogue

Status = Literal["present", "missing", "lacks_metadata", "condition_unknown", "not_needed"]


@dataclass(frozen=True, slots=True)
class DocumentOutlook:
    """One document of the procedure's lists: whether it is held, what it fails to state, and the article."""

    document_id: str
    name_zh: str
    name_en: str
    requirement_set: str
    stage: str
    level: Level
    status: Status
    blocking: bool
    lacking_zh: tuple[str, ...]
    lacking_en: tuple[str, ...]
    items: tuple[str, ...]
    """Ids of the items of evidence that answer it."""
    condition: str | None
    verified: bool
    cite: Cite


@dataclass(frozen=True, slots=True)
class ClockOutlook:
    """A clock a step would start now: when it would lapse, and by which article."""

    term_id: str
    name_zh: str
    name_en: str
    party: str
    lapses_at: datetime | None
    provisional: bool
    verified: bool
    authority: str
    cite: Cite


@dataclass(frozen=True, slots=True)
class StepOutlook:
    """One step from here: allowed or not, why not, and the clocks it would start."""

    step_id: str
    name_zh: str
    name_en: str
    to_state: str
    allowed: bool
    reasons: tuple[Reason, ...]
    starts: tuple[ClockOutlook, ...]
    cite: Cite


@dataclass(frozen=True, slots=True)
class Completeness:
    """The whole answer. `ready` says that nothing blocking is missing; `rests_on` which grounds are shown to be met."""

    procedure_id: str
    procedure_version: int
    state: str
    ready: bool
    rests_on: tuple[str, ...]
    standards: tuple[Verdict, ...]
    documents: tuple[DocumentOutlook, ...]
    steps: tuple[StepOutlook, ...]


def completeness(
    catalogue: "Catalogue", procedure: Procedure, state: str, situation: Situation, *, calendar: Calendar, now: datetime
) -> Completeness:
    """What stands in the way of a matter, and what will run once it moves. `now` is aware, in the legal zone."""
    targets = _targets(procedure)
    standards = tuple(
        verdict
        for verdict in situation.verdicts
        if verdict.outcome != "not_met" and (not targets or targets & {verdict.category, verdict.target_agency})
    )
    documents = tuple(_documents(catalogue, procedure, situation))
    steps = tuple(_steps(catalogue, procedure, state, situation, calendar, now))
    return Completeness(
        procedure_id=procedure.id,
        procedure_version=procedure.version,
        state=state,
        ready=not any(document.blocking for document in documents),
        rests_on=tuple(one.standard_id for one in standards if one.outcome == "met" and one.enforceable),
        standards=standards,
        documents=documents,
        steps=steps,
    )


def _targets(procedure: Procedure) -> set[str]:
    wanted = (step.standards_required for step in procedure.steps.values() if step.standards_required)
    return {rule.partition(":")[2] for rule in wanted}


def _documents(catalogue: "Catalogue", procedure: Procedure, situation: Situation) -> Iterator[DocumentOutlook]:
    asked = dict.fromkeys(
        (step.requirement_set, step.stage) for step in procedure.steps.values() if step.requirement_set is not None
    )
    for set_id, stage in asked:
        required = catalogue.requirement_set(str(set_id), on=situation.on)
        gaps = {
            gap.document_id: gap
            for gap in missing(required, situation.held, conditions=situation.conditions, stage=stage)
        }
        for document in required.documents:
            if stage in (None, document.stage):
                yield _outlook(required.id, document, gaps.get(document.id), situation.held)


def _outlook(set_id: str, document: Requirement, gap: Gap | None, held: tuple[Held, ...]) -> DocumentOutlook:
    items = tuple(piece.evidence_id for piece in held if piece.document_id == document.id)
    named: Mapping[str, Status] = {"missing": "missing", "metadata": "lacks_metadata"}
    status = named.get(gap.kind, "condition_unknown") if gap else ("present" if items else "not_needed")
    return DocumentOutlook(
        document_id=document.id,
        name_zh=document.name_zh,
        name_en=document.name_en,
        requirement_set=set_id,
        stage=document.stage,
        level=document.level,
        status=status,
        blocking=gap is not None and gap.blocking,
        lacking_zh=tuple(field.label_zh for field in gap.fields) if gap else (),
        lacking_en=tuple(field.label_en for field in gap.fields) if gap else (),
        items=items,
        condition=document.condition,
        verified=document.verified,
        cite=document.cite,
    )


def _steps(
    catalogue: "Catalogue", procedure: Procedure, state: str, situation: Situation, calendar: Calendar, now: datetime
) -> Iterator[StepOutlook]:
    for step in procedure.steps.values():
        if state not in step.from_states or all(actor.relation == "system" for actor in step.by):
            continue
        verdict = may(procedure, step.id, state, _filled(step, situation), catalogue=catalogue)
        yield StepOutlook(
            step_id=step.id,
            name_zh=step.name_zh,
            name_en=step.name_en,
            to_state=step.to_state or state,
            allowed=verdict.allowed,
            reasons=verdict.reasons,
            starts=tuple(_start(catalogue, clock, calendar, now) for clock in step.clocks if clock.action == "start"),
            cite=step.cite,
        )


def _filled(step: Step, situation: Situation) -> Situation:
    """The situation in which the step's body is given: what it must state does not count as an obstacle yet."""
    given = {name: situation.fields.get(name) or True for name in step.required_fields}
    return replace(situation, fields=dict(situation.fields) | given)


def _start(catalogue: "Catalogue", clock: Clock, calendar: Calendar, now: datetime) -> ClockOutlook:
    term = catalogue.term(clock.term, on=now.date())
    found = due(term, now, calendar=calendar)
    assert now.tzinfo is not None
    return ClockOutlook(
        term_id=term.id,
        name_zh=term.name_zh,
        name_en=term.name_en,
        party=clock.party,
        lapses_at=found.lapses_at(now.tzinfo) if found.on or found.at else None,
        provisional=found.provisional,
        verified=term.verified,
        authority=term.authority,
        cite=term.cite,
    )
