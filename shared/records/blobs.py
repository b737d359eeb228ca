"""Bytes by their SHA-256 in a folder: written once, never changed, verified on every read."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from shared.errors import BodyTooLarge, EvidenceMismatch, NotVisible, Text

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: lower-case hex SHA-256 and size in bytes."""

    sha256: str
    size: int


class Incoming:
    """A blob on its way in: hashed while it is written, kept only when `finish` is called."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / "incoming" / uuid4().hex
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("wb", buffering=CHUNK_BYTES)
        self._digest = hashlib.sha256()
        self._folder, self._limit, self._size = folder, limit, 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge past the limit."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise BodyTooLarge(limit_bytes=self._limit)
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self, expected: str | None = None) -> Stored:
        """Keep the bytes durably under their hash. Raises EvidenceMismatch when `expected` is another hash."""
        sha256 = self._digest.hexdigest()
        if expected is not None and expected.lower() != sha256:
            raise EvidenceMismatch(expected=expected.lower(), received=sha256)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        target = address(self._folder, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            self._path.unlink()
        else:
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
        incoming = self.incoming()
        try:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.finish(expected)
        finally:
            incoming.discard()

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
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(sha256):
            digest.update(chunk)
            size += len(chunk)
        if digest.hexdigest() != sha256:
            raise EvidenceMismatch(expected=sha256, received=digest.hexdigest())
        return size

    def _chunks(self, sha256: str) -> Iterator[bytes]:
        path = address(self.folder, sha256)
        if not path.is_file():
            raise NotVisible(Text("证据文件不在存储中", "The evidence bytes are not in the store"), sha256=sha256)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def address(folder: Path, sha256: str) -> Path:
    """Return where a blob lies. Raises ValueError for anything that is not a SHA-256."""
    if len(sha256) != 64 or not all(letter in "0123456789abcdef" for letter in sha256):
        raise ValueError("a blob is addressed by 64 lower-case hex digits")
    return folder / sha256[:2] / sha256[2:4] / sha256


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
