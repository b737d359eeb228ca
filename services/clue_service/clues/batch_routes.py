"""Clues by the batch over HTTP."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from services.clue_service.clues import batches
from services.clue_service.clues.batches import BatchView, LineVerdict, Part
from shared.errors import MediaTypeRefused, Text
from shared.identity import Principal
from shared.records.room import Room
from shared.web.deps import PrincipalDep, RoomDep, act

router = APIRouter(prefix="/v1/clues", tags=["clues"])
NDJSON = "application/x-ndjson"
LINES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string", "format": "binary"}}}}
}
KeyHeader = Annotated[str | None, Header(max_length=200)]


@router.post("/batches", response_model=BatchView, max_body_size=batches.LIMIT_BYTES, openapi_extra=LINES)
async def receive_batch(
    request: Request, room: RoomDep, by: PrincipalDep, idempotency_key: KeyHeader = None
) -> Response:
    """Report up to 1,000 clues, one JSON object a line, each as `POST /v1/clues` takes it.

    Every line is taken or refused by itself. Cut short, send it again with the same Idempotency-Key: what was taken
    is answered as before, the rest is taken now.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != NDJSON:
        raise MediaTypeRefused(Text(f"应为 {NDJSON}", f"{NDJSON} is expected"), allowed=[NDJSON])
    found = batches.parts(await request.body(), idempotency_key)
    verdicts, is_repeated = await run_sync(_taken, room, found, by)
    headers = {"Idempotency-Replayed": "true"} if is_repeated else {}
    return Response(batches.view(verdicts).model_dump_json(), media_type="application/json", headers=headers)


def _taken(room: Room, parts: list[Part], by: Principal) -> tuple[list[LineVerdict], bool]:
    verdicts: list[LineVerdict] = []
    repeated = []
    for part in parts:
        found, is_repeated = _one(room, part, by)
        verdicts += found
        repeated.append(is_repeated)
    return verdicts, all(repeated)


def _one(room: Room, part: Part, by: Principal) -> tuple[list[LineVerdict], bool]:
    return act(room, lambda session, now: batches.take(session, part, by=by, now=now))
