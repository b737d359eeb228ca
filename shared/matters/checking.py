"""Look before acting: is a matter complete, and what would each step start."""

from datetime import datetime

from sqlmodel import Session

from shared.clock import ZONE
from shared.identity import Principal
from shared.matters.models import Between
from shared.records.db import relations_of
from shared.records.room import room_of
from shared.records.situations import situation
from shared.rules.completeness import Completeness, completeness


def check(session: Session, subject: Between, *, by: Principal, now: datetime) -> Completeness:
    """Return what stands in a matter's way for this principal; nothing is written."""
    room = room_of(session)
    procedure = room.catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    relations = relations_of(session, subject.kind, subject.id, by)
    asked = situation(session, subject, None, relations, {}, by=by, now=now)
    local = now.astimezone(ZONE)
    return completeness(room.catalogue, procedure, subject.state, asked, calendar=room.calendar, now=local)
