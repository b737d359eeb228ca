"""Conferences over HTTP: called, answered, held, minuted, resolved, followed to the end."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.case_service.conferences import calendar, convening, queries, showing
from services.case_service.conferences.bodies import Convene
from services.case_service.conferences.doors import STEPS, Door
from services.case_service.conferences.evidence_routes import add_evidence_routes
from services.case_service.conferences.models import Attendance, Conference, Invitation
from services.case_service.conferences.views import (
    ActionView,
    AttendanceView,
    ConferenceView,
    InvitationView,
    MinutesView,
    OpinionView,
    QuorumShown,
    ResolutionsView,
    VerifiedView,
)
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep
from shared.web.paging import Page
from shared.web.subject_routes import read_routes

router = APIRouter(prefix="/v1/conferences", tags=["conferences"])
read_routes(router, Conference, ConferenceView)
add_evidence_routes(router)
NumberPath = Annotated[int, Path(ge=1, le=10_000, description="Version of the minutes")]
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.post("", response_model=ConferenceView, status_code=201)
def convene(body: Convene, call: CallDep) -> Response:
    """Call a conference on your own cases: agencies are invited, materials frozen, clocks started."""
    return call(convening.convene, body=body, view=ConferenceView, status=201)


def _route(door: Door) -> Callable[..., Response]:
    """Return the route function of a step, whose body is the step's own."""

    def take(conference_id: UUID, body: Convene, call: CallDep) -> Response:
        return call(door.command, conference_id, body=body, view=ConferenceView)

    take.__annotations__["body"] = door.body
    take.__doc__ = (door.command.__doc__ or "").partition("\n")[0]
    return take


for _step, _door in STEPS.items():
    _address = f"/{{conference_id}}/{_step.replace('_', '-')}"
    router.post(_address, response_model=ConferenceView, name=f"{_step}_conference")(_route(_door))


@router.get("/{conference_id}/invitations")
def read_invitations(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[InvitationView]:
    """Read who is invited and what each answered."""
    found = queries.conference(session, conference_id, seen_by=by)
    return Page(items=[InvitationView.model_validate(one) for one in queries.rows(session, Invitation, found)])


@router.get("/{conference_id}/attendance")
def read_attendance(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[AttendanceView]:
    """Read who was there, from when to when, and who stands aside."""
    found = queries.heard(session, conference_id, seen_by=by)
    return Page(items=[AttendanceView.model_validate(one) for one in queries.rows(session, Attendance, found)])


@router.get("/{conference_id}/quorum")
def read_quorum(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> QuorumShown:
    """Read whether enough agencies take part, and who is missing."""
    return QuorumShown.model_validate(queries.quorum(session, queries.heard(session, conference_id, seen_by=by)))


@router.get("/{conference_id}/opinions")
def read_opinions(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[OpinionView]:
    """Read the written opinions, superseded versions too."""
    return Page(items=showing.opinions(session, queries.heard(session, conference_id, seen_by=by)))


@router.get("/{conference_id}/resolutions")
def read_resolutions(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> ResolutionsView:
    """Read what was resolved."""
    return ResolutionsView(resolutions=queries.heard(session, conference_id, seen_by=by).resolutions)


@router.get("/{conference_id}/actions")
def read_actions(conference_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep) -> Page[ActionView]:
    """Read the action items, how far each is, and which are overdue."""
    found = queries.heard(session, conference_id, seen_by=by)
    return Page(items=showing.actions(session, found, now=room.clock()))


@router.get("/{conference_id}/minutes")
def read_all_minutes(conference_id: UUID, session: ReadDep, by: PrincipalDep) -> Page[MinutesView]:
    """Read every version of the minutes with its signatures."""
    return Page(items=showing.all_minutes(session, queries.heard(session, conference_id, seen_by=by)))


@router.get("/{conference_id}/minutes/{number}.pdf", response_class=Response)
def print_minutes_pdf(conference_id: UUID, number: NumberPath, session: ReadDep, by: PrincipalDep) -> Response:
    """Print a version of the minutes as PDF."""
    found = queries.heard(session, conference_id, seen_by=by)
    return Response(showing.printed(session, found, number, "pdf"), media_type="application/pdf")


@router.get("/{conference_id}/minutes/{number}.docx", response_class=Response)
def print_minutes_docx(conference_id: UUID, number: NumberPath, session: ReadDep, by: PrincipalDep) -> Response:
    """Print a version of the minutes as a Word file."""
    found = queries.heard(session, conference_id, seen_by=by)
    return Response(showing.printed(session, found, number, "docx"), media_type=WORD)


@router.get("/{conference_id}/minutes/{number}.json", response_class=Response)
def export_minutes(conference_id: UUID, number: NumberPath, session: ReadDep, by: PrincipalDep) -> Response:
    """Take a version of the minutes with its signatures as the file that `lianqin verify` checks offline."""
    found = queries.heard(session, conference_id, seen_by=by)
    headers = {"Content-Disposition": f'attachment; filename="minutes-{found.id}-{number}.json"'}
    return Response(showing.file(session, found, number), media_type="application/json", headers=headers)


@router.get("/{conference_id}/minutes/{number}/verify")
def verify_minutes(conference_id: UUID, number: NumberPath, session: ReadDep, by: PrincipalDep) -> VerifiedView:
    """See what of a version of the minutes holds: its digest, and each agency's signature over it."""
    return showing.verified(session, queries.heard(session, conference_id, seen_by=by), number)


@router.get("/{conference_id}/minutes/{number}")
def read_minutes(conference_id: UUID, number: NumberPath, session: ReadDep, by: PrincipalDep) -> MinutesView:
    """Read one version of the minutes with its signatures."""
    return showing.minutes(session, queries.heard(session, conference_id, seen_by=by), number)


@router.get("/{conference_id}/invitation.ics", response_class=Response)
def read_invitation(conference_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep) -> Response:
    """Take the invitation as iCalendar: REQUEST, or CANCEL once it is cancelled or your agency stands aside."""
    found = queries.conference(session, conference_id, seen_by=by)
    method, text = calendar.for_agency(session, found, by.agency, now=room.clock())
    return Response(text, media_type=f"text/calendar; method={method}; charset=utf-8")
