"""Taking one checked file: its message runs once, in one transaction with the receipt that answers it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from services.referral_service.inbound import INBOUND
from services.referral_service.receipts import commands as receipts
from services.referral_service.receipts.commands import Wanted
from services.referral_service.referrals import doors
from services.referral_service.sealed_files import applying
from services.referral_service.sealed_files.arriving import Opened, Refused, reason
from services.referral_service.sealed_files.messages import (
    RECEIPT,
    STEP,
    Carried,
    Message,
    OpenedData,
    ReceiptData,
    StepData,
    data_of,
    read_message,
)
from services.referral_service.sealed_files.models import SealedFile
from services.referral_service.sealed_files.outgoing import queue_receipt
from shared.dossier.statements import Statement, receipt_problem, state
from shared.errors import BodyInvalid, EvidenceMissing, StepRefused, Text
from shared.matters.models import Between
from shared.records import evidence, inbox
from shared.records.db import table_of
from shared.records.keyring import at_home, keyring_of
from shared.records.room import Room, room_of


def about(found: Opened) -> dict[str, Any]:
    """Return what the row of a file says of its message. Raises BodyInvalid."""
    message = read_message(found.content)
    said = {"message_id": message.id, "type": message.type, "subject": message.subject}
    said |= {"bag_digest": found.report.facts["bag"]}
    data = None if message.type in INBOUND else data_of(message)
    if isinstance(data, Carried):
        said |= {"previous": data.line.previous, "manifest_digest": data.manifest_digest}
    return said


def must_wait(room: Room, found: Opened) -> bool:
    """Whether the message before this one in its line is not here yet."""
    message = read_message(found.content)
    data = None if message.type in INBOUND else data_of(message)
    if not isinstance(data, Carried):
        return False
    with room.reading() as session:
        if isinstance(data, StepData) and applying.find(session, message) is None:
            return True
        return not is_settled(session, data.line.previous)


def is_settled(session: Session, message_id: str) -> bool:
    """Whether a message was taken, or refused for good; none at all is settled."""
    return not message_id or _stands(session, message_id, "taken", "refused")


def is_taken(session: Session, message_id: str) -> bool:
    """Whether a message was taken before, so that a spoilt copy of it is not worth a word."""
    return _stands(session, message_id, "taken")


def _stands(session: Session, message_id: str, *states: str) -> bool:
    rows = select(SealedFile.id).where(SealedFile.direction == "in", SealedFile.message_id == message_id)
    return session.exec(rows.where(col(SealedFile.state).in_(states))).first() is not None


def is_ready(session: Session, row: SealedFile) -> bool:
    """Whether a waiting file can be taken now: what stands before it is settled, and its subject is here."""
    kind, _, subject_id = row.subject.partition(":")
    model = room_of(session).subjects.get(kind)
    is_here = model is not None and session.get(model, UUID(subject_id)) is not None
    return is_settled(session, row.previous) and (is_here or row.type != STEP)


def take(room: Room, found: Opened) -> dict[str, Any]:
    """Run a file's message once and queue its receipt. Returns what its row says.

    Raises Refused or the desk's own refusal; then nothing is changed.
    """
    message = read_message(found.content)
    if message.type == RECEIPT:
        _take_receipt(room, found, message)
        return about(found)
    found.keep_evidence(room)
    now = room.clock()
    with room.transaction() as session:

        def effect() -> inbox.Outcome:
            subject = _apply(session, found, message, now=now)
            _take_receipts(session, subject, found, now=now)
            return inbox.Outcome(200, _receipt(session, subject, found, message, now=now))

        digest = inbox.digest_of(found.content)
        sender = f"sealed:{found.signer}"
        outcome = inbox.once(session, effect, sender=sender, message_id=message.id, digest=digest, now=now)
        desk = room.settings.sealed_routes.get(found.signer)
        if desk is not None:
            queue_receipt(session, outcome.result.encode(), desk=desk, now=now)
    return about(found) | {"receipt": outcome.result}


def _apply(session: Session, found: Opened, message: Message, *, now: datetime) -> Between:
    door = INBOUND.get(message.type)
    if door is not None:
        by = applying.as_principal(session, found.signer)
        return door.command(session, message.subject_id, doors.read(door, message.data), by=by, now=now)
    data = data_of(message)
    if isinstance(data, OpenedData):
        subject = applying.open_here(session, message, data, signer=found.signer, now=now)
        _check_held(session, subject, found, data)
        return subject
    if not isinstance(data, StepData):
        raise BodyInvalid(Text("该消息不办理任何步骤", "The message takes no step"), type=message.type)
    manifest = found.manifest()
    subject = applying.step_here(session, message, data, manifest, signer=found.signer, now=now)
    _check_held(session, subject, found, data)
    return subject


def _check_held(session: Session, subject: Between, found: Opened, said: Carried) -> None:
    """Every item of the manifest is here now: from this bag, or from one before. Raises EvidenceMissing."""
    held = {item.adopted_from for item in evidence.items(session, subject)} if said.manifest_digest else set()
    missing = [item for item in said.sent_before if item not in held] if said.manifest_digest else []
    if missing:
        words = Text("此前移送的证据不在本平台", "Evidence that was sent before is not on this desk")
        raise EvidenceMissing(words, items=missing)


def _take_receipts(session: Session, subject: Between, found: Opened, *, now: datetime) -> None:
    """Take the signer's own receipts out of the bag. Raises StepRefused for one bound to another manifest."""
    by = applying.as_principal(session, found.signer)
    for content in found.receipts():
        said = Statement(content).said
        if said.get("agency") != found.signer:
            continue
        if not receipts.is_known(session, subject, str(said["manifest_digest"])):
            words = Text("回执所附清单摘要与移送清单不一致", "The receipt is bound to another manifest")
            raise StepRefused(words, expected=subject.sent_manifest, given=said["manifest_digest"])
        receipts.take(session, subject, content.decode(), by=by, now=now)


