"""Cases over HTTP."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.case_service.cases import commands, doors, provenance, queries, reckoning, serious
from services.case_service.cases.models import (
    Case,
    CaseView,
    Close,
    Conclude,
    Decide,
    DeclineFiling,
    Extend,
    FileCase,
    Open,
    Record,
    Refer,
    ReferOtherwise,
    Reopen,
    Resume,
    Supplement,
)
from services.case_service.cases.serious import EndSerious, TurnSerious
from services.case_service.visits.approved import check_site_record
from shared.matters.bodies import Take
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep
from shared.web.evidence_routes import evidence_routes
from shared.web.problems import spoken
from shared.web.subject_routes import LanguageQuery, read_routes

router = APIRouter(prefix="/v1/cases", tags=["cases"])
read_routes(router, Case, CaseView)
evidence_routes(router, Case, check=check_site_record)


@router.post("", response_model=CaseView, status_code=201)
def open_case(body: Open, call: CallDep) -> Response:
    """Open a case on discovery."""
    return call(commands.open_case, body=body, view=CaseView, status=201)


@router.get("/{case_id}/facts")
def read_facts(case_id: UUID, session: ReadDep, by: PrincipalDep) -> provenance.FactsView:
    """Read the facts with what supports them, who recorded them when, and what they were before."""
    return provenance.facts_view(session, queries.case(session, case_id, seen_by=by))


@router.get("/{case_id}/verdicts")
def read_verdicts(
    case_id: UUID, session: ReadDep, by: PrincipalDep, language: LanguageQuery = "zh"
) -> list[dict[str, Any]]:
    """Read which transfer standards the facts meet, do not meet, or cannot tell yet, with the articles."""
    found = queries.case(session, case_id, seen_by=by)
    return [spoken(verdict, language) for verdict in queries.verdicts(session, found)]


@router.get("/{case_id}/figures")
def read_figures(case_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep) -> reckoning.FiguresView:
    """Read the days and sums that follow from what the case states: limitation, remedies, payment, surcharge."""
    return reckoning.figures_view(session, queries.case(session, case_id, seen_by=by), now=room.clock())


@router.get("/{case_id}/measures")
def read_measures(case_id: UUID, session: ReadDep, by: PrincipalDep) -> list[reckoning.MeasureOfCase]:
    """Read the measures taken in the case, oldest first."""
    return reckoning.measures_of(session, queries.case(session, case_id, seen_by=by))


@router.post("/{case_id}/steps/{step_id}", response_model=CaseView)
def take_step(case_id: UUID, step_id: str, body: Take, call: CallDep) -> Response:
    """Take a step; `GET …/steps` lists the steps there are, what each asks for, and why one is refused."""
    return call(doors.take, case_id, step_id, body=body, view=CaseView)


@router.post("/{case_id}/file", response_model=CaseView)
def file_case(case_id: UUID, body: FileCase, call: CallDep) -> Response:
    """File the case (立案)."""
    return call(commands.file_case, case_id, body=body, view=CaseView)


@router.post("/{case_id}/decline-filing", response_model=CaseView)
def decline_filing(case_id: UUID, body: DeclineFiling, call: CallDep) -> Response:
    """Do not file the case (不予立案)."""
    return call(commands.decline_filing, case_id, body=body, view=CaseView)


@router.post("/{case_id}/extend-filing", response_model=CaseView)
def extend_filing(case_id: UUID, body: Extend, call: CallDep) -> Response:
    """Extend the time for the filing decision."""
    return call(commands.extend_filing, case_id, body=body, view=CaseView)


@router.post("/{case_id}/extend-limit", response_model=CaseView)
def extend_case_limit(case_id: UUID, body: Extend, call: CallDep) -> Response:
    """Extend the time for the penalty decision."""
    return call(commands.extend_case_limit, case_id, body=body, view=CaseView)


@router.post("/{case_id}/record", response_model=CaseView)
def record_investigation(case_id: UUID, body: Record, call: CallDep) -> Response:
    """Record facts, each with the evidence that supports it."""
    return call(commands.record_investigation, case_id, body=body, view=CaseView)


@router.post("/{case_id}/conclude", response_model=CaseView)
def conclude_investigation(case_id: UUID, body: Conclude, call: CallDep) -> Response:
    """Conclude the investigation."""
    return call(commands.conclude_investigation, case_id, body=body, view=CaseView)


@router.post("/{case_id}/reopen", response_model=CaseView)
def reopen_investigation(case_id: UUID, body: Reopen, call: CallDep) -> Response:
    """Investigate further."""
    return call(commands.reopen_investigation, case_id, body=body, view=CaseView)


@router.post("/{case_id}/resume", response_model=CaseView)
def resume(case_id: UUID, body: Resume, call: CallDep) -> Response:
    """Resume administrative handling after a reverse referral."""
    return call(commands.resume, case_id, body=body, view=CaseView)


@router.post("/{case_id}/refer", response_model=CaseView)
def refer(case_id: UUID, body: Refer, call: CallDep) -> Response:
    """Ask that a suspected crime be referred to the police."""
    return call(commands.refer, case_id, body=body, view=CaseView)


@router.post("/{case_id}/refer-decided", response_model=CaseView)
def refer_decided(case_id: UUID, body: Refer, call: CallDep) -> Response:
    """Ask that a suspected crime be referred after the penalty was decided; the decision keeps its effect."""
    return call(commands.refer_decided, case_id, body=body, view=CaseView)


@router.post("/{case_id}/refer-otherwise", response_model=CaseView)
def refer_otherwise(case_id: UUID, body: ReferOtherwise, call: CallDep) -> Response:
    """Ask for a referral under another procedure: market regulation, detention, public interest …"""
    return call(commands.refer_otherwise, case_id, body=body, view=CaseView)


@router.post("/{case_id}/serious", response_model=CaseView)
def turn_serious(case_id: UUID, body: TurnSerious, call: CallDep) -> Response:
    """Turn it into a serious case: the police are told, the procuratorate is asked, both see the case."""
    return call(serious.turn, case_id, body=body, view=CaseView)


@router.post("/{case_id}/serious/end", response_model=CaseView)
def end_serious(case_id: UUID, body: EndSerious, call: CallDep) -> Response:
    """End its handling as a serious case: the observers no longer see it."""
    return call(serious.end, case_id, body=body, view=CaseView)


@router.post("/{case_id}/supplement", response_model=CaseView)
def supplement(case_id: UUID, body: Supplement, call: CallDep) -> Response:
    """Give the referral the evidence attached since."""
    return call(commands.supplement, case_id, body=body, view=CaseView)


@router.post("/{case_id}/decide", response_model=CaseView)
def decide(case_id: UUID, body: Decide, call: CallDep) -> Response:
    """Decide the penalty, or that there is none."""
    return call(commands.decide, case_id, body=body, view=CaseView)


@router.post("/{case_id}/close", response_model=CaseView)
def close(case_id: UUID, body: Close, call: CallDep) -> Response:
    """Close the case with its result."""
    return call(commands.close, case_id, body=body, view=CaseView)
