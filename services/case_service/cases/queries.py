"""Reads of cases."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.cases.models import Case
from shared.clock import today
from shared.identity import Principal
from shared.records.db import visible
from shared.records.room import room_of
from shared.records.situations import verdicts_of


def case(session: Session, case_id: UUID, *, seen_by: Principal) -> Case:
    """Return a case. Raises NotVisible."""
    return visible(session, Case, case_id, by=seen_by)


def verdicts(session: Session, found: Case) -> list[dict[str, Any]]:
    """Return what each standard in force on the conduct date says of the case's facts."""
    on = found.conduct_on or today(room_of(session).clock())
    return [spelled(verdict) for verdict in verdicts_of(session, found, on=on)]


def spelled(verdict: Any) -> dict[str, Any]:
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
