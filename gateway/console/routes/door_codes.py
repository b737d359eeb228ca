"""The page on which whoever is shown a code at the gate checks it: no account is needed, and no more is told."""

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.console import threshold
from gateway.console.entry import ConsoleRoute
from gateway.console.page import html
from gateway.console.words import Words
from gateway.deps import LimitsDep, RoomDep, UpstreamDep
from gateway.door import address_of
from gateway.upstream import Upstream
from shared.identity import assertion
from shared.records.room import Room

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)
CODE = re.compile(r"[0-9A-Z]{10}")


@router.get("/check")
async def check(request: Request, room: RoomDep, upstream: UpstreamDep, limits: LimitsDep, code: str = "") -> Response:
    """Show whose visit a code belongs to, of which enterprise and for which days, or that no visit has it."""
    if code and (refusal := limits.request(address_of(request.scope))) is not None:
        raise refusal
    words = Words(threshold.language_of(request.scope))
    given = code.replace("-", "").replace(" ", "").upper()[:40]
    found = await _asked(room, upstream, given) if CODE.fullmatch(given) else None
    agency = room.catalogue.agencies.get(found["agency"]) if found else None
    shown: dict[str, Any] = {"code": given, "found": found, "agency": words.name(agency) if agency else ""}
    return html("check.html", words, visit=None, path="/console/check", **shown)


async def _asked(room: Room, upstream: Upstream, code: str) -> dict[str, Any] | None:
    """Return what the clue room says of a code; None where no visit has it. Raises RoomUnavailable."""
    itself = assertion(room.itself, secret=room.settings.internal_secret, now=room.clock())
    answer = await upstream.ask("clue", f"/v1/inspection-codes/{code}", assertion=itself)
    found: dict[str, Any] | None = answer.json() if answer.status == 200 else None
    return found
