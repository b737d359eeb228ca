"""What agencies do in a joint operation: list objects, look at them, set and settle tasks, report what they find."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, SQLModel, col, select

from services.case_service.conferences import timing
from services.case_service.operations.bodies import Check, ListObjects, NewFinding, NewTask, Report, Settle
from services.case_service.operations.models import Operation, OperationFinding, OperationObject, OperationTask
from services.case_service.operations.taking_part import acted, joined
from services.case_service.visits import approved
from shared.clock import new_id
from shared.errors import NotVisible, NotYourStep, StepRefused, Text, wrong
from shared.events import Origin, envelope
from shared.identity import Principal
from shared.payloads import OperationFound
from shared.records import deadlines, parties
from shared.records.db import put, table_of, visible, write
from shared.records.deliveries import parcel_values, queue
from shared.records.journal import canonical
from shared.records.perform import require_actor
from shared.records.room import room_of

R = TypeVar("R", OperationObject, OperationTask, OperationFinding)
TASK = "operation_task"
FOUND = "operation.found"


def list_objects(session: Session, operation_id: UUID, body: ListObjects, *, by: Principal, now: datetime) -> Operation:
    """Add objects to the list. Raises BodyInvalid for a code that is listed, or an agency that does not take part."""
    operation = _operation(session, operation_id, "list_objects", by)
    known = {one.code for one in rows(session, OperationObject, operation)}
    codes = [one.code for one in body.objects]
    doubled = sorted({code for code in codes if code in known or codes.count(code) > 1})
    if doubled:
        raise wrong("objects.code", "listed_already", "对象已在清单中", "Listed already", codes=doubled)
    asked = {one.agency for one in body.objects}
    agencies = {operation.owner, *(agency for named in operation.takes_part.values() for agency in named)}
    if asked - agencies:
        agency = min(asked - agencies)
        raise wrong("objects.agency", "not_taking_part", f"{agency} 不在参加单位之列", f"{agency} takes no part")
    first = len(known) + 1
    fresh = [
        OperationObject(
            id=new_id(now), operation_id=operation.id, number=number, state="listed", checks=[], **one.model_dump()
        )
        for number, one in enumerate(body.objects, start=first)
    ]
    said = [one.model_dump(mode="json", include={"number", "name", "code", "agency"}) for one in fresh]
    acted(session, operation, "list_objects", {"objects": said}, by=by, now=now)
    write(session, OperationObject, [one.model_dump() for one in fresh])
    return operation


def check_object(
    session: Session, operation_id: UUID, number: int, body: Check, *, by: Principal, now: datetime
) -> Operation:
    """Record what a look at one's object came to; every look is kept. On site, an approved visit stands behind it."""
    operation = _operation(session, operation_id, "check_object", by)
    joined(session, operation, by.agency, "agency")
    found = _numbered(session, OperationObject, operation, number)
    _require_mine(found.agency, by)
    _require_past("checked_at", body.checked_at, now)
    if body.method == "on_site" or body.inspection_ref is not None:
        visit = approved.require(session, body.inspection_ref or "", found.code, by=by, field="inspection_ref")
        approved.require_during(visit, body.checked_at, "checked_at")
    line = body.model_dump(mode="json") | _who(by, now)
    acted(session, operation, "check_object", {"object": number, "check": line}, by=by, now=now)
    _change(session, found, state=body.outcome, checks=[*found.checks, line])
    return operation


def set_task(session: Session, operation_id: UUID, body: NewTask, *, by: Principal, now: datetime) -> Operation:
    """Set a task with a clock that lapses at `due_at`."""
    operation = _operation(session, operation_id, "set_task", by)
    joined(session, operation, body.agency, "agency")
    if body.due_at <= now:
        raise wrong("due_at", "in_the_past", "完成时间应在此刻之后", "due_at lies in the past")
    if body.object_number is not None:
        _numbered(session, OperationObject, operation, body.object_number)
    (clock,) = timing.run(session, operation, TASK, [body.agency], body.due_at, by=by, now=now)
    number = len(rows(session, OperationTask, operation)) + 1
    row = OperationTask(
        id=UUID(clock["clock"]), operation_id=operation.id, number=number, state="open", **body.model_dump()
    )
    acted(
        session,
        operation,
        "set_task",
        {"task": body.model_dump() | {"number": number}, "terms": [clock]},
        by=by,
        now=now,
    )
    write(session, OperationTask, [row.model_dump()])
    return operation


def report_task(
    session: Session, operation_id: UUID, number: int, body: Report, *, by: Principal, now: datetime
) -> Operation:
    """Report on one's task; `done` meets its clock."""
    operation = _operation(session, operation_id, "report_task", by)
    task = _numbered(session, OperationTask, operation, number)
    _require_mine(task.agency, by)
    _require_state(task, "open")
    line = body.model_dump(mode="json") | _who(by, now)
    terms = _end_clock(session, task, met=True, now=now) if body.done else []
    acted(session, operation, "report_task", {"task": number, "report": line, "terms": terms}, by=by, now=now)
    done: dict[str, Any] = {"state": "done", "done_at": now} if body.done else {}
    _change(session, task, reports=[*task.reports, line], **done)
    return operation


