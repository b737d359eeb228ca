"""What the law must know to judge a step: who acts, what is held, which facts, clocks and fields there are."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from shared.clock import today
from shared.identity import Principal
from shared.records import deadlines, evidence
from shared.records.db import Row
from shared.records.room import room_of
from shared.rules.procedures import Situation, Step
from shared.rules.standards import Fact, Verdict, evaluate_all


def facts_of(subject: Row) -> dict[str, Fact]:
    """Return a subject's facts (column `facts`: name -> value, unit, evidence ids) in the law's form."""
    stored: Mapping[str, Mapping[str, Any]] = getattr(subject, "facts", None) or {}
    return {
        name: Fact(name, fact["value"], fact.get("unit"), tuple(fact.get("evidence", ())))
        for name, fact in stored.items()
    }


def verdicts_of(session: Session, subject: Row, *, on: date) -> tuple[Verdict, ...]:
    """Evaluate every standard in force on the conduct date (else on `on`) against a subject's facts."""
    conduct_on: date = getattr(subject, "conduct_on", None) or on
    return tuple(evaluate_all(room_of(session).catalogue, facts_of(subject), conduct_on))


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
        conditions=(getattr(subject, "conditions", None) or {}) | (fields.get("conditions") or {}),
        facts=facts_of(subject),
        verdicts=verdicts_of(session, subject, on=today(now)) if wants_law else (),
        open_clocks=frozenset(clock.term_id for clock in clocks),
        paused_clocks=frozenset(clock.term_id for clock in clocks if clock.state == "paused"),
        lapsed_clocks=frozenset(clock.term_id for clock in clocks if clock.state == "running" and clock.due_at <= now),
        fields=subject.model_dump() | dict(fields),
        on=today(now),
    )
