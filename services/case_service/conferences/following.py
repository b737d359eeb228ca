"""Action items: who does what until when, how far it is, the proof, and the convener's look at it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from services.case_service.conferences import queries, timing
from services.case_service.conferences.bodies import Close, Finish, Report, SendBack, Settle
from services.case_service.conferences.models import ActionItem, Conference
from services.case_service.conferences.resolutions import NewAction
from shared.errors import NotYourStep, StepRefused, Text, wrong
from shared.identity import Principal
from shared.records import deadlines, evidence
from shared.records.db import table_of, write
from shared.records.perform import perform, require_actor

ENDED = ("verified", "waived")


def add(
    session: Session, found: Conference, wanted: Sequence[NewAction], *, by: Principal, now: datetime
) -> timing.Said:
    """Write action items with a clock each: an item and its clock have the same id. Raises BodyInvalid."""
    known, said = len(queries.rows(session, ActionItem, found)), []
    taking_part = queries.active(session, found)
    for number, one in enumerate(wanted, start=known + 1):
        if one.agency not in taking_part:
            raise wrong("actions.agency", "not_taking_part", f"{one.agency} 不参加会商", f"{one.agency} takes no part")
        if one.due_at <= now:
            raise wrong("actions.due_at", "in_the_past", "完成时间应在此刻之后", "due_at lies in the past")
        if one.subject is not None and one.subject not in found.about:
            words = ("该会商不涉及这一案件", "the conference is not about this case")
            raise wrong("actions.subject", "not_on_the_agenda", *words)
        (clock,) = timing.run(session, found, timing.ACTION, [one.agency], one.due_at, by=by, now=now)
        row = ActionItem(
            id=UUID(clock["clock"]),
            conference_id=found.id,
            number=number,
            task=one.task,
            agency=one.agency,
            subject=one.subject or "",
            due_at=one.due_at,
        )
        write(session, ActionItem, [row.model_dump()])
        said.append(clock | {"number": number})
    return said


def add_action(session: Session, conference_id: UUID, body: NewAction, *, by: Principal, now: datetime) -> Conference:
    """Add an action item."""
    found = queries.conference(session, conference_id, seen_by=by, is_alone=True)
    require_actor(session, found, "add_action", by=by)
    terms = add(session, found, [body], by=by, now=now)
    return perform(session, found, "add_action", body.model_dump() | {"terms": terms}, by=by, now=now)


def report(session: Session, conference_id: UUID, body: Report, *, by: Principal, now: datetime) -> Conference:
    """Report how far one's task is."""
    found, item = _of_mine(session, conference_id, "report_action", body.number, by)
    _require_state(item, "open")
    line = {"at": now.isoformat(), "agency": by.agency, "actor": by.actor, "text": body.progress}
    perform(session, found, "report_action", body.model_dump() | {"agency": item.agency}, by=by, now=now)
    queries.change(session, item, progress=[*item.progress, line])
    return found


def finish(session: Session, conference_id: UUID, body: Finish, *, by: Principal, now: datetime) -> Conference:
    """Report one's task as done, with the items that prove it; its clock is met by this moment."""
    found, item = _of_mine(session, conference_id, "finish_action", body.number, by)
    _require_state(item, "open")
    mine = {str(one.id): one for one in evidence.items(session, found) if one.document == queries.PROOF}
    proof = [str(one) for one in body.proof]
    unknown = [
        one for one in proof if one not in mine or mine[one].state != "held" or not _is_by(mine[one], item.agency)
    ]
    if unknown or not (proof or body.note):
        words = (
            "请附上本机关上传的完成证明，或者说明完成情况",
            "name proof your agency uploaded, or say how it was done",
        )
        raise wrong("proof", "unknown_evidence" if unknown else "missing", *words, items=unknown)
    terms = _meet(session, item, now)
    written = {"number": item.number, "proof": proof, "note": body.note, "agency": item.agency, "terms": terms}
    perform(session, found, "finish_action", written, by=by, now=now)
    queries.change(session, item, state="done", proof=[*item.proof, *proof], done_at=now, note=body.note)
    return found


