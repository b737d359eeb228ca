"""The clue room as an application."""

from fastapi import FastAPI

from services.clue_service.clues import batch_routes
from services.clue_service.clues import routes as clues
from services.clue_service.complaints import routes as complaints
from services.clue_service.detection import routes as detection
from services.clue_service.drills import routes as drills
from services.clue_service.figures import routes as figures
from services.clue_service.inspections import routes as inspections
from services.clue_service.intake import import_routes as imports
from services.clue_service.intake import routes as intake
from services.clue_service.outlets import routes as outlets
from services.clue_service.readings import routes as readings
from services.clue_service.rules_office import routes as rules_office
from services.clue_service.self_inspections import routes as self_inspections
from services.clue_service.squads import routes as squads
from services.clue_service.subjects import SUBJECTS
from services.clue_service.subscriptions import SUBSCRIPTIONS
from services.clue_service.van_runs import routes as van_runs
from shared.records.room import Room
from shared.starting import starting
from shared.web.app import create_app
from shared.web.assembly import make_room
from shared.web.subject_routes import room_routes


def make(room: Room) -> FastAPI:
    """Return the application over a room."""
    resources = (
        clues.router,
        batch_routes.router,
        clues.suppressions,
        *inspections.ROUTERS,
        *squads.ROUTERS,
        *complaints.ROUTERS,
        self_inspections.router,
        van_runs.router,
        outlets.router,
        readings.router,
        detection.router,
        figures.router,
        *rules_office.ROUTERS,
        drills.router,
    )
    return create_app(room, [*resources, intake.router, imports.router, room_routes()], SUBSCRIPTIONS)


def create() -> FastAPI:
    """Return the application with the settings of the environment (uvicorn factory)."""
    with starting():
        return make(make_room("clue", SUBJECTS))
