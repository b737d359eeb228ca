"""From a byte stream to frames, and from the packets of a split message to one frame."""

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.clue_service.intake.hj212 import Frame

MAX_FRAME = 64 * 1024  # the standard allows 1024; real devices send ten times that
PACKET_TIMEOUT_S = 10.0  # HJ 212-2017, table 1
_HEADER = re.compile(rb"##\d{4}[A-Za-z]")
_GLUED = re.compile(rb"&&[0-9A-Fa-f]{4}(?=##)")
_END = re.compile(rb"&&[0-9A-Fa-f]{4}")


class Splitter:
    """Cuts a stream into raw frames, however the reads fell; holds at most `max_frame` bytes.

    Counts what it threw away: `garbage` bytes outside frames, `oversize` beginnings that never ended,
    `resynchronised` frames whose declared length did not fit.
    """

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._max = max_frame
        self.garbage = 0
        self.oversize = 0
        self.resynchronised = 0

    @property
    def is_pending(self) -> bool:
        """Whether part of a frame waits for its rest."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read; give the frames it completed, in order."""
        frames = []
        for start in range(0, len(data), self._max):
            self._buffer += data[start : start + self._max]
            while (frame := self._next()) is not None:
                frames.append(frame)
        return frames

    def rest(self) -> bytes:
        """What is left when the sender closes: a last frame without CRLF, or a torn one; empty when nothing is."""
        left = bytes(self._buffer)
        self._buffer.clear()
        return left

    def _next(self) -> bytes | None:
        if not self._to_start():
            return None
        size = self._size()
        if size is None:
            if len(self._buffer) <= self._max:
                return None
            self.oversize += 1
            self._drop(2)
            return self._next_after_oversize()
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        return frame

    def _next_after_oversize(self) -> bytes | None:
        # The rest of the oversize frame is garbage up to the next header; without one nothing of it is kept.
        found = _HEADER.search(self._buffer)
        self._drop(found.start() if found else len(self._buffer))
        return self._next() if found else None

    def _drop(self, count: int) -> None:
        self.garbage += count
        del self._buffer[:count]

    def _to_start(self) -> bool:
        """Discard what stands before the next ##; line ends between frames are not garbage."""
        start = self._buffer.find(b"##")
        if start < 0:
            start = len(self._buffer) - (self._buffer[-1:] == b"#")
        while self._buffer[start + 2 : start + 3] == b"#":
            start += 1  # a stray # right before the header
        lost = bytes(self._buffer[:start])
        self.garbage += len(lost.strip(b"\r\n"))
        del self._buffer[:start]
        return len(self._buffer) >= 6

    def _size(self) -> int | None:
        """How many bytes the first frame takes; None while it is not complete."""
        buffer = self._buffer
        if buffer[2:6].isdigit():
            size = 6 + int(buffer[2:6]) + 4
            if len(buffer) >= size and _END.fullmatch(buffer, size - 6, size):
                return size + 2 if buffer[size : size + 2] == b"\r\n" else size
        # The length is wrong or the rest has not come: a line end, the next header, or a glued frame ends it too.
        end = self._nearest_end()
        if end < 0:
            return None
        self.resynchronised += 1
        return end + 2 if buffer[end : end + 2] == b"\r\n" else end

    def _nearest_end(self) -> int:
        """Each search looks no further than what the one before found: many short frames must stay cheap."""
        buffer = self._buffer
        header = _HEADER.search(buffer, 2)
        limit = header.start() if header else len(buffer)
        line = buffer.find(b"\r\n", 2, limit)
        end = line if line >= 0 else limit
        glued = _GLUED.search(buffer, 2, min(end + 2, len(buffer)))
        if glued:
            return glued.end()
        return end if line >= 0 or header else -1


class _Key(NamedTuple):
    mn: str | None
    cn: str | None
    number: str | None


@dataclass(slots=True)
class _Open:
    began: float
    parts: dict[int, Frame] = field(default_factory=dict)


def packet(frame: Frame) -> tuple[int, int] | None:
    """(PNUM, PNO) of one packet of a split message; None for a whole message or impossible numbers."""
    pnum, pno = frame.pnum or "", frame.pno or ""
    if "assembled" in frame.deviations or not (pnum.isdecimal() and pno.isdecimal() and len(pnum) < 5 > len(pno)):
        return None
    total, this = int(pnum), int(pno)
    return (total, this) if 1 <= this <= total and total > 1 else None


class Assembler:
    """Puts the packets of split messages together, in whatever order they come; at most `most` messages at a time."""

    def __init__(self, *, timeout_s: float = PACKET_TIMEOUT_S, most: int = 64) -> None:
        self._open: dict[_Key, _Open] = {}
        self._timeout = timeout_s
        self._most = most
        self.expired = 0

    def add(self, frame: Frame, *, now: float) -> Frame | None:
        """The whole message when this frame completes one (or is one), else None. `now` is monotonic seconds.

        A packet sent again replaces its first copy. A packet with a wrong checksum does not count.
        """
        self.expire(now=now)
        numbers = packet(frame)
        if numbers is None:
            return frame
        if not frame.crc_valid:
            return None
        key = _Key(frame.mn, frame.cn, frame.qn or frame.cp_other.get("DataTime"))
        if key not in self._open and len(self._open) >= self._most:
            self._forget(min(self._open, key=lambda one: self._open[one].began))
        message = self._open.setdefault(key, _Open(now))
        total, this = numbers
        message.parts[this] = frame
        if len(message.parts) < total:
            return None
        del self._open[key]
        return _joined([message.parts[number] for number in sorted(message.parts)])

    def expire(self, *, now: float) -> None:
        """Forget messages whose packets did not all come in time; they are counted."""
        for key in [key for key, message in self._open.items() if now - message.began > self._timeout]:
            self._forget(key)

    def _forget(self, key: _Key) -> None:
        del self._open[key]
        self.expired += 1


def _joined(parts: list[Frame]) -> Frame:
    other: dict[str, str] = {}
    factors: dict[str, dict[str, str]] = {}
    for part in parts:
        other |= part.cp_other
        for code, fields in part.factors.items():
            factors[code] = factors.get(code, {}) | fields
    raw = b"".join(part.raw for part in parts)
    notes = (*parts[-1].deviations, "assembled")
    return replace(parts[-1], raw=raw, cp_other=other, factors=factors, deviations=notes)
