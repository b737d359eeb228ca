"""The case room as an application."""

from fastapi import FastAPI

from services.case_service import inbound
from services.case_service.cases import routes
from services.case_service.cases.models import Case
from services.case_service.conferences import routes as conferences
from services.case_service.conferences.models import Conference
from services.case_service.measures import routes as measures
from services.case_service.measures.models import Measure
from services.case_service.operations import routes as operations
from services.case_service.operations.models import Linkage, Operation
from services.case_service.subscriptions import SUBSCRIPTIONS
from shared.config import Settings
from shared.records.db import Row
from shared.records.room import Room
from shared.records.verifying import Broken
from shared.web.app import create_app
from shared.web.assembly import make_room, settled, verify_all
from shared.web.subject_routes import room_routes

SUBJECTS: dict[str, type[Row]] = {
    "case": Case,
    "conference": Conference,
    "measure": Measure,
    "operation": Operation,
    "linkage": Linkage,
}


def make(room: Room) -> FastAPI:
    """Return the application over a room."""
    matters = (conferences.router, measures.router, *operations.ROUTERS)
    return create_app(room, [routes.router, *matters, inbound.router, room_routes()], SUBSCRIPTIONS)


def verify(settings: Settings) -> tuple[int, list[Broken]]:
    """Verify every chain of the room."""
    return verify_all(make_room("case", SUBJECTS, settings))


def create() -> FastAPI:
    """Return the application with the settings of the environment (uvicorn factory)."""
    return settled(make(make_room("case", SUBJECTS)))
