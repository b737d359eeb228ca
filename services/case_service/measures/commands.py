"""Open a measure in a case and take its steps; the case hears of each, and is not closed while one is open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from services.case_service.cases.models import Case
from services.case_service.cases.stepping import taken
from services.case_service.measures import figures
from services.case_service.measures.models import Measure
from services.case_service.visits import approved as visits
from shared.errors import BodyInvalid, NotYourStep, StepRefused, Text
from shared.identity import Principal
from shared.matters import commands as matters
from shared.matters.bodies import Open, Take
from shared.matters.commands import Habits
from shared.matters.models import Between
from shared.records.db import put, visible
from shared.records.room import room_of
from shared.records.situations import stated_of
from shared.rules.procedure_entries import Step

T = TypeVar("T", bound=Between)

BEFORE_DECISION = ("discovered", "investigating", "suspended", "concluded", "reviewed", "informed", "hearing", "heard")
REFERRED = ("referral_requested", "referred", "with_police")
AFTER_DECISION = ("decided", "served", "enforcing", "executed")
OPEN_IN: Mapping[str, tuple[str, ...]] = {
    "prior_registration": BEFORE_DECISION,
    "sealing_seizure": (*BEFORE_DECISION, *REFERRED),
    "production_restriction": (*BEFORE_DECISION[1:], *REFERRED, *AFTER_DECISION),
    "correction_daily_penalty": (*BEFORE_DECISION, *AFTER_DECISION),
}
"""Procedure of a measure -> states of the case in which it can be taken.

Evidence is registered and facilities sealed while the facts are sought (行政处罚法第五十六条、行政强制法第二十七条);
production is restricted beside a penalty (限制生产办法第三条); a daily penalty follows one (按日连续处罚办法第七条).
"""


def open_measure(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    """Open a measure in a case of one's own. Raises BodyInvalid without one, StepRefused where its state is wrong."""
    case = _case(session, body.about or "", by)
    if case is None:
        words = Text("请写明案件（about：case:…）", "Name the case it is taken in (about: case:…)")
        raise BodyInvalid(words, errors=[{"field": "about", "code": "missing", "message": words}])
    if case.owner != by.agency:
        raise NotYourStep(Text("只能在本机关承办的案件中采取措施", "A measure is taken in a case of your own agency"))
    states = OPEN_IN.get(body.procedure)
    if states is not None and case.state not in states:
        procedure = room_of(session).catalogue.procedure_version(case.procedure_id, case.procedure_version)
        here = procedure.states[case.state]
        words = Text(
            f"案件当前为“{here.name_zh}”，不能采取该措施",
            f"The measure is not taken while the case is '{here.name_en}'",
        )
        names = "、".join(procedure.states[name].name_zh for name in states)
        what_next = Text(f"该措施可在以下状态采取：{names}", f"It can be taken while the case is: {', '.join(states)}")
        raise StepRefused(words, next=what_next, state=case.state, allowed_states=list(states))
    return matters.open_matter(session, model, body, by=by, now=now, habits=HABITS)


def take(
    session: Session, model: type[T], subject_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime
) -> T:
    """Take a step of a measure."""
    return matters.take(session, model, subject_id, step_id, body, by=by, now=now, habits=HABITS)


def _before(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    assert isinstance(matter, Measure)
    said = {name: value for name, value in stated.items() if value is not None}
    case = _case(session, matter.about, room_of(session).itself)
    if case is not None:
        visits.check_stated(session, said, case, by=by)
    known = stated_of(session, matter) | said
    found = figures.computed(session, matter, step.id, known, case)
    if found:
        put(matter, {"stated": matter.stated | found})


def _after(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    room = room_of(session)
    case = _case(session, matter.about, room.itself)
    assert case is not None
    procedures = room.catalogue
    rows = session.exec(
        select(Measure.id, Measure.procedure_id, Measure.procedure_version, Measure.state)
        .where(Measure.about == matter.about)
        .order_by(col(Measure.id))
    ).all()
    still = [
        f"measure:{measure_id}"
        for measure_id, procedure_id, version, state in rows
        if not procedures.procedure_version(procedure_id, version).states[state].final
    ]
    session.info.pop("if_match", None)  # the version named was the measure's, not the case's
    note = {"measure_ref": matter.ref, "measure_procedure": matter.procedure_id, "measure_step": step.id}
    taken(session, case, "note_measure", note | {"open_measures": still}, by=room.itself, now=now)


def _case(session: Session, about: str, by: Principal) -> Case | None:
    kind, _, case_id = about.partition(":")
    return visible(session, Case, UUID(case_id), by=by) if kind == "case" else None


HABITS = Habits(before=_before, after=_after)
"""What every step of a measure brings with it: its figures, and a note in the case."""
