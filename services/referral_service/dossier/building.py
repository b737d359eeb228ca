"""Writing a collected dossier into a bag: the blobs are hashed on their way, and refused when they changed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import structlog

from services.referral_service.dossier.collecting import Collected
from shared.carriers.stamping import stamper
from shared.clock import ZONE
from shared.dossier.keys import Signer
from shared.dossier.limits import CHUNK_BYTES
from shared.dossier.writer import BagWriter
from shared.errors import EvidenceMismatch
from shared.records.room import Room

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Built:
    """A bag that was written: where, how large, the SHA-256 of its tag manifest, its manifest's, and whose it is."""

    path: Path
    size: int
    bag_digest: str
    manifest_digest: str
    signed_by: str


def build(room: Room, found: Collected, signers: Sequence[Signer], target: Path, *, kind: str, at: datetime) -> Built:
    """Write a bag to `target` at once or not at all. Raises EvidenceMismatch naming the item whose bytes changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{uuid4().hex}.part")
    try:
        with fresh.open("wb", buffering=CHUNK_BYTES) as file:
            bag = BagWriter(file, target.stem, suites=[one.suite for one in signers])
            for path, content in found.files.items():
                bag.put(path, content)
            for piece in found.pieces:
                _add(room, bag, piece.path, piece.sha256, piece.size)
            info = [*found.info, ("Lianqin-Agency", signers[0].agency), ("Lianqin-Kind", kind)]
            digest = bag.close(info, signers, at=at.astimezone(ZONE), stamp=stamper(room.settings))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return Built(target, target.stat().st_size, digest, found.digest, signers[0].agency)


def _add(room: Room, bag: BagWriter, path: str, sha256: str, size: int) -> None:
    try:
        bag.add(path, room.blobs.stream(sha256), size=size, expected=sha256)
    except ValueError as changed:
        raise EvidenceMismatch(expected=sha256) from changed
