"""What a joint operation has come to: per agency its objects, tasks, findings, and the cases that followed."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session, col, select

from services.case_service.cases.models import Case
from services.case_service.operations.commands import rows
from services.case_service.operations.models import Operation, OperationFinding, OperationObject, OperationTask
from services.case_service.operations.taking_part import member, members
from shared.errors import NotVisible, Text
from shared.identity import Principal
from shared.records.db import relations_of, visible

WATCHING = frozenset({"owner", "supervisor"})


class MemberView(BaseModel):
    """An agency's part."""

    agency: str
    relation: str
    state: str
    contact: str
    reason: str
    leads: bool
    answered_at: AwareDatetime | None


class ObjectView(BaseModel):
    """An object, with every look at it."""

    number: int
    name: str
    category: str
    code: str
    division: str
    agency: str
    state: str
    checks: list[dict[str, Any]]


class TaskView(BaseModel):
    """A task, with what was said of it."""

    number: int
    task: str
    agency: str
    object_number: int | None
    due_at: AwareDatetime
    state: str
    is_overdue: bool
    reports: list[dict[str, Any]]
    done_at: AwareDatetime | None


class FindingView(BaseModel):
    """A finding, the clue it became, and, to whoever may see them, the case that followed and how it stands."""

    number: int
    agency: str
    object_number: int | None
    title: str
    summary: str
    enterprise_id: str
    enterprise_name: str
    division: str
    found_at: AwareDatetime
    clue_ref: str


class AgencyResult(BaseModel):
    """The figures of one agency; `cases` follow from its findings, `closed` of them ended."""

    agency: str
    objects: int = 0
    checked: int = 0
    tasks: int = 0
    done: int = 0
    overdue: int = 0
    findings: int = 0
    clues: int = 0
    cases: int = 0
    closed: int = 0


class OperationWhole(BaseModel):
    """Who takes part, what is looked at, what is to be done, what was found, and what it came to."""

    members: list[MemberView]
    objects: list[ObjectView]
    tasks: list[TaskView]
    findings: list[FindingView]
    results: list[AgencyResult]


def whole(session: Session, operation_id: Any, *, by: Principal, now: datetime) -> OperationWhole:
    """Return all of an operation to who joined it, leads it, or supervises. Raises NotVisible for others."""
    operation = visible(session, Operation, operation_id, by=by)
    part = member(session, operation, by.agency)
    is_watching = bool(relations_of(session, operation.kind, operation.id, by) & WATCHING)
    if not is_watching and (part is None or part.state == "declined"):
        raise NotVisible(Text("行动的清单仅供参加单位查看", "Only those who take part read the lists"))
    objects, tasks = rows(session, OperationObject, operation), rows(session, OperationTask, operation)
    findings = rows(session, OperationFinding, operation)
    return OperationWhole(
        members=[MemberView(**one.model_dump()) for one in members(session, operation)],
        objects=[ObjectView(**one.model_dump()) for one in objects],
        tasks=[TaskView(**one.model_dump(), is_overdue=_overdue(one, now)) for one in tasks],
        findings=[FindingView(**one.model_dump()) for one in findings],
        results=_results(session, operation, objects, tasks, findings, now),
    )


def _results(
    session: Session,
    operation: Operation,
    objects: list[OperationObject],
    tasks: list[OperationTask],
    findings: list[OperationFinding],
    now: datetime,
) -> list[AgencyResult]:
    refs = [one.clue_ref for one in findings if one.clue_ref]
    states = {case.clue_ref: case.state for case in session.exec(select(Case).where(col(Case.clue_ref).in_(refs)))}
    found = []
    for part in members(session, operation):
        mine = [one for one in findings if one.agency == part.agency]
        its_objects = [one for one in objects if one.agency == part.agency]
        its_tasks = [one for one in tasks if one.agency == part.agency]
        ended = [states[one.clue_ref] for one in mine if one.clue_ref in states]
        found.append(
            AgencyResult(
                agency=part.agency,
                objects=len(its_objects),
                checked=sum(one.state != "listed" for one in its_objects),
                tasks=len(its_tasks),
                done=sum(one.state in ("done", "verified") for one in its_tasks),
                overdue=sum(_overdue(one, now) for one in its_tasks),
                findings=len(mine),
                clues=sum(bool(one.clue_ref) for one in mine),
                cases=len(ended),
                closed=sum(state in ("closed", "not_filed") for state in ended),
            )
        )
    return found


def _overdue(task: OperationTask, now: datetime) -> bool:
    return task.state == "open" and now >= task.due_at
