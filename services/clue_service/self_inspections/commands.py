"""What can be done with a self-inspection: declare, correct, verify, send back, withdraw."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from services.clue_service.access import require
from services.clue_service.detection.catalogue import directions
from services.clue_service.outlets import queries as outlets
from services.clue_service.self_inspections.models import (
    Correct,
    Declare,
    SelfInspection,
    SendBackCorrection,
    VerifyCorrection,
    WithdrawDeclaration,
)
from shared.clock import ZONE, new_id, today
from shared.errors import EvidenceMissing, NotYourStep, Text, wrong
from shared.identity import Principal
from shared.records import agreed_clocks, evidence
from shared.records.beginning import begin
from shared.records.db import visible
from shared.records.journal import Fact, record
from shared.records.parties import competent_bureau
from shared.records.perform import perform, require_actor
from shared.records.room import room_of

PROCEDURE = "self_inspection_handling"
TERM = "self_inspection_correction"
FOUND_WITHIN = timedelta(days=30)
"""How long ago a declared problem may have been found: what is older was kept back, not declared. Agreed, not law."""
PLANNED_WITHIN = timedelta(days=180)
"""How far ahead its correction may be planned; agreed, not law."""


def declare(session: Session, body: Declare, *, by: Principal, now: datetime) -> SelfInspection:
    """Declare a problem; clues received later about the same thing in its span are marked, never dropped."""
    require(by, "declare")
    if competent_bureau(room_of(session), body.division) != by.agency:
        words = Text("该区划不归您的机关", "Your agency is not the bureau of that division")
        raise NotYourStep(words, reasons=[{"code": "actor", "zh": words.zh, "en": words.en}])
    _check_days(body, today(now))
    _check_about(session, body, by)
    row = SelfInspection(
        id=new_id(now),
        journey_id=new_id(now),
        owner=by.agency,
        state="",
        procedure_id=PROCEDURE,
        created_at=now,
        updated_at=now,
        title=f"企业自查：{body.enterprise_name}",
        declared_by=by.actor,
        **body.model_dump(),
    )
    superior = room_of(session).catalogue.agencies[row.owner].superior
    parties = {"owner": [row.owner], "supervisor": [superior] if superior else []}
    begin(session, row, "declare", body, parties=parties, by=by, now=now)
    return _run(session, row, by=by, now=now)


def correct(session: Session, subject_id: UUID, body: Correct, *, by: Principal, now: datetime) -> SelfInspection:
    """Report the correction. Raises EvidenceMissing when nothing was uploaded that shows it."""
    row = visible(session, SelfInspection, subject_id, by=by)
    require_actor(session, row, "correct", by=by)
    require(by, "declare")
    if not row.found_on <= body.corrected_on <= today(now):
        raise wrong("corrected_on", "not_in_span", "改正日应在发现日之后、今日之前", "Between the finding and today")
    if not any(item.state == "held" for item in evidence.items(session, row)):
        raise EvidenceMissing(Text("没有改正的证明材料", "Nothing was uploaded that shows the correction"))
    written = body.model_dump() | {"corrected_by": by.actor}
    return perform(session, row, "correct", written, by=by, now=now)


def verify(
    session: Session, subject_id: UUID, body: VerifyCorrection, *, by: Principal, now: datetime
) -> SelfInspection:
    """Verify a correction as another person than the one who reported it."""
    row = visible(session, SelfInspection, subject_id, by=by)
    require_actor(session, row, "verify", by=by)
    if by.actor == row.corrected_by:
        raise NotYourStep(Text("报告改正的人不能自行核实", "Whoever reported the correction does not verify it"))
    written = body.model_dump() | {"verified_by": by.actor}
    return perform(session, row, "verify", written, by=by, now=now)


def send_back(
    session: Session, subject_id: UUID, body: SendBackCorrection, *, by: Principal, now: datetime
) -> SelfInspection:
    """Send a correction back; the clock runs anew to the new planned day."""
    row = visible(session, SelfInspection, subject_id, by=by)
    require_actor(session, row, "send_back", by=by)
    _check_planned(body.planned_on, today(now))
    written = body.model_dump() | {"corrected_on": None}
    return _run(session, perform(session, row, "send_back", written, by=by, now=now), by=by, now=now)


def withdraw(
    session: Session, subject_id: UUID, body: WithdrawDeclaration, *, by: Principal, now: datetime
) -> SelfInspection:
    """Withdraw a declaration: it marks no further clue."""
    row = visible(session, SelfInspection, subject_id, by=by)
    return perform(session, row, "withdraw", body, by=by, now=now)


def _run(session: Session, row: SelfInspection, *, by: Principal, now: datetime) -> SelfInspection:
    """Start the agreed clock, which lapses with the planned day."""
    until = datetime.combine(row.planned_on + timedelta(days=1), datetime.min.time(), tzinfo=ZONE)
    said = agreed_clocks.run(session, row, TERM, [row.owner], until, by=by, now=now)
    fact = Fact("self_inspection.planned", {"planned_on": str(row.planned_on)}, clocks=tuple(said))
    record(session, row, fact, by=by, now=now)
    return row


def _check_days(body: Declare, on: date) -> None:
    if body.found_on > on:
        raise wrong("found_on", "in_the_future", "发现日晚于今日", "found_on lies in the future")
    if on - body.found_on > FOUND_WITHIN:
        days = FOUND_WITHIN.days
        raise wrong("found_on", "too_late", f"应在发现后 {days} 日内申报", f"Declare within {days} days of the finding")
    _check_planned(body.planned_on, on)


def _check_planned(planned_on: date, on: date) -> None:
    if planned_on < on:
        raise wrong("planned_on", "in_the_past", "计划改正日早于今日", "planned_on lies in the past")
    if planned_on - on > PLANNED_WITHIN:
        days = PLANNED_WITHIN.days
        raise wrong("planned_on", "too_far", f"计划改正日应在 {days} 日内", f"Plan it within {days} days")


def _check_about(session: Session, body: Declare, by: Principal) -> None:
    if body.direction is not None and body.direction not in directions():
        raise wrong("direction", "unknown_direction", "没有该规则方向", "There is no such direction of rules")
    if body.outlet_id is None:
        return
    found = outlets.by_id(session, [body.outlet_id], by=by).get(body.outlet_id)
    if found is None or found.enterprise_id != body.enterprise_id:
        raise wrong("outlet_id", "unknown_outlet", "该企业没有登记这一排口", "The enterprise has no such outlet")
