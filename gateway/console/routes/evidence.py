"""Evidence in the console: one item with its custody, opening it, giving a new one, withdrawing one."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response, StreamingResponse

from gateway.console import evidence, forms
from gateway.console.asking import ROOM_OF, Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.steps import problem_in_words
from gateway.console.subjects import fetched, shown_item
from gateway.console.telling import read
from shared.errors import LianqinError, NotVisible
from shared.web.evidence_routes import UPLOAD_LIMIT_BYTES
from shared.web.problems import problem

router = APIRouter(prefix="/console/{kind}/{subject_id}/evidence", route_class=ConsoleRoute, include_in_schema=False)
SANDBOX = "default-src 'none'; sandbox"
KEPT_HEADERS = ("Content-Length", "Digest")
CHUNK_BYTES = 64 * 1024


@router.get("/new")
async def give_page(kind: str, subject_id: UUID, visit: VisitDep, document: str = "", of_kind: str = "") -> Response:
    """Show the form of one document: first which document of which kind, then what it must state."""
    return await _form(visit, kind, subject_id, document, {"kind": [of_kind]}, None)


@router.post("", max_body_size=UPLOAD_LIMIT_BYTES)
async def give(kind: str, subject_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Attach a file as evidence."""
    _check(kind)
    try:
        made = await evidence.given(visit, kind, str(subject_id), form)
    except (Refused, LianqinError) as refusal:
        said = refusal.problem if isinstance(refusal, Refused) else problem(refusal, visit.words.language)
        document = str(form.get("document") or "")
        return await _form(visit, kind, subject_id, document, forms.kept(form), problem_in_words(visit, said))
    return RedirectResponse(f"/console/{kind}/{subject_id}/evidence/{made['id']}", status_code=303)


@router.get("/{item_id}")
async def item(kind: str, subject_id: UUID, item_id: UUID, visit: VisitDep) -> Response:
    """Show an item with what it states and every act upon it."""
    return await _item(visit, kind, subject_id, item_id)


@router.get("/{item_id}/content")
async def content(kind: str, subject_id: UUID, item_id: UUID, visit: VisitDep) -> Response:
    """Open an item: its bytes as the room verified them; the opening is written into custody."""
    _check(kind)
    opening = visit.rooms.answer("GET", kind, f"/{subject_id}/evidence/{item_id}/content")
    answer = await opening.__aenter__()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.content.iter_chunked(CHUNK_BYTES):
                yield piece
        finally:
            await opening.__aexit__(None, None, None)

    media_type = answer.headers.get("Content-Type", "application/octet-stream")
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    headers |= {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    disposition = answer.headers.get("Content-Disposition", "attachment")
    inline = media_type.partition(";")[0] in evidence.INLINE
    headers["Content-Disposition"] = disposition.replace("attachment", "inline", 1) if inline else disposition
    return StreamingResponse(pieces(), media_type=media_type, headers=headers)


@router.post("/{item_id}/withdraw")
async def withdraw(kind: str, subject_id: UUID, item_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Withdraw an item: it stays, but no longer counts."""
    _check(kind)
    target = f"/{subject_id}/evidence/{item_id}"
    try:
        await visit.rooms.post(kind, f"{target}/withdraw", {"reason": str(form.get("reason") or "")})
    except Refused as refusal:
        return await _item(visit, kind, subject_id, item_id, problem_in_words(visit, refusal.problem))
    return RedirectResponse(f"/console/{kind}{target}", status_code=303)


async def _item(
    visit: Visit, kind: str, subject_id: UUID, item_id: UUID, refused: dict[str, Any] | None = None
) -> Response:
    _check(kind)
    rooms, target = visit.rooms, f"/{subject_id}"
    subject = await fetched(visit, kind, subject_id)
    items = (await rooms.get(kind, f"{target}/evidence"))["items"]
    found = next((one for one in items if one["id"] == str(item_id)), None)
    if found is None:
        raise NotVisible()
    custody = (await rooms.get(kind, f"{target}/evidence/{item_id}/custody"))["items"]
    entries = [read(entry) for entry in (await rooms.get(kind, f"{target}/journal", limit="200"))["items"]]
    names = {entry["by"]["actor"]: entry["by"].get("name", "") for entry in entries if entry.get("by")}
    names[visit.by.actor] = visit.by.name
    acts = [{**one, "agency": visit.agency(one["agency"]), "who": names.get(one["actor"], "")} for one in custody]
    acts = [one | {"who": ""} if str(one["actor"]).startswith("system:") else one for one in acts]
    of_kind = evidence.kind_of(visit, found["document"], (found.get("kind") or {}).get("id", ""))
    wanted = evidence.statements(visit, evidence.requirement(visit, found["document"]), of_kind)
    labels = {one.name: one.label for one in wanted}
    return visit.page(
        "item.html",
        status=int(refused["status"]) if refused else 200,
        kind=kind,
        subject=subject,
        item=shown_item(visit, found, entries),
        stated=[(labels.get(name, name), _stated(visit, value)) for name, value in found["details"].items()],
        twins=[one for one in items if one["id"] in (found.get("same_as") or ())],
        acts=acts,
        problem=refused,
    )


async def _form(
    visit: Visit,
    kind: str,
    subject_id: UUID,
    document: str,
    typed: dict[str, list[str]],
    refused: dict[str, Any] | None,
) -> Response:
    _check(kind)
    subject = await fetched(visit, kind, subject_id)
    known = evidence.requirement(visit, document) if document else None
    of_kind = (typed.get("kind") or [""])[0]
    return visit.page(
        "give.html",
        status=int(refused["status"]) if refused else 200,
        kind=kind,
        subject=subject,
        groups=evidence.documents(visit, subject),
        document=document if known else "",
        known=known,
        kinds=evidence.kinds(visit),
        of_kind=of_kind,
        statements=evidence.statements(visit, known, evidence.kind_of(visit, document, of_kind)),
        typed=typed,
        problem=refused,
    )


def _stated(visit: Visit, value: Any) -> str:
    if isinstance(value, bool):
        return visit.words("value.yes" if value else "value.no")
    return visit.words("list.comma").join(str(one) for one in value) if isinstance(value, list) else str(value)


def _check(kind: str) -> None:
    if kind not in ROOM_OF:
        raise NotVisible()
