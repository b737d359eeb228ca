"""Drills over HTTP. Whatever a drill shows carries the mark; a table of its set carries it in name and header."""

import tempfile
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from services.clue_service.drills import commands, queries, scoring, sets
from services.clue_service.drills.models import (
    Drill,
    DrillHits,
    DrillList,
    DrillView,
    ModelEntry,
    NewDrill,
    Part,
    Scores,
    ScoreView,
    ScreeningEntry,
    VerificationEntry,
    WipedDrills,
)
from services.clue_service.intake.import_routes import received
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records.room import Room
from shared.web.deps import PrincipalDep, ReadDep, RoomDep, act
from shared.web.evidence_routes import UPLOAD_LIMIT_BYTES

router = APIRouter(prefix="/v1/drills", tags=["drills"])
TablePath = Annotated[str, InPath(pattern=r"^[a-z0-9_]{1,40}$")]
ZIP: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/zip", "application/octet-stream")
        },
    }
}
MARKED_FILE = {"x-lianqin-mark": "DRILL"}


@router.post("", status_code=201)
def open_drill(body: NewDrill, room: RoomDep, by: PrincipalDep) -> DrillView:
    """Prepare a drill: its squads and the span in which they hand in."""
    return DrillView.model_validate(act(room, lambda session, now: commands.open_drill(session, body, by=by, now=now)))


@router.get("")
def list_drills(session: ReadDep, by: PrincipalDep) -> DrillList:
    """List the drills you run or take part in, newest first."""
    return DrillList(items=[DrillView.model_validate(one) for one in queries.drills(session, by=by)])


@router.get("/wiped")
def list_wiped(session: ReadDep, by: PrincipalDep) -> WipedDrills:
    """List the wiped drills you ran or took part in, newest first; their scores are read as before."""
    return WipedDrills(items=queries.wiped(session, by=by))


@router.get("/{drill_id}")
def read_drill(drill_id: UUID, session: ReadDep, by: PrincipalDep) -> DrillView:
    """Read one drill."""
    return DrillView.model_validate(queries.drill(session, drill_id, by=by))


@router.put("/{drill_id}/set", response_model=DrillView, max_body_size=UPLOAD_LIMIT_BYTES, openapi_extra=ZIP)
async def give_set(drill_id: UUID, request: Request, room: RoomDep, by: PrincipalDep) -> Response:
    """Give the drill its labelled set: a zip of tables of the rules (CSV or Parquet) with `labels.parquet`."""
    await run_sync(_may_give, room, drill_id, by)
    place = sets.folder_of(room, drill_id)
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        archive = Path(scratch) / "set.zip"
        _head, sha256 = await received(request, archive, room.settings.evidence_limit_bytes)
        view = await run_sync(_given, room, drill_id, archive, sha256, by)
    return Response(view.model_dump_json(), media_type="application/json")


def _may_give(room: Room, drill_id: UUID, by: Principal) -> None:
    with room.reading() as session:
        commands.require_state(commands.may_run(session, drill_id, by=by), "prepared")


def _given(room: Room, drill_id: UUID, archive: Path, sha256: str, by: Principal) -> DrillView:
    """Check the set whole, run the rules as they are over it, and only then let the drill have it."""
    fresh = archive.parent / "set"
    fresh.mkdir()
    sets.unpack(archive, fresh, room.settings.evidence_limit_bytes)
    tables, labels = sets.check(fresh)
    hits = sets.keep_hits(fresh, sets.judged(fresh))
    target = sets.folder_of(room, drill_id) / sha256
    if not target.exists():
        fresh.rename(target)
    told = {"set_sha256": sha256, "tables": tables, "labels": labels, "hits": hits}
    found = act(room, lambda session, now: commands.give_set(session, drill_id, told, by=by, now=now))
    return DrillView.model_validate(found)


@router.get("/{drill_id}/tables/{table}", response_class=FileResponse)
def read_table(drill_id: UUID, table: TablePath, session: ReadDep, room: RoomDep, by: PrincipalDep) -> FileResponse:
    """Read a table of the set, to build a model on; the labels are shown to nobody."""
    found = queries.drill(session, drill_id, by=by)
    path = sets.table_file(_folder(room, found), table) if found.set_sha256 else None
    if path is None:
        raise NotVisible(Text("该演练没有这张表", "The drill has no such table"))
    return FileResponse(path, filename=f"DRILL-{path.name}", headers=MARKED_FILE)


