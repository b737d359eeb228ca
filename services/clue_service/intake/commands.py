"""What the intake decides of frames and writes beside the series."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import update
from sqlmodel import Session, col, select

from services.clue_service.detection.models import DetectionRun, place_of_tables
from services.clue_service.detection.rounds import due_at
from services.clue_service.intake.answers import REFUSED, WRONG_MN, acknowledge
from services.clue_service.intake.frames import Splitter, packet
from services.clue_service.intake.hj212 import Frame
from services.clue_service.intake.models import MOST_RAW, REASONS, FrameCount, RejectedFrame, Transport
from services.clue_service.intake.readings import HOUR_DATA, SHARED, Reading, hours, rows
from services.clue_service.outlets import queries
from services.clue_service.outlets.models import Outlet
from services.clue_service.outlets.queries import parts
from services.clue_service.readings.commands import store
from services.clue_service.readings.moments import KINDS, Moment, moment, refusal
from services.clue_service.upserting import upsert
from shared.clock import ZONE, new_id, today
from shared.identity import Principal
from shared.records.db import table_of

ANSWERS: Mapping[str, str] = {"unknown_device": WRONG_MN, "future_time": REFUSED, "no_time": REFUSED}
"""QnRtn of HJ 212-2017 for a frame that is right in itself and yet not taken.

A packet of a split message is acknowledged as any frame: it is kept until the rest comes.
"""


@dataclass(frozen=True, slots=True)
class Coming:
    """How something came: by which way, from whom, and when."""

    transport: Transport
    by: Principal
    now: datetime

    @property
    def sender(self) -> str:
        """The bureau that sent, empty at the TCP door, where nobody signs in."""
        return "" if self.by.is_system else self.by.agency


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame with the line it came in (from 1)."""

    line: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame that is not taken, why, and the bureau concerned."""

    line: int
    frame: Frame
    code: str
    owner: str


@dataclass(slots=True)
class Sorted:
    """Frames sorted out: what is to be stored, frames refused, frames acknowledged only, and whose they are."""

    readings: list[Reading] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    """What minute, day and real-time data tell of."""
    devices: dict[str, Outlet] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    assembled: list[tuple[str, Frame]] = field(default_factory=list)
    """Messages put together from packets, each with the bureau concerned."""
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Frames by owner and outcome."""

    @property
    def other(self) -> int:
        """How many frames carried no data that are stored."""
        return sum(count for (_, outcome), count in self.taken.items() if outcome == "other")

    def observations(self) -> pl.DataFrame:
        """The readings as rows of obs_hour."""
        return rows(self.readings, outlets={mn: one.outlet_id for mn, one in self.devices.items()})


def sort_out(session: Session, arrivals: Sequence[Arrival], lost: Sequence[Arrival], *, coming: Coming) -> Sorted:
    """Decide of each frame whether its data are stored, and name the reason where not.

    `lost` are packets whose message never became whole.
    """
    names = {one.frame.mn for one in (*arrivals, *lost) if one.frame.mn}
    found = Sorted(devices=dict(queries.by_device(session, names, by=coming.by)))
    until = coming.now.astimezone(ZONE).replace(tzinfo=None)
    for one in arrivals:
        outlet = found.devices.get(one.frame.mn or "")
        owner = outlet.owner if outlet else coming.sender
        readings = hours(one.frame)
        code = _refusal(one.frame, readings, outlet, until)
        if code is not None:
            found.refused.append(Refused(one.line, one.frame, code, owner))
            continue
        if "assembled" in one.frame.deviations:
            found.assembled.append((owner, one.frame))
        found.readings += readings
        told = moment(one.frame, owner=owner, outlet_id=outlet.outlet_id) if outlet else None
        if told is not None:
            found.moments.append(told)
        found.taken[owner, f"{told.kind}_data" if told else "hour_data" if readings else "other"] += 1
    for one in lost:
        outlet = found.devices.get(one.frame.mn or "")
        found.refused.append(Refused(one.line, one.frame, "incomplete", outlet.owner if outlet else coming.sender))
    return found


def _refusal(frame: Frame, readings: list[Reading], outlet: Outlet | None, until: datetime) -> str | None:
    if frame.problem is not None:
        return "no_frame"
    if not frame.crc_valid:
        return "bad_checksum"
    if outlet is None:
        return "unknown_device"
    if packet(frame) is not None:
        return "incomplete"
    if frame.cn in KINDS:
        return refusal(frame, until)
    if frame.cn != HOUR_DATA:
        return None
    if frame.data_at is None:
        return "no_time"
    if all(one.quantity in SHARED for one in readings):
        return "no_readings"
    return "future_time" if readings[0].ts > until else None


def answer(frame: Frame, code: str | None, *, now: datetime) -> bytes:
    """Return the answer the sender of a frame waits for, empty when it waits for none; `code` is why it is refused."""
    return acknowledge(frame, at=now, refused=ANSWERS.get(code or ""))


