"""Judges a clue's frozen slices again and says whether everything its record states comes out bit for bit."""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import polars as pl
from sqlmodel import Session

from services.clue_service.clues.models import Clue
from services.clue_service.detection.catalogue import Rule, RuleError
from services.clue_service.detection.evidence import ReplayError, replay
from services.clue_service.detection.hits import Hit
from services.clue_service.rules_office.registry import rulebook
from shared.errors import EvidenceMismatch, NotVisible
from shared.records import evidence
from shared.records.db import visible
from shared.records.journal import canonical
from shared.records.room import Room, room_of

MOST_BYTES = 256 * 1024 * 1024
"""Largest folder or archive that is read, unpacked."""
STATED = ("severity", "grade", "statistic", "parameters", "entity_id", "pollutant", "from", "to")
"""What is compared where the record states it: earlier records state no times."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A slice with its record; no bytes where they are gone or were changed."""

    name: str
    record: Mapping[str, Any]
    parquet: bytes | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a slice gave: by name of what differs, what the record states and what came out."""

    name: str
    rule_id: str
    version: int
    sha256: str
    differences: Mapping[str, tuple[Any, Any]]

    @property
    def is_same(self) -> bool:
        """Whether everything came out as recorded."""
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        said = {"name": self.name, "rule_id": self.rule_id, "version": self.version, "sha256": self.sha256}
        different = {name: {"recorded": old, "again": new} for name, (old, new) in self.differences.items()}
        return said | {"same": self.is_same, "differences": different}


def judge_again(frozen: Frozen, versions: Mapping[tuple[str, int], Rule] | None = None) -> Replayed:
    """Judge a slice by its record; `versions` are the rules to judge by, else those of our files."""
    record = frozen.record
    rule_id, version, stated = str(record["rule_id"]), int(record["rule_version"]), str(record["slice"]["sha256"])
    found = hashlib.sha256(frozen.parquet).hexdigest() if frozen.parquet is not None else None
    differences: dict[str, tuple[Any, Any]] = {}
    if frozen.parquet is None or found != stated:
        return Replayed(frozen.name, rule_id, version, stated, {"digest": (stated, found)})
    try:
        again = replay(frozen.parquet, rule_id, version, record["parameters"], versions=versions)
    except (ReplayError, RuleError, pl.exceptions.PolarsError) as broken:
        return Replayed(frozen.name, rule_id, version, stated, {"hit": ("hit", str(broken))})
    fresh = _stated(again)
    for name in STATED:
        if name in record and not _is_same(record[name], fresh[name]):
            differences[name] = (record[name], fresh[name])
    return Replayed(frozen.name, rule_id, version, stated, differences)


def _stated(again: Hit) -> dict[str, Any]:
    return {
        "severity": again.severity,
        "grade": again.grade,
        "statistic": dict(again.statistic),
        "parameters": dict(again.parameters),
        "entity_id": again.entity_id,
        "pollutant": again.pollutant,
        "from": again.from_at.isoformat(),
        "to": again.to_at.isoformat(),
    }


def _is_same(recorded: Any, fresh: Any) -> bool:
    """Whether two values have one text: every bit of a number is in it."""
    return canonical({"": recorded}) == canonical({"": fresh})


def of_clue(session: Session, clue_id: UUID) -> list[Replayed]:
    """Judge every slice of a clue again. Raises NotVisible."""
    room = room_of(session)
    clue = visible(session, Clue, clue_id, by=room.itself)
    versions = rulebook(session).versions
    records = [one for one in evidence.items(session, clue) if one.document == "clue_record"]
    found = []
    for one in records:
        record = orjson.loads(room.blobs.read(one.sha256))
        found.append(judge_again(Frozen(one.name, record, _bytes(room, record["slice"]["sha256"])), versions))
    return found


def _bytes(room: Room, sha256: str) -> bytes | None:
    try:
        return room.blobs.read(sha256)
    except (EvidenceMismatch, NotVisible):
        return None


def of_path(path: Path) -> list[Replayed]:
    """Judge the slices of a folder or ZIP with records (*.json) and slices (*.parquet). Raises ValueError, OSError."""
    files = dict(_files(path))
    slices = {hashlib.sha256(one).hexdigest(): one for name, one in files.items() if name.endswith(".parquet")}
    only = next(iter(slices.values())) if len(slices) == 1 else None
    return [
        judge_again(Frozen(name, record, slices.get(str(record["slice"]["sha256"]), only)))
        for name, record in _records(files.items())
    ]


def _records(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, content in files:
        if not name.endswith(".json"):
            continue
        said = orjson.loads(content)
        parts = ("rule_id", "rule_version", "parameters", "slice")
        if not isinstance(said, dict) or not all(part in said for part in parts):
            continue
        if all(isinstance(said[part], dict) for part in ("parameters", "slice")) and "sha256" in said["slice"]:
            yield name, said


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder or archive in the order of their names. Raises ValueError for too much of it."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.suffix in (".json", ".parquet"))
        _refuse_large(sum(one.stat().st_size for one in found))
        for one in found:
            yield str(one.relative_to(path)), one.read_bytes()
        return
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            listed = sorted(archive.infolist(), key=lambda one: one.filename)
            _refuse_large(sum(one.file_size for one in listed))
            for entry in listed:
                yield entry.filename, archive.read(entry)
    except zipfile.BadZipFile as broken:
        raise ValueError(f"{path} 不是文件夹或 ZIP / is neither a folder nor a ZIP") from broken


def _refuse_large(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"超过 {MOST_BYTES} 字节 / more than {MOST_BYTES} bytes")