@router.get("/{drill_id}/hits")
def read_hits(drill_id: UUID, session: ReadDep, room: RoomDep, by: PrincipalDep) -> DrillHits:
    """Read the hits of the rules as they are over the set, to be screened."""
    found = queries.drill(session, drill_id, by=by)
    return DrillHits(items=sets.kept_hits(_folder(room, found)) if found.set_sha256 else [])


@router.post("/{drill_id}/models", status_code=201)
def hand_in_model(drill_id: UUID, body: ModelEntry, room: RoomDep, by: PrincipalDep) -> ScoreView:
    """Hand in a set of parameters: the rules are run with it over the set, in the drill's folder alone."""
    folder = _ready(room, drill_id, body.squad, "model", by)
    score = scoring.of_model(sets.labels(folder), sets.judged(folder, body.rules, body.parameters))
    return _kept(room, drill_id, commands.viewed(body.squad, "model", score), body.model_dump(mode="json"), by)


@router.post("/{drill_id}/screenings", status_code=201)
def hand_in_screening(drill_id: UUID, body: ScreeningEntry, room: RoomDep, by: PrincipalDep) -> ScoreView:
    """Hand in which hits are worth a clue, once."""
    folder = _ready(room, drill_id, body.squad, "screening", by)
    hits = sets.kept_hits(folder)
    _require_known([one.hit for one in body.verdicts], {one.number for one in hits}, "verdicts")
    score = scoring.of_screening(sets.labels(folder), hits, body.verdicts)
    return _kept(room, drill_id, commands.viewed(body.squad, "screening", score), body.model_dump(mode="json"), by)


@router.post("/{drill_id}/verifications", status_code=201)
def hand_in_verification(drill_id: UUID, body: VerificationEntry, room: RoomDep, by: PrincipalDep) -> ScoreView:
    """Hand in what looking closely at the hits your squad accepted came to, once."""
    folder = _ready(room, drill_id, body.squad, "verification", by)
    with room.reading() as session:
        found = queries.drill(session, drill_id, by=by)
        accepted = queries.accepted(session, found, body.squad)
    _require_known([one.hit for one in body.results], accepted, "results")
    score = scoring.of_verification(sets.labels(folder), sets.kept_hits(folder), accepted, body.results)
    view = commands.viewed(body.squad, "verification", score)
    return _kept(room, drill_id, view, body.model_dump(mode="json"), by)


@router.get("/{drill_id}/scores")
def read_scores(drill_id: UUID, session: ReadDep, by: PrincipalDep) -> Scores:
    """Read the scores of your squads, and of all with the ranking once the drill is closed; wiping leaves them."""
    return queries.scores(session, drill_id, by=by)


@router.post("/{drill_id}/close")
def close(drill_id: UUID, room: RoomDep, by: PrincipalDep) -> Scores:
    """Close the drill and publish the ranking."""
    act(room, lambda session, now: commands.close(session, drill_id, by=by, now=now))
    with room.reading() as session:
        return queries.scores(session, drill_id, by=by)


@router.post("/{drill_id}/wipe")
def wipe(drill_id: UUID, room: RoomDep, by: PrincipalDep) -> Scores:
    """Delete the closed drill's rows and folder; only the journalled scores stay."""
    with room.reading() as session:
        commands.require_state(commands.may_run(session, drill_id, by=by), "closed")
    # The folder goes first: if the machine stops in between, the row still says what is to be wiped.
    sets.remove(room, drill_id)
    act(room, lambda session, now: commands.wipe(session, drill_id, by=by, now=now))
    with room.reading() as session:
        return queries.scores(session, drill_id, by=by)


def _folder(room: Room, found: Drill) -> Path:
    return sets.folder_of(room, found.id) / found.set_sha256


def _ready(room: Room, drill_id: UUID, squad: str, part: Part, by: Principal) -> Path:
    """Return the folder of a drill for which a squad may hand in a part now."""
    with room.reading() as session:
        return _folder(room, commands.may_hand_in(session, drill_id, squad, part, by=by, now=room.clock()))


def _kept(room: Room, drill_id: UUID, view: ScoreView, given: dict[str, Any], by: Principal) -> ScoreView:
    return act(room, lambda session, now: commands.hand_in(session, drill_id, view, given, by=by, now=now))


def _require_known(numbers: list[int], known: set[int], field: str) -> None:
    """Refuse a hit that is not there, or named twice. Raises BodyInvalid."""
    wrong = sorted({one for one in numbers if one not in known or numbers.count(one) > 1})
    if wrong:
        words = Text(
            f"没有可判断的命中 {wrong[0]}，或者重复", f"There is no hit {wrong[0]} to judge, or it stands twice"
        )
        raise BodyInvalid(words, errors=[{"field": field, "code": "unknown_hit", "message": words}])
