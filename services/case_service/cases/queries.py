"""Reads of cases."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.cases.models import Case
from shared.clock import today
from shared.identity import Principal
from shared.records.db import visible
from shared.records.provenance import tied
from shared.records.room import room_of
from shared.records.situations import spelled, verdicts_of


def case(session: Session, case_id: UUID, *, seen_by: Principal) -> Case:
    """Return a case. Raises NotVisible."""
    return visible(session, Case, case_id, by=seen_by)


def verdicts(session: Session, found: Case) -> list[dict[str, Any]]:
    """Return what each standard in force on the conduct date says of the case's facts, with the items they rest on."""
    on = found.conduct_on or today(room_of(session).clock())
    return tied(session, found, [spelled(verdict) for verdict in verdicts_of(session, found, on=on)])
