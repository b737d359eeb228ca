"""Bytes by their SHA-256 in a folder: written once, never changed, verified on every read."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from shared.errors import BodyTooLarge, EvidenceMismatch, NotVisible, RoomUnavailable, Text

CHUNK_BYTES = 1024 * 1024
ARRIVALS = "incoming"
"""Where blobs arrive within a folder; a store that ever took one has it."""
MOST_PIECES = 512
"""How many pieces one call of the system takes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: lower-case hex SHA-256 and size in bytes."""

    sha256: str
    size: int


class Arriving(Protocol):
    """A blob on its way in: hashed while it is written, kept only when `finish` is called."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge past the limit."""

    def write_all(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes, given in pieces. Raises BodyTooLarge past the limit."""

    def finish(self, expected: str | None = None) -> Stored:
        """Keep the bytes under their hash. Raises EvidenceMismatch when `expected` is another hash."""

    def discard(self) -> None:
        """Throw away what was not kept; harmless after `finish`."""


class BlobStore(Protocol):
    """Where an installation keeps its bytes: a folder, or a bucket (`blob_buckets.py`)."""

    limit: int
    """Largest blob taken, in bytes."""

    def incoming(self) -> Arriving:
        """Open a place for new bytes."""

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        """Store bytes from an iterable. Raises EvidenceMismatch or BodyTooLarge; then nothing is kept."""

    def open(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes after verifying all of them. Raises EvidenceMismatch when the bytes changed."""

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes unverified, for a reader that hashes them on the way and refuses a mismatch."""

    def read(self, sha256: str) -> bytes:
        """Return a small blob's bytes, verified."""

    def verify(self, sha256: str) -> int:
        """Hash the stored bytes again and return their size. Raises EvidenceMismatch or NotVisible."""


class Incoming:
    """A blob on its way into the folder."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / ARRIVALS / uuid4().hex
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("wb", buffering=0)
        self._digest = hashlib.sha256()
        self._folder, self._limit, self._size = folder, limit, 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge past the limit."""
        self.write_all([chunk])

    def write_all(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes as they came, without joining them first. Raises BodyTooLarge past the limit."""
        self._size += sum(len(chunk) for chunk in chunks)
        if self._size > self._limit:
            raise BodyTooLarge(limit_bytes=self._limit)
        for chunk in chunks:
            self._digest.update(chunk)
        for first in range(0, len(chunks), MOST_PIECES):
            _write_out(self._file.fileno(), chunks[first : first + MOST_PIECES])

    def finish(self, expected: str | None = None) -> Stored:
        """Keep the bytes durably under their hash. Raises EvidenceMismatch when `expected` is another hash."""
        sha256 = self._digest.hexdigest()
        if expected is not None and expected.lower() != sha256:
            raise EvidenceMismatch(expected=expected.lower(), received=sha256)
        os.fsync(self._file.fileno())
        self._file.close()
        target = address(self._folder, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and _is_sound(target, sha256):
            self._path.unlink()
        else:
            _set_aside(target)
            self._path.rename(target)
            target.chmod(0o440)
            _sync_folder(target.parent)
        return Stored(sha256, self._size)

    def discard(self) -> None:
        """Throw away what was not kept; harmless after `finish`."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The blob store of an installation: one folder shared by the rooms of one machine."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self.folder, self.limit = folder, limit

    def incoming(self) -> Incoming:
        """Open a place for new bytes."""
        return Incoming(self.folder, self.limit)

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        """Store bytes from an iterable. Raises EvidenceMismatch or BodyTooLarge; then nothing is kept."""
        return take_in(self.incoming(), chunks, expected)

    def open(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes after verifying all of them. Raises EvidenceMismatch when the bytes changed."""
        self.verify(sha256)
        return self._chunks(sha256)

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes unverified, for a reader that hashes them on the way and refuses a mismatch."""
        return self._chunks(sha256)

    def read(self, sha256: str) -> bytes:
        """Return a small blob's bytes, verified."""
        return b"".join(self.open(sha256))

    def verify(self, sha256: str) -> int:
        """Hash the stored bytes again and return their size. Raises EvidenceMismatch or NotVisible."""
        return verified(self._chunks(sha256), sha256)

    def _chunks(self, sha256: str) -> Iterator[bytes]:
        path = address(self.folder, sha256)
        if not path.is_file():
            raise not_there(sha256) if (self.folder / ARRIVALS).is_dir() else _unmounted()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def take_in(arriving: Arriving, chunks: Iterable[bytes], expected: str | None) -> Stored:
    """Store bytes from an iterable by a place opened for them; nothing is kept when anything goes wrong."""
    try:
        for chunk in chunks:
            arriving.write(chunk)
        return arriving.finish(expected)
    finally:
        arriving.discard()


def verified(chunks: Iterable[bytes], sha256: str) -> int:
    """Hash bytes and return their size. Raises EvidenceMismatch when their hash is another."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    if digest.hexdigest() != sha256:
        raise EvidenceMismatch(expected=sha256, received=digest.hexdigest())
    return size


def not_there(sha256: str) -> NotVisible:
    """Return the refusal of bytes that are not in the store."""
    return NotVisible(Text("证据文件不在存储中", "The evidence bytes are not in the store"), sha256=sha256)


def _unmounted() -> RoomUnavailable:
    """Return the refusal of a folder that is not there: a disk that was not mounted is no loss of evidence."""
    return RoomUnavailable(Text("证据存储未就绪", "The evidence store is not there"))


def name_of(sha256: str) -> str:
    """Return the name of a blob within its store. Raises ValueError for anything that is not a SHA-256."""
    if len(sha256) != 64 or not all(letter in "0123456789abcdef" for letter in sha256):
        raise ValueError("a blob is addressed by 64 lower-case hex digits")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def address(folder: Path, sha256: str) -> Path:
    """Return where a blob lies. Raises ValueError for anything that is not a SHA-256."""
    return folder / name_of(sha256)


def _write_out(handle: int, chunks: Sequence[bytes]) -> None:
    """Write pieces in one call; what the system left over is written after."""
    total = sum(len(chunk) for chunk in chunks)
    done = os.writev(handle, chunks)
    if done < total:
        rest = memoryview(b"".join(chunks))[done:]
        while rest:
            rest = rest[os.write(handle, rest) :]


def _is_sound(path: Path, sha256: str) -> bool:
    """Whether a stored file still has its hash: the same bytes given again mend a damaged one."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _set_aside(path: Path) -> None:
    """Keep damaged bytes beside their address: nothing is deleted."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}.changed-{uuid4().hex}"))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
