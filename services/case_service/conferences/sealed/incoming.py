"""What comes in: a step of a conference as a statement its agency signed; taken once, answered, put away."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session

from services.case_service.conferences import doors
from services.case_service.conferences.sealed.outgoing import export, folders
from shared.carriers.sealed_file import Arrival
from shared.clock import new_id
from shared.dossier.exact import NotExact, text_of
from shared.dossier.statements import STEP_ANSWER, STEP_TAKEN, Statement, state
from shared.errors import BodyInvalid, LianqinError, SignatureInvalid, Stale, Text
from shared.identity import Principal
from shared.records import inbox
from shared.records.db import relations_of
from shared.records.journal import Fact, chain
from shared.records.keyring import keyring_of
from shared.records.room import Room

LARGEST_BYTES = 2**20
LONGEST_ID = 200
PATIENCE = timedelta(minutes=2)
"""How long a file that cannot be read may still be growing."""
log = structlog.get_logger()


def turn(room: Room) -> int:
    """Take in what came, then write what is to go: the chore of the worker. Returns how many files were dealt with."""
    if not room.settings.sealed_routes:
        return 0
    return take_in(room) + export(room)


def take_in(room: Room) -> int:
    """Take every statement in the inbox. Returns how many were put away, taken or refused."""
    return sum(_tried(room, arrival) for arrival in folders(room).arrivals())


def _tried(room: Room, arrival: Arrival) -> bool:
    """Take one file; one that breaks stays where it is and holds up none of the others."""
    try:
        return _one(room, arrival)
    except Exception:
        log.exception("conference.sealed.failed", file=arrival.name)
        return False


def _one(room: Room, arrival: Arrival) -> bool:
    said: dict[str, Any] = {}
    try:
        said = _read(room, arrival)
        _take(room, said, arrival.path.read_bytes())
    except Stale as passing:
        log.warning("conference.sealed.tried_again", file=arrival.name, why=str(passing))
        return False
    except LianqinError as refused:
        reasons = [{"code": refused.code(), "zh": refused.detail.zh, "en": refused.detail.en}]
        fact = Fact("conference.sealed_refused", {"file": arrival.name, "reasons": reasons, "said": dict(said)})
        now = room.clock()
        with room.transaction() as session:
            ref = f"sealed:{said.get('agency', 'unknown')}"
            chain(session, ref, fact, journey_id=new_id(now), by=room.itself, now=now)
        _answer(room, said, "refused", reasons)
        folders(room).quarantine(arrival, reasons, at=now.isoformat())
        return True
    _answer(room, said, "taken", [])
    folders(room).done(arrival)
    return True


def _read(room: Room, arrival: Arrival) -> dict[str, Any]:
    """Return what a statement says once its signature holds and its agency is one reached by sealed file.

    Raises Stale for a file that changed just now and may still be growing.
    """
    if arrival.size > LARGEST_BYTES:
        raise BodyInvalid(Text("文件过大", "The file is too large"), limit=LARGEST_BYTES)
    try:
        statement = Statement(arrival.path.read_bytes())
        agency, subject, message_id, step = text_of(dict(statement.said), "agency", "subject", "message_id", "step")
    except NotExact as broken:
        if timedelta(0) <= room.clock() - datetime.fromtimestamp(arrival.changed_ns / 1e9, UTC) < PATIENCE:
            raise Stale(file=arrival.name) from broken
        raise BodyInvalid(Text("声明无法解读", f"The statement cannot be read: {broken}")) from broken
    failed = [one for one in statement.check(keyring_of(room).trust(), path="") if one.outcome == "fails"]
    if failed:
        raise SignatureInvalid(Text(failed[0].zh, failed[0].en))
    if statement.type != STEP_TAKEN or agency not in room.settings.sealed_routes:
        raise SignatureInvalid(Text("该机关不以文件方式办理会商", "This agency does not take steps by sealed file"))
    stated = statement.said.get("stated", {})
    if not 1 <= len(message_id) <= LONGEST_ID or not message_id.isprintable():
        words = Text("message_id 应为 1 至 200 个可见字符", "message_id holds 1 to 200 visible characters")
        raise BodyInvalid(words)
    if not isinstance(stated, dict):
        raise BodyInvalid(Text("stated 应为对象", "stated must be an object"))
    return {"agency": agency, "subject": subject, "message_id": message_id, "step": step, "stated": stated}


def _take(room: Room, said: dict[str, Any], content: bytes) -> None:
    """Take the step as its agency; the id and the effect commit together."""
    conference_id = _conference(said["subject"])
    known = room.catalogue.agencies[said["agency"]]
    by = Principal(known.id, known.kind, f"agency:{known.id}", frozenset(), known.name_zh)
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            doors.take(session, conference_id, said["step"], said["stated"], by=by, now=room.clock())
            return inbox.Outcome(200, "")

        inbox.once(
            session,
            effect,
            sender=f"sealed:{by.agency}",
            message_id=said["message_id"],
            digest=inbox.digest_of(content),
            now=room.clock(),
        )


def _conference(ref: str) -> UUID:
    kind, _, conference_id = ref.partition(":")
    try:
        return UUID(conference_id if kind == "conference" else "")
    except ValueError as broken:
        raise BodyInvalid(Text("subject 应为 conference:<编号>", "subject must be conference:<id>")) from broken


def _answer(room: Room, said: dict[str, Any], outcome: str, reasons: list[dict[str, str]]) -> None:
    """Write the convener's signed answer for the sender's desk; who may not see the conference gets none."""
    desk = room.settings.sealed_routes.get(said.get("agency", ""))
    with room.reading() as session:
        owner = _owner(session, room, said) if said else ""
    if desk is None or not owner:
        return
    now = room.clock()
    answer = {
        "type": STEP_ANSWER,
        "agency": owner,
        "told": said["agency"],
        "subject": said["subject"],
        "message_id": said["message_id"],
        "outcome": outcome,
        "reasons": [f"{one['zh']} / {one['en']}"[:400] for one in reasons],
        "at": now.isoformat(),
    }
    target = folders(room).out(desk, f"answer-{new_id(now)}.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.part")
    fresh.write_bytes(state(answer, keyring_of(room).signer(owner, now=now), at=now))
    fresh.replace(target)
    log.info("conference.sealed", outcome=outcome, agency=said["agency"], step=said["step"][:40])


def _owner(session: Session, room: Room, said: dict[str, Any]) -> str:
    try:
        conference_id = _conference(said["subject"])
    except BodyInvalid:
        return ""
    model = room.subjects["conference"]
    found = session.get(model, conference_id)
    by = Principal(said["agency"], "", "", frozenset())
    return found.owner if found is not None and relations_of(session, "conference", conference_id, by) else ""
