"""The figures of clues: the funnel drawn with its rates, by rule, city, industry, month or source; visits by agency."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from gateway.console import bars, columns, funnel
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, Visit, VisitDep
from gateway.console.steps import problem_in_words
from shared.clock import today
from shared.errors import BodyInvalid
from shared.web.problems import problem

router = APIRouter(prefix="/console/figures", route_class=ConsoleRoute, include_in_schema=False)
PAGE = "/console/figures"
STAGES = ("signals", "clues", "assigned", "verified", "confirmed", "cases", "referrals")
RATES = ("off_site_share", "discovery_rate", "confirmation_rate")
NUMBERS = (*STAGES, *RATES, "visits_avoided")
FOUND = ("confirmed", "unconfirmed", "unverified")
CATEGORIES = ("administrative", "enforcement", "research")
VISITS = ("visits", *CATEGORIES, "urgent", "merged", "void")
By = Literal["rule", "city", "industry", "month", "source"]
WAYS: tuple[By, ...] = ("rule", "city", "industry", "month", "source")
Column = Literal[
    "key",
    "signals",
    "clues",
    "assigned",
    "verified",
    "confirmed",
    "cases",
    "referrals",
    "off_site_share",
    "discovery_rate",
    "confirmation_rate",
    "visits_avoided",
]
DayText = Annotated[str, Query(max_length=10)]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: by what, which days, and how the table stands."""

    by: By = "rule"
    received_from: DayText = ""
    received_to: DayText = ""
    sort: Column = "key"
    order: Literal["up", "down"] = "up"


AskedDep = Annotated[Asked, Depends()]


@dataclass(frozen=True, slots=True)
class Told:
    """What the room told of these days: rows of the funnel, all of them together, visits; nothing where it refused."""

    rows: Sequence[Row] = ()
    total: Row | None = None
    visits: Sequence[Row] = ()


@router.get("")
async def figures(visit: VisitDep, *, asked: AskedDep) -> Response:
    """Show how far clues came, in all and by one dimension, and who was visited how often."""
    told, refused = Told(), None
    first, last = asked.received_from, asked.received_to
    try:
        begin, until = _span(visit, asked)
        first, last = begin.isoformat(), until.isoformat()
        told = await _told(visit, {"from": first, "to": last}, asked.by)
    except BodyInvalid as wrong:
        refused = problem_in_words(visit, problem(wrong, visit.words.language))
    except Refused as wrong:
        refused = problem_in_words(visit, wrong.problem)
    shown = {"by": asked.by, "received_from": first, "received_to": last}
    named = [(_name(visit, asked.by, row["key"]), row) for row in told.rows]
    return visit.page(
        "figures.html",
        status=int(refused["status"]) if refused else 200,
        asked=shown,
        ways=WAYS,
        heads=_heads({name: value for name, value in shown.items() if value}, asked),
        total=_line(told.total) if told.total else None,
        funnel=funnel.drawn(told.total, STAGES) if told.total else None,
        rows=[(name, _line(row)) for name, row in _sorted(named, asked)],
        chart=_chart(named),
        numbers=NUMBERS,
        visits=[(visit.agency(one["agency"]), one) for one in told.visits],
        visit_columns=VISITS,
        visit_chart=_visit_chart(visit, told.visits),
        problem=refused,
    )


def _heads(kept: dict[str, str], asked: Asked) -> list[tuple[str, str, str]]:
    now = (asked.sort, asked.order)
    return [(one, *columns.head(PAGE, kept, one, now, is_number=one != "key")) for one in ("key", *NUMBERS)]


def _sorted(named: Sequence[tuple[str, Row]], asked: Asked) -> list[tuple[str, Row]]:
    def place(one: tuple[str, Row]) -> tuple[Any, str]:
        name, row = one
        value = name if asked.sort == "key" else row[asked.sort]
        return (value if value is not None else -1.0, name)

    return sorted(named, key=place, reverse=asked.order == "down")


def _span(visit: Visit, asked: Asked) -> tuple[date, date]:
    """Return the days asked for; the year so far where none are."""
    first, last = columns.span({"received_from": asked.received_from, "received_to": asked.received_to})
    until = last or today(visit.now)
    return first or until.replace(month=1, day=1), until


async def _told(visit: Visit, days: dict[str, str], by: str) -> Told:
    funnel_told, visits = await asyncio.gather(
        visit.rooms.get("clue-figures", "", **days, by=by), visit.rooms.get("clue-figures", "/visits", **days)
    )
    return Told(funnel_told["rows"], funnel_told["total"], visits["rows"])


def _name(visit: Visit, by: str, key: str) -> str:
    if not key:
        return visit.words("figures.unnamed")
    if by == "city":
        return visit.agency(key)
    return visit.words.or_else(f"value.{key}", key) if by == "source" else key


def _line(row: Row) -> dict[str, str]:
    """Return the cells of a row: counts as they are, rates in per cent, nothing where there is nothing to divide by."""
    rates = {name: "" if row[name] is None else f"{100 * row[name]:.1f}%" for name in RATES}
    return {name: str(row[name]) for name in NUMBERS if name not in RATES} | rates


def _chart(named: Sequence[tuple[str, Row]]) -> bars.Chart:
    """Return a bar per row: found true, found untrue, and not verified yet; the most clues first."""
    counted = [
        (
            name,
            {
                "confirmed": row["confirmed"],
                "unconfirmed": row["verified"] - row["confirmed"],
                "unverified": row["clues"] - row["verified"],
            },
        )
        for name, row in named
        if row["clues"]
    ]
    return bars.stacked(sorted(counted, key=lambda one: (-sum(one[1].values()), one[0])), FOUND)


def _visit_chart(visit: Visit, rows: Sequence[Row]) -> bars.Chart:
    counted = [(visit.agency(row["agency"]), {one: row[one] for one in CATEGORIES}) for row in rows if row["visits"]]
    return bars.stacked(counted, CATEGORIES)
