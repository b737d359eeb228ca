"""A request's body into the blob store: hashed and written while the next bytes come in, in flat memory."""

import asyncio
from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from fastapi import Request

from shared.errors import BodyInvalid, Text
from shared.records.blobs import CHUNK_BYTES, Arriving, BlobStore, Stored
from shared.records.media import HEAD_BYTES, media_type


async def taken(request: Request, store: BlobStore, expected: str | None) -> tuple[Stored, str]:
    """Write a body into the store as it comes; return what was stored, and its media type by its content.

    Nothing is kept when anything is wrong: a hash that is not the expected one, a type that is no evidence, a line
    that broke. One batch is written while the next is gathered, so memory holds two of them at most.
    """
    arriving = await run_sync(store.incoming)
    writer, kind = _Writer(arriving), ""
    try:
        async for batch in _batches(request.stream()):
            if not kind:
                kind = media_type(_head(batch), request.headers.get("content-type", ""))
            await writer.give(batch)
        if not kind:
            raise BodyInvalid(Text("文件内容为空", "The file is empty"))
        await writer.rest()
        return await run_sync(arriving.finish, expected), kind
    finally:
        await writer.settle()
        await run_sync(arriving.discard)


class _Writer:
    """Writes one batch in a thread while the next one is gathered."""

    def __init__(self, arriving: Arriving) -> None:
        self._arriving = arriving
        self._under_way: asyncio.Task[None] | None = None

    async def give(self, batch: list[bytes]) -> None:
        await self.rest()
        self._under_way = asyncio.create_task(run_sync(self._arriving.write_all, batch))

    async def rest(self) -> None:
        """Wait for the batch under way, and raise what it met."""
        if self._under_way is not None:
            await self._under_way
            self._under_way = None

    async def settle(self) -> None:
        """Wait for the batch under way, whatever it met: nothing is closed under a thread that writes."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
            if not self._under_way.cancelled():
                self._under_way.exception()


async def _batches(stream: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Gather network chunks, as they are, into batches worth a thread's while."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in stream:
        if not chunk:
            continue
        waiting.append(chunk)
        size += len(chunk)
        if size >= CHUNK_BYTES:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def _head(batch: list[bytes]) -> bytes:
    head = b""
    for chunk in batch:
        head += chunk[: HEAD_BYTES - len(head)]
        if len(head) == HEAD_BYTES:
            break
    return head
