"""Joint operations and linked matters over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Path
from fastapi.responses import Response
from sqlmodel import Session

from services.case_service.operations import commands, linking, results, taking_part
from services.case_service.operations.bodies import (
    Check,
    Decline,
    DesignateLead,
    Invite,
    Join,
    JoinWithCase,
    ListObjects,
    NewFinding,
    NewTask,
    Report,
    Settle,
    ShareFacts,
)
from services.case_service.operations.models import Linkage, Operation
from services.case_service.operations.results import MemberView, OperationWhole
from shared.errors import BodyInvalid, StepRefused, Text
from shared.identity import Principal
from shared.matters import commands as matters
from shared.matters.bodies import Open, Take
from shared.matters.commands import Habits
from shared.matters.models import Between, BetweenView
from shared.matters.routes import Doors, matter_routes, with_reads
from shared.records.db import visible
from shared.rules.procedure_entries import Step
from shared.web.deps import CallDep, PrincipalDep, ReadDep, RoomDep

T = TypeVar("T", bound=Between)
NumberPath = Annotated[int, Path(ge=1, le=100_000, description="Number of the object or the task")]
OWN_ADDRESS: Mapping[str, str] = {
    "join": "join",
    "decline": "decline",
    "invite": "invite",
    "list_objects": "objects",
    "check_object": "objects/{number}/checks",
    "set_task": "tasks",
    "report_task": "tasks/{number}/reports",
    "settle_task": "tasks/{number}/settle",
    "report_finding": "findings",
    "share_facts": "shared-facts",
    "designate_lead": "lead",
}
"""Step that more belongs to than its procedure says -> the address it is taken at."""


def _open_operation(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    return matters.open_matter(session, model, body, by=by, now=now, habits=HABITS)


def _take(
    session: Session, model: type[T], matter_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime
) -> T:
    """Take a step that is data alone; the others have addresses of their own."""
    if step_id in OWN_ADDRESS:
        address = f"…/{OWN_ADDRESS[step_id]}"
        words = Text(f"该步骤请通过 {address} 办理", f"This step is taken at {address}")
        raise BodyInvalid(words, errors=[{"field": "step", "code": "has_its_own_address", "message": words}])
    return matters.take(session, model, matter_id, step_id, body, by=by, now=now, habits=HABITS)


def _before(
    session: Session, matter: Between, step: Step, _stated: Mapping[str, Any], _by: Principal, _now: datetime
) -> None:
    """An operation is not summed up while a task waits."""
    if isinstance(matter, Operation) and step.id == "summarise" and (number := commands.waiting(session, matter)):
        words = Text(f"还有 {number} 项任务未核验", f"{number} tasks are not settled")
        raise StepRefused(words, next=Text("核验或者免除这些任务", "Verify or waive them"), waiting=number)


HABITS = Habits(before=_before, after=taking_part.begin)
operations = matter_routes(
    Operation, BetweenView, prefix="/v1/operations", doors=Doors(open_matter=_open_operation, take=_take)
)
linkages = matter_routes(
    Linkage, BetweenView, prefix="/v1/linkages", doors=Doors(open_matter=linking.open_linkage, take=_take)
)
ROUTERS = (with_reads(operations, Operation, BetweenView), with_reads(linkages, Linkage, BetweenView))


@operations.get("/{operation_id}/whole")
def read_whole(operation_id: UUID, session: ReadDep, by: PrincipalDep, room: RoomDep) -> OperationWhole:
    """Read who takes part, the objects, tasks and findings, and what each agency has come to."""
    return results.whole(session, operation_id, by=by, now=room.clock())


@operations.post("/{operation_id}/join", response_model=BetweenView)
def join(operation_id: UUID, body: Join, call: CallDep) -> Response:
    """Take part."""
    return call(taking_part.join, operation_id, body=body, view=BetweenView)


@operations.post("/{operation_id}/decline", response_model=BetweenView)
def decline(operation_id: UUID, body: Decline, call: CallDep) -> Response:
    """Take no part."""
    return call(taking_part.decline, Operation, operation_id, body=body, view=BetweenView)


@operations.post("/{operation_id}/invite", response_model=BetweenView)
def invite(operation_id: UUID, body: Invite, call: CallDep) -> Response:
    """Invite a further agency."""
    return call(taking_part.invite, operation_id, body=body, view=BetweenView)


@operations.post("/{operation_id}/objects", response_model=BetweenView)
def list_objects(operation_id: UUID, body: ListObjects, call: CallDep) -> Response:
    """Add objects to the list."""
    return call(commands.list_objects, operation_id, body=body, view=BetweenView)


@operations.post("/{operation_id}/objects/{number}/checks", response_model=BetweenView)
def check_object(operation_id: UUID, number: NumberPath, body: Check, call: CallDep) -> Response:
    """Record a look at one's object."""
    return call(commands.check_object, operation_id, number, body=body, view=BetweenView)


