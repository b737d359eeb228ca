"""How punctual agencies are: the figures over all rooms drawn, in a table one can sort, filtered by agency and days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from gateway.console import bars, columns
from gateway.console.entry import ConsoleRoute, Visit, VisitDep
from gateway.console.routes.boards import Filter
from gateway.console.steps import problem_in_words
from gateway.deps import UpstreamDep
from gateway.desk import routes as desk
from shared.errors import LianqinError
from shared.records.timeliness import TimelinessRow
from shared.web.problems import problem

router = APIRouter(prefix="/console/timeliness", route_class=ConsoleRoute, include_in_schema=False)
PAGE = "/console/timeliness"
DRAWN = ("met_in_time", "met_late", "overdue", "running", "paused")
COUNTED = (*DRAWN, "cancelled", "extended", "paused_days")
HOURS = ("median", "worst")
Column = Literal[
    "agency",
    "leg",
    "rule",
    "met_in_time",
    "met_late",
    "overdue",
    "running",
    "paused",
    "cancelled",
    "extended",
    "paused_days",
    "median",
    "worst",
]
NAMED = ("agency", "leg", "rule")
DayText = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column the table stands, and which way."""

    sort: Column = "agency"
    order: Literal["up", "down"] = "up"


SortingDep = Annotated[Sorting, Depends()]


@router.get("")
async def timeliness(
    visit: VisitDep,
    upstream: UpstreamDep,
    agency: Filter = "",
    begun_from: DayText = "",
    begun_to: DayText = "",
    *,
    sorting: SortingDep,
) -> Response:
    """Show per rule what was met in time, late, is overdue, runs or waits; beneath, each agency's row."""
    asked = {"agency": agency, "begun_from": begun_from, "begun_to": begun_to}
    found, refused = desk.TimelinessFigures(rows=[], unavailable=[]), None
    try:
        span = columns.span({"begun_from": begun_from, "begun_to": begun_to})
        found = await desk.timeliness(upstream, visit.rooms.assertion, *span, agency or None)
    except LianqinError as refusal:
        refused = problem_in_words(visit, problem(refusal, visit.words.language))
    sort, order = sorting.sort, sorting.order
    rows = sorted((_row(visit, one) for one in found.rows), key=lambda row: _place(row, sort), reverse=order == "down")
    agencies = sorted((visit.words.name(one), name) for name, one in visit.catalogue.agencies.items())
    kept = {name: value for name, value in asked.items() if value}
    return visit.page(
        "timeliness.html",
        status=int(refused["status"]) if refused else 200,
        rows=rows,
        chart=_chart(visit, found.rows),
        counted=COUNTED,
        heads=[
            (name, *columns.head(PAGE, kept, name, (sort, order), is_number=name not in NAMED))
            for name in (*NAMED, *COUNTED, *HOURS)
        ],
        numbers=(*COUNTED, *HOURS),
        agencies=agencies,
        asked=asked,
        problem=refused,
        unavailable=found.unavailable,
    )


def _row(visit: Visit, one: TimelinessRow) -> dict[str, Any]:
    late = one.late_hours
    return one.model_dump(include=set(COUNTED)) | {
        "agency": visit.agency(one.agency),
        "leg": visit.words(f"room.{one.leg}"),
        "rule": visit.words.name(one),
        "cite": visit.words.part(one, "cite"),
        "is_agreement": one.authority == "agreement",
        "binds": one.binds,
        "median": late.median if late else None,
        "worst": late.worst if late else None,
    }


def _place(row: dict[str, Any], sort: str) -> tuple[Any, ...]:
    value = row[sort]
    return (value if value is not None else -1.0, row["agency"], row["leg"], row["rule"])


def _chart(visit: Visit, rows: Sequence[TimelinessRow]) -> bars.Chart:
    """Return a bar per rule over all agencies, the most clocks first; an agreement is marked in its name."""
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for one in rows:
        mark = f"（{visit.words('timeliness.agreement')}）" if one.authority == "agreement" else ""
        name = f"{visit.words.name(one)}{mark}"
        _name, counts = found.setdefault(one.term, (name, dict.fromkeys(DRAWN, 0)))
        for kind in DRAWN:
            counts[kind] += getattr(one, kind)
    drawn = [one for one in found.values() if sum(one[1].values())]
    return bars.stacked(sorted(drawn, key=lambda one: (-sum(one[1].values()), one[0])), DRAWN)
