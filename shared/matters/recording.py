"""Facts of a matter between agencies, recorded by its owner until it is handed over."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.clock import today
from shared.errors import BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.matters.bodies import RecordFacts
from shared.matters.models import Between
from shared.records import changes, evidence, facts
from shared.records.db import Party, put, table_of, visible
from shared.records.journal import Fact, record
from shared.records.perform import expect
from shared.records.room import room_of

T = TypeVar("T", bound=Between)


def record_facts(
    session: Session, model: type[T], subject_id: UUID, body: RecordFacts, *, by: Principal, now: datetime
) -> T:
    """Record facts with what supports them; what was handed over is never altered (StepRefused)."""
    subject = evidence.keepable(session, visible(session, model, subject_id, by=by, is_alone=True), by=by)
    expect(session, subject)
    _refuse_ended(session, subject)
    if subject.handed_over_at is not None or _is_shown(session, subject):
        words = Text("已移交的事实不再更改", "What was handed over is not altered")
        what_next = Text("新查明的事实请作为补充材料移送。", "Send what is found later as a supplement.")
        at = subject.handed_over_at
        raise StepRefused(words, next=what_next, handed_over_at=at.isoformat() if at else None)
    if body.conduct_on is not None and body.conduct_on > today(now):
        words = Text("行为日期晚于今日", "conduct_on lies in the future")
        raise BodyInvalid(words, errors=[{"field": "conduct_on", "code": "in_the_future", "message": words}])
    fresh = facts.rows(session, body.facts)
    facts.require_held(session, subject, body.facts)
    said = {"recorded_at": now.isoformat(), "recorded_by": f"{by.agency}/{by.actor}"}
    told = [changes.of_fact(name, subject.facts.get(name), row | said) for name, row in fresh.items()]
    written = {
        "facts": subject.facts | {name: row | said for name, row in fresh.items()},
        "conduct_on": body.conduct_on or subject.conduct_on,
    }
    table = table_of(type(subject))
    session.execute(update(table).where(table.c.id == subject.id).values(**written))
    put(subject, written)
    data = {"changes": [dict(one) for one in told], "conduct_on": str(written["conduct_on"] or "")}
    record(session, subject, Fact(f"{subject.kind}.facts_recorded", data), by=by, now=now)
    return subject


def _is_shown(session: Session, subject: Between) -> bool:
    """Whether another agency than the owner and its superior sees the matter already."""
    rows = select(Party.agency).where(Party.kind == subject.kind, Party.subject_id == subject.id)
    return session.exec(rows.where(col(Party.relation).not_in(("owner", "supervisor")))).first() is not None


def _refuse_ended(session: Session, subject: Between) -> None:
    procedure = room_of(session).catalogue.procedure_version(subject.procedure_id, subject.procedure_version)
    state = procedure.states[subject.state]
    if state.final:
        words = Text(f"事项已终结（{state.name_zh}），不再登记事实", f"The matter has ended ({state.name_en})")
        raise StepRefused(words, state=subject.state)
