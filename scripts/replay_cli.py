"""`lianqin detect --replay`: a clue's frozen slices judged again; status 0 when all come out the same, 1 when not."""

import re
import sys
from pathlib import Path
from uuid import UUID

import orjson
import typer

from services.clue_service.detection import replaying
from services.clue_service.detection.replaying import Replayed
from services.clue_service.subjects import SUBJECTS
from shared.errors import LianqinError
from shared.web.assembly import make_room

_REFUSED = 2
_CLUE = re.compile(r"(?:clue:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
LABELS = {
    "digest": "切片哈希值 / digest of the slice",
    "hit": "命中 / hit",
    "severity": "严重度 / severity",
    "grade": "等级 / grade",
    "statistic": "统计量 / statistic",
    "parameters": "参数 / parameters",
    "entity_id": "对象 / entity",
    "pollutant": "污染物 / pollutant",
    "from": "起 / from",
    "to": "止 / to",
}


def run(clue: str, *, as_json: bool) -> None:
    """Judge a clue (its ref, or a folder or ZIP with slice and record) again and end with the status."""
    try:
        found = _found(clue)
    except (LianqinError, ValueError, KeyError, TypeError, OSError, RuntimeError) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(_REFUSED) from refused
    if not found:
        print(f"{clue} 没有可复核的切片 / holds no slice that could be judged again", file=sys.stderr)
        raise typer.Exit(_REFUSED)
    is_same = all(one.is_same for one in found)
    if as_json:
        said = {"clue": clue, "same": is_same, "slices": [one.as_dict() for one in found]}
        sys.stdout.buffer.write(orjson.dumps(said, default=str) + b"\n")
    else:
        for one in found:
            _print(one)
    raise typer.Exit(0 if is_same else 1)


def _found(clue: str) -> list[Replayed]:
    ref = _CLUE.fullmatch(clue)
    if ref is None:
        return replaying.of_path(Path(clue))
    room = make_room("clue", SUBJECTS)
    try:
        with room.reading() as session:
            return replaying.of_clue(session, UUID(ref[1]))
    finally:
        room.database.close()


def _print(one: Replayed) -> None:
    verdict = "完全一致 / the same" if one.is_same else "不一致 / differs"
    print(f"{one.rule_id} v{one.version}  {one.sha256[:16]}  {verdict}")
    for name, (recorded, again) in one.differences.items():
        print(f"  {LABELS[name]}: {recorded} → {again}")
