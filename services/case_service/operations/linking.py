"""A linkage at work: each bureau joins with its own case, facts are shared by name, one timeline shows the whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import update
from sqlmodel import Session, col, select

from services.case_service.cases import commands as cases
from services.case_service.cases.models import Case
from services.case_service.cases.models import Open as OpenCase
from services.case_service.operations.bodies import DesignateLead, JoinWithCase, ShareFacts
from services.case_service.operations.models import Linkage
from services.case_service.operations.taking_part import acted, answer, begin, joined, members, mine
from shared.errors import NotYourStep, Text, wrong
from shared.identity import Principal
from shared.matters import commands as matters
from shared.matters.bodies import Open
from shared.matters.commands import Habits
from shared.matters.models import Between
from shared.records import facts
from shared.records.db import put, relations_of, table_of, visible
from shared.records.journal import Entry
from shared.records.perform import require_actor
from shared.records.room import room_of
from shared.rules.procedure_entries import Step

T = TypeVar("T", bound=Between)


class Milestone(BaseModel):
    """A change of state in the linkage or in a member's own case; what it was about stays in that case."""

    at: AwareDatetime
    agency: str
    subject: str
    step: str
    step_zh: str
    step_en: str
    state_zh: str
    state_en: str


def open_linkage(session: Session, model: type[T], body: Open, *, by: Principal, now: datetime) -> T:
    """Open a linkage on a case of one's own; it goes on in that case's journey. Raises BodyInvalid without one."""
    kind, _, case_id = (body.about or "").partition(":")
    if kind != "case":
        raise wrong("about", "missing", "请写明本机关的案件（about：case:…）", "Name your own case (about: case:…)")
    case = visible(session, Case, UUID(case_id), by=by)
    if case.owner != by.agency:
        raise NotYourStep(Text("只能就本机关承办的案件提议联动", "A linkage is opened on a case of your own agency"))
    return matters.open_matter(session, model, body, by=by, now=now, habits=HABITS)


def join(session: Session, linkage_id: UUID, body: JoinWithCase, *, by: Principal, now: datetime) -> Linkage:
    """Join with a case of one's own: the same journey, one's own competence, one's own filing clock."""
    linkage, part = mine(session, Linkage, linkage_id, "join", by=by)
    if part.state == "joined":
        raise wrong("agency", "joined_already", "贵机关已加入", "Your agency has joined already")
    said = body.model_dump(include={"title", "summary", "division", "enterprise_id", "enterprise_name"})
    opening = OpenCase(**said, source="other_agency", discovered_at=body.discovered_at)
    case = cases.open_case(session, opening, by=by, now=now, journey_id=linkage.journey_id)
    told = {"agency": by.agency, "case": case.ref, "contact": body.contact}
    acted(session, linkage, "join", {"member": told}, by=by, now=now)
    answer(session, part, state="joined", contact=body.contact, answered_at=now, case_ref=case.ref)
    return linkage


def share_facts(session: Session, linkage_id: UUID, body: ShareFacts, *, by: Principal, now: datetime) -> Linkage:
    """Share facts in one's own name; what one's agency shared before under a name is replaced, and kept in the journal.

    Raises BodyInvalid for facts the catalogue does not know.
    """
    linkage = visible(session, Linkage, linkage_id, by=by)
    require_actor(session, linkage, "share_facts", by=by)
    joined(session, linkage, by.agency, "agency")
    facts.require_held(session, linkage, body.facts)
    fresh = facts.rows(session, body.facts)
    said = {"recorded_at": now.isoformat(), "recorded_by": f"{by.agency}/{by.actor}"}
    told = {f"{by.agency}.{name}": row | said for name, row in fresh.items()}
    acted(session, linkage, "share_facts", {"shared": told}, by=by, now=now)
    values = {"facts": linkage.facts | told}
    table = table_of(Linkage)
    session.execute(update(table).where(table.c.id == linkage.id).values(**values))
    put(linkage, values)
    return linkage


def designate_lead(session: Session, linkage_id: UUID, body: DesignateLead, *, by: Principal, now: datetime) -> Linkage:
    """Say which member leads; there is one lead at a time."""
    linkage = visible(session, Linkage, linkage_id, by=by)
    require_actor(session, linkage, "designate_lead", by=by)
    chosen = joined(session, linkage, body.agency, "agency")
    said = {"lead": {"agency": body.agency, "reason": body.reason}}
    acted(session, linkage, "designate_lead", said, by=by, now=now)
    for part in members(session, linkage):
        if part.leads != (part.agency == chosen.agency):
            answer(session, part, leads=part.agency == chosen.agency)
    return linkage


def timeline(session: Session, linkage_id: UUID, *, by: Principal) -> list[Milestone]:
    """Return the milestones of the linkage and of every member's case, in order of time, without their contents."""
    linkage = visible(session, Linkage, linkage_id, by=by)
    if not relations_of(session, linkage.kind, linkage.id, by) & {"owner", "partner", "supervisor", "copied"}:
        return []
    owners = {linkage.ref: ""} | {part.case_ref: part.agency for part in members(session, linkage) if part.case_ref}
    statement = select(Entry).where(col(Entry.subject).in_(list(owners))).order_by(col(Entry.at), col(Entry.id))
    found = (_milestone(session, entry, owners[entry.subject]) for entry in session.exec(statement))
    return [one for one in found if one is not None]


def _milestone(session: Session, entry: Entry, owner: str) -> Milestone | None:
    said: Mapping[str, Any] = orjson.loads(entry.body)
    if not said["step"] or (said["from"] == said["to"] and owner):
        return None
    catalogue = room_of(session).catalogue
    procedure = catalogue.procedures[said["procedure"]][-1]
    step, state = procedure.steps.get(said["step"]), procedure.states.get(said["to"])
    if step is None or state is None:
        return None
    return Milestone(
        at=entry.at,
        agency=owner or entry.agency,
        subject=entry.subject,
        step=step.id,
        step_zh=step.name_zh,
        step_en=step.name_en,
        state_zh=state.name_zh,
        state_en=state.name_en,
    )


def _after(
    session: Session, matter: Between, step: Step, stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    begin(session, matter, step, stated, by, now)


HABITS = Habits(after=_after)
