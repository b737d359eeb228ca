"""What can be done with a complaint: put it down, answer it, withdraw it, open who complained."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session

from services.clue_service.access import is_program, require_taker
from services.clue_service.clues import commands as clues
from services.clue_service.clues.models import Receive
from services.clue_service.complaints import identity, queries, tracking
from services.clue_service.complaints.models import (
    Complaint,
    ComplaintSeries,
    FileComplaint,
    IdentityView,
    OpenIdentity,
    Reply,
    WithdrawComplaint,
)
from services.clue_service.upserting import upsert
from shared.clock import new_id, today
from shared.errors import BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.records import evidence
from shared.records.beginning import begin
from shared.records.db import Row
from shared.records.parties import competent_bureau
from shared.records.perform import perform
from shared.records.room import room_of

PROCEDURE = "complaint_handling"
OPEN_STATES = ("received", "awaiting_reply")
SCORE = 40.0
"""What a complaint alone weighs among clues: less than a rule's hit, until somebody looked."""


def file(session: Session, body: FileComplaint, *, by: Principal, now: datetime) -> Complaint:
    """Put down a complaint; it becomes a clue of the competent bureau, or merges into the open one of the same thing.

    The clue is received by the room itself: whoever put the complaint down sees the complaint, not the clue.
    """
    require_taker(by)
    if body.occurred_at is not None and body.occurred_at > now:
        words = Text("发生时间晚于当前时间", "occurred_at lies in the future")
        raise BodyInvalid(words, errors=[{"field": "occurred_at", "code": "in_the_future", "message": words}])
    said = identity.parts(body.complainant)
    fields = ("summary", "place", "enterprise_id", "enterprise_name")
    identity.keep_out(said, {name: getattr(body, name) for name in fields})
    room = room_of(session)
    owner = competent_bureau(room, body.division)
    number = _next_number(session, body, now=now)
    clue = clues.receive(session, _report(body, now), by=room.itself, now=now)
    complaint_id = new_id(now)
    code = tracking.query_code(room.settings.internal_secret, complaint_id)
    complaint = Complaint(
        id=complaint_id,
        journey_id=clue.journey_id,
        owner=owner,
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        tracking=number,
        query_digest=tracking.code_digest(code),
        filed_by=by.agency,
        is_named=bool(said),
        clue_ref=clue.ref,
        place=body.place or "",
        enterprise_id=body.enterprise_id or "",
        enterprise_name=body.enterprise_name or "",
        **body.model_dump(include={"category", "channel", "summary", "division", "occurred_at"}),
    )
    told = {"category": body.category, "channel": body.channel, "tracking": number, "clue_ref": clue.ref}
    begin(session, complaint, "file", told, parties=_parties(session, owner, by), by=by, now=now)
    identity.seal(session, complaint, said)
    return complaint


def require_adder(session: Session, subject: Row, by: Principal) -> None:
    """Let those add evidence who keep it, and the program that put the complaint down while it is open.

    The program sees no evidence by that and withdraws none. Raises NotYourStep and StepRefused.
    """
    assert isinstance(subject, Complaint)
    if not (is_program(by) and by.agency == subject.filed_by):
        evidence.keepable(session, subject, by=by)
    elif subject.state not in OPEN_STATES:
        words = Text("投诉举报已答复或者撤回，不再补充证据", "It is answered or withdrawn: nothing is added any more")
        raise StepRefused(words)


def reply(session: Session, complaint_id: UUID, body: Reply, *, by: Principal, now: datetime) -> Complaint:
    """Answer a complaint whose clue has ended."""
    complaint = queries.complaint(session, complaint_id, seen_by=by)
    identity.keep_out_of(session, complaint, {"reply": body.reply})
    return perform(session, complaint, "reply", {"reply": body.reply, "replied_at": now}, by=by, now=now)


def withdraw(
    session: Session, complaint_id: UUID, body: WithdrawComplaint, *, by: Principal, now: datetime
) -> Complaint:
    """Withdraw a complaint; its clue is looked into all the same."""
    complaint = queries.complaint(session, complaint_id, seen_by=by)
    identity.keep_out_of(session, complaint, {"reason": body.reason})
    return perform(session, complaint, "withdraw", body, by=by, now=now)


def open_identity(
    session: Session, complaint_id: UUID, body: OpenIdentity, *, by: Principal, now: datetime
) -> IdentityView:
    """Open who complained: journalled with the reason, before anything is shown."""
    complaint = queries.complaint(session, complaint_id, seen_by=by)
    perform(session, complaint, "open_identity", body, by=by, now=now)
    identity.keep_out_of(session, complaint, {"reason": body.reason})
    return identity.opened(session, complaint)


def _next_number(session: Session, body: FileComplaint, *, now: datetime) -> str:
    """Return the next number of a series; who asks at the same time waits for this transaction."""
    line = tracking.line_of(body.division, body.channel, today(now).year)
    upsert(session, ComplaintSeries, [{"line": line, "last": 1}], lambda table, _fresh: {"last": table.c.last + 1})
    found = session.get(ComplaintSeries, line, populate_existing=True)
    assert found is not None, "it was written in this transaction"
    return tracking.numbered(line, found.last)


def _report(body: FileComplaint, now: datetime) -> Receive:
    about = tracking.lists()["categories"][body.category]
    channel = tracking.lists()["channels"][body.channel]
    where = f"{body.division}/{body.place or ''}"
    unknown = f"unknown:{sha256(where.encode()).hexdigest()[:16]}"
    name = body.enterprise_name or (body.enterprise_id or f"不明（{body.place or body.division}）")[:200]
    reason = {"zh": f"{channel['zh']}投诉举报：{about['zh']}", "en": f"complaint, {channel['en']}: {about['en']}"}
    observed = {"observed_from": body.occurred_at, "observed_to": body.occurred_at}
    return Receive(
        title=f"投诉举报：{about['zh']}",
        summary=body.summary,
        source="complaint",
        enterprise_id=body.enterprise_id or unknown,
        enterprise_name=name,
        division=body.division,
        score=SCORE,
        score_reasons=[reason],
        discovered_at=now,
        **observed,
    )


def _parties(session: Session, owner: str, by: Principal) -> dict[str, list[str]]:
    superior = room_of(session).catalogue.agencies[owner].superior
    parties = {"owner": [owner], "supervisor": [superior] if superior else []}
    if by.agency not in (owner, superior):
        parties["partner"] = [by.agency]
    return parties
