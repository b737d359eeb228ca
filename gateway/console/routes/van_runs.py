"""Mobile monitoring runs: the list, one drawn as map and profile with what lies upwind, a new one, points for it."""

import re
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.console import forms, tracks
from gateway.console.asking import Refused
from gateway.console.entry import ConsoleRoute, FormDep, Visit, VisitDep
from gateway.console.evidence import file_of, pieces
from gateway.console.forms import Field
from gateway.console.navigation import is_of_bureau, require_bureau
from gateway.console.steps import refusal_in_words
from shared.errors import LianqinError, NotVisible, wrong
from shared.web.evidence_routes import UPLOAD_LIMIT_BYTES

router = APIRouter(prefix="/console/van-runs", route_class=ConsoleRoute, include_in_schema=False)
KIND, PAGE = "van-runs", "/console/van-runs"
MEASURERS = frozenset({"clue_officer", "case_officer", "duty_officer"})
"""Roles whose people are offered the forms; the room asks again when one is sent."""
POLLUTANT = "tvoc_ppb"
FIELDS = {
    "run_id": ("text", True),
    "run_on": ("day", True),
    "vehicle": ("text", True),
    "officers": ("lines", True),
    "calibrated_at": ("moment", True),
    "instrument": ("text", True),
    "gas": ("text", True),
    "is_passed": ("flag", False),
    POLLUTANT: ("number", False),
    "route": ("area", True),
}
CALIBRATION = ("calibrated_at", "instrument", "gas", "is_passed")
SPLIT = re.compile(r"[\s,，、]+")
SHOWN = 20
"""How many refused lines are named."""


@router.get("")
async def runs(visit: VisitDep) -> Response:
    """Show the newest runs of one's bureau and those under it."""
    require_bureau(visit.by)
    found = (await visit.rooms.get(KIND, ""))["items"]
    rows = [one | {"owner_name": visit.agency(one["owner"])} for one in found]
    return visit.page("van_runs.html", rows=rows, measures=_may_measure(visit))


@router.get("/new")
async def register_page(visit: VisitDep) -> Response:
    """Show the form by which a run is registered."""
    _require_measurer(visit)
    return _form(visit, {}, None)


@router.post("/new")
async def register(visit: VisitDep, form: FormDep) -> Response:
    """Register a run. The same form sent again changes nothing."""
    _require_measurer(visit)
    try:
        headers = {"Idempotency-Key": str(form.get("key") or uuid4())}
        made = await visit.rooms.post(KIND, "", _body(visit, form), headers=headers)
    except (Refused, LianqinError) as refusal:
        return _form(visit, forms.kept(form), refusal_in_words(visit, refusal))
    return RedirectResponse(f"{PAGE}/{made['id']}?done=register", status_code=303)


@router.get("/{run_id}")
async def run(run_id: UUID, visit: VisitDep, done: str = "") -> Response:
    """Show a run: map, profile, peaks with the enterprises upwind, and what it was registered with."""
    return await _page(visit, run_id, done="van.registered" if done == "register" else "")


@router.get("/{run_id}/points")
async def after_points(run_id: UUID, visit: VisitDep) -> Response:
    """Lead to the run whoever asks again for the answer to the form: by another language, or from the history."""
    require_bureau(visit.by)
    return RedirectResponse(f"{PAGE}/{run_id}", status_code=303)


@router.post("/{run_id}/points", max_body_size=UPLOAD_LIMIT_BYTES)
async def add_points(run_id: UUID, visit: VisitDep, form: FormDep) -> Response:
    """Take a file of points, one JSON object a line; what is refused is named by line."""
    require_bureau(visit.by)
    try:
        file, _ = file_of(form)
        headers = {"Content-Type": "application/x-ndjson"}
        found = await visit.rooms.post(KIND, f"/{run_id}/points", pieces(file), headers=headers)
    except (Refused, LianqinError) as refusal:
        said = refusal_in_words(visit, refusal)
        if said["status"] == 404:
            raise
        return await _page(visit, run_id, refused=said)
    return await _page(visit, run_id, taken=found)


async def _page(
    visit: Visit,
    run_id: UUID,
    *,
    done: str = "",
    taken: dict[str, Any] | None = None,
    refused: dict[str, Any] | None = None,
) -> Response:
    require_bureau(visit.by)
    found = await visit.rooms.get(KIND, f"/{run_id}")
    rise = found["held"][POLLUTANT]
    track, peaks = found["track"], found["peaks"]
    return visit.page(
        "van_run.html",
        status=int(refused["status"]) if refused else 200,
        run=found,
        owner=visit.agency(found["owner"]),
        map=tracks.mapped(track, peaks, rise),
        profile=tracks.profiled(track, peaks, rise),
        levels=tracks.LEVELS,
        background=tracks.background(track),
        rise=rise,
        peaks=[one | {"said": one[visit.words.language]} for one in peaks],
        adds=_may_measure(visit) and found["owner"] == visit.by.agency,
        done=done,
        taken=taken,
        wrong=[one for one in taken["verdicts"] if one["verdict"] == "refused"][:SHOWN] if taken else [],
        problem=refused,
    )


def _may_measure(visit: Visit) -> bool:
    return is_of_bureau(visit.by) and bool(visit.by.roles & MEASURERS)


def _require_measurer(visit: Visit) -> None:
    if not _may_measure(visit):
        raise NotVisible()


def _fields(visit: Visit) -> list[Field]:
    return [
        Field(
            name=name,
            kind=kind,
            label=visit.words(f"van.{name}"),
            required=is_needed,
            hint=visit.words.or_else(f"van.hint_{name}", ""),
        )
        for name, (kind, is_needed) in FIELDS.items()
    ]


def _body(visit: Visit, form: FormData) -> dict[str, Any]:
    """Return the body that registers a run. Raises BodyInvalid for what cannot be read."""
    given = forms.body_from(_fields(visit), form)
    calibration = {name: given.pop(name) for name in CALIBRATION if name in given}
    officers = [_officer(line) for line in given.pop("officers", [])]
    threshold = given.pop(POLLUTANT, None)
    held = {POLLUTANT: threshold} if threshold is not None else {}
    return given | {"officers": officers, "calibration": calibration, "thresholds": held}


def _officer(line: str) -> dict[str, str]:
    """Return an officer as typed: the name, then the number of the certificate. Raises BodyInvalid for half of it."""
    name, *rest = SPLIT.split(line, maxsplit=1)
    if not name or not rest or not rest[0].strip():
        zh, en = "每行应有姓名和证件号，以空格分隔", "A name and a certificate in each line, with a space between"
        raise wrong("officers", "half_an_officer", zh, en)
    return {"name": name, "certificate": rest[0].strip()}


def _form(visit: Visit, typed: dict[str, list[str]], refused: dict[str, Any] | None) -> Response:
    status = int(refused["status"]) if refused else 200
    names = {name: visit.words(f"van.{name}") for name in FIELDS}
    if refused:
        errors = [one | {"label": _label(names, one)} for one in refused["errors"]]
        refused = refused | {"errors": errors}
    return visit.page(
        "van_new.html", status=status, fields_shown=_fields(visit), typed=typed, problem=refused, key=str(uuid4())
    )


def _label(names: dict[str, str], error: dict[str, str]) -> str:
    """Return the name of a field as the form says it; parts of the calibration have fields of their own."""
    place = error["field"].removeprefix("calibration.").partition(".")[0]
    return names.get(POLLUTANT if place == "thresholds" else place, error["label"])
