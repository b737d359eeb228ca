"""The TCP door for HJ 212 senders: many at once, some slow, some broken, some hostile; none may hold up another."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.clue_service.intake.answers import acknowledge
from services.clue_service.intake.frames import Assembler, Splitter, packet
from services.clue_service.intake.hj212 import Frame, decode

_READ = 16 * 1024
_MOST_NAMES = 10_000  # MNs counted by name; a hostile sender must not fill the memory with names

OnFrame = Callable[[Frame], bytes | None]
OnProblem = Callable[[Frame], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sender may take. Times in seconds, sizes in bytes."""

    connections: int = 2_000
    connections_per_address: int = 200
    idle_s: float = 600.0
    frame_s: float = 30.0
    write_s: float = 10.0
    bytes_per_minute: int = 4 * 1024 * 1024
    problems: int = 100
    workers: int = 2
    queue: int = 256
    grace_s: float = 10.0


@dataclass(slots=True)
class Counters:
    """What came and what was refused, since start."""

    connections: int = 0
    open: int = 0
    turned_away: int = 0
    received: int = 0
    frames: int = 0
    problems: int = 0
    checksum_errors: int = 0
    garbage: int = 0
    oversize: int = 0
    resynchronised: int = 0
    incomplete: int = 0
    timeouts: int = 0
    floods: int = 0
    failures: int = 0
    answers: int = 0
    checksum_errors_by_mn: Counter[str] = field(default_factory=Counter)