def note(
    session: Session, found: Sorted, observations: pl.DataFrame, outcome: Mapping[str, int], *, coming: Coming
) -> Counter[str]:
    """Write down what became of frames after the series were stored: the refused, the counts, what changed.

    The other kinds of data are stored here, with their counts; returns what became of their values.
    """
    values = store(session, found.moments, now=coming.now)
    keep(session, found.refused, coming=coming)
    totals = found.taken + values + Counter((one.owner, one.code) for one in found.refused)
    totals.update(
        {(owner, "settled"): settle(session, owner, whole, coming=coming) for owner, whole in found.assembled}
    )
    totals.update({(coming.sender, f"rows_{name}"): number for name, number in outcome.items()})
    count(session, totals, coming=coming)
    mark_changed(session, observations, now=coming.now)
    by_outcome: Counter[str] = Counter()
    for (_, what), number in values.items():
        by_outcome[what] += number
    return by_outcome


def keep(session: Session, refused: Sequence[Refused], *, coming: Coming) -> None:
    """Keep refused frames as they came; bytes refused before for the same reason are counted."""
    kept = {(row["sha256"], row["code"], row["owner"]): row for row in (_row(one, coming) for one in refused)}
    times = Counter((_digest(one.frame), one.code, one.owner) for one in refused)
    written = [row | {"times": times[key]} for key, row in sorted(kept.items())]
    upsert(
        session,
        RejectedFrame,
        written,
        lambda table, fresh: {"times": table.c.times + fresh["times"], "last_at": fresh["last_at"]},
    )


def settle(session: Session, owner: str, whole: Frame, *, coming: Coming) -> int:
    """Note on kept packets that their message became whole; returns how many there were."""
    table = table_of(RejectedFrame)
    packets = [hashlib.sha256(raw).hexdigest() for raw in Splitter(max_frame=len(whole.raw)).feed(whole.raw)]
    kept = (table.c.owner == owner) & (table.c.code == "incomplete") & table.c.sha256.in_(packets)
    statement = update(table).where(kept, table.c.settled_at.is_(None)).values(settled_at=coming.now)
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]  # a cursor result has it


def _digest(frame: Frame) -> str:
    return hashlib.sha256(frame.raw).hexdigest()


def _row(one: Refused, coming: Coming) -> dict[str, Any]:
    words = REASONS[one.code]
    problem = one.frame.problem or {"zh": words.zh, "en": words.en}
    mn = one.frame.mn
    return {
        "sha256": _digest(one.frame),
        "code": one.code,
        "owner": one.owner,
        "id": new_id(coming.now),
        "received_at": coming.now,
        "last_at": coming.now,
        "transport": coming.transport,
        "sender": f"{coming.by.agency}/{coming.by.actor}",
        "mn": mn[:64].replace("\x00", "") if mn else None,
        "raw": base64.b64encode(one.frame.raw[:MOST_RAW]).decode(),
        "reason_zh": problem["zh"],
        "reason_en": problem["en"],
        "settled_at": None,
    }


def count(session: Session, outcomes: Mapping[tuple[str, str], int], *, coming: Coming) -> None:
    """Add to the day's counts, given by owner and outcome."""
    day = {"counted_on": today(coming.now), "transport": coming.transport}
    given = [
        day | {"owner": owner, "outcome": outcome, "count": number}
        for (owner, outcome), number in sorted(outcomes.items())
        if number
    ]
    upsert(session, FrameCount, given, lambda table, fresh: {"count": table.c["count"] + fresh["count"]})


def mark_changed(session: Session, observations: pl.DataFrame, *, now: datetime) -> None:
    """Note from which hour on the series of outlets changed, and when the rules are to look at them."""
    each = observations.partition_by("outlet_id", as_dict=True)
    known = runs_of(session, [str(outlet) for (outlet,) in each])
    given = [
        DetectionRun.fresh(
            str(outlet),
            changed_from=min(rows["ts"].to_list()).replace(tzinfo=ZONE),
            due_at=due_at(known.get(str(outlet)), rows.iter_rows(named=True), now=now),
        )
        for (outlet,), rows in sorted(each.items())
    ]
    upsert(session, DetectionRun, given, DetectionRun.changed)


def runs_of(session: Session, outlets: Sequence[str]) -> dict[str, DetectionRun]:
    """Return how far each of some outlets was judged."""
    found: dict[str, DetectionRun] = {}
    for part in parts(outlets):
        for run in session.exec(select(DetectionRun).where(col(DetectionRun.outlet_id).in_(part))):
            found[run.outlet_id] = run
    return found


def mark_tables_changed(session: Session, agency: str, *, now: datetime) -> None:
    """Note that a bureau's tables changed, for the next run of the rules that are not about outlets."""
    row = DetectionRun.fresh(place_of_tables(agency), due_at=now)
    upsert(session, DetectionRun, [row], DetectionRun.changed)
