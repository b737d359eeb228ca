"""Reads of complaints."""

from secrets import compare_digest
from uuid import UUID

from sqlmodel import Session, select

from services.clue_service.complaints import tracking
from services.clue_service.complaints.models import AnswerView, Complaint
from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records.db import visible
from shared.records.room import room_of


def complaint(session: Session, complaint_id: UUID, *, seen_by: Principal) -> Complaint:
    """Return a complaint. Raises NotVisible."""
    return visible(session, Complaint, complaint_id, by=seen_by)


def answer(session: Session, number: str, code: str, *, by: Principal) -> AnswerView:
    """Return state and reply by tracking number and code, to the agency that put it down and the one that answers.

    Raises BodyInvalid for what cannot be a number; NotVisible for all else that does not fit, never telling what.
    """
    given = tracking.require_number(number)
    found = session.exec(select(Complaint).where(Complaint.tracking == given)).first()
    stored = found.query_digest if found is not None else "0" * 64
    is_right = compare_digest(stored, tracking.code_digest(code))
    if found is None or not is_right or by.agency not in (found.filed_by, found.owner):
        raise NotVisible(Text("编号或查询码不符", "The number and the code do not fit"))
    procedure = room_of(session).catalogue.procedure_version(found.procedure_id, found.procedure_version)
    state = procedure.states[found.state]
    return AnswerView(
        received_at=found.created_at,
        state_zh=state.name_zh,
        state_en=state.name_en,
        **found.model_dump(include={"tracking", "category", "state", "reply", "replied_at"}),
    )
