"""Request, approve, make and record a visit; what the procedure's data cannot say of caps, codes and merging."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from services.clue_service.inspections import queries
from services.clue_service.inspections.models import Inspection
from services.clue_service.inspections.planning import HEAD
from shared.clock import ZONE, today
from shared.errors import NotYourStep, StepRefused, Text, wrong
from shared.identity import Principal
from shared.matters import commands as matters
from shared.matters.bodies import Open, Take
from shared.matters.commands import Habits
from shared.matters.models import Between
from shared.records.db import one_at_a_time, put, table_of, visible
from shared.records.enterprises import enterprise_key
from shared.records.journal import Fact, record
from shared.records.parties import competent_bureau
from shared.records.perform import admit
from shared.records.room import room_of
from shared.rules.procedure_entries import Step

T = TypeVar("T", bound=Between)
AFTERWARDS = ("approve_afterwards", "approve_recorded")
APPROVALS = ("approve", *AFTERWARDS)
RECORDS = ("record", "record_emergency")
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No letter or figure that is taken for another when it is read out at a gate."""
JOINED = "joined_agencies"
"""What a visit states of the agencies that were merged into it: they record in their own cases what was seen."""
LATE = timedelta(hours=24)
"""How long after entering an urgent visit may still be put down, and be approved; what comes later was not urgent."""