def verify(session: Session, conference_id: UUID, body: Settle, *, by: Principal, now: datetime) -> Conference:
    """Find that a task is done."""
    found, item = _of_any(session, conference_id, "verify_action", body.number, by)
    _require_state(item, "done")
    perform(session, found, "verify_action", body.model_dump() | {"agency": item.agency}, by=by, now=now)
    queries.change(session, item, state="verified", verified_at=now)
    return found


def send_back(session: Session, conference_id: UUID, body: SendBack, *, by: Principal, now: datetime) -> Conference:
    """Send a task back that is not done yet: its clock runs again to the same moment."""
    found, item = _of_any(session, conference_id, "return_action", body.number, by)
    _require_state(item, "done")
    until = max(item.due_at, now)
    terms = timing.run(session, found, timing.ACTION, [item.agency], until, by=by, now=now)
    written = body.model_dump() | {"agency": item.agency, "terms": terms}
    perform(session, found, "return_action", written, by=by, now=now)
    line = {"at": now.isoformat(), "agency": by.agency, "actor": by.actor, "text": f"退回：{body.because}"}
    queries.change(session, item, state="open", done_at=None, progress=[*item.progress, line])
    table = table_of(ActionItem)
    session.execute(update(table).where(table.c.id == item.id).values(id=UUID(terms[0]["clock"])))
    return found


def waive(session: Session, conference_id: UUID, body: SendBack, *, by: Principal, now: datetime) -> Conference:
    """Find that a task need not be done any more, with the reason."""
    found, item = _of_any(session, conference_id, "waive_action", body.number, by)
    if item.state in ENDED:
        raise _refused(item)
    clock = timing.clock(session, item.id)
    terms = [deadlines.cancel(session, clock, at=now)] if clock is not None and clock.ended_at is None else []
    written = body.model_dump() | {"agency": item.agency, "terms": terms}
    perform(session, found, "waive_action", written, by=by, now=now)
    queries.change(session, item, state="waived", note=body.because)
    return found


def close(session: Session, conference_id: UUID, body: Close, *, by: Principal, now: datetime) -> Conference:
    """Close the conference once every task is verified or waived. Raises StepRefused naming those that are not."""
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, "close", by=by)
    left = [one for one in queries.rows(session, ActionItem, found) if one.state not in ENDED]
    if left:
        named = "、".join(str(one.number) for one in left)
        words = Text(f"尚有任务未经核验：第 {named} 项", f"Action items not verified yet: {named}")
        listed = [{"number": one.number, "agency": one.agency, "state": one.state} for one in left]
        raise StepRefused(words, actions=listed)
    if found.state == "open" and not body.reason:
        raise wrong("reason", "missing", "未形成议定事项的，请说明理由", "say why nothing was resolved")
    return perform(session, found, "close", {"reason": body.reason or found.reason}, by=by, now=now)


def _of_mine(
    session: Session, conference_id: UUID, step: str, number: int, by: Principal
) -> tuple[Conference, ActionItem]:
    found, item = _of_any(session, conference_id, step, number, by)
    if item.agency != by.agency:
        words = Text("该项任务由其他机关办理", "Another agency has this task")
        raise NotYourStep(words, agency=item.agency)
    return found, item


def _of_any(
    session: Session, conference_id: UUID, step: str, number: int, by: Principal
) -> tuple[Conference, ActionItem]:
    found = queries.conference(session, conference_id, seen_by=by)
    require_actor(session, found, step, by=by)
    return found, queries.action(session, found, number)


def _require_state(item: ActionItem, state: str) -> None:
    if item.state != state:
        raise _refused(item)


def _refused(item: ActionItem) -> StepRefused:
    names = {
        "open": ("办理中", "is being done"),
        "done": ("已报告完成，待核验", "is reported done, to be verified"),
        "verified": ("已核验", "was verified"),
        "waived": ("不再办理", "was waived"),
    }
    zh, en = names[item.state]
    words = Text(f"第 {item.number} 项任务{zh}，不能办理此步骤", f"Action item {item.number} {en}")
    return StepRefused(words, number=item.number, action_state=item.state)


def _meet(session: Session, item: ActionItem, now: datetime) -> list[dict[str, Any]]:
    clock = timing.clock(session, item.id)
    return [deadlines.meet(session, clock, at=now)] if clock is not None and clock.ended_at is None else []


def _is_by(one: evidence.Item, agency: str) -> bool:
    return one.added_by.startswith(f"{agency}/")
