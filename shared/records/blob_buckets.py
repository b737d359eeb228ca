"""Bytes by their SHA-256 in an S3-compatible bucket: streamed in parts while they are hashed, created once.

Needs the extra `s3`. Nothing is kept on this machine: the parts go to `incoming/…` of the bucket, and the finished
object is copied inside the store to its address only where nothing lies there yet.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from queue import Full, Queue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from shared.config import Settings
from shared.errors import BodyTooLarge, EvidenceMismatch, RoomUnavailable, Text
from shared.records.blobs import CHUNK_BYTES, Stored, name_of, not_there, take_in, verified

PART_BYTES = 8 * CHUNK_BYTES
PARTS_AT_ONCE = 3
"""Parts under way together: with the one being filled, that bounds the memory of an upload."""
WAITING = 8
PATIENCE_SECONDS = 60.0
STORE_ERRORS = (BaseError, OSError)
"""How the library says that the store refused or could not be reached."""


class CutShort(Exception):
    """The upload was given up: the store is told to forget the parts it has."""


class Arrival:
    """A blob on its way into the bucket: parts leave while the next bytes come in."""

    def __init__(self, store: S3Store, limit: int) -> None:
        self._store, self._limit, self._size = store, limit, 0
        self._digest = hashlib.sha256()
        self._name = f"incoming/{uuid4().hex}"
        self._queue: Queue[bytes | None] = Queue(WAITING)
        self._broken: BaseException | None = None
        self._is_over = False
        self._sender = Thread(target=self._send, name="blob-upload", daemon=True)
        self._sender.start()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge past the limit, RoomUnavailable when the store does not answer."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise BodyTooLarge(limit_bytes=self._limit)
        self._digest.update(chunk)
        self._hand(chunk)

    def write_all(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes, given in pieces."""
        for chunk in chunks:
            self.write(chunk)

    def finish(self, expected: str | None = None) -> Stored:
        """Keep the bytes under their hash. Raises EvidenceMismatch when `expected` is another hash."""
        sha256 = self._digest.hexdigest()
        if expected is not None and expected.lower() != sha256:
            raise EvidenceMismatch(expected=expected.lower(), received=sha256)
        self._hand(None)
        self._sender.join()
        self._is_over = True
        if self._broken is not None:
            raise _unreachable() from self._broken
        self._keep(sha256)
        return Stored(sha256, self._size)

    def discard(self) -> None:
        """Throw away what was not kept; harmless after `finish`."""
        if self._is_over:
            return
        self._is_over = True
        self._broken = self._broken or CutShort()
        self._hand_last()
        self._sender.join()

    def _keep(self, sha256: str) -> None:
        """Give the object its address where none is; a damaged one there is set aside and replaced."""
        target = name_of(sha256)
        try:
            try:
                obstore.copy(self._store, self._name, target, overwrite=False)
            except AlreadyExistsError:
                self._mend(target, sha256)
        except STORE_ERRORS as broken:
            raise _unreachable() from broken
        finally:
            obstore.delete(self._store, self._name)

    def _mend(self, target: str, sha256: str) -> None:
        try:
            verified(chunks_of(self._store, sha256), sha256)
        except EvidenceMismatch:
            obstore.copy(self._store, target, f"{target}.changed-{uuid4().hex}")
            obstore.copy(self._store, self._name, target)

    def _hand(self, chunk: bytes | None) -> None:
        """Give the sender the next piece, waiting while the store is slower than the sender of the bytes."""
        if self._broken is not None:
            raise _unreachable() from self._broken
        try:
            self._queue.put(chunk, timeout=PATIENCE_SECONDS)
        except Full as stuck:
            raise _unreachable() from stuck

    def _hand_last(self) -> None:
        """Wake a sender that waits for more, so that it sees the upload was given up."""
        while self._sender.is_alive():
            try:
                self._queue.put(None, timeout=0.1)
                return
            except Full:
                continue

    def _send(self) -> None:
        try:
            obstore.put(
                self._store,
                self._name,
                self._pieces(),
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        except Exception as broken:  # whatever the store said, the one who writes is told by the next call
            self._broken = self._broken or broken
            self._drain()

    def _pieces(self) -> Iterator[bytes]:
        while (piece := self._queue.get()) is not None:
            yield piece
        if self._broken is not None:
            raise self._broken

    def _drain(self) -> None:
        while not self._queue.empty():
            self._queue.get()


class Buckets:
    """The blob store of an installation in a bucket: `s3://bucket/prefix`, shared by the rooms of all machines."""

    def __init__(self, settings: Settings) -> None:
        place = urlsplit(settings.blobs)
        if place.scheme != "s3" or not place.netloc:
            raise ValueError("LIANQIN_BLOBS is empty (a folder) or s3://bucket/prefix")
        self.limit = settings.evidence_limit_bytes
        given: dict[str, Any] = {
            "endpoint": settings.s3_endpoint or None,
            "access_key_id": settings.s3_access_key or None,
            "secret_access_key": settings.s3_secret_key or None,
        }
        self._store = S3Store(
            place.netloc,
            prefix=place.path.strip("/") or None,
            region=settings.s3_region,
            copy_if_not_exists="multipart",
            client_options={"allow_http": settings.s3_endpoint.startswith("http://"), "connect_timeout": "5s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
            **{name: value for name, value in given.items() if value is not None},
        )

    def incoming(self) -> Arrival:
        """Open a place for new bytes."""
        return Arrival(self._store, self.limit)

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        """Store bytes from an iterable. Raises EvidenceMismatch or BodyTooLarge; then nothing is kept."""
        return take_in(self.incoming(), chunks, expected)

    def open(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes after verifying all of them. Raises EvidenceMismatch when the bytes changed."""
        self.verify(sha256)
        return chunks_of(self._store, sha256)

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes unverified, for a reader that hashes them on the way and refuses a mismatch."""
        return chunks_of(self._store, sha256)

    def read(self, sha256: str) -> bytes:
        """Return a small blob's bytes, verified."""
        return b"".join(self.open(sha256))

    def verify(self, sha256: str) -> int:
        """Hash the stored bytes again and return their size. Raises EvidenceMismatch or NotVisible."""
        return verified(chunks_of(self._store, sha256), sha256)


def chunks_of(store: S3Store, sha256: str) -> Iterator[bytes]:
    """Yield an object's bytes. Raises NotVisible when there is none, RoomUnavailable when the store is down."""
    try:
        found = obstore.get(store, name_of(sha256))
        for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)
    except FileNotFoundError as missing:
        raise not_there(sha256) from missing
    except STORE_ERRORS as broken:
        raise _unreachable() from broken


def _unreachable() -> RoomUnavailable:
    return RoomUnavailable(Text("证据存储没有应答", "The evidence store does not answer"))
