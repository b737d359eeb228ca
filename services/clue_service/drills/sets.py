"""The labelled set of a drill: unpacked into the drill's own folder, checked whole, and judged there alone."""

import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from uuid import UUID

import orjson
import polars as pl

from services.clue_service.detection.catalogue import RuleError, current, load
from services.clue_service.detection.engine import run
from services.clue_service.detection.functions import MODELS
from services.clue_service.detection.hits import Hit
from services.clue_service.drills.models import MOST_HITS, DrillHit
from services.clue_service.drills.scoring import LABELS, Labels
from services.clue_service.intake.tables import declared, read_folder
from shared.errors import BodyInvalid, BodyTooLarge, Text, wrong
from shared.records.room import Room

LABEL_FILE, HIT_FILE = "labels.parquet", "hits.json"
ENDINGS = ("parquet", "csv")
PIECE_BYTES = 1024 * 1024
MOST_ERRORS = 20


def folder_of(room: Room, drill_id: UUID) -> Path:
    """Return the folder of a drill: nothing else reads it, and nothing of it lies elsewhere."""
    return room.settings.folder / "drills" / str(drill_id)


def unpack(archive: Path, folder: Path, limit: int) -> None:
    """Unpack the tables and labels of a zip, at most `limit` bytes of them. Raises BodyInvalid or BodyTooLarge."""
    try:
        with zipfile.ZipFile(archive) as opened:
            left = limit
            for name, member in _names(opened).items():
                left -= _copied(opened, member, folder / name, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as broken:
        raise _wrong("unreadable", "压缩包无法读取", "The archive cannot be read") from broken


def _names(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    known = {f"{table}.{ending}" for table in declared() for ending in ENDINGS} | {LABEL_FILE}
    found: dict[str, zipfile.ZipInfo] = {}
    for member in opened.infolist():
        if member.is_dir():
            continue
        name = PurePosixPath(member.filename).name
        if name not in known or name in found:
            zh, en = (
                f"压缩包内的 {name} 不是规则所用的表",
                f"{name} in the archive is no table of the rules, or stands twice",
            )
            raise _wrong("unknown_table", zh, en)
        found[name] = member
    return found


def _copied(opened: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path, limit: int) -> int:
    """Copy a member piece by piece; what it says of its own size is not believed. Returns its bytes."""
    size = 0
    with opened.open(member) as source, place.open("wb") as target:
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(limit_bytes=limit)
            target.write(piece)
    return size


def check(folder: Path) -> tuple[dict[str, int], int]:
    """Return the rows of each table and the number of labels. Raises BodyInvalid naming every wrong row."""
    found = read_folder(folder)
    if not found:
        raise _wrong("no_table", "压缩包中没有规则所用的表", "The archive holds no table of the rules")
    errors = [error for table in found.values() for error in table.errors][:MOST_ERRORS]
    if errors:
        words = Text("表中有错误的行", "There are wrong rows in the tables")
        named = [
            {"field": one.file, "row": one.row, "column": one.column, "code": one.code, "message": Text(one.zh, one.en)}
            for one in errors
        ]
        raise BodyInvalid(words, errors=named)
    return {name: table.frame.height for name, table in found.items()}, len(labels(folder).acts())


def labels(folder: Path) -> Labels:
    """Return the labels of a set. Raises BodyInvalid for a file that is missing or of other columns."""
    path = folder / LABEL_FILE
    if not path.exists():
        raise _wrong("no_labels", "压缩包中没有 labels.parquet", "The archive holds no labels.parquet")
    try:
        frame = pl.read_parquet(path, columns=list(LABELS))
    except (pl.exceptions.PolarsError, OSError) as broken:
        raise _wrong("unreadable_labels", "labels.parquet 无法读取", "labels.parquet cannot be read") from broken
    fits = all(frame.schema[name] == kind for name, kind in LABELS.items())
    fits &= all(getattr(kind, "time_zone", None) is None for kind in frame.schema.values())
    if not fits or frame.null_count().sum_horizontal().item():
        zh, en = "labels.parquet 的列类型不符或有空值", "labels.parquet has columns of another type, or empty cells"
        raise _wrong("wrong_labels", zh, en)
    return Labels(frame)


def judged(
    folder: Path, names: Sequence[str] | None = None, parameters: Mapping[str, Mapping[str, float]] | None = None
) -> list[Hit]:
    """Run rules over the set. Raises BodyInvalid for a rule that is not there or a parameter out of its range."""
    chosen = [rule for rule in current(load()) if rule.id in MODELS and (names is None or rule.id in names)]
    known = {rule.id for rule in chosen}
    foreign = sorted({*(names or ()), *(parameters or {})} - known)
    if foreign:
        raise _wrong("unknown_rule", f"没有运行规则 {foreign[0]}", f"Rule {foreign[0]} is not run", "parameters")
    tables = {name: table.frame for name, table in read_folder(folder).items()}
    try:
        return run(tables, chosen, parameters=parameters).hits
    except RuleError as wrong:
        zh, _, en = str(wrong).partition(" / ")
        raise _wrong("out_of_range", zh, en or zh, "parameters") from wrong


def keep_hits(folder: Path, hits: Sequence[Hit]) -> int:
    """Keep the hits to screen beside the set, the most severe where there are too many; returns how many."""
    chosen = sorted(hits, key=lambda one: -one.severity)[:MOST_HITS] if len(hits) > MOST_HITS else hits
    shown = [
        DrillHit(
            number=number,
            rule_id=one.rule_id,
            entity_id=one.entity_id,
            pollutant=one.pollutant,
            from_at=one.from_at,
            to_at=one.to_at,
            severity=one.severity,
            grade=one.grade,
            zh=list(one.reasons["zh"]),
            en=list(one.reasons["en"]),
        ).model_dump(mode="json")
        for number, one in enumerate(chosen, 1)
    ]
    (folder / HIT_FILE).write_bytes(orjson.dumps(shown))
    return len(shown)


def kept_hits(folder: Path) -> list[DrillHit]:
    """Return the hits to screen."""
    return [DrillHit.model_validate(one) for one in orjson.loads((folder / HIT_FILE).read_bytes())]


def table_file(folder: Path, table: str) -> Path | None:
    """Return the file of a table of the set; the labels are none."""
    places = (folder / f"{table}.{ending}" for ending in ENDINGS) if table in declared() else ()
    return next((place for place in places if place.exists()), None)


def remove(room: Room, drill_id: UUID) -> None:
    """Remove a drill's folder with all that lies in it; one that is gone already is as good."""
    folder = folder_of(room, drill_id)
    if folder.exists():
        shutil.rmtree(folder)


def _wrong(code: str, zh: str, en: str, field: str = "set") -> BodyInvalid:
    return wrong(field, code, zh, en)
