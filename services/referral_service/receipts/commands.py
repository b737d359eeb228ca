"""Issue the receipts of agencies at home, take those of others, refuse what is bound to another manifest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from services.referral_service.receipts.models import Kind, Receipt
from shared.clock import new_id
from shared.dossier.exact import instant
from shared.dossier.statements import Statement, check_receipt, state
from shared.errors import SignatureInvalid, StepRefused, Text
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import evidence, journal
from shared.records.db import write
from shared.records.keyring import at_home, keyring_of
from shared.records.room import Room, room_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A receipt to be issued: of which kind, by whom, about or for whom, for which manifest and message."""

    kind: Kind
    agency: str
    told: str
    digest: str
    message_id: str
    number: str = ""
    reasons: Sequence[str] = ()


def issue(session: Session, subject: Between, wanted: Wanted, *, by: Principal, now: datetime) -> Receipt | None:
    """Issue a receipt once. Returns None when it was issued before, or when the agency signs elsewhere."""
    room = room_of(session)
    if not wanted.digest or not at_home(room, wanted.agency) or _known(session, subject, wanted):
        return None
    said = {
        "type": "receipt",
        "receipt": wanted.kind,
        "agency": wanted.agency,
        "told": wanted.told,
        "subject": subject.ref,
        "manifest_digest": wanted.digest,
        "message_id": wanted.message_id,
        "at": now.isoformat(),
        "number": wanted.number,
        "reasons": list(wanted.reasons),
    }
    document = state(said, keyring_of(room).signer(wanted.agency, now=now), at=now)
    return _store(session, subject, document, by=by, now=now)


def take(session: Session, subject: Between, document: str, *, by: Principal, now: datetime) -> Receipt | None:
    """Take a receipt another agency signed. Returns None when it was taken before.

    Raises SignatureInvalid or StepRefused after writing the refusal into a chain of its own; the subject is untouched.
    """
    content = document.encode()
    found, said = check_receipt(content, keyring_of(room_of(session)).trust(), path="receipt")
    failed = [one for one in found if one.outcome == "fails"]
    if failed or said["subject"] != subject.ref or said["agency"] != by.agency:
        words = (
            Text(failed[0].zh, failed[0].en) if failed else Text("回执属于另一事项或机关", "It is another's receipt")
        )
        refused(session, subject, {"why": words.en, "given": said.get("manifest_digest", "")}, by=by, now=now)
        raise SignatureInvalid(words)
    _check_known(session, subject, str(said["manifest_digest"]), by=by, now=now)
    names = ("manifest_digest", "message_id")
    wanted = Wanted(said["receipt"], said["agency"], str(said.get("told", "")), *(str(said[name]) for name in names))
    return None if _known(session, subject, wanted) else _store(session, subject, content, by=by, now=now)


def check_bound(
    session: Session,
    subject: Between,
    digest: str | None,
    attempt: Callable[[], object],
    *,
    by: Principal,
    now: datetime,
) -> None:
    """Refuse a step whose receipt is bound to another manifest than the one handed over last.

    `attempt` is the step itself, whose own refusal has the better words. Raises StepRefused; the refusal is journalled,
    the subject is untouched. To be called before anything else is written.
    """
    if digest in (None, subject.sent_manifest):
        return
    try:
        attempt()
        words = Text("回执所附清单摘要与移送清单不一致", "The receipt is bound to another manifest")
        raise StepRefused(words, expected=subject.sent_manifest, given=digest)
    except StepRefused:
        refused(session, subject, {"why": "bound to another manifest", "given": digest}, by=by, now=now)
        raise


def is_known(session: Session, subject: Between, digest: str) -> bool:
    """Whether a digest is that of a manifest of the subject."""
    return digest == subject.sent_manifest or session.get(evidence.Manifest, (subject.ref, digest)) is not None


