"""Evidence as officers give it: the documents the law names, and what each of them must state."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile

from gateway.console.entry import Visit
from gateway.console.steps import procedure_of
from shared.errors import wrong
from shared.rules.evidence_kinds import EvidenceKind, implied
from shared.rules.requirements import Requirement

CHUNK_BYTES = 1024 * 1024
INLINE = frozenset({"image/png", "image/jpeg", "text/plain"})
"""What is shown in the browser; everything else is saved as a file."""
FLAGS = frozenset(
    {
        "collected_lawfully",
        "copy_kept",
        "id_shown",
        "is_original",
        "materials_list_attached",
        "official_seal",
        "source_materials_attached",
        "urgent",
    }
)
LINES = frozenset({"officers", "signatures"})


@dataclass(frozen=True, slots=True)
class Statement:
    """Something a document must state."""

    name: str
    label: str
    kind: str
    """moment, lines, flag or text, as the name tells."""


def documents(visit: Visit, subject: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the documents of the requirement sets, those of the subject's own procedure first."""
    own = {step.requirement_set for step in procedure_of(visit, subject).steps.values() if step.requirement_set}
    sets = [versions[-1] for versions in visit.catalogue.requirements.values()]
    sets.sort(key=lambda one: (one.id not in own, one.target_agency != "public_security_organ", one.id))
    return [
        (visit.words.name(one), [(document.id, visit.words.name(document)) for document in one.documents])
        for one in sets
    ]


def requirement(visit: Visit, document: str) -> Requirement | None:
    """Return what the law says of a document."""
    return next(
        (
            known
            for versions in visit.catalogue.requirements.values()
            if (known := versions[-1].document(document)) is not None
        ),
        None,
    )


def kinds(visit: Visit) -> list[tuple[str, str]]:
    """Return the kinds of evidence that are files, by id and name."""
    found = visit.catalogue.evidence_kinds.values()
    return [(one.id, visit.words.name(one)) for one in found if one.form == "bytes"]


def kind_of(visit: Visit, document: str, kind: str) -> EvidenceKind | None:
    """Return the kind that was chosen, else the one the document is by itself."""
    known = visit.catalogue.evidence_kinds
    return known.get(kind) or (implied(known, document) if document else None)


def statements(visit: Visit, known: Requirement | None, kind: EvidenceKind | None = None) -> list[Statement]:
    """Return what a document must state, and what its kind of evidence must."""
    found = [
        Statement(one.field, visit.words.part(one, "label", one.field), _kind(one.field))
        for one in (known.metadata if known is not None else ())
    ]
    named = {one.name for one in found}
    more = [one for one in (kind.fields if kind is not None else ()) if one.field not in named]
    return found + [Statement(one.field, visit.words.part(one, "label", one.field), one.type) for one in more]


def _kind(name: str) -> str:
    if name.endswith("_at"):
        return "moment"
    if name in LINES:
        return "lines"
    return "flag" if name in FLAGS else "text"


def details_from(form: FormData, wanted: list[Statement]) -> dict[str, Any]:
    """Return what was stated of a document."""
    found: dict[str, Any] = {}
    for one in wanted:
        typed = str(form.get(f"detail.{one.name}") or "").strip()
        if not typed:
            continue
        if one.kind == "lines":
            found[one.name] = [line.strip() for line in typed.splitlines() if line.strip()]
        elif one.kind == "moment":
            found[one.name] = f"{typed}:00+08:00" if len(typed) == len("2026-01-01T00:00") else typed
        else:
            found[one.name] = True if one.kind == "flag" else typed
    return found


async def given(visit: Visit, kind: str, subject_id: str, form: FormData) -> Any:
    """Send an uploaded file to the room as it was typed in. Raises BodyInvalid, Refused, RoomUnavailable."""
    file, name, document = *file_of(form), str(form.get("document") or "")
    chosen = str(form.get("kind") or "")
    wanted = statements(visit, requirement(visit, document), kind_of(visit, document, chosen))
    stated = details_from(form, wanted)
    name = str(form.get("name") or "").strip() or name.replace("\\", "/").rpartition("/")[2]
    params = {"document": document, "name": name, "details": json.dumps(stated, ensure_ascii=False)}
    if chosen:
        params["kind"] = chosen
    if digest := str(form.get("sha256") or "").strip():
        params["sha256"] = digest
    headers = {"Content-Type": file.content_type or "application/octet-stream"}
    return await visit.rooms.post(kind, f"/{subject_id}/evidence", pieces(file), headers=headers, **params)


def file_of(form: FormData) -> tuple[UploadFile, str]:
    """Return the file of a form and its name. Raises BodyInvalid where none was chosen."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise wrong("file", "missing", "请选择文件", "Choose a file")
    return file, file.filename


async def pieces(file: UploadFile) -> AsyncIterator[bytes]:
    """Yield an uploaded file piece by piece."""
    while piece := await file.read(CHUNK_BYTES):
        yield piece
