"""What officers do with a case: one verb each. What other rooms tell it stands in `notes.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.case_service.cases import facts, queries
from services.case_service.cases.models import (
    Case,
    Close,
    Conclude,
    Decide,
    DeclineFiling,
    Extend,
    FileCase,
    Open,
    OtherReferralAsked,
    Record,
    Recorded,
    Refer,
    ReferOtherwise,
    ReferralAsked,
    Reopen,
    Resume,
    Resumed,
    Supplement,
    Supplemented,
)
from services.case_service.cases.stepping import taken
from shared.clock import new_id, today
from shared.errors import BodyInvalid, StepRefused, Text
from shared.events import ManifestData
from shared.identity import Principal
from shared.records import changes, evidence, parties
from shared.records.beginning import begin
from shared.records.perform import expect, require_actor
from shared.records.room import Room, room_of
from shared.records.views import Body
from shared.rules.procedure_entries import Procedure

PROCEDURE = "administrative_penalty"
UNPUNISHED = ("not_prosecuted", "acquitted", "exempted")
"""How a criminal procedure ends that gives the case back (衔接办法第十六条)."""


def open_case(session: Session, body: Open, *, by: Principal, now: datetime, journey_id: UUID | None = None) -> Case:
    """Open a case on discovery, in a journey that goes on if one is named; filing runs from `discovered_at`."""
    if body.discovered_at > now:
        words = Text("发现时间晚于当前时间", "discovered_at lies in the future")
        raise BodyInvalid(words, errors=[{"field": "discovered_at", "code": "in_the_future", "message": words}])
    values = body.model_dump() | {"owner": by.agency} | ({"journey_id": journey_id} if journey_id else {})
    return opened(session, values, "open_case", body, by=by, now=now)


def opened(session: Session, values: dict[str, Any], step: str, body: Body, *, by: Principal, now: datetime) -> Case:
    """Begin a case from its values by one of the opening steps."""
    case = Case(
        id=new_id(now),
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        **({"journey_id": new_id(now)} | values),
    )
    known = room_of(session).catalogue.agencies.get(case.owner)
    superior = known.superior if known else None
    parties = {"owner": [case.owner], "supervisor": [superior] if superior else []}
    return begin(session, case, step, body, parties=parties, by=by, now=now)


def file_case(session: Session, case_id: UUID, body: FileCase, *, by: Principal, now: datetime) -> Case:
    """File the case (立案)."""
    return taken(session, queries.case(session, case_id, seen_by=by), "file_case", body, by=by, now=now)


def decline_filing(session: Session, case_id: UUID, body: DeclineFiling, *, by: Principal, now: datetime) -> Case:
    """Do not file the case (不予立案)."""
    return taken(session, queries.case(session, case_id, seen_by=by), "decline_filing", body, by=by, now=now)


def extend_filing(session: Session, case_id: UUID, body: Extend, *, by: Principal, now: datetime) -> Case:
    """Extend the time for the filing decision."""
    return taken(session, queries.case(session, case_id, seen_by=by), "extend_filing", body, by=by, now=now)


def extend_case_limit(session: Session, case_id: UUID, body: Extend, *, by: Principal, now: datetime) -> Case:
    """Extend the time for the penalty decision."""
    return taken(session, queries.case(session, case_id, seen_by=by), "extend_case_limit", body, by=by, now=now)


def record_investigation(session: Session, case_id: UUID, body: Record, *, by: Principal, now: datetime) -> Case:
    """Record facts; a fact named again replaces the older one, which stays in the journal, and one removed does too.

    What was handed over before is left as it was: the referral room is told, and shows the difference.
    """
    case = queries.case(session, case_id, seen_by=by)
    require_actor(session, case, "record_investigation", by=by)
    if body.conduct_on is not None and body.conduct_on > today(now):
        words = Text("行为日期晚于今日", "conduct_on lies in the future")
        raise BodyInvalid(words, errors=[{"field": "conduct_on", "code": "in_the_future", "message": words}])
    held, found = facts.recorded(session, case, body, by=by, now=now)
    written = Recorded(facts=held, conduct_on=body.conduct_on or case.conduct_on, because=body.because)
    performed = taken(session, case, "record_investigation", written, by=by, now=now)
    entry = {"id": new_id(now), "seq": performed.version}
    changes.tell(session, performed, entry, found, by=by, now=now)
    return performed


def conclude_investigation(session: Session, case_id: UUID, body: Conclude, *, by: Principal, now: datetime) -> Case:
    """Conclude the investigation."""
    return taken(session, queries.case(session, case_id, seen_by=by), "conclude_investigation", body, by=by, now=now)


def refer(session: Session, case_id: UUID, body: Refer, *, by: Principal, now: datetime) -> Case:
    """Ask the referral room to refer a suspected crime: with the facts, the verdicts and the frozen evidence."""
    return _referred(session, case_id, "request_referral", body, by=by, now=now)


def refer_decided(session: Session, case_id: UUID, body: Refer, *, by: Principal, now: datetime) -> Case:
    """Refer a suspected crime after the penalty: what was decided keeps its effect (衔接办法第十六条)."""
    return _referred(session, case_id, "refer_decided_case", body, by=by, now=now)


def _referred(session: Session, case_id: UUID, step: str, body: Refer, *, by: Principal, now: datetime) -> Case:
    case = queries.case(session, case_id, seen_by=by)
    frozen = evidence.freeze(session, case, now=now)
    relevant = [verdict for verdict in queries.verdicts(session, case) if verdict["outcome"] != "not_met"]
    named = [verdict for verdict in relevant if verdict["outcome"] == "met" or verdict["facts_used"]]
    written = ReferralAsked(
        suspected_offence=body.suspected_offence,
        verdicts=named,
        manifest=ManifestData(digest=frozen.digest, body=frozen.body),
        given_at=case.given_at or now,
        given_manifest=frozen.digest,
    )
    return taken(session, case, step, written, by=by, now=now)


def refer_otherwise(session: Session, case_id: UUID, body: ReferOtherwise, *, by: Principal, now: datetime) -> Case:
    """Ask the referral room to refer the case under another procedure; the case goes on meanwhile."""
    case = queries.case(session, case_id, seen_by=by)
    require_actor(session, case, "refer_otherwise", by=by)
    room = room_of(session)
    procedure = draftable(room, body.procedure, now)
    takes_part = parties.named(room, procedure, room.catalogue.agencies[case.owner], body.parties)
    frozen = evidence.freeze(session, case, now=now)
    written = OtherReferralAsked(
        procedure=procedure.id,
        parties=takes_part,
        note=body.note,
        verdicts=[verdict for verdict in queries.verdicts(session, case) if verdict["outcome"] != "not_met"],
        manifest=ManifestData(digest=frozen.digest, body=frozen.body),
        given_at=case.given_at or now,
        given_manifest=frozen.digest,
    )
    return taken(session, case, "refer_otherwise", written, by=by, now=now)


def draftable(room: Room, procedure_id: str, now: datetime) -> Procedure:
    """Return a procedure a referral can be drafted under from a case. Raises BodyInvalid naming those there are."""
    known = {
        versions[-1].id: versions[-1]
        for versions in room.catalogue.procedures.values()
        if versions[-1].parties and "draft_from_case" in versions[-1].steps
    }
    found = known.get(procedure_id)
    if found is None or not found.in_force.holds(today(now)):
        words = Text(f"不能由案件移送至程序 {procedure_id}", f"A case is not referred under {procedure_id}")
        raise BodyInvalid(words, known=sorted(known))
    return found


def supplement(session: Session, case_id: UUID, body: Supplement, *, by: Principal, now: datetime) -> Case:
    """Give the referral what was attached to the case since. Raises StepRefused when nothing was."""
    case = queries.case(session, case_id, seen_by=by)
    require_actor(session, case, "supplement", by=by)
    expect(session, case)
    frozen = evidence.freeze(session, case, now=now)
    given = {one["item"] for one in evidence.frozen(session, case, case.given_manifest)}
    held = {one["item"] for one in evidence.frozen(session, case, frozen.digest)}
    if case.given_manifest is not None and not held - given:
        words = Text(
            "自上次移送或者补充以来没有新的证据；无法补充的，请在移送中书面说明",
            "No evidence was added since it was last given; where none can be, explain in writing at the referral",
        )
        raise StepRefused(words, manifest=frozen.digest)
    manifest = ManifestData(digest=frozen.digest, body=frozen.body)
    written = Supplemented(note=body.note, manifest=manifest, given_manifest=frozen.digest)
    return taken(session, case, "supplement", written, by=by, now=now)


def reopen_investigation(session: Session, case_id: UUID, body: Reopen, *, by: Principal, now: datetime) -> Case:
    """Investigate further."""
    return taken(session, queries.case(session, case_id, seen_by=by), "reopen_investigation", body, by=by, now=now)


def resume(session: Session, case_id: UUID, body: Resume, *, by: Principal, now: datetime) -> Case:
    """Resume administrative handling after a reverse referral; the penalty clock counts on from the result's day."""
    case = queries.case(session, case_id, seen_by=by)
    require_actor(session, case, "resume_administrative_handling", by=by)
    known = case.outcome_at if case.outcome in UNPUNISHED else None
    outcome_at = body.outcome_at or known or now
    if outcome_at > now or (case.handed_over_at is not None and outcome_at < case.handed_over_at):
        words = Text("outcome_at 应在移送之后、当前时间之前", "outcome_at lies between the hand-over and now")
        raise BodyInvalid(words, errors=[{"field": "outcome_at", "code": "out_of_order", "message": words}])
    written = Resumed(reason=body.reason, outcome_at=outcome_at)
    return taken(session, case, "resume_administrative_handling", written, by=by, now=now)


def decide(session: Session, case_id: UUID, body: Decide, *, by: Principal, now: datetime) -> Case:
    """Decide the penalty, or that none is imposed. Raises BodyInvalid for a decision that lies ahead."""
    if body.decided_at is not None and body.decided_at > now:
        words = Text("决定时间晚于当前时间", "decided_at lies in the future")
        raise BodyInvalid(words, errors=[{"field": "decided_at", "code": "in_the_future", "message": words}])
    written = body if body.decided_at else body.model_copy(update={"decided_at": now})
    return taken(session, queries.case(session, case_id, seen_by=by), "decide", written, by=by, now=now)


def close(session: Session, case_id: UUID, body: Close, *, by: Principal, now: datetime) -> Case:
    """Close the case by the way its state allows; the result goes back to the clue and its rule."""
    case = queries.case(session, case_id, seen_by=by)
    ways = {"concluded": "close_no_violation", "with_police": "close_after_judgment"}
    return taken(session, case, ways.get(case.state, "close"), body, by=by, now=now)
