"""Minutes: generated from what is recorded, kept as versions, signed by each agency with its own key."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.conferences import queries, timing
from services.case_service.conferences.bodies import RefuseMinutes, SignMinutes, WriteMinutes
from services.case_service.conferences.content import content
from services.case_service.conferences.models import Conference, Minutes, MinutesSignature
from shared.clock import new_id
from shared.dossier.exact import NotExact, exact
from shared.dossier.minutes import SIGNATURE, check_signature
from shared.dossier.statements import Statement, state
from shared.errors import AlreadyDecided, BodyInvalid, SignatureInvalid, StepRefused, Text, wrong
from shared.identity import Principal
from shared.records.db import write
from shared.records.keyring import at_home, keyring_of
from shared.records.perform import perform, require_actor
from shared.records.room import room_of


def write_minutes(
    session: Session, conference_id: UUID, body: WriteMinutes, *, by: Principal, now: datetime
) -> Conference:
    """Write a new version of the minutes; signatures under an older version do not count for it."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "write_minutes", by=by)
    if body.signatures_by is not None and body.signatures_by <= now:
        raise wrong("signatures_by", "in_the_past", "会签期限应在此刻之后", "signatures_by lies in the past")
    number = found.minutes + 1
    text = exact(content(session, found, number, body.conclusions, now=now)).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    said = timing.cancel(session, found, timing.SIGNATURE, at=now)
    if body.signatures_by is not None:
        signers = queries.active(session, found)
        said += timing.run(session, found, timing.SIGNATURE, signers, body.signatures_by, by=by, now=now)
    written = body.model_dump() | {"minutes": number, "minutes_digest": digest, "terms": said}
    perform(session, found, "write_minutes", written, by=by, now=now)
    row = Minutes(
        id=new_id(now), conference_id=found.id, number=number, body=text, digest=digest, at=now, actor=by.actor
    )
    write(session, Minutes, [row.model_dump()])
    return found


def sign(session: Session, conference_id: UUID, body: SignMinutes, *, by: Principal, now: datetime) -> Conference:
    """Sign the newest version of the minutes for one's agency. Raises AlreadyDecided the second time."""
    return _said(session, conference_id, body, "signed", "", by=by, now=now)


def refuse(session: Session, conference_id: UUID, body: RefuseMinutes, *, by: Principal, now: datetime) -> Conference:
    """Refuse to sign the newest version, with reasons; they stand beside the signatures of the others."""
    return _said(session, conference_id, body, "refused", body.reasons, by=by, now=now)


def _said(
    session: Session,
    conference_id: UUID,
    body: SignMinutes,
    decision: str,
    reasons: str,
    *,
    by: Principal,
    now: datetime,
) -> Conference:
    found = queries.conference(session, conference_id, seen_by=by)
    step = "sign_minutes" if decision == "signed" else "refuse_minutes"
    require_actor(session, found, step, by=by)
    version = _newest(session, found, body.number)
    _refuse_twice(session, found, body.number, by)
    said = _claim(found, version, decision, reasons, by=by, now=now)
    document = _statement(session, said, body.statement, by=by, now=now)
    terms = timing.meet(session, found, timing.SIGNATURE, by.agency, at=now)
    is_late = found.signatures_by is not None and now > found.signatures_by
    written = {"number": version.number, "reasons": reasons, "minutes_digest": version.digest, "is_late": is_late}
    perform(session, found, step, written | {"agency": by.agency, "terms": terms}, by=by, now=now)
    row = MinutesSignature(
        id=new_id(now),
        conference_id=found.id,
        number=version.number,
        agency=by.agency,
        decision=decision,
        reasons=reasons,
        at=now,
        is_late=is_late,
        key=Statement(document.encode()).signature.key,
        document=document,
    )
    write(session, MinutesSignature, [row.model_dump()])
    return found


def _claim(
    found: Conference, version: Minutes, decision: str, reasons: str, *, by: Principal, now: datetime
) -> dict[str, Any]:
    """Return what a signature under minutes says."""
    return {
        "type": SIGNATURE,
        "agency": by.agency,
        "subject": found.ref,
        "number": version.number,
        "minutes_digest": version.digest,
        "decision": decision,
        "reasons": reasons,
        "at": now.isoformat(),
    }


def _newest(session: Session, found: Conference, number: int) -> Minutes:
    version = queries.minutes(session, found, number)
    if number != found.minutes:
        words = Text(
            f"第 {number} 版纪要已由第 {found.minutes} 版取代，请会签最新一版",
            f"Version {number} was replaced by version {found.minutes}: sign that one",
        )
        raise StepRefused(words, newest=found.minutes)
    return version


def _refuse_twice(session: Session, found: Conference, number: int, by: Principal) -> None:
    known = next((one for one in queries.signatures(session, found, number) if one.agency == by.agency), None)
    if known is not None:
        verb_zh, verb_en = ("会签", "signed") if known.decision == "signed" else ("表示不予会签", "refused to sign")
        at = known.at.isoformat()
        words = Text(
            f"贵机关已于 {at} 对第 {number} 版纪要{verb_zh}；纪要另有新版时再会签",
            f"Your agency {verb_en} version {number} at {at}; it is asked again for a new version only",
        )
        raise AlreadyDecided(words, decision=known.decision, at=at)


def _statement(session: Session, said: Mapping[str, Any], given: str | None, *, by: Principal, now: datetime) -> str:
    """Return the signed statement: made here for an agency at home, checked where another desk made it."""
    room = room_of(session)
    if given is None:
        if not at_home(room, by.agency):
            words = Text(
                "贵机关的签名密钥不在本平台，请附上已签名的声明（statement）",
                "The key of your agency is elsewhere: send the signed statement",
            )
            raise BodyInvalid(words, errors=[{"field": "statement", "code": "missing", "message": words}], wanted=said)
        return state(said, keyring_of(room).signer(by.agency, now=now), at=now).decode()
    try:
        statement = Statement(given.encode())
    except NotExact as broken:
        raise wrong("statement", "unreadable", "声明无法解读", f"the statement cannot be read: {broken}") from broken
    failed = [
        one for one in check_signature(statement, keyring_of(room).trust(), path="statement") if one.outcome == "fails"
    ]
    if failed:
        raise SignatureInvalid(Text(failed[0].zh, failed[0].en))
    differing = [name for name in said if name != "at" and statement.said.get(name) != said[name]]
    if differing:
        words = Text(f"声明的 {differing[0]} 与会签内容不一致", f"The statement says another '{differing[0]}'")
        raise SignatureInvalid(words, expected={name: said[name] for name in differing})
    return given
