"""The reading routes every kind of subject has: lists, one, its journal, its clocks, its steps and their reasons."""

from datetime import date
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from shared.clock import today
from shared.records import subjects
from shared.records.db import Row, visible
from shared.records.pinned import pinned
from shared.records.timeliness import EARLIEST_DAY, LATEST_DAY, Span, Timeliness, timeliness
from shared.records.views import NO_NUL, DeadlineView, EntryView, SubjectView
from shared.web.deps import PrincipalDep, ReadDep, RoomDep
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor, instant_and_id, number_of
from shared.web.problems import spoken

V = TypeVar("V", bound=SubjectView)


class StepsView(BaseModel):
    """Every step from here: allowed or not, with the reasons and articles."""

    state: str
    steps: list[dict[str, Any]]


class JourneyView(BaseModel):
    """The entries of one journey that the reader may see, in order of time."""

    entries: list[EntryView]


LanguageQuery = Annotated[str, Query(pattern="^(zh|en)$", description="Language of names and reasons")]
DayQuery = Annotated[date | None, Query(ge=EARLIEST_DAY, le=LATEST_DAY)]
NameQuery = Annotated[str | None, Query(max_length=60, pattern=NO_NUL)]


def read_routes(router: APIRouter, model: type[Row], view: type[V]) -> None:
    """Add the reading routes of a kind of subject to its router (whose prefix is the plural)."""
    law_route(router, model)

    @router.get("", response_model=Page[view], name=f"list_{model.kind}s")  # type: ignore[valid-type]
    def list_subjects(
        session: ReadDep, by: PrincipalDep, limit: LimitQuery = 50, after: AfterQuery = None, state: NameQuery = None
    ) -> Page[V]:
        """List what you may see, newest first."""
        found, last = subjects.page(session, model, by=by, before=before_id(after), limit=limit, state=state)
        return Page(items=[view.model_validate(row) for row in found], next=cursor(str(last)) if last else None)

    @router.get("/{subject_id}", response_model=view, name=f"read_{model.kind}")
    def read_subject(subject_id: UUID, session: ReadDep, by: PrincipalDep, response: Response) -> V:
        """Read one; the ETag is its version."""
        found = visible(session, model, subject_id, by=by)
        response.headers["ETag"] = found.etag
        return view.model_validate(found)

    @router.get("/{subject_id}/journal", name=f"read_{model.kind}_journal")
    def read_journal(
        subject_id: UUID, session: ReadDep, by: PrincipalDep, limit: LimitQuery = 50, after: AfterQuery = None
    ) -> Page[EntryView]:
        """Read its chain of entries in order."""
        found = visible(session, model, subject_id, by=by)
        rows = subjects.shown_timeline(session, found, by=by, after=number_of(after) or 0, limit=limit)
        following = cursor(str(rows[-1].seq)) if len(rows) == limit else None
        return Page(items=rows, next=following)

    @router.get("/{subject_id}/deadlines", name=f"read_{model.kind}_deadlines")
    def read_deadlines(subject_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[DeadlineView]:
        """Read its clocks, open and ended, nearest first."""
        found = visible(session, model, subject_id, by=by)
        rows = subjects.clocks_of(session, found)
        return Page(items=[DeadlineView(**row) for row in rows])

    @router.get("/{subject_id}/steps", name=f"read_{model.kind}_steps")
    def read_steps(
        subject_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep, language: LanguageQuery = "zh"
    ) -> StepsView:
        """Read which steps you may take now, and for each other step why not."""
        found = visible(session, model, subject_id, by=by)
        listed = subjects.steps_of(session, found, by=by, now=room.clock())
        return StepsView(state=found.state, steps=[spoken(step, language) for step in listed])


def law_route(router: APIRouter, model: type[Row]) -> None:
    """Add the route that tells under which law a subject stands."""

    @router.get("/{subject_id}/law", name=f"read_{model.kind}_law")
    def read_law(
        subject_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep, language: LanguageQuery = "zh"
    ) -> dict[str, Any]:
        """Read under which texts it stands: what it began under, and where a newer text exists."""
        found = visible(session, model, subject_id, by=by)
        shown: dict[str, Any] = spoken(pinned(session, found, now=room.clock()), language, is_whole=True)
        return shown


def room_routes() -> APIRouter:
    """Return the routes over all subjects of a room: open clocks and journeys."""
    router = APIRouter(prefix="/v1", tags=["desk"], include_in_schema=False)

    @router.get("/deadlines")
    def list_deadlines(
        session: ReadDep,
        by: PrincipalDep,
        limit: LimitQuery = 50,
        after: AfterQuery = None,
        agency: NameQuery = None,
        breached: bool | None = None,
    ) -> Page[DeadlineView]:
        """List the open clocks you may see, nearest first."""
        place = instant_and_id(after)
        rows = subjects.open_board(session, by=by, after=place, limit=limit, agency=agency, breached=breached)
        items = [DeadlineView(**row) for row in rows]
        following = cursor(items[-1].due_at.isoformat(), str(items[-1].id)) if len(items) == limit else None
        return Page(items=items, next=following)

    @router.get("/journeys/{journey_id}")
    def read_journey(journey_id: UUID, session: ReadDep, by: PrincipalDep) -> JourneyView:
        """Read the entries of a journey in this room."""
        return JourneyView(entries=subjects.journey(session, journey_id, by=by))

    @router.get("/statistics")
    def read_statistics(session: ReadDep, by: PrincipalDep, room: RoomDep) -> dict[str, Any]:
        """Count what you may see by kind and state, and the clocks by outcome."""
        return subjects.figures(session, by=by, on=today(room.clock()))

    @router.get("/statistics/timeliness")
    def read_timeliness(
        session: ReadDep,
        by: PrincipalDep,
        begun_from: DayQuery = None,
        begun_to: DayQuery = None,
        agency: NameQuery = None,
    ) -> Timeliness:
        """Say per agency, leg and rule what was met in time, how late, and how long it was paused."""
        return timeliness(session, Span(begun_from, begun_to, agency), by=by)

    return router
