"""The desk at a glance: what waits for me, the boards of clues, cases and referrals, the clocks, the notices."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from gateway.console import clocks, matters
from gateway.console.asking import PLURAL, ROOM_OF, Refused, page_of
from gateway.console.complaining import may_take
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.navigation import is_of_bureau
from gateway.console.published import FIRST
from gateway.console.steps import procedure_of
from gateway.console.subjects import is_final, state_of, states_of, titled
from gateway.deps import UpstreamDep, act
from gateway.desk import routes as desk
from gateway.exchange.models import NoticeView
from gateway.notices import inbox as notices
from gateway.notices.inbox import ChannelStatus
from shared.errors import RoomUnavailable
from shared.web.paging import before_id, cursor

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)
PER_PAGE, CLOCKS_PER_PAGE, NEAREST, NOTICES = 20, 30, 12, 6
REFRESH_SECONDS = 30
SENT = {
    "waiting": "sent.waiting",
    "sending": "sent.sending",
    "retrying": "sent.retrying",
    "delivered": "sent.delivered",
    "stopped": "sent.stopped",
    "not_needed": "sent.not_needed",
}
"""How a channel's state is said."""

AfterText = Annotated[str, Query(max_length=4000)]
Filter = Annotated[str, Query(max_length=60)]


@router.get("")
async def home(visit: VisitDep, upstream: UpstreamDep) -> Response:
    """Show what waits for me: my agency's open clocks nearest first, unread notices, counts."""
    identity, agency = visit.rooms.assertion, visit.by.agency
    board, figures, unread = await asyncio.gather(
        desk.board(upstream, identity, limit=NEAREST, agency=agency),
        desk.statistics(upstream, identity),
        _notices(visit, unread=True, limit=NOTICES),
    )
    counts = [(kind, _counted(visit, kind, figures.subjects.get(ROOM_OF[kind], {}))) for kind in ROOM_OF]
    counts = [one for one in counts if one[0] != "complaints" or one[1] or is_of_bureau(visit.by)]
    return visit.page(
        "home.html",
        clocks=await _rows(visit, board),
        notices=unread,
        counts=counts,
        unavailable=sorted({*board.unavailable, *figures.unavailable}),
        refresh=REFRESH_SECONDS,
    )


@router.get("/deadlines")
async def deadlines(
    visit: VisitDep,
    upstream: UpstreamDep,
    after: AfterText = "",
    agency: Filter = "",
    breached: Literal["", "true", "false"] = "",
) -> Response:
    """Show the running clocks of all rooms, nearest first."""
    late = None if not breached else breached == "true"
    asked = {"after": after or None, "agency": agency or None}
    board = await desk.board(upstream, visit.rooms.assertion, **asked, limit=CLOCKS_PER_PAGE, breached=late)
    rows = await _rows(visit, board)
    agencies = sorted((visit.words.name(one), name) for name, one in visit.catalogue.agencies.items())
    return visit.page(
        "deadlines.html",
        rows=rows,
        onward=board.next,
        unavailable=board.unavailable,
        agencies=agencies,
        agency=agency,
        breached=breached,
        refresh=REFRESH_SECONDS,
    )


@router.get("/notices")
async def inbox(visit: VisitDep, after: AfterText = "", unread: Literal["", "true"] = "") -> Response:
    """Show one's own notices, newest first."""
    found = await _notices(visit, unread=bool(unread), limit=PER_PAGE + 1, after=after)
    shown = found[:PER_PAGE]
    onward = cursor(str(shown[-1]["id"])) if len(found) > PER_PAGE else None
    return visit.page("notices.html", notices=shown, onward=onward, unread=unread)


