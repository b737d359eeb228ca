"""What the case room tells of changes: written beside the referral, which itself stays as it was sent."""

from sqlmodel import Session, col, select

from services.referral_service.differences.models import CaseChange
from services.referral_service.referrals.models import Referral
from shared.clock import new_id
from shared.events import Event, FactsChanged
from shared.records import notices
from shared.records.db import write
from shared.records.journal import Fact, record
from shared.records.room import room_of


def note_changes(session: Session, event: Event) -> list[Referral]:
    """Write what changed at the case beside each of its referrals that is still open; its officers are told."""
    told = FactsChanged.model_validate(event.data)
    statement = select(Referral).where(Referral.case_ref == event.subject).order_by(col(Referral.id))
    found = [one for one in session.exec(statement) if not _is_ended(session, one)]
    for referral in found:
        _note(session, referral, told, event)
    return found


def _note(session: Session, referral: Referral, told: FactsChanged, event: Event) -> None:
    room, now = room_of(session), room_of(session).clock()
    rows = [
        {
            "id": new_id(now),
            "referral_id": referral.id,
            "seq": event.sequence,
            "what": change["what"],
            "key": change["key"],
            "name": change["name"],
            "before": change["before"],
            "after": change["after"],
            "reason": change["reason"],
            "at": told.at,
            "agency": told.agency,
            "actor": told.actor,
        }
        for change in told.changes
    ]
    write(session, CaseChange, rows)
    named = [{"what": row["what"], "key": row["key"], "name": row["name"]} for row in rows]
    by = f"{told.agency}/{told.actor}"
    fact = Fact("referral.case_changed", {"case_seq": event.sequence, "changed_by": by, "changes": named})
    entry = record(session, referral, fact, by=room.itself, now=now)
    notices.raise_for_entry(session, referral, fact, str(entry["id"]), now=now)


def _is_ended(session: Session, referral: Referral) -> bool:
    law = room_of(session).catalogue
    return law.procedure_version(referral.procedure_id, referral.procedure_version).states[referral.state].final
