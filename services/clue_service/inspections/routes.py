"""Inspections over HTTP: the register, plans with caps, the positive list, warnings, codes."""

import csv
import io
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from services.clue_service.inspections import commands, planning, queries
from services.clue_service.inspections.models import (
    CodeView,
    Inspection,
    InspectionView,
    LeaveAlone,
    LeftAloneView,
    Plan,
    PlanView,
    VisitWarning,
)
from shared.matters.routes import Doors, matter_routes, with_reads
from shared.records.views import NO_NUL
from shared.web.deps import PrincipalDep, ReadDep, RoomDep, act
from shared.web.paging import Page

DOORS = Doors(open_matter=commands.open_inspection, take=commands.take)
inspections = matter_routes(Inspection, InspectionView, prefix="/v1/inspections", doors=DOORS)
plans = APIRouter(prefix="/v1/inspection-plans", tags=["inspections"])
alone = APIRouter(prefix="/v1/positive-list", tags=["inspections"])
register = APIRouter(prefix="/v1/inspection-register", tags=["inspections"])
codes = APIRouter(prefix="/v1/inspection-codes", tags=["inspections"])
YearPath = Annotated[int, Path(ge=2000, le=2100)]
EnterprisePath = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
DayQuery = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
FORMULAS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""Signs a formula begins with, narrow and wide."""
COLUMNS = (
    "inspection",
    "day",
    "owner",
    "enterprise_id",
    "enterprise_name",
    "division",
    "category",
    "nature",
    "state",
    "reasons",
    "about",
    "requester",
    "inspectors",
    "approval_number",
    "approved_at",
    "entered_at",
    "result",
)


@inspections.get("/{subject_id}/warnings")
def read_warnings(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[VisitWarning]:
    """Read whether the enterprise is visited too often around this visit, by any agency."""
    return Page(items=queries.warnings(session, commands.visit(session, subject_id, by=by)))


@codes.get("/{code}")
def check_code(code: Annotated[str, Path(pattern=r"^[0-9A-Z]{10}$")], session: ReadDep, _by: PrincipalDep) -> CodeView:
    """Check a code shown at the door: whose visit it is, of which enterprise, for which days, and whether it holds."""
    found = queries.by_code(session, code)
    return CodeView(
        code=code,
        holds=found.state in ("approved", "notified", "under_way"),
        agency=found.owner,
        items=list(found.stated.get("inspection_items", ())),
        **{name: getattr(found, name) for name in ("enterprise_name", "visit_category", "state")},
        **{name: getattr(found, name) for name in ("planned_on", "planned_until_on")},
    )


@plans.get("")
def list_plans(session: ReadDep, by: PrincipalDep) -> Page[PlanView]:
    """List the annual plans of your agency and those it supervises."""
    return Page(items=[PlanView.model_validate(one) for one in planning.plans(session, by=by)])


@plans.put("/{year}")
def set_plan(year: YearPath, body: Plan, room: RoomDep, by: PrincipalDep) -> PlanView:
    """Set your agency's plan of a year."""
    return PlanView.model_validate(
        act(room, lambda session, now: planning.set_plan(session, year, body, by=by, now=now))
    )


@alone.get("")
def list_left_alone(session: ReadDep, by: PrincipalDep) -> Page[LeftAloneView]:
    """List the enterprises that are not visited by routine."""
    return Page(items=[LeftAloneView.model_validate(one) for one in planning.positive_list(session, by=by)])


@alone.put("/{enterprise_id}")
def leave_alone(enterprise_id: EnterprisePath, body: LeaveAlone, room: RoomDep, by: PrincipalDep) -> LeftAloneView:
    """Put an enterprise on the positive list until a day."""
    return LeftAloneView.model_validate(
        act(room, lambda session, now: planning.leave_alone(session, enterprise_id, body, by=by, now=now))
    )


@register.get("", responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}, response_class=Response)
def export(
    session: ReadDep,
    by: PrincipalDep,
    begin: Annotated[DayQuery, Query(alias="from")],
    until: Annotated[DayQuery, Query(alias="to")],
) -> Response:
    """Export who visited whom and why between two days, as CSV (UTF-8 with a mark, as spreadsheets expect)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_line(one) for one in queries.register(session, begin, until, by=by))
    headers = {"content-disposition": f'attachment; filename="inspections-{begin}-{until}.csv"'}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _line(one: Inspection) -> list[str]:
    said = one.stated
    cells = [
        *(one.ref, queries.day_of(one), one.owner, one.enterprise_id, one.enterprise_name, one.division),
        *(one.visit_category, one.visit_nature, one.state, said.get("visit_reasons"), one.about, one.requester),
        *("、".join(said.get("inspectors", ())), said.get("approval_number"), one.approved_at, one.visit_started_at),
        one.visit_result,
    ]
    return [_plain("" if cell is None else str(cell)) for cell in cells]


def _plain(text: str) -> str:
    """A cell no spreadsheet takes for a formula, whatever blanks lead and however wide its sign is."""
    return f"'{text}" if text[:1].isspace() or text[:1] in FORMULAS else text


ROUTERS = (
    with_reads(inspections, Inspection, InspectionView, check=queries.check_site_record),
    plans,
    alone,
    register,
    codes,
)
