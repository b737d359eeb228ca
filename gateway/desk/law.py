"""The law over HTTP: the directory, the catalogue as of a day, its changes and export, the deadline calculator."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from gateway.deps import ActingDep, RoomDep
from gateway.desk.models import DueAnswer, DueQuestion, DueStep, ExtensionAnswer, Words
from shared.clock import ZONE, today
from shared.errors import BodyInvalid, NotVisible, Text
from shared.rules.catalogue import DATA, Catalogue, NotInForce, UnknownEntry
from shared.rules.changes import changes
from shared.rules.packing import pack
from shared.rules.terms import Due, Extension, Pause, Term, check_extension, due
from shared.web.problems import spoken
from shared.web.subject_routes import LanguageQuery

router = APIRouter(prefix="/v1", tags=["law"])

DATED = {"terms", "standards", "requirements", "procedures"}
KINDS = {
    **{name: name for name in sorted(DATED)},
    **{name: name for name in ("instruments", "roles", "notices", "ladders", "agencies", "fields")},
    "agency-kinds": "agency_kinds",
    "step-fields": "step_fields",
    "evidence-kinds": "evidence_kinds",
    "exhibit-acts": "exhibit_acts",
    "retention": "retention",
}

REMEMBERED = 64
_remembered: dict[tuple[str, str, date | None], bytes] = {}

OnQuery = Annotated[date | None, Query(description="As of this day; default: today")]


@router.get("/agencies")
def agencies(room: RoomDep, by: ActingDep) -> list[dict[str, Any]]:
    """List the agencies of the directory."""
    found: list[dict[str, Any]] = orjson.loads(_listed(room.catalogue, "agencies", None))["items"]
    return found


@router.get("/catalogue/{kind}")
def catalogue(
    kind: str, room: RoomDep, by: ActingDep, on: OnQuery = None, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """List the entries of a kind as the law stood on a day."""
    name = _kind(kind)
    day = (on or today(room.clock())) if name in DATED else None
    etag = f'"{room.catalogue.digest[:24]}-{kind}-{day}"'
    headers = {"ETag": etag}
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    return Response(_listed(room.catalogue, name, day), media_type="application/json", headers=headers)


@router.get("/catalogue/{kind}/{entry_id}")
def entry(kind: str, entry_id: str, room: RoomDep, by: ActingDep, on: OnQuery = None) -> Response:
    """Read one entry as the law stood on a day, and when its versions hold."""
    name = _kind(kind)
    known = getattr(room.catalogue, name).get(entry_id)
    if known is None:
        raise NotVisible(Text(f"目录中没有 {entry_id}", f"The catalogue has no {entry_id}"))
    if name not in DATED:
        return Response(_json({"kind": kind, "entry": known, "versions": []}), media_type="application/json")
    day = on or today(room.clock())
    found = next((version for version in known if version.in_force.holds(day)), None)
    versions = [version.in_force for version in known]
    answer = {"kind": kind, "on": day, "entry": found, "versions": versions}
    return Response(_json(answer), media_type="application/json")


@router.post("/calculator/due")
def calculate(body: DueQuestion, room: RoomDep, by: ActingDep) -> DueAnswer:
    """Compute when a clock lapses, step by step, with the article; nothing is stored."""
    try:
        term = room.catalogue.term(body.term, on=today(body.started_at))
        pauses = [Pause(pause.from_on, pause.to_on, pause.ground) for pause in body.pauses]
        given = [Extension(**extension.model_dump()) for extension in body.extensions]
        found = due(term, body.started_at, calendar=room.calendar, pauses=pauses, extensions=given, end_on=body.end_on)
    except UnknownEntry as unknown:
        raise NotVisible(Text(f"没有期限 {body.term}", f"There is no term {body.term}")) from unknown
    except NotInForce as early:
        raise _invalid("term", "该期限当日尚未施行或已失效", "The term is not in force on that day") from early
    except (ValueError, OverflowError) as broken:
        raise _invalid("started_at", f"无法计算：{broken}", f"It cannot be computed: {broken}") from broken
    return _answer(term, found, given)


@router.get("/catalogue-changes")
def catalogue_changes(
    room: RoomDep,
    by: ActingDep,
    since: Annotated[date, Query(description="The law of this day …")],
    until: Annotated[date, Query(description="… compared with the law of this one")],
    language: LanguageQuery = "zh",
) -> dict[str, Any]:
    """Tell what changed in the law between two days: what came, what went, what reads otherwise."""
    found = [spoken(change, language) for change in changes(room.catalogue, since, until)]
    return {"since": since, "until": until, "digest": room.catalogue.digest, "changes": found}


@router.get("/catalogue-export", response_class=Response)
def catalogue_export(room: RoomDep, by: ActingDep) -> Response:
    """Take the whole catalogue with its digest, as one file that another desk can import."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "law.zip"
        digest = pack(path, room.settings.law_folder or DATA)
        content = path.read_bytes()
    name = f'attachment; filename="lianqin-law-{digest[:12]}.zip"'
    headers = {"Content-Disposition": name, "ETag": f'"{digest}"', "Digest": f"catalogue={digest}"}
    return Response(content, media_type="application/zip", headers=headers)


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise NotVisible(Text(f"目录没有 {kind} 类", f"The catalogue has no kind {kind}"), kinds=sorted(KINDS))
    return KINDS[kind]


def _listed(held: Catalogue, kind: str, day: date | None) -> bytes:
    """Return a kind's entries as JSON, remembered for the days lately asked for."""
    place = (held.digest, kind, day)
    known = _remembered.get(place)
    if known is not None:
        return known
    entries: Mapping[str, Any] = getattr(held.on(day) if day is not None else held, kind)
    items = [found[-1] if isinstance(found, tuple) else found for found in entries.values()]
    if len(_remembered) >= REMEMBERED:
        _remembered.clear()
    _remembered[place] = _json({"kind": kind, "on": day, "digest": held.digest, "items": items})
    return _remembered[place]


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"cannot be shown: {type(value)}")


def _answer(term: Term, found: Due, given: list[Extension]) -> DueAnswer:
    has_end = found.on is not None or found.at is not None
    verdicts = [check_extension(term, given[:index], extension) for index, extension in enumerate(given)]
    return DueAnswer(
        term=term.id,
        name=Words(zh=term.name_zh, en=term.name_en),
        cite=Words(zh=term.cite.zh, en=term.cite.en),
        due_on=found.on,
        due_at=found.at,
        lapses_at=found.lapses_at(ZONE) if has_end else None,
        provisional=found.provisional,
        paused=found.paused,
        day_count=found.day_count,
        because=[DueStep(code=step.code, zh=step.zh, en=step.en, on=step.on) for step in found.because],
        extensions=[
            ExtensionAnswer(
                allowed=verdict.allowed,
                reasons=[DueStep(code=reason.code, zh=reason.zh, en=reason.en) for reason in verdict.reasons],
            )
            for verdict in verdicts
        ],
    )


def _invalid(field: str, zh: str, en: str) -> BodyInvalid:
    message = Text(zh, en)
    return BodyInvalid(message, errors=[{"field": field, "code": "cannot_compute", "message": message}])
