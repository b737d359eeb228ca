"""Matters between agencies over HTTP: open one, take its steps, and look before both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from shared.matters import checking, commands, recording
from shared.matters.bodies import Open, RecordFacts, Take
from shared.matters.models import Between, BetweenView
from shared.records.db import visible
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep
from shared.web.evidence_routes import Check, evidence_routes, no_site_record
from shared.web.problems import spoken
from shared.web.subject_routes import LanguageQuery, read_routes

T = TypeVar("T", bound=Between)
V = TypeVar("V", bound=BetweenView)


@dataclass(frozen=True, slots=True)
class Doors:
    """The commands that open a matter and take its steps, where a room has its own."""

    open_matter: Callable[..., Between] = commands.open_matter
    take: Callable[..., Between] = commands.take


PLAIN = Doors()


def matter_routes(model: type[T], view: type[V], *, prefix: str, doors: Doors = PLAIN) -> APIRouter:
    """Return the routes that open a kind of matter, take its steps, record its facts and check it."""
    router = APIRouter(prefix=prefix, tags=[prefix.rpartition("/")[2]])

    @router.post("", response_model=view, status_code=201, name=f"open_{model.kind}")
    def open_subject(body: Open, call: CallDep) -> Response:
        """Open a matter between agencies under a procedure of the catalogue."""
        return call(doors.open_matter, model, body=body, view=view, status=201)

    @router.post("/{subject_id}/steps/{step_id}", response_model=view, name=f"take_{model.kind}_step")
    def take(subject_id: UUID, step_id: str, body: Take, call: CallDep) -> Response:
        """Take a step; `GET …/steps` lists the steps there are, what each asks for, and why one is refused."""
        return call(doors.take, model, subject_id, step_id, body=body, view=view)

    @router.post("/{subject_id}/facts", response_model=view, name=f"record_{model.kind}_facts")
    def record_facts(subject_id: UUID, body: RecordFacts, call: CallDep) -> Response:
        """Record facts, each with its unit and the evidence that supports it, before the matter is handed over."""
        return call(recording.record_facts, model, subject_id, body=body, view=view)

    @router.post("/{subject_id}/check", name=f"check_{model.kind}")
    def check(
        subject_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep, language: LanguageQuery = "zh"
    ) -> dict[str, Any]:
        """Check before you act: standards, documents, steps, and the clocks that will start, with their articles."""
        found = visible(session, model, subject_id, by=by)
        answer: dict[str, Any] = spoken(
            checking.check(session, found, by=by, now=room.clock()), language, is_whole=True
        )
        return answer

    return router


def with_reads(router: APIRouter, model: type[T], view: type[V], *, check: Check = no_site_record) -> APIRouter:
    """Return the router with the reading and evidence routes of its kind."""
    read_routes(router, model, view)
    evidence_routes(router, model, check=check)
    return router