def _receipt(session: Session, subject: Between, found: Opened, message: Message, *, now: datetime) -> str:
    """Return the signed receipt `delivered`; where a manifest came, it is kept and journalled here too."""
    room = room_of(session)
    to = message.data.get("to")
    named = [str(agency) for agency in to] if isinstance(to, list) else [subject.owner]
    mine = next((agency for agency in named if at_home(room, agency)), "")
    if not mine:
        raise BodyInvalid(Text("收件机关不在本平台", "None of the addressed agencies works on this desk"), to=named)
    digest = str(found.report.facts.get("manifest") or "")
    if digest:
        wanted = Wanted("delivered", mine, found.signer, digest, message.id)
        kept = receipts.issue(session, subject, wanted, by=room.itself, now=now)
        if kept is not None:
            return kept.document
    said = {
        "type": "receipt",
        "receipt": "delivered",
        "agency": mine,
        "told": found.signer,
        "subject": subject.ref,
        "manifest_digest": digest or subject.sent_manifest or str(found.report.facts["bag"]),
        "message_id": message.id,
        "at": now.isoformat(),
        "number": "",
        "reasons": [],
    }
    return state(said, keyring_of(room).signer(mine, now=now), at=now).decode()


def _take_receipt(room: Room, found: Opened, message: Message) -> None:
    """Take the receipt for a file that was sent from here. Raises Refused."""
    data = data_of(message)
    assert isinstance(data, ReceiptData)
    content = found.read(data.receipt)
    said, now = Statement(content).said, room.clock()
    if problem := receipt_problem(said):
        raise Refused([reason("receipt_unreadable", f"回执无法解读：{problem}", f"It cannot be read: {problem}")])
    with room.transaction() as session:
        row = _answered(session, found, said)
        if row is None or said["agency"] != found.signer or said["message_id"] != data.message_id:
            words = ("回执对应的文件不是本平台发出的", "The receipt is for a file this desk never sent")
            raise Refused([reason("receipt_of_another", *words, data.receipt)])
        subject = _subject_of(session, row)
        sent = row.content["message"]["data"].get("manifest_digest") or ""
        if said["receipt"] == "delivered" and sent and said["manifest_digest"] != sent:
            words = ("回执所附清单摘要与所发清单不一致", "The receipt is bound to another manifest than was sent")
            raise Refused([reason("receipt_of_another", *words, data.receipt)])
        if sent and subject is not None and said["manifest_digest"] == sent:
            by = applying.as_principal(session, found.signer)
            receipts.take(session, subject, content.decode(), by=by, now=now)
        _settle(session, row, said, content, now=now)


def _answered(session: Session, found: Opened, said: dict[str, Any]) -> SealedFile | None:
    """Return the file a receipt is for: sent to the signer's desk, about the same subject."""
    desk = room_of(session).settings.sealed_routes.get(found.signer)
    rows = select(SealedFile).where(SealedFile.direction == "out", SealedFile.message_id == said["message_id"])
    row = session.exec(rows.where(SealedFile.desk == desk)).first()
    return row if row is not None and row.subject == said["subject"] else None


def _subject_of(session: Session, row: SealedFile) -> Between | None:
    kind, _, subject_id = row.subject.partition(":")
    found = session.get(room_of(session).subjects[kind], UUID(subject_id), populate_existing=True)
    return found if isinstance(found, Between) else None


def _settle(session: Session, row: SealedFile, said: dict[str, Any], content: bytes, *, now: datetime) -> None:
    """Note the answer on the file that was sent; what was delivered stays delivered."""
    is_there = said["receipt"] in ("delivered", "accepted")
    if row.state == "delivered" and not is_there:
        return
    reasons = [reason("refused", one, one) for one in said.get("reasons", [])]
    values = {"state": "delivered" if is_there else "refused", "since": now, "reasons": reasons}
    table = table_of(SealedFile)
    session.execute(update(table).where(table.c.id == row.id).values(values | {"receipt": content.decode()}))
