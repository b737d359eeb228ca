"""What the law must know to judge a step: who acts, what is held, which facts, clocks and fields there are."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from shared.clock import today
from shared.identity import Principal
from shared.records import deadlines, evidence
from shared.records.db import Row
from shared.records.provenance import tied
from shared.records.room import room_of
from shared.rules.procedures import Situation, Step
from shared.rules.standards import Fact, Verdict, evaluate_all


def facts_of(subject: Row) -> dict[str, Fact]:
    """Return a subject's facts (column `facts`: name -> value, unit, evidence ids) in the law's form."""
    stored: Mapping[str, Mapping[str, Any]] = subject.known("facts") or {}
    return {
        name: Fact(name, fact["value"], fact.get("unit"), tuple(fact.get("evidence", ())))
        for name, fact in stored.items()
    }


def stated_of(session: Session, subject: Row) -> dict[str, Any]:
    """Return what the steps of a subject stated so far (column `stated`), its instants and days read again."""
    stored = subject.known("stated")
    if not stored:
        return {}
    declared = room_of(session).catalogue.step_fields
    found: dict[str, Any] = {}
    for name, value in stored.items():
        kind = declared[name].type if name in declared else "words"
        read = (
            datetime.fromisoformat if kind in ("instant", "moment") else date.fromisoformat if kind == "day" else None
        )
        found[name] = read(value) if read is not None else value
    return found


def _given(subject: Row, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the body's fields; one left out does not hide what was stated before."""
    before = subject.known("stated")
    if not before:
        return fields
    return {name: value for name, value in fields.items() if value is not None or name not in before}


def verdicts_of(session: Session, subject: Row, *, on: date) -> tuple[Verdict, ...]:
    """Evaluate every standard in force on the conduct date (else on `on`) against a subject's facts."""
    conduct_on: date = subject.known("conduct_on") or on
    return tuple(evaluate_all(room_of(session).catalogue, facts_of(subject), conduct_on))


def shown_verdicts(session: Session, subject: Row, *, on: date) -> list[dict[str, Any]]:
    """Return the verdicts that are met or open, as JSON, with the items their facts rest on."""
    found = [spelled(verdict) for verdict in verdicts_of(session, subject, on=on) if verdict.outcome != "not_met"]
    return tied(session, subject, found)


def spelled(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON: outcome, facts used with their evidence, facts lacking, article, warnings."""
    return {
        "standard_id": verdict.standard_id,
        "outcome": verdict.outcome,
        "offence_or_matter": verdict.offence_or_matter,
        "category": verdict.category,
        "cite": {"zh": verdict.cite.zh, "en": verdict.cite.en},
        "facts_used": [
            {"name": use.name, "value": use.value, "unit": use.unit, "evidence": list(use.evidence)}
            for use in verdict.facts_used
        ],
        "facts_lacking": list(verdict.facts_lacking),
        "warnings": [{"zh": note.zh, "en": note.en} for note in verdict.warnings],
        "verified": verdict.verified,
        "enforceable": verdict.enforceable,
    }


def situation(
    session: Session,
    subject: Row,
    step: Step | None,
    relations: frozenset[str],
    fields: Mapping[str, Any],
    *,
    by: Principal,
    now: datetime,
) -> Situation:
    """Gather a situation; only what `step` can ask about is read (everything when it is None)."""
    stored = subject.version > 0
    wants_held = stored and (step is None or bool(step.documents or step.requirement_set))
    wants_law = step is None or bool(step.standards_required or step.facts_required)
    clocks = deadlines.open_clocks(session, subject) if stored else []
    return Situation(
        relations=relations,
        agency_kind=by.kind,
        roles=by.roles,
        held=evidence.held(session, subject) if wants_held else (),
        conditions=(subject.known("conditions") or {}) | (fields.get("conditions") or {}),
        facts=facts_of(subject),
        verdicts=verdicts_of(session, subject, on=today(now)) if wants_law else (),
        open_clocks=frozenset(clock.term_id for clock in clocks),
        paused_clocks=frozenset(clock.term_id for clock in clocks if clock.state == "paused"),
        lapsed_clocks=frozenset(clock.term_id for clock in clocks if clock.state == "running" and clock.due_at <= now),
        fields={**vars(subject), **stated_of(session, subject), **_given(subject, fields)},
        on=today(now),
    )
