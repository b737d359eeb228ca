"""Imports of tables over HTTP: streamed to a file, known by its content, then read."""

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.clue_service.intake import imports
from services.clue_service.intake.commands import Coming
from services.clue_service.intake.imports import Given
from services.clue_service.intake.models import ImportedView
from shared.errors import BodyInvalid, BodyTooLarge, MediaTypeRefused, Stale, Text
from shared.identity import Principal
from shared.records.media import HEAD_BYTES, media_type
from shared.records.room import Room
from shared.web.deps import TRIES, PrincipalDep, RoomDep
from shared.web.evidence_routes import UPLOAD_LIMIT_BYTES

router = APIRouter(prefix="/v1/imports", tags=["intake"])
PIECE_BYTES = 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {"application/vnd.apache.parquet": "parquet", "text/csv": "csv", "text/plain": "csv", XLSX: "xlsx"}
TAKEN = ("text/csv", "application/vnd.apache.parquet", XLSX)
ZIP = b"PK\x03\x04"
"""How a workbook begins; whether the archive is one is seen when it is read."""
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TAKEN},
    }
}
PartialQuery = Annotated[bool, Query(description="Take the good rows even when others are wrong")]


@router.post("/{table}", response_model=ImportedView, max_body_size=UPLOAD_LIMIT_BYTES, openapi_extra=FILE)
async def import_table(
    table: str, request: Request, room: RoomDep, by: PrincipalDep, partial: PartialQuery = False
) -> Response:
    """Import rows into a table of the rules: CSV, Parquet or XLSX, with the header of the documented columns.

    Wrong rows are named; then nothing is kept, unless `partial=true`. Repeating an import stores nothing twice.
    """
    imports.may_import(by, table)
    folder = room.settings.folder / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / table
        head, sha256 = await received(request, path, room.settings.evidence_limit_bytes)
        path = path.rename(f"{path}.{_ending(head)}")
        view = await run_sync(_import, room, table, Given(path, sha256, partial), by)
    return Response(orjson.dumps(view.model_dump(mode="json")), media_type="application/json")


async def received(request: Request, place: Path, limit: int) -> tuple[bytes, str]:
    """Write the body to a file as it comes; returns how it begins, and its SHA-256."""
    digest, size, head, waiting = hashlib.sha256(), 0, b"", bytearray()
    with place.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge(limit_bytes=limit)
            if len(head) < HEAD_BYTES:
                head = (head + chunk)[:HEAD_BYTES]
            digest.update(chunk)
            waiting += chunk
            if len(waiting) >= PIECE_BYTES:
                await run_sync(_write, file, bytes(waiting))
                waiting.clear()
        await run_sync(_write, file, bytes(waiting))
    if not size:
        raise BodyInvalid(Text("文件内容为空", "The file is empty"))
    return head, digest.hexdigest()


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def _ending(head: bytes) -> str:
    found = XLSX if head.startswith(ZIP) else media_type(head, "text/csv")
    if found not in ENDINGS:
        words = Text(
            f"不接受 {found} 类型的表，请用 CSV、Parquet 或 XLSX", f"{found} is no table; use CSV, Parquet or XLSX"
        )
        raise MediaTypeRefused(words, allowed=list(TAKEN))
    return ENDINGS[found]


def _import(room: Room, table: str, given: Given, by: Principal) -> ImportedView:
    coming = Coming("http", by, room.clock())
    read, checked = imports.read_checked(room, table, given, coming=coming)
    outcome = imports.store_observations(room, checked, coming=coming) if table == imports.OBSERVATIONS else {}
    for attempt in range(TRIES):
        try:
            with room.transaction() as session:
                imports.note(session, table, given, checked, coming=coming)
                outcome = outcome or imports.keep_table(room, table, checked, coming=coming)
            return imports.view(table, read, checked, outcome)
        except Stale:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
