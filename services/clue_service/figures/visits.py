"""Visits by agency: how many of each category, urgent, merged or void."""

from datetime import date

from sqlmodel import Session

from services.clue_service.figures.models import VisitFigures, VisitRow
from services.clue_service.inspections.models import Inspection
from services.clue_service.inspections.queries import register
from shared.identity import Principal

MADE = ("under_way", "recorded", "emergency", "emergency_recorded")


def visits(session: Session, begin: date, until: date, *, by: Principal) -> VisitFigures:
    """Return the visits made on these days (both included) by one's own agency and those under it."""
    rows: dict[str, VisitRow] = {}
    for one in register(session, begin, until, by=by):
        _count(rows.setdefault(one.owner, VisitRow(agency=one.owner)), one)
    return VisitFigures(rows=[rows[agency] for agency in sorted(rows)])


def _count(row: VisitRow, one: Inspection) -> None:
    row.merged += one.state == "merged"
    row.void += one.state == "unapproved"
    if one.state not in MADE:
        return
    row.visits += 1
    row.urgent += one.planned_on is None
    if one.visit_category in ("administrative", "enforcement", "research"):
        setattr(row, one.visit_category, getattr(row, one.visit_category) + 1)
