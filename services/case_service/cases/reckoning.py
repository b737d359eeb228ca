"""What a case comes to: days and sums as of today, and the measures taken in it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session, col, select

from services.case_service.cases import figures
from services.case_service.cases.models import Case
from services.case_service.cases.stepping import known_of
from services.case_service.measures.models import Measure
from shared.clock import today
from shared.records.room import Room, room_of


class SurchargeView(BaseModel):
    """What is added to a fine that was not paid in time, as of `through`; yuan, never above the fine."""

    due_on: date
    through: date
    days: int
    uncounted_days: int
    """Days of a reconsideration or a lawsuit."""
    percent_a_day: int
    yuan: Decimal
    is_capped: bool
    cite_zh: str
    cite_en: str


class FiguresView(BaseModel):
    """Days and sums that follow from what a case states; null: cannot be told yet."""

    limitation_term: str | None
    limitation_zh: str | None
    limitation_en: str | None
    limitation_ends_on: date | None
    is_time_barred: bool
    hearing_request_by: date | None
    hearing_notice_by: date | None
    deemed_served_on: date | None
    payment_due_on: date | None
    remedies_end_on: date | None
    is_execution_suspended: bool
    fine_yuan: int | None
    paid_yuan: int | None
    offset_yuan: int | None
    unpaid_yuan: int | None
    surcharge: SurchargeView | None


class MeasureOfCase(BaseModel):
    """A measure taken in a case, as the case lists it."""

    id: UUID
    ref: str
    procedure_id: str
    procedure_zh: str
    procedure_en: str
    title: str
    state: str
    state_zh: str
    state_en: str
    is_ended: bool


def figures_view(session: Session, case: Case, *, now: datetime) -> FiguresView:
    """Return the figures of a case as of a moment."""
    room, known = room_of(session), known_of(session, case)
    term = known.get("limitation_term")
    named = room.catalogue.terms[term][-1] if term else None
    fine, paid, offset = (known.get(name) for name in ("fine_yuan", "paid_yuan", "offset_yuan"))
    shown: dict[str, Any] = {name: known.get(name) for name in figures.COMPUTED}
    shown |= {name: bool(known.get(name)) for name in ("is_time_barred", "is_execution_suspended")}
    return FiguresView(
        **shown,
        limitation_zh=named.cite.zh if named else None,
        limitation_en=named.cite.en if named else None,
        fine_yuan=fine,
        paid_yuan=paid,
        offset_yuan=offset,
        unpaid_yuan=max(0, fine - (paid or 0) - (offset or 0)) if fine else None,
        surcharge=_surcharge(room, known, today(now)),
    )


def _surcharge(room: Room, known: figures.Known, on: date) -> SurchargeView | None:
    found = figures.surcharge_of(room, known, on)
    if found is None:
        return None
    rate = room.catalogue.rates["penalty_surcharge"]
    return SurchargeView(
        due_on=found.due_on,
        through=found.through,
        days=found.days,
        uncounted_days=found.uncounted_days,
        percent_a_day=rate.percent_a_day,
        yuan=found.yuan,
        is_capped=found.is_capped,
        cite_zh=rate.cite.zh,
        cite_en=rate.cite.en,
    )


def measures_of(session: Session, case: Case) -> list[MeasureOfCase]:
    """Return the measures taken in a case, oldest first."""
    catalogue = room_of(session).catalogue
    rows = session.exec(select(Measure).where(Measure.about == case.ref).order_by(col(Measure.id)))
    found = []
    for measure in rows:
        procedure = catalogue.procedure_version(measure.procedure_id, measure.procedure_version)
        state = procedure.states[measure.state]
        found.append(
            MeasureOfCase(
                id=measure.id,
                ref=measure.ref,
                procedure_id=procedure.id,
                procedure_zh=procedure.name_zh,
                procedure_en=procedure.name_en,
                title=measure.title,
                state=measure.state,
                state_zh=state.name_zh,
                state_en=state.name_en,
                is_ended=state.final,
            )
        )
    return found
