"""Clues by the batch: lines of JSON, each taken or refused by itself, a few hundred in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from services.clue_service.clues import queries
from services.clue_service.clues.commands import Register, place_of, receive, require_past
from services.clue_service.clues.models import Clue, Receive
from services.clue_service.clues.queries import Place, is_near
from services.clue_service.self_inspections.covering import covering_of, standing
from shared.errors import BodyInvalid, LianqinError, Stale, Text, wrong
from shared.identity import Principal
from shared.records import inbox
from shared.records.beginning import Opening, begin_all
from shared.records.db import one_at_a_time

MOST_LINES = 1000
AT_ONCE = 250
"""Lines in one transaction: enough to share its cost, few enough not to keep others waiting."""
MOST_LINE_BYTES = 64 * 1024
LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class LineVerdict:
    """What became of one line (from 1): `received` (201), `merged` into an open clue (200) or `refused`, and why."""

    line: int
    verdict: Literal["received", "merged", "refused"]
    status: int
    clue: str | None = None
    code: str | None = None
    zh: str | None = None
    en: str | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)


class BatchView(BaseModel):
    """What became of a batch."""

    lines: int
    received: int
    merged: int
    refused: int
    verdicts: list[LineVerdict]


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a batch with their numbers; `message_id` and `digest` by which a repetition is known."""

    lines: Sequence[tuple[int, bytes]]
    digest: str
    message_id: str | None


def parts(body: bytes, key: str | None) -> list[Part]:
    """Cut a body into the parts that are taken together. Raises BodyInvalid for none and for too many lines."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if not 0 < len(lines) <= MOST_LINES:
        words = Text(f"应有 1 至 {MOST_LINES} 行，实有 {len(lines)} 行", f"1 to {MOST_LINES} lines, not {len(lines)}")
        raise BodyInvalid(words, errors=[{"field": "body", "code": "wrong_number_of_lines", "message": words}])
    whole = sha256(body).hexdigest()
    ids = [sha256(f"{key}/{start}".encode()).hexdigest() if key else None for start in range(0, len(lines), AT_ONCE)]
    return [Part(lines[n * AT_ONCE : (n + 1) * AT_ONCE], whole, message_id) for n, message_id in enumerate(ids)]


def take(session: Session, part: Part, *, by: Principal, now: datetime) -> tuple[list[LineVerdict], bool]:
    """Take a part once; gives a verdict for each line, and whether it had been taken before under the same key."""
    if part.message_id is None:
        return _taken(session, part.lines, by=by, now=now), False

    def outcome() -> inbox.Outcome:
        found = _taken(session, part.lines, by=by, now=now)
        return inbox.Outcome(200, orjson.dumps(found).decode())

    sender = f"key:{by.agency}/{by.actor}"
    done = inbox.once(session, outcome, sender=sender, message_id=part.message_id, digest=part.digest, now=now)
    return [LineVerdict(**one) for one in orjson.loads(done.result)], done.repeated


def view(verdicts: list[LineVerdict]) -> BatchView:
    """Return a batch's verdicts with their totals."""
    counts = {name: sum(one.verdict == name for one in verdicts) for name in ("received", "merged", "refused")}
    return BatchView(lines=len(verdicts), **counts, verdicts=verdicts)


class Report(NamedTuple):
    """A line that can be read, with its number and the place at which it meets reports of the same thing."""

    number: int
    body: Receive
    place: Place


def _taken(session: Session, lines: Sequence[tuple[int, bytes]], *, by: Principal, now: datetime) -> list[LineVerdict]:
    reports, verdicts = _reports(session, lines, now=now)
    one_at_a_time(session, *("/".join(report.place) for report in reports))
    taking = _Taking(session, reports, by=by, now=now)
    for report in reports:
        taking.take(report)
    verdicts |= taking.finished()
    return [verdicts[number] for number, _ in lines]


def _reports(
    session: Session, lines: Sequence[tuple[int, bytes]], *, now: datetime
) -> tuple[list[Report], dict[int, LineVerdict]]:
    """Return the lines that are reports, and the verdicts on those that are not."""
    reports: list[Report] = []
    refusals: dict[int, LineVerdict] = {}
    for number, line in lines:
        try:
            body = _read(line)
            place = place_of(session, body)
            require_past(body, now=now)
        except LianqinError as refused:
            refusals[number] = _refused(number, refused)
        else:
            reports.append(Report(number, body, place))
    return reports, refusals