@operations.post("/{operation_id}/tasks", response_model=BetweenView)
def set_task(operation_id: UUID, body: NewTask, call: CallDep) -> Response:
    """Set a task; its clock lapses at `due_at`."""
    return call(commands.set_task, operation_id, body=body, view=BetweenView)


@operations.post("/{operation_id}/tasks/{number}/reports", response_model=BetweenView)
def report_task(operation_id: UUID, number: NumberPath, body: Report, call: CallDep) -> Response:
    """Report on one's task."""
    return call(commands.report_task, operation_id, number, body=body, view=BetweenView)


@operations.post("/{operation_id}/tasks/{number}/settle", response_model=BetweenView)
def settle_task(operation_id: UUID, number: NumberPath, body: Settle, call: CallDep) -> Response:
    """Verify a task that is done, send it back, or waive it."""
    return call(commands.settle_task, operation_id, number, body=body, view=BetweenView)


@operations.post("/{operation_id}/findings", response_model=BetweenView)
def report_finding(operation_id: UUID, body: NewFinding, call: CallDep) -> Response:
    """Report what was found: it becomes a clue."""
    return call(commands.report_finding, operation_id, body=body, view=BetweenView)


@linkages.get("/{linkage_id}/members")
def read_members(linkage_id: UUID, session: ReadDep, by: PrincipalDep) -> list[MemberView]:
    """Read who is linked, who answered, and who leads."""
    found = taking_part.members(session, visible(session, Linkage, linkage_id, by=by))
    return [MemberView(**one.model_dump()) for one in found]


@linkages.get("/{linkage_id}/timeline")
def read_timeline(linkage_id: UUID, session: ReadDep, by: PrincipalDep) -> list[linking.Milestone]:
    """Read the milestones of the linkage and of every member's case on one timeline."""
    return linking.timeline(session, linkage_id, by=by)


@linkages.post("/{linkage_id}/join", response_model=BetweenView)
def join_linkage(linkage_id: UUID, body: JoinWithCase, call: CallDep) -> Response:
    """Join with a case of one's own."""
    return call(linking.join, linkage_id, body=body, view=BetweenView)


@linkages.post("/{linkage_id}/decline", response_model=BetweenView)
def decline_linkage(linkage_id: UUID, body: Decline, call: CallDep) -> Response:
    """Say that one's jurisdiction is not concerned."""
    return call(taking_part.decline, Linkage, linkage_id, body=body, view=BetweenView)


@linkages.post("/{linkage_id}/shared-facts", response_model=BetweenView)
def share_facts(linkage_id: UUID, body: ShareFacts, call: CallDep) -> Response:
    """Share facts in one's own name."""
    return call(linking.share_facts, linkage_id, body=body, view=BetweenView)


@linkages.post("/{linkage_id}/lead", response_model=BetweenView)
def designate_lead(linkage_id: UUID, body: DesignateLead, call: CallDep) -> Response:
    """Say which member leads, as their common superior."""
    return call(linking.designate_lead, linkage_id, body=body, view=BetweenView)
