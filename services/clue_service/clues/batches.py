"""Clues by the batch: lines of JSON, each taken or refused by itself, a few hundred in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from services.clue_service.clues.commands import place_key, place_of, receive
from services.clue_service.clues.models import Receive
from shared.errors import BodyInvalid, LianqinError, Stale, Text, wrong
from shared.identity import Principal
from shared.records import inbox
from shared.records.db import one_at_a_time

MOST_LINES = 1000
AT_ONCE = 250
"""Lines in one transaction: enough to share its cost, few enough not to keep others waiting."""
MOST_LINE_BYTES = 64 * 1024
LIMIT_BYTES = 16 * 1024 * 1024


class LineVerdict(BaseModel):
    """What became of one line (from 1): `received` (201), `merged` into an open clue (200) or `refused`, and why."""

    line: int
    verdict: Literal["received", "merged", "refused"]
    status: int
    clue: str | None = None
    code: str | None = None
    zh: str | None = None
    en: str | None = None
    reasons: list[dict[str, Any]] = []


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
        return inbox.Outcome(200, orjson.dumps([one.model_dump() for one in found]).decode())

    sender = f"key:{by.agency}/{by.actor}"
    done = inbox.once(session, outcome, sender=sender, message_id=part.message_id, digest=part.digest, now=now)
    return [LineVerdict.model_validate(one) for one in orjson.loads(done.result)], done.repeated


def view(verdicts: list[LineVerdict]) -> BatchView:
    """Return a batch's verdicts with their totals."""
    counts = {name: sum(one.verdict == name for one in verdicts) for name in ("received", "merged", "refused")}
    return BatchView(lines=len(verdicts), **counts, verdicts=verdicts)


def _taken(session: Session, lines: Sequence[tuple[int, bytes]], *, by: Principal, now: datetime) -> list[LineVerdict]:
    verdicts: dict[int, LineVerdict] = {}
    bodies: dict[int, Receive] = {}
    places: set[str] = set()
    for number, line in lines:
        try:
            bodies[number] = body = _read(line)
            owner, key = place_of(session, body)
            places.add(place_key(owner, body.enterprise_id, key))
        except LianqinError as refused:
            bodies.pop(number, None)
            verdicts[number] = _refused(number, refused)
    for place in sorted(places):  # in one order: two batches that name the same things never wait for each other
        one_at_a_time(session, place)
    for number, body in bodies.items():
        verdicts[number] = _received(session, number, body, by=by, now=now)
    return [verdicts[number] for number, _ in lines]


def _received(session: Session, number: int, body: Receive, *, by: Principal, now: datetime) -> LineVerdict:
    """Receive one line; what a refused one wrote is taken back, the others stand."""
    try:
        with session.begin_nested():
            clue = receive(session, body, by=by, now=now)
    except Stale:
        raise  # the whole part is tried again
    except LianqinError as refused:
        return _refused(number, refused)
    is_new = clue.reports == 1
    return LineVerdict(
        line=number, verdict="received" if is_new else "merged", status=201 if is_new else 200, clue=clue.ref
    )


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
