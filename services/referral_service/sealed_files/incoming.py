"""What comes in: each file is checked, taken once in the order of its line, answered with a receipt, put away."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from services.referral_service.sealed_files import arriving, taking
from services.referral_service.sealed_files.arriving import Refused, because, reason
from services.referral_service.sealed_files.models import SealedFile
from services.referral_service.sealed_files.outgoing import queue_receipt
from shared.carriers.sealed_file import Arrival, Folders
from shared.clock import new_id
from shared.dossier.exact import sha256
from shared.dossier.findings import Report
from shared.dossier.statements import state
from shared.errors import LianqinError, Stale
from shared.records.db import table_of, write
from shared.records.journal import Fact, chain
from shared.records.keyring import keyring_of
from shared.records.room import Room, room_of

PATIENCE = timedelta(hours=1)
"""How long an incomplete file may stand still before it is set aside."""
log = structlog.get_logger()


def take_in(room: Room) -> int:
    """Take what lies in the inbox, again while one file lets another follow. Returns how many were settled."""
    settled = 0
    while moved := sum(_safely(room, arrival) for arrival in Folders(room.settings.sealed_path).arrivals()):
        settled += moved
    return settled


def _safely(room: Room, arrival: Arrival) -> bool:
    """Deal with one file so that none holds up the others; what was in the way for a moment is tried again."""
    try:
        return _one(room, arrival)
    except (OSError, DBAPIError, Stale) as passing:
        log.warning("sealed.tried_again", file=arrival.name, why=repr(passing))
        return False
    except Exception:
        log.exception("sealed.failed", file=arrival.name)
        words = ("处理时发生内部错误", "An internal error while it was taken")
        _refuse(room, arrival, Report(str(arrival.path)), [reason("internal-error", *words)])
        return True


def _one(room: Room, arrival: Arrival) -> bool:
    """Deal with one file; whether it left the inbox."""
    known = _known(room, arrival)
    if known is not None and _rests(room, known, arrival):
        return False
    report = arriving.verify(room, arrival)
    try:
        if arriving.incomplete(report) and not _gave_up(room, known, arrival):
            _note(room, arrival, "cut", reasons=[reason(one.code, one.zh, one.en) for one in report.failures])
            return False
        with arriving.opened(room, arrival, report) as found:
            if taking.must_wait(room, found):
                _note(room, arrival, "waiting", desk=found.signer, **taking.about(found))
                return False
            row = taking.take(room, found)
            _note(room, arrival, "taken", desk=found.signer, **row)
    except Refused as refused:
        _refuse(room, arrival, report, refused.reasons)
        return True
    except Stale:
        raise
    except LianqinError as refused:
        _refuse(room, arrival, report, because(refused))
        return True
    Folders(room.settings.sealed_path).done(arrival)
    return True


def _known(room: Room, arrival: Arrival) -> SealedFile | None:
    """Return what is noted of a file that has not been settled yet."""
    with room.reading() as session:
        rows = select(SealedFile).where(SealedFile.direction == "in", SealedFile.file == arrival.name)
        open_ = rows.where(col(SealedFile.state).in_(["cut", "waiting"])).order_by(col(SealedFile.id).desc())
        return session.exec(open_).first()


def _rests(room: Room, known: SealedFile, arrival: Arrival) -> bool:
    """Whether nothing has changed that could let an unsettled file go on."""
    if (known.size, known.changed_ns) != (arrival.size, arrival.changed_ns):
        return False
    if known.state == "cut":
        return not _gave_up(room, known, arrival)
    with room.reading() as session:
        return not taking.is_ready(session, known)


def _gave_up(room: Room, known: SealedFile | None, arrival: Arrival) -> bool:
    is_same = known is not None and (known.size, known.changed_ns) == (arrival.size, arrival.changed_ns)
    return known is not None and is_same and room.clock() - known.since >= PATIENCE


def _note(room: Room, arrival: Arrival, state_: str, *, desk: str = "", **values: Any) -> None:
    """Write down where a file stands: one row a file and signer; a file that was nobody's becomes somebody's."""
    now, table = room.clock(), table_of(SealedFile)
    said = {
        "state": state_,
        "since": now,
        "size": arrival.size,
        "changed_ns": arrival.changed_ns,
        "reasons": [],
    } | values
    with room.transaction() as session:
        mine = (table.c.direction == "in") & (table.c.file == arrival.name)
        if desk:
            _resolve(session, arrival.name, desk)
        if not session.execute(update(table).where(mine, table.c.desk == desk).values(said)).rowcount:  # type: ignore[attr-defined]  # a cursor result has it
            row = SealedFile(id=new_id(now), direction="in", desk=desk, file=arrival.name, state=state_, since=now)
            write(session, SealedFile, [row.model_dump() | said])


def _resolve(session: Session, file: str, desk: str) -> None:
    """What was noted of a file nobody could read belongs to its signer now."""
    table = table_of(SealedFile)
    here = (table.c.direction == "in") & (table.c.file == file)
    taken = session.execute(select(SealedFile.id).where(here, table.c.desk == desk)).first()
    values = {"desk": desk} if taken is None else {"state": "taken", "reasons": []}
    session.execute(update(table).where(here, table.c.desk == "", table.c.state != "refused").values(values))


def _refuse(room: Room, arrival: Arrival, report: Report, reasons: list[dict[str, str]]) -> None:
    """Write down why a file is not taken, answer its sender where there is one, and set the file aside."""
    now = room.clock()
    digest = sha256(arrival.path.read_bytes()) if arrival.size < 2**28 else ""
    signed = any(one.code == "signed" for one in report.findings)
    signer = str(report.facts.get("Lianqin-Agency", "")) if signed else ""
    said = {"file": arrival.name, "sha256": digest, "reasons": [one["code"] for one in reasons], "signer": signer}
    _note(room, arrival, "refused", desk=signer, reasons=reasons, **_claimed(report))
    with room.transaction() as session:
        fact = Fact("sealed.refused", said | {"detail": reasons[0]["en"][:500]})
        ref = f"sealed:{signer or 'unknown'}"
        chain(session, ref, fact, journey_id=new_id(now), by=room.itself, now=now)
        _answer(session, arrival, report, reasons, now=now)
    log.warning("sealed.refused", file=arrival.name, why=reasons[0]["en"])
    Folders(room.settings.sealed_path).quarantine(arrival, reasons, at=now.isoformat())


def _claimed(report: Report) -> dict[str, Any]:
    """What a refused file says of itself."""
    subject = str(report.facts.get("External-Identifier", ""))
    return {"subject": subject[:100].replace("\x00", ""), "message_id": str(report.facts.get("message", ""))[:100]}


def _answer(
    session: Session, arrival: Arrival, report: Report, reasons: Iterable[dict[str, str]], *, now: datetime
) -> None:
    """Queue a receipt `refused` for the desk the file says it is from; a receipt is not answered."""
    room = room_of(session)
    sender, subject = (str(report.facts.get(name, "")) for name in ("Lianqin-Agency", "External-Identifier"))
    desk = room.settings.sealed_routes.get(sender)
    message_id = str(report.facts.get("message") or arrival.path.stem)
    mine = _mine(room, report)
    if desk is None or not mine or report.facts.get("Lianqin-Kind") != "message" or not _is_uuid(message_id):
        return
    if taking.is_taken(session, message_id):
        return
    said = {
        "type": "receipt",
        "receipt": "refused",
        "agency": mine,
        "told": sender,
        "subject": subject,
        "manifest_digest": str(report.facts.get("manifest") or report.facts.get("bag") or sha256(b"")),
        "message_id": message_id,
        "at": now.isoformat(),
        "number": "",
        "reasons": [f"{one['zh']} / {one['en']}"[:400] for one in reasons],
    }
    statement = state(said, keyring_of(room).signer(mine, now=now), at=now)
    queue_receipt(session, statement, desk=desk, now=now)


def _mine(room: Room, report: Report) -> str:
    """Return the agency of this desk a file says it is for."""
    reader = str(report.facts.get("Lianqin-Reader", ""))
    is_here = reader in room.catalogue.agencies and reader not in room.settings.sealed_routes
    return reader if is_here and keyring_of(room).is_mine(reader) else ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