def settle_task(
    session: Session, operation_id: UUID, number: int, body: Settle, *, by: Principal, now: datetime
) -> Operation:
    """Verify a task that is done, send it back, or waive it; nobody settles the task of its own agency but the lead.

    The clock of a task that was sent back runs again to the same moment; the task keeps the id of its clock.
    """
    operation = _operation(session, operation_id, "settle_task", by)
    task = _numbered(session, OperationTask, operation, number)
    _require_state(task, "open" if body.verdict == "waived" else "done")
    if body.verdict != "verified" and not body.reason:
        raise wrong("reason", "missing", "请说明理由", "Say why")
    if task.agency == by.agency and by.agency != operation.owner:
        raise NotYourStep(Text("本机关的任务由其他牵头单位核验", "Another agency that leads looks at your task"))
    said = {"task": number, "verdict": body.verdict, "reason": body.reason, **_who(by, now)}
    terms = list(_end_clock(session, task, met=False, now=now)) if body.verdict == "waived" else []
    if body.verdict == "returned":
        until = max(task.due_at, now)
        terms = timing.run(session, operation, TASK, [task.agency], until, by=by, now=now)
    acted(session, operation, "settle_task", said | {"terms": terms}, by=by, now=now)
    state = {"verified": "verified", "returned": "open", "waived": "waived"}[body.verdict]
    again: dict[str, Any] = {"id": UUID(terms[0]["clock"]), "done_at": None} if state == "open" else {}
    _change(session, task, state=state, **again)
    return operation


def report_finding(
    session: Session, operation_id: UUID, body: NewFinding, *, by: Principal, now: datetime
) -> Operation:
    """Report what was found: the clue room makes a clue of it for the bureau of the division.

    Raises BodyInvalid for a division no bureau answers for: its refusal over there would hold up all findings after it.
    """
    operation = _operation(session, operation_id, "report_finding", by)
    joined(session, operation, by.agency, "agency")
    if body.object_number is not None:
        _numbered(session, OperationObject, operation, body.object_number)
    _require_past("found_at", body.found_at, now)
    parties.competent_bureau(room_of(session), body.division)
    number = len(rows(session, OperationFinding, operation)) + 1
    finding = OperationFinding(
        id=new_id(now), operation_id=operation.id, number=number, agency=by.agency, actor=by.actor, **body.model_dump()
    )
    acted(session, operation, "report_finding", {"finding": finding.model_dump(mode="json")}, by=by, now=now)
    write(session, OperationFinding, [finding.model_dump()])
    _tell_clue_room(session, operation, finding, by=by, now=now)
    return operation


def _tell_clue_room(
    session: Session, operation: Operation, finding: OperationFinding, *, by: Principal, now: datetime
) -> None:
    """Queue the finding for the clue room, under the finding's own id."""
    names = ("title", "summary", "enterprise_id", "enterprise_name", "division", "found_at", "agency")
    told = OperationFound(
        **finding.model_dump(include=set(names)),
        operation=operation.title,
        number=finding.number,
        reported_by={"kind": by.kind, "actor": by.actor, "name": by.name, "roles": sorted(by.roles)},
    )
    origin = Origin(room_of(session).name, operation.ref, operation.journey_id, operation.version)
    event = canonical(envelope(FOUND, told.model_dump(mode="json"), origin, message_id=finding.id, now=now))
    queue(session, [parcel_values(finding.id, FOUND, event, line=operation.ref, receiver="clue", now=now)])


def rows(session: Session, model: type[R], operation: Operation) -> list[R]:
    """Return the objects, tasks or findings of an operation in their order."""
    statement = select(model).where(col(model.operation_id) == operation.id).order_by(col(model.number))
    return list(session.exec(statement))


def waiting(session: Session, operation: Operation) -> int:
    """Return how many tasks are neither verified nor waived."""
    table = table_of(OperationTask)
    its = (table.c.operation_id == operation.id) & table.c.state.in_(("open", "done"))
    return int(session.scalar(select(func.count()).select_from(table).where(its)) or 0)


def _operation(session: Session, operation_id: UUID, step: str, by: Principal) -> Operation:
    """Return an operation nobody else moves meanwhile: its parts are numbered, and many report at once."""
    operation = visible(session, Operation, operation_id, by=by, is_alone=True)
    require_actor(session, operation, step, by=by)
    return operation


def _numbered(session: Session, model: type[R], operation: Operation, number: int) -> R:
    statement = select(model).where(col(model.operation_id) == operation.id, col(model.number) == number)
    found = session.exec(statement).first()
    if found is None:
        raise NotVisible(Text(f"没有第 {number} 项", f"There is no number {number}"))
    return found


def _require_mine(agency: str, by: Principal) -> None:
    if agency != by.agency:
        raise NotYourStep(Text(f"该项由 {agency} 办理", f"It is for {agency} to do"), agency=agency)


def _require_past(field: str, at: datetime, now: datetime) -> None:
    if at > now:
        raise wrong(field, "in_the_future", f"{field} 晚于当前时间", f"{field} lies in the future")


def _require_state(task: OperationTask, state: str) -> None:
    if task.state != state:
        words = Text(f"任务当前为 {task.state}，不能如此办理", f"The task is {task.state}, not {state}")
        raise StepRefused(words, state=task.state)


def _end_clock(session: Session, task: OperationTask, *, met: bool, now: datetime) -> Sequence[dict[str, Any]]:
    clock = timing.clock(session, task.id)
    if clock is None or clock.state not in deadlines.OPEN_STATES:
        return []
    return [deadlines.meet(session, clock, at=now) if met else deadlines.cancel(session, clock, at=now)]


def _who(by: Principal, now: datetime) -> dict[str, str]:
    return {"at": now.isoformat(), "agency": by.agency, "actor": by.actor, "name": by.name}


def _change(session: Session, row: SQLModel, **values: Any) -> None:
    table = table_of(type(row))
    session.execute(update(table).where(table.c.id == row.id).values(**values))  # type: ignore[attr-defined]
    put(row, values)