class Server:
    """A running door. `counters` may be read at any time from any thread."""

    def __init__(
        self, on_frame: OnFrame, clock: Callable[[], datetime], limits: Limits, on_problem: OnProblem | None = None
    ) -> None:
        self.counters = Counters()
        self._on_frame = on_frame
        self._on_problem = on_problem
        self._clock = clock
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="hj212")
        self._room = asyncio.Semaphore(limits.queue)
        self._by_address: Counter[str] = Counter()
        self._sessions: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; useful when 0 was asked for."""
        if self._listener is None or not self._listener.sockets:
            return 0
        return int(self._listener.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        self._listener = await asyncio.start_server(self._accept, host, port, limit=2 * _READ)

    async def stop(self) -> None:
        """Take no more senders, finish the frames in hand within the grace time, then close."""
        self._stopping.set()
        if self._listener is not None:
            self._listener.close()
        if self._sessions:
            _, late = await asyncio.wait(self._sessions, timeout=self._limits.grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        address = str((writer.get_extra_info("peername") or ("?",))[0])
        is_full = self.counters.open >= self._limits.connections
        if is_full or self._by_address[address] >= self._limits.connections_per_address or task is None:
            self.counters.turned_away += 1
            writer.transport.abort()
            return
        self.counters.connections += 1
        self.counters.open += 1
        self._by_address[address] += 1
        self._sessions.add(task)
        try:
            await self._session(reader, writer)
        except (ConnectionError, TimeoutError):
            self.counters.timeouts += 1
        finally:
            self._sessions.discard(task)
            self.counters.open -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(asyncio.get_running_loop().time(), self._limits)
        while not self._stopping.is_set():
            data = await self._read(reader, session)
            if data is None:
                break
            now = asyncio.get_running_loop().time()
            raws = session.splitter.feed(data) if data else [session.splitter.rest()]
            for raw in filter(None, raws):
                await self._take(raw, session, writer)
                if session.problems > self._limits.problems:
                    break
            self._note(session)
            if not data:
                break
            if session.is_flood(len(data), now):
                self.counters.floods += 1
                break
            if session.problems > self._limits.problems:
                break

    async def _read(self, reader: asyncio.StreamReader, session: "_Session") -> bytes | None:
        """The next bytes; empty at the end of the stream; None when the server stops. Raises TimeoutError."""
        now = asyncio.get_running_loop().time()
        read = asyncio.ensure_future(reader.read(_READ))
        stop = asyncio.ensure_future(self._stopping.wait())
        done, _ = await asyncio.wait({read, stop}, timeout=session.patience(now), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if read in done:
            data = read.result()
            self.counters.received += len(data)
            return data
        read.cancel()
        if stop in done:
            return None
        raise TimeoutError

    async def _take(self, raw: bytes, session: "_Session", writer: asyncio.StreamWriter) -> None:
        frame = decode(raw)
        self.counters.frames += 1
        if frame.problem is not None:
            self.counters.problems += 1
            session.problems += 1
            if self._on_problem is not None:
                await self._handle(frame, self._on_problem)
            return
        if not frame.crc_valid:
            self.counters.checksum_errors += 1
            session.problems += 1
            if frame.mn and len(self.counters.checksum_errors_by_mn) < _MOST_NAMES:
                self.counters.checksum_errors_by_mn[frame.mn[:64]] += 1
        is_stored, answer = await self._handle(frame, self._on_frame)
        whole = session.assembler.add(frame, now=asyncio.get_running_loop().time())
        if is_stored and whole is not None and packet(frame) is not None:
            is_stored, _ = await self._handle(whole, self._on_frame)
        if not is_stored:
            return
        reply = acknowledge(frame, at=self._clock()) if answer is None else answer
        if reply:
            writer.write(reply)
            async with asyncio.timeout(self._limits.write_s):
                await writer.drain()
            self.counters.answers += 1

    async def _handle(self, frame: Frame, taken_by: OnFrame | OnProblem) -> tuple[bool, bytes | None]:
        """Run a function in the pool. A sender waits for its own frame only, so nobody can fill the queue alone."""
        async with self._room:
            job = asyncio.get_running_loop().run_in_executor(self._pool, taken_by, frame)
            await asyncio.wait({job})
        if (error := job.exception()) is not None:
            # No answer: the sender keeps the data and sends it again.
            self.counters.failures += 1
            log.error("hj212 frame not stored", mn=frame.mn, cn=frame.cn, error=repr(error))
            return False, None
        return True, job.result()

    def _note(self, session: "_Session") -> None:
        """Carry the session's counts over to the server's."""
        splitter, counters = session.splitter, self.counters
        counters.garbage += splitter.garbage
        counters.oversize += splitter.oversize
        counters.resynchronised += splitter.resynchronised
        counters.incomplete += session.assembler.expired
        session.problems += splitter.oversize
        splitter.garbage = splitter.oversize = splitter.resynchronised = session.assembler.expired = 0


class _Session:
    """One sender's state: its half frame, its open messages, how much it sent this minute."""

    def __init__(self, now: float, limits: Limits) -> None:
        self.splitter = Splitter()
        self.assembler = Assembler()
        self.problems = 0
        self._limits = limits
        self._minute = now
        self._bytes = 0
        self._pending_since: float | None = None

    def patience(self, now: float) -> float:
        """Seconds to wait for more: a begun frame must end soon, however many drops it comes in."""
        if not self.splitter.is_pending:
            self._pending_since = None
            return self._limits.idle_s
        if self._pending_since is None:
            self._pending_since = now
        return max(0.0, self._limits.frame_s - (now - self._pending_since))

    def is_flood(self, count: int, now: float) -> bool:
        if now - self._minute >= 60:
            self._minute, self._bytes = now, 0
        self._bytes += count
        return self._bytes > self._limits.bytes_per_minute


async def serve(
    host: str,
    port: int,
    *,
    on_frame: OnFrame,
    clock: Callable[[], datetime],
    limits: Limits | None = None,
    on_problem: OnProblem | None = None,
) -> Server:
    """Listen for HJ 212 senders; returns the running server (stop it with `await server.stop()`).

    `on_frame` runs in a thread for every frame that is one, checksum right or wrong (see frame.crc_valid), and must
    store before it returns: only then the sender gets its answer. It returns the answer to send, b"" for none, or None
    for the usual one (`acknowledge`). When it raises, no answer is sent and the sender repeats. Each packet of a split
    message is handed over as it comes (frames.packet(frame) is not None), and the whole message once it is complete.
    `on_problem` gets, in a thread too, what is framed and yet no frame (frame.problem); nobody waits for an answer.
    """
    server = Server(on_frame, clock, limits or Limits(), on_problem)
    await server.start(host, port)
    return server