@router.post("/notices/{notice_id}/acknowledge")
async def acknowledge(notice_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Note that one has read a notice."""

    def noted() -> None:
        act(visit.room, lambda session, now: notices.acknowledge(session, notice_id, by=visit.by, now=now))

    await anyio.to_thread.run_sync(noted)
    return RedirectResponse("/console/notices?unread=true", status_code=303)


@router.get("/clues")
async def clues(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the clues one may see, newest first."""
    return await board(visit, "clues", after, state)


@router.get("/inspections")
async def inspections(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the visits one may see, newest first."""
    return await board(visit, "inspections", after, state)


@router.get("/squad-tasks")
async def squad_tasks(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the tasks of squads one may see, newest first."""
    return await board(visit, "squad-tasks", after, state)


@router.get("/cases")
async def cases(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the cases one may see, newest first."""
    return await board(visit, "cases", after, state)


@router.get("/referrals")
async def referrals(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the referrals one may see, newest first."""
    return await board(visit, "referrals", after, state)


@router.get("/measures")
async def measures(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the measures one may see, newest first."""
    return await board(visit, "measures", after, state)


@router.get("/operations")
async def operations(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the joint operations one may see, newest first."""
    return await board(visit, "operations", after, state)


@router.get("/linkages")
async def linkages(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the linkages one may see, newest first."""
    return await board(visit, "linkages", after, state)


@router.get("/supervisions")
async def supervisions(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the supervisions one may see, newest first."""
    return await board(visit, "supervisions", after, state)


@router.get("/consultations")
async def consultations(visit: VisitDep, after: AfterText = "", state: Filter = "") -> Response:
    """Show the consultations one may see, newest first."""
    return await board(visit, "consultations", after, state)


async def board(visit: Visit, kind: str, after: str, state: str) -> Response:
    """Show a page of the subjects of a kind."""
    asked = {"limit": str(PER_PAGE), "after": after, "state": state}
    page = await visit.rooms.get(kind, "", **{name: value for name, value in asked.items() if value})
    found = [titled(visit, one) for one in page["items"]]
    near = await asyncio.gather(*(_nearest(visit, kind, subject) for subject in found))
    rows = [
        {
            "subject": subject,
            "path": f"/console/{kind}/{subject['id']}",
            "state": state_of(visit, subject),
            "final": is_final(visit, subject),
            "owner": visit.agency(subject["owner"]),
            "procedure": visit.words.name(procedure_of(visit, subject)),
            "clock": clock,
        }
        for subject, clock in zip(found, near, strict=True)
    ]
    return visit.page(
        "board.html",
        kind=kind,
        rows=rows,
        onward=page.get("next"),
        state=state,
        states=states_of(visit, kind),
        begins=_begins(visit, kind),
        asks=is_of_bureau(visit.by),
        refresh=REFRESH_SECONDS,
    )


def _begins(visit: Visit, kind: str) -> bool:
    if kind == "conferences":
        return True
    if kind == "complaints":
        return may_take(visit)
    if kind in FIRST:
        return is_of_bureau(visit.by)
    return bool(matters.openable(visit, kind))


async def _nearest(visit: Visit, kind: str, subject: Mapping[str, Any]) -> clocks.Clock | None:
    """Return the clock of a subject that lapses first; a subject that has ended has none."""
    if is_final(visit, subject):
        return None
    ledger = await visit.rooms.get(kind, f"/{subject['id']}/deadlines")
    return clocks.nearest(clocks.shown(visit, clock) for clock in ledger["items"])


async def _rows(visit: Visit, board: desk.Board) -> list[dict[str, Any]]:
    """Return the clocks of a board, each with the title of its subject."""
    refs = sorted({clock.subject for clock in board.items})
    titles = dict(zip(refs, await asyncio.gather(*(_title(visit, ref) for ref in refs)), strict=True))
    return [
        {
            "clock": clocks.shown(visit, clock.model_dump(mode="json")),
            "path": page_of(clock.subject),
            "kind": clock.subject.partition(":")[0],
            "title": titles[clock.subject],
        }
        for clock in board.items
    ]


async def _title(visit: Visit, ref: str) -> str:
    kind, _, subject_id = ref.partition(":")
    if kind not in PLURAL:
        return ""
    try:
        found = await visit.rooms.get(PLURAL[kind], f"/{subject_id}")
    except (Refused, RoomUnavailable):
        return ""
    return str(titled(visit, found)["title"])


def _counted(visit: Visit, kind: str, counted: Mapping[str, int]) -> list[tuple[str, str, int]]:
    return [(state, name, counted[state]) for state, name in states_of(visit, kind) if counted.get(state)]


async def _notices(visit: Visit, *, unread: bool, limit: int, after: str = "") -> list[dict[str, Any]]:
    def read() -> list[NoticeView]:
        before = before_id(after or None)
        with visit.room.reading() as session:
            found = notices.of_person(session, by=visit.by, before=before, limit=limit, unread=unread)
            sent.update(notices.channels_of(session, [notice.id for notice in found]))
            return [notices.view(notice, visit.words.language) for notice in found]

    sent: dict[UUID, list[ChannelStatus]] = {}
    seen = await anyio.to_thread.run_sync(read)
    return [
        {
            **notice.model_dump(),
            "path": page_of(notice.subject),
            "sent": [(one.label, visit.words(SENT[one.status])) for one in sent.get(notice.id, ())],
        }
        for notice in seen
    ]
