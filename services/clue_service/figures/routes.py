"""Figures over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.clue_service.figures.funnel import funnel
from services.clue_service.figures.models import By, Funnel, VisitFigures
from services.clue_service.figures.visits import visits
from shared.web.deps import PrincipalDep, ReadDep

router = APIRouter(prefix="/v1/clue-figures", tags=["figures"])
FromQuery = Annotated[date, Query(alias="from", ge=date(2000, 1, 1), le=date(2100, 12, 31))]
ByQuery = Annotated[By, Query(alias="by")]
ToQuery = Annotated[date, Query(alias="to", ge=date(2000, 1, 1), le=date(2100, 12, 31))]


@router.get("")
def read_funnel(
    session: ReadDep,
    by: PrincipalDep,
    begin: FromQuery,
    until: ToQuery,
    by_what: Annotated[By, Query(alias="by")] = "rule",
) -> Funnel:
    """Read how far the clues received on these days have come, by rule, city, industry, month or source."""
    return funnel(session, begin, until, by_what, by=by)


@router.get("/visits")
def read_visits(session: ReadDep, by: PrincipalDep, begin: FromQuery, until: ToQuery) -> VisitFigures:
    """Read how many visits were made on these days, by agency."""
    return visits(session, begin, until, by=by)
