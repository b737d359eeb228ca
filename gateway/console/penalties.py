"""What the page of a penalty case adds: the days and sums that follow from it, and the measures taken in it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.console import matters
from gateway.console.entry import Visit

DAYS = ("limitation_ends_on", "hearing_request_by", "hearing_notice_by", "deemed_served_on", "payment_due_on")
NOTHING: Mapping[str, Any] = {"figures": ()}
"""What the page of anything but a case adds."""
SUMS = ("fine_yuan", "paid_yuan", "offset_yuan", "unpaid_yuan")


async def shown(visit: Visit, case_id: str) -> dict[str, Any]:
    """Return the figures and measures of a case, in words."""
    figures, measures = await asyncio.gather(
        visit.rooms.get("cases", f"/{case_id}/figures"), visit.rooms.get("cases", f"/{case_id}/measures")
    )
    language = visit.words.language
    return {
        "figures": _figures(visit, figures),
        "figure_warnings": _warnings(visit, figures),
        "measures": [
            {
                "id": one["id"],
                "title": one["title"],
                "procedure": one[f"procedure_{language}"],
                "state": one[f"state_{language}"],
                "final": one["is_ended"],
            }
            for one in measures
        ],
        "measures_open": [(one.id, visit.words.name(one)) for one in matters.openable(visit, "measures")],
        "together_open": [
            (kind, one.id, visit.words.name(one)) for kind in matters.TOGETHER for one in matters.openable(visit, kind)
        ],
    }


def _figures(visit: Visit, figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    words = visit.words
    found = [(words(f"penalty.{name}"), str(figures[name])) for name in (*DAYS, "remedies_end_on") if figures[name]]
    found += [
        (words(f"penalty.{name}"), words("penalty.yuan", sum=f"{figures[name]:,}"))
        for name in SUMS
        if figures[name] is not None
    ]
    added = figures["surcharge"]
    if added is not None:
        cite = added[f"cite_{words.language}"]
        text = words(
            "penalty.surcharge_is",
            sum=f"{float(added['yuan']):,.2f}",
            days=added["days"],
            percent=added["percent_a_day"],
            through=added["through"],
            uncounted=added["uncounted_days"],
            cite=cite,
        )
        found.append((words("penalty.surcharge"), text))
    return found


def _warnings(visit: Visit, figures: Mapping[str, Any]) -> list[str]:
    if not figures["is_time_barred"]:
        return []
    cite = figures[f"limitation_{visit.words.language}"]
    return [visit.words("penalty.time_barred", day=figures["limitation_ends_on"], cite=cite)]