def _check_known(session: Session, subject: Between, digest: str, *, by: Principal, now: datetime) -> None:
    """Refuse a receipt for a manifest nobody here knows. Raises StepRefused."""
    if is_known(session, subject, digest):
        return
    refused(session, subject, {"why": "bound to another manifest", "given": digest}, by=by, now=now)
    words = Text("回执所附清单摘要与移送清单不一致", "The receipt is bound to another manifest")
    raise StepRefused(words, expected=subject.sent_manifest, given=digest)


def refused(session: Session, subject: Between, data: Mapping[str, Any], *, by: Principal, now: datetime) -> None:
    """Write a refusal into the chain `refused:<ref>` and keep it, whatever the caller's transaction comes to."""
    fact = journal.Fact("receipt.refused", {"expected": subject.sent_manifest, **data})
    journal.chain(session, f"refused:{subject.ref}", fact, journey_id=subject.journey_id, by=by, now=now)
    session.commit()


def follow(session: Session, subject: Between, stated: Mapping[str, Any], *, by: Principal, now: datetime) -> None:
    """Issue the receipt that belongs to a step just taken: `submitted` for a manifest handed over, `accepted` for one
    a receipt speaks of."""
    message_id = message_of(session, subject)
    actor = subject.owner if by.is_system else by.agency
    manifest, digest = stated.get("manifest"), stated.get("manifest_digest")
    if manifest is not None:
        told = subject.receiver if actor != subject.receiver else subject.owner
        issue(session, subject, Wanted("submitted", actor, told, manifest.digest, message_id), by=by, now=now)
    if digest:
        number = str(stated.get("receipt_number") or stated.get("case_number") or "")
        wanted = Wanted("accepted", actor, subject.owner, str(digest), message_id, number)
        issue(session, subject, wanted, by=by, now=now)


def refuse_case(session: Session, subject: Between, reasons: str, *, by: Principal, now: datetime) -> None:
    """Issue the receipt `refused` of an agency that gave the matter back."""
    actor = subject.receiver if by.is_system else by.agency
    digest, message_id = subject.sent_manifest or "", message_of(session, subject)
    wanted = Wanted("refused", actor, subject.owner, digest, message_id, reasons=(reasons,))
    issue(session, subject, wanted, by=by, now=now)


def as_agency(room: Room, agency: str) -> Principal:
    """Return the principal of an agency as such, without a person."""
    known = room.catalogue.agencies.get(agency)
    return Principal(agency, known.kind if known else "", f"agency:{agency}", frozenset())


def message_of(session: Session, subject: Between) -> str:
    """Return the id of the newest entry's event."""
    newest = select(journal.Entry.id).where(journal.Entry.subject == subject.ref, journal.Entry.seq == subject.version)
    return str(session.exec(newest).one())


def _known(session: Session, subject: Between, wanted: Wanted) -> bool:
    same = select(Receipt.id).where(
        Receipt.subject == subject.ref,
        Receipt.kind == wanted.kind,
        Receipt.agency == wanted.agency,
        Receipt.told == wanted.told,
        Receipt.manifest_digest == wanted.digest,
    )
    return session.exec(same).first() is not None


def _store(session: Session, subject: Between, document: bytes, *, by: Principal, now: datetime) -> Receipt:
    """Store a receipt and journal it on its subject."""
    statement = Statement(document)
    said = statement.said
    row = Receipt(
        id=new_id(now),
        subject=subject.ref,
        kind=said["receipt"],
        agency=said["agency"],
        told=said.get("told", ""),
        manifest_digest=said["manifest_digest"],
        message_id=said["message_id"],
        at=instant(said["at"]),
        number=said.get("number", ""),
        reasons=said.get("reasons", []),
        key=statement.signature.key,
        digest=statement.digest,
        document=document.decode(),
    )
    write(session, Receipt, [row.model_dump()])
    names = ("kind", "agency", "manifest_digest", "message_id", "number", "key", "digest")
    data = row.model_dump(include=set(names)) | {"receipt": str(row.id), "party": row.told}
    fact = journal.Fact(f"{subject.kind}.receipt_{row.kind}", data)
    journal.record(session, subject, fact, by=by, now=now)
    return row
