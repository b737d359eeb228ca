"""The referral room as an application."""

from fastapi import FastAPI

from services.referral_service import inbound
from services.referral_service.differences import routes as differences
from services.referral_service.documents import routes as documents
from services.referral_service.dossier import routes as dossier
from services.referral_service.proceedings.routes import ROUTERS
from services.referral_service.receipts import routes as receipts
from services.referral_service.referrals import routes
from services.referral_service.sealed_files import routes as sealed_files
from services.referral_service.subjects import SUBJECTS
from services.referral_service.subscriptions import SUBSCRIPTIONS
from shared.records.room import Room
from shared.starting import starting
from shared.web.app import create_app
from shared.web.assembly import make_room
from shared.web.inbound import inbound_route
from shared.web.subject_routes import room_routes


def make(room: Room) -> FastAPI:
    """Return the application over a room."""
    resources = [differences.router, *ROUTERS, *documents.ROUTERS, *receipts.ROUTERS, *dossier.ROUTERS]
    resources.append(sealed_files.router)
    return create_app(room, [routes.router, *resources, room_routes(), inbound_route(inbound.take)], SUBSCRIPTIONS)


def create() -> FastAPI:
    """Return the application with the settings of the environment (uvicorn factory)."""
    with starting():
        return make(make_room("referral", SUBJECTS))
