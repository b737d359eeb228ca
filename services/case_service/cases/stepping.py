"""One step of a case, with the figures that follow from it; what a step makes stale no longer counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from services.case_service.cases import figures
from services.case_service.cases.models import Case
from shared.identity import Principal
from shared.records.db import put
from shared.records.perform import perform, plain
from shared.records.room import room_of
from shared.records.situations import stated_of

HEARING = (
    "hearing_requested_at",
    "hearing_on",
    "hearing_place",
    "hearing_host",
    "is_hearing_public",
    "hearing_notified_at",
    "hearing_held_at",
    "hearing_record",
)
HEARD = ("statement", "statement_review", "is_adopted", "waived_at", "is_hearing_waived", *HEARING)
DELIBERATED = ("is_legal_review_passed", "deliberated_at", "deliberation_record")
TOLD = ("informed_at", "intended_penalty", "intended_kind", "intended_fine_yuan", "is_hearing_offered")
WEIGHED = ("needs_legal_review", "is_major", "reviewer")
STALE: Mapping[str, tuple[str, ...]] = {
    "inform": HEARD,
    "inform_exception": HEARD,
    "schedule_hearing": ("hearing_notified_at",),
    "hold_hearing": ("is_legal_review_passed",),
    "approve_deferral": (),
}
"""What a step asks for anew: an earlier statement of it no longer counts."""
AFRESH = (*TOLD, *HEARD, *DELIBERATED, *WEIGHED)
"""What a case that goes back to the investigation must do again (生态环境行政处罚办法第四十条)."""


def taken(
    session: Session,
    case: Case,
    step_id: str,
    body: BaseModel | Mapping[str, Any],
    *,
    by: Principal,
    now: datetime,
) -> Case:
    """Take a step of a case; the figures of `figures.COMPUTED` are written with it."""
    room = room_of(session)
    procedure = room.catalogue.procedure_version(case.procedure_id, case.procedure_version)
    step = procedure.steps[step_id]
    given = _fields(body)
    stale = set(STALE.get(step_id, ())) | set(figures.COMPUTED)
    if step.to_state == "investigating":
        stale |= set(AFRESH)
    kept = {name: value for name, value in case.stated.items() if name not in stale}
    put(case, {"stated": kept})
    known = case.model_dump() | stated_of(session, case) | {k: v for k, v in given.items() if v is not None}
    found = {name: plain(value) for name, value in figures.computed(room, known).items()}
    put(case, {"stated": kept | found})
    return perform(session, case, step_id, given, by=by, now=now)


def _fields(body: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(body, BaseModel):
        return {name: getattr(body, name) for name in type(body).model_fields}
    return dict(body)


def known_of(session: Session, case: Case) -> dict[str, Any]:
    """Return what is known of a case, typed, by name."""
    return case.model_dump() | stated_of(session, case)
