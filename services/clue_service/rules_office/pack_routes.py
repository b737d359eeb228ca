"""Rule packs over HTTP."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.clue_service.access import require
from services.clue_service.rules_office import packs
from services.clue_service.rules_office.registry import rulebook
from services.clue_service.rules_office.taking_packs import PackView, take
from shared.identity import Principal
from shared.records.keyring import keyring_of
from shared.records.room import Room
from shared.web.deps import PrincipalDep, RoomDep, act

router = APIRouter(prefix="/v1/rule-packs", tags=["rules"])
MEDIA = "application/json"
PACK: dict[str, Any] = {"requestBody": {"required": True, "content": {MEDIA: {"schema": {"type": "object"}}}}}
DryRunQuery = Annotated[bool, Query(description="Only say what would change")]


@router.get("", responses={200: {"content": {MEDIA: {"schema": {"type": "object"}}}}}, response_class=Response)
def export_pack(room: RoomDep, by: PrincipalDep) -> Response:
    """Export every rule version known here and how each rule stands, signed with your agency's key."""
    require(by, "tune")
    now = room.clock()
    signer = keyring_of(room).signer(by.agency, now=now)
    with room.reading() as session:
        content = packs.export(rulebook(session), packs.came(session), signer, now=now)
    headers = {"content-disposition": f'attachment; filename="rules-{by.agency}-{now:%Y%m%d}.json"'}
    return Response(content, media_type=MEDIA, headers=headers)


@router.post("", response_model=PackView, openapi_extra=PACK)
async def import_pack(request: Request, room: RoomDep, by: PrincipalDep, dry_run: DryRunQuery = False) -> PackView:
    """Take in a pack byte for byte as it was exported; what is new goes into shadow."""
    content = await request.body()
    return await run_sync(_import, room, content, dry_run, by)


def _import(room: Room, content: bytes, dry_run: bool, by: Principal) -> PackView:
    trust = keyring_of(room).trust()
    return act(room, lambda session, now: take(session, content, trust, dry_run=dry_run, by=by, now=now))