class _Taking:
    """Reports in their order: those of something new wait for one another and are registered together.

    What every line would ask the database for is asked once: the open clues at their places, the declarations of
    their enterprises. Whatever is not surely new goes through `receive` by itself, which decides.
    """

    def __init__(self, session: Session, reports: Sequence[Report], *, by: Principal, now: datetime) -> None:
        self._session, self._by, self._now = session, by, now
        self._register = Register(session, by=by, now=now)
        self._twins = queries.open_at(session, {report.place for report in reports}, by=by)
        self._declared = standing(session, {report.body.enterprise_id for report in reports}, before=now)
        self._waiting: list[Report] = []
        self._taken: dict[Place, list[datetime]] = {}
        self._verdicts: dict[int, LineVerdict] = {}

    def take(self, report: Report) -> None:
        """Take the next report."""
        near = report.body.discovered_at
        before = self._taken.setdefault(report.place, [])
        is_again = any(is_near(near, one) for one in before)
        twin = next((one for one in self._twins.get(report.place, ()) if is_near(near, one.discovered_at)), None)
        if not is_again and (twin is None or not twin.is_visible):
            self._waiting.append(report)
            before.append(near)
            return
        if is_again:
            self._begin()
        self._verdicts[report.number] = self._received(report)

    def finished(self) -> dict[int, LineVerdict]:
        """Register what still waits, and return what became of each report."""
        self._begin()
        return self._verdicts

    def _begin(self) -> None:
        openings: list[Opening[Clue]] = []
        for report in self._waiting:
            try:
                one = self._opening(report)
            except LianqinError as refused:
                self._verdicts[report.number] = _refused(report.number, refused)
            else:
                openings.append(one)
                self._verdicts[report.number] = _verdict(report.number, one.subject)
        begin_all(self._session, openings, by=self._by, now=self._now)
        self._waiting = []

    def _opening(self, report: Report) -> Opening[Clue]:
        place, body = report.place, report.body
        declared = covering_of(self._declared.get(place.enterprise_id, ()), place.owner, body)
        return self._register.opening(body, place.owner, place.key, declared)

    def _received(self, report: Report) -> LineVerdict:
        """Receive one report; what a refused one wrote is taken back, the others stand."""
        try:
            with self._session.begin_nested():
                clue = receive(self._session, report.body, by=self._by, now=self._now)
        except Stale:
            raise  # the whole part is tried again
        except LianqinError as refused:
            return _refused(report.number, refused)
        return _verdict(report.number, clue)


def _verdict(number: int, clue: Clue) -> LineVerdict:
    if clue.reports == 1:
        return LineVerdict(line=number, verdict="received", status=201, clue=clue.ref)
    return LineVerdict(line=number, verdict="merged", status=200, clue=clue.ref)


def _read(line: bytes) -> Receive:
    """Return the report of a line. Raises BodyInvalid naming each field that does not fit."""
    if len(line) > MOST_LINE_BYTES:
        raise _wrong("too_long", f"一行超过 {MOST_LINE_BYTES} 字节", f"a line over {MOST_LINE_BYTES} bytes")
    try:
        return Receive.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as broken:
        raise _wrong("not_json", "不是 JSON", "it is no JSON") from broken
    except ValidationError as broken:
        told = [
            {"field": ".".join(map(str, item["loc"])), "code": item["type"], "message": item["msg"]}
            for item in broken.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise BodyInvalid(errors=told) from broken


def _refused(number: int, refused: LianqinError) -> LineVerdict:
    told = [*refused.extra.get("errors", ()), *refused.extra.get("reasons", ())]
    return LineVerdict(
        line=number,
        verdict="refused",
        status=refused.status,
        code=refused.code(),
        zh=refused.detail.zh,
        en=refused.detail.en,
        reasons=[_plain(one) for one in told],
    )


def _plain(reason: Any) -> dict[str, Any]:
    """A reason as JSON carries it: the text of an error in both languages."""
    if not isinstance(reason, Mapping):
        return {"code": str(reason.kind), "zh": reason.zh, "en": reason.en}
    words = reason.get("message")
    both = {"zh": words.zh, "en": words.en} if isinstance(words, Text) else {"message": words} if words else {}
    return {name: value for name, value in reason.items() if name != "message"} | both


def _wrong(code: str, zh: str, en: str) -> BodyInvalid:
    return wrong("line", code, zh, en)
