"""Dossiers over HTTP: fetched as a signed bag, or built into the outbox to be carried."""

from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from services.referral_service.dossier import commands
from services.referral_service.dossier.models import Build, BuiltView
from services.referral_service.proceedings.models import Consultation, Supervision
from services.referral_service.referrals.models import Referral
from shared.matters.models import Between
from shared.records import evidence
from shared.records.db import visible
from shared.web.deps import PrincipalDep, RoomDep

T = TypeVar("T", bound=Between)
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "A signed BagIt bag", "content": {"application/zip": {"schema": {"type": "string"}}}}
}


def dossier_routes(model: type[T]) -> APIRouter:
    """Return the dossier routes of a kind of subject."""
    router = APIRouter(prefix=f"/v1/{model.kind}s", tags=[f"{model.kind}s"])

    @router.get("/{subject_id}/dossier", name=f"fetch_{model.kind}_dossier", response_class=Response, responses=ZIP)
    def fetch(subject_id: UUID, room: RoomDep, by: PrincipalDep) -> Response:
        """Fetch the dossier you may see as one signed BagIt bag (ZIP); every byte is verified on the way."""

        def target(digest: str) -> Path:
            return room.settings.folder / "dossiers" / uuid4().hex / f"{model.kind}-{subject_id}-{digest[:12]}.zip"

        built = commands.export(room, model, subject_id, target, reader=by, by=by)
        headers = {"Manifest-Digest": f"sha-256={built.manifest_digest}", "X-Content-Type-Options": "nosniff"}
        away = BackgroundTask(_remove, built.path)
        name = built.path.name
        return FileResponse(built.path, media_type="application/zip", filename=name, headers=headers, background=away)

    @router.post("/{subject_id}/dossier", name=f"build_{model.kind}_dossier", status_code=201)
    def build(subject_id: UUID, body: Build, room: RoomDep, by: PrincipalDep) -> BuiltView:
        """Build the dossier for a party into the outbox, to be carried by hand."""
        with room.reading() as session:
            subject = evidence.keepable(session, visible(session, model, subject_id, by=by), by=by)
            reader = commands.reading_as(session, subject, body.reader or by.agency)
        folder = room.settings.sealed_routes.get(reader.agency, reader.agency)

        def target(digest: str) -> Path:
            name = f"dossier-{model.kind}-{subject_id}-{digest[:12]}.zip"
            return room.settings.sealed_path / "outbox" / folder / name

        built = commands.export(room, model, subject_id, target, reader=reader, by=by)
        file = built.path.relative_to(room.settings.sealed_path).as_posix()
        digests = {"bag_digest": built.bag_digest, "manifest_digest": built.manifest_digest}
        return BuiltView(file=file, size=built.size, signed_by=built.signed_by, **digests)

    return router


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


ROUTERS = tuple(dossier_routes(model) for model in (Referral, Supervision, Consultation))
