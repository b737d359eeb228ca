"""One delivery of frames, from the wire into the series: sorted out, stored, then noted; only then answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.clue_service.intake import commands
from services.clue_service.intake.commands import Arrival, Coming, Refused
from services.clue_service.intake.frames import Assembler, Splitter, packet
from services.clue_service.intake.hj212 import decode
from services.clue_service.intake.series import SeriesStore
from shared.records.room import Room

RAW_LINE_ENDS = (b"\\r\\n", b"\\r")
"""Line ends as devices' logs write them out."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of frames: rows stored, there already and changed; frames acknowledged only; frames refused."""

    received: int
    stored: int
    duplicates: int
    revised: int
    values: Mapping[str, int]
    """What became of the values of minute, day and real-time data, by outcome."""
    other: int
    refused: Sequence[Refused]
    answers: Sequence[bytes]
    """One for each frame, in order; empty where the sender waits for none."""


def series_store(room: Room) -> SeriesStore:
    """Return the store of hourly series of a room."""
    return SeriesStore(room.settings.folder / "series")


def arrivals(body: bytes) -> tuple[list[Arrival], list[Arrival]]:
    """Cut a body into frames, one a line or back to back, and put the packets of split messages together.

    Returns whole frames in order, and the packets whose message never became whole.
    """
    whole: list[Arrival] = []
    waiting: dict[tuple[str | None, ...], list[Arrival]] = {}
    assembler = Assembler(timeout_s=float("inf"), most=10_000)
    for number, line in enumerate(body.split(b"\n"), start=1):
        for raw in _frames(line.rstrip(b"\r")):
            one = Arrival(number, decode(raw))
            frame = one.frame
            if frame.problem is not None or packet(frame) is None or not frame.crc_valid:
                whole.append(one)
                continue
            key = (frame.mn, frame.cn, frame.qn or frame.cp_other.get("DataTime"))
            waiting.setdefault(key, []).append(one)
            joined = assembler.add(frame, now=0.0)
            if joined is not None:
                whole.append(Arrival(number, joined))
                del waiting[key]
    return whole, [one for packets in waiting.values() for one in packets]


def _frames(line: bytes) -> list[bytes]:
    for end in RAW_LINE_ENDS:
        line = line.removesuffix(end)
    if not line.strip():
        return []
    found = Splitter().feed(line + b"\r\n")
    return found or [line]


def take(room: Room, given: Sequence[Arrival], *, coming: Coming, lost: Sequence[Arrival] = ()) -> Taken:
    """Store the data of frames and keep what was refused. Returns only after both are durable.

    The series are written before the database: a stop in between leaves the sender without an answer, it sends again,
    and what is there already counts as duplicate.
    """
    with room.reading() as session:
        found = commands.sort_out(session, given, lost, coming=coming)
    observations = found.observations()
    done = series_store(room).append(observations, now=coming.now)
    outcome = {"stored": done.stored, "duplicates": done.duplicates, "revised": done.revised.height}
    with room.transaction() as session:
        values = commands.note(session, found, observations, outcome, coming=coming)
    codes = {id(one.frame): one.code for one in found.refused}
    answers = [commands.answer(one.frame, codes.get(id(one.frame)), now=coming.now) for one in given]
    return Taken(
        len(given) + len(lost), **outcome, values=values, other=found.other, refused=found.refused, answers=answers
    )
