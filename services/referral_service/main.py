"""The referral room as an application."""

from fastapi import FastAPI

from services.referral_service import inbound
from services.referral_service.differences import routes as differences
from services.referral_service.documents import routes as documents
from services.referral_service.dossier import routes as dossier
from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.proceedings.routes import ROUTERS
from services.referral_service.receipts import routes as receipts
from services.referral_service.referrals import routes
from services.referral_service.referrals.models import Referral
from services.referral_service.sealed_files import routes as sealed_files
from services.referral_service.subscriptions import SUBSCRIPTIONS
from shared.config import Settings
from shared.records.db import Row
from shared.records.room import Room
from shared.records.verifying import Broken
from shared.web.app import create_app
from shared.web.assembly import make_room, settled, verify_all
from shared.web.subject_routes import room_routes

SUBJECTS: dict[str, type[Row]] = {"referral": Referral, "supervision": Supervision, "consultation": Consultation}


def make(room: Room) -> FastAPI:
    """Return the application over a room."""
    resources = [differences.router, *ROUTERS, *documents.ROUTERS, *receipts.ROUTERS, *dossier.ROUTERS]
    resources.append(sealed_files.router)
    return create_app(room, [routes.router, *resources, room_routes(), inbound.router], SUBSCRIPTIONS)


def verify(settings: Settings) -> tuple[int, list[Broken]]:
    """Verify every chain of the room."""
    return verify_all(make_room("referral", SUBJECTS, settings))


def create() -> FastAPI:
    """Return the application with the settings of the environment (uvicorn factory)."""
    return settled(make(make_room("referral", SUBJECTS)))
