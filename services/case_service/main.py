"""The case room as an application."""

from fastapi import FastAPI

from services.case_service import inbound
from services.case_service.cases import routes
from services.case_service.conferences import routes as conferences
from services.case_service.measures import routes as measures
from services.case_service.operations import routes as operations
from services.case_service.subjects import SUBJECTS
from services.case_service.subscriptions import SUBSCRIPTIONS
from shared.records.room import Room
from shared.starting import starting
from shared.web.app import create_app
from shared.web.assembly import make_room
from shared.web.inbound import inbound_route
from shared.web.subject_routes import room_routes


def make(room: Room) -> FastAPI:
    """Return the application over a room."""
    matters = (conferences.router, measures.router, *operations.ROUTERS)
    return create_app(room, [routes.router, *matters, inbound_route(inbound.take), room_routes()], SUBSCRIPTIONS)


def create() -> FastAPI:
    """Return the application with the settings of the environment (uvicorn factory)."""
    with starting():
        return make(make_room("case", SUBJECTS))