def open_inspection(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    """Request a visit, or put down one that was urgent. Raises BodyInvalid without an enterprise or a division."""
    body = body.model_copy(update={"enterprise_id": enterprise_key(body.enterprise_id)})  # else it counts apart
    for name in ("enterprise_id", "enterprise_name", "division"):
        if not getattr(body, name):
            raise wrong(name, "missing", "请写明企业与所在区划", "Name the enterprise and its division")
    competent_bureau(room_of(session), body.division or "")
    return matters.open_matter(session, model, body, by=by, now=now, habits=HABITS)


def take(
    session: Session, model: type[T], subject_id: UUID, step_id: str, body: Take, *, by: Principal, now: datetime
) -> T:
    """Take a step of an inspection. The code stays as it was given out, however it was typed at the door."""
    found = session.get(Inspection, subject_id)
    code = found.door_code if found is not None else None
    taken = matters.take(session, model, subject_id, step_id, body, by=by, now=now, habits=HABITS)
    if step_id == "start":
        _keep(session, taken, door_code=code)
    return taken


def _before(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    assert isinstance(matter, Inspection)
    if matter.state not in step.from_states:
        return  # the law refuses the step, and what is asked below may not be known yet
    if step.id in APPROVALS:
        _require_another(matter, by)
    if step.id in AFTERWARDS:
        _require_soon(matter, now)
    if step.id == "approve":
        _require_room(session, matter, stated)
    elif step.id == "start":
        _require_code(matter, stated, now)
        _keep_span(session, matter, stated["visit_started_at"])
    elif step.id in RECORDS:
        _keep_span(session, matter, matter.visit_started_at, stated["visit_ended_at"])
    elif step.id == "merge":
        if matter.state == "requested":
            _require_head(matter, by)
        _join(session, matter, str(stated["joined_inspection_ref"]), by=by, now=now)


def _after(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    assert isinstance(matter, Inspection)
    if matter.version == 1:
        _keep(session, matter, requester=by.actor)
        if too_long := _too_long(session, matter):
            raise wrong("stated.planned_until_on", "too_long", too_long.zh, too_long.en)
        if step.id == "start_emergency" and now - matter.visit_started_at > LATE:  # type: ignore[operator]  # required
            raise wrong("stated.visit_started_at", "not_urgent", "进入现场已逾 24 小时", "Entered over 24 hours ago")
        if step.id == "start_emergency":
            _keep_span(session, matter, matter.visit_started_at)
    if step.id in APPROVALS:
        code = {} if matter.door_code else {"door_code": "".join(secrets.choice(ALPHABET) for _ in range(10))}
        _keep(session, matter, approved_at=now, **code)


HABITS = Habits(before=_before, after=_after, secret=frozenset({"door_code"}))


def _require_another(matter: Inspection, by: Principal) -> None:
    if by.actor == matter.requester:
        raise NotYourStep(Text("申请人不能批准自己的检查", "Whoever asked for a visit does not approve it"))


def _require_head(matter: Inspection, by: Principal) -> None:
    """Joining another's visit before one's own was approved is that approval: the head gives it, of no own request."""
    _require_another(matter, by)
    if HEAD not in by.roles:
        words = Text("尚未批准的检查，由本机关负责人并入", "A visit that is not approved yet is merged by the head")
        raise NotYourStep(words)


def _require_soon(matter: Inspection, now: datetime) -> None:
    assert matter.visit_started_at is not None, "the procedure requires it"
    if now - matter.visit_started_at > LATE:
        words = Text("进入现场已逾 24 小时，不能补批", "Entered over 24 hours ago: it cannot be approved any more")
        raise StepRefused(words, next=Text("不予补批，另行申请检查", "Refuse it, and ask for another visit"))


def _keep_span(session: Session, matter: Inspection, began: datetime | None, ended: datetime | None = None) -> None:
    """State from when to when the visit can be recorded: at most to the end of the day after the last one approved."""
    assert began is not None, "the procedure requires it"
    last = matter.planned_until_on or matter.planned_on or today(began)
    until = datetime.combine(last + timedelta(days=2), datetime.min.time(), ZONE)
    span = {queries.BEGAN: began.isoformat(), queries.UNTIL: min(until, ended or until).isoformat()}
    _keep(session, matter, stated=matter.stated | span)


def _require_room(session: Session, matter: Inspection, stated: Mapping[str, Any]) -> None:
    """Refuse a visit of too many days, one the plan has no room for, one left alone, and one that is to be merged.

    Approvals of one enterprise's visits wait for each other: two at once would both find the last place free.
    """
    one_at_a_time(session, f"visits:{matter.enterprise_id}")
    day = matter.planned_on
    assert day is not None, "the procedure requires it"
    if too_long := _too_long(session, matter):
        next_step = Text("不予批准，另按较短的日期申请", "Refuse it, and ask anew for fewer days")
        raise StepRefused(too_long, next=next_step)
    if matter.visit_nature == "daily" and (
        entry := queries.left_alone(session, matter.owner, matter.enterprise_id, on=day)
    ):
        words = Text(
            f"该企业在正面清单内（至 {entry.until_on}），不作日常检查",
            f"The enterprise is on the positive list until {entry.until_on}: no routine visits",
        )
        raise StepRefused(words, next=Text("有线索的按个案检查申请", "With a clue, ask for a visit of a single case"))
    made, most = queries.routine_in(session, matter, day.year), queries.cap(session, matter.owner, day.year)
    if matter.visit_nature == "daily" and made >= most and not stated.get("over_cap_reasons"):
        words = Text(
            f"该企业 {day.year} 年日常检查已有 {made} 次，上限 {most} 次",
            f"{made} routine visits of the enterprise in {day.year}, the cap is {most}",
        )
        raise StepRefused(words, next=Text("写明超频次理由或者改为非现场", "State why, or look off site"), cap=most)
    near = queries.to_join(session, matter)
    if near and not stated.get("separate_visit_reasons"):
        plans = [{"inspection": one.ref, "agency": one.owner, "planned_on": str(one.planned_on)} for one in near]
        words = Text("已有临近的检查计划，应合并进行", "Another visit is planned nearby: make it one")
        next_step = Text("并入该检查，或者写明不合并的理由", "Merge into it, or state why not")
        raise StepRefused(words, next=next_step, planned=plans)


def _too_long(session: Session, matter: Inspection) -> Text | None:
    """Say that a visit is planned for more days than this desk lets one approval cover; None where it is not."""
    if matter.planned_on is None or matter.planned_until_on is None:
        return None
    most, days = room_of(session).settings.inspection_days, (matter.planned_until_on - matter.planned_on).days + 1
    if days <= most:
        return None
    return Text(
        f"计划跨 {days} 天，本平台一次检查最多 {most} 天（本平台设置，不是法律规定）",
        f"Planned over {days} days; one inspection spans at most {most} here (this desk's setting, no rule of law)",
    )


def _require_code(matter: Inspection, stated: Mapping[str, Any], now: datetime) -> None:
    """Refuse another code than the visit's own and a day that was not approved."""
    given = str(stated["door_code"]).replace("-", "").replace(" ", "").upper()
    if matter.door_code is None or not secrets.compare_digest(given.encode(), matter.door_code.encode()):
        raise wrong("stated.door_code", "wrong_code", "检查码不符", "That is not the code of this visit")
    day, last = today(stated["visit_started_at"]), matter.planned_until_on or matter.planned_on
    assert matter.planned_on is not None, "the procedure requires it"
    assert last is not None, "the procedure requires it"
    if not matter.planned_on <= day <= last:
        raise wrong(
            "stated.visit_started_at",
            "not_on_approved_day",
            f"批准的检查日为 {matter.planned_on} 至 {last}",
            f"The visit was approved for {matter.planned_on} to {last}",
        )
    if matter.approved_at is None or stated["visit_started_at"] < matter.approved_at:
        raise wrong(
            "stated.visit_started_at", "before_approval", "进入现场早于批准", "Somebody entered before the approval"
        )
    notified = datetime.fromisoformat(matter.stated["notified_at"])
    if stated["visit_started_at"] < notified:
        raise wrong("stated.visit_started_at", "before_notice", "进入现场早于通知", "Entered before the notice")


def _join(session: Session, matter: Inspection, ref: str, *, by: Principal, now: datetime) -> None:
    """Make the owner, and whoever had joined it before, partners of another agency's visit of the same enterprise."""
    kind, _, text = ref.partition(":")
    try:
        found = session.get(Inspection, UUID(text)) if kind == "inspection" else None
    except ValueError:
        found = None
    open_ones = {
        one.id for one in queries.of_enterprise(session, matter.enterprise_id, queries.PLANNED, other_than=matter.id)
    }
    if found is None or found.id not in open_ones:
        field = "stated.joined_inspection_ref"
        raise wrong(
            field, "not_planned", "没有可并入的对该企业的检查计划", "No planned visit of this enterprise to merge into"
        )
    come = [one for one in (matter.owner, *matter.stated.get(JOINED, ())) if one != found.owner]
    if come:
        admit(session, found, {"partner": come})
        joined = list(dict.fromkeys([*found.stated.get(JOINED, ()), *come]))
        _keep(session, found, stated=found.stated | {JOINED: joined})
    record(
        session, found, Fact("inspection.joined", {"agency": matter.owner, "inspection": matter.ref}), by=by, now=now
    )


def visit(session: Session, inspection_id: UUID, *, by: Principal) -> Inspection:
    """Return a visit. Raises NotVisible."""
    return visible(session, Inspection, inspection_id, by=by)


def _keep(session: Session, matter: Between, **values: Any) -> None:
    table = table_of(Inspection)
    session.execute(update(table).where(table.c.id == matter.id).values(**values))
    put(matter, values)
