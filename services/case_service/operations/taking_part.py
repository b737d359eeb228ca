"""Who takes part in an operation or a linkage: written when it is opened, answered by each agency for itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from services.case_service.operations.bodies import Decline, Invite, Join
from services.case_service.operations.models import Linkage, Member, Operation
from shared.errors import StepRefused, Text, wrong
from shared.identity import Principal
from shared.matters.models import Between
from shared.records import parties
from shared.records.db import put, table_of, visible, write
from shared.records.perform import admit, dismiss, perform, require_actor
from shared.records.room import room_of
from shared.rules.procedure_entries import Step

T = TypeVar("T", Operation, Linkage)
MEMBERS = ("partner", "receiver")


def begin(
    session: Session, matter: Between, step: Step, _stated: Mapping[str, Any], by: Principal, now: datetime
) -> None:
    """Write who is to take part, once the matter is opened."""
    if matter.version != 1:
        return
    others = [(agency, relation) for relation in MEMBERS for agency in matter.takes_part.get(relation, ())]
    doubled = [agency for agency, relation in others if agency in matter.takes_part.get("partner", ())]
    if len({agency for agency, _relation in others}) < len(others) or matter.owner in doubled:
        raise wrong("parties", "named_twice", "同一机关只能以一种身份参加", "An agency takes part in one way only")
    lead = Member(subject_id=matter.id, agency=matter.owner, relation="owner", state="joined", leads=True)
    lead.answered_at = now
    if matter.kind == "linkage":
        lead.case_ref = matter.about
    rows = [lead, *(Member(subject_id=matter.id, agency=one, relation=name, state="invited") for one, name in others)]
    write(session, Member, [row.model_dump() for row in rows])


def members(session: Session, matter: Between) -> list[Member]:
    """Return who takes part or was asked to."""
    statement = select(Member).where(Member.subject_id == matter.id)
    return list(session.exec(statement.order_by(col(Member.relation), col(Member.agency))))


def member(session: Session, matter: Between, agency: str) -> Member | None:
    """Return an agency's part."""
    return session.get(Member, (matter.id, agency))


def joined(session: Session, matter: Between, agency: str, field: str) -> Member:
    """Return the part of an agency that has joined. Raises BodyInvalid for any other."""
    found = member(session, matter, agency)
    if found is None or found.state != "joined":
        raise wrong(field, "not_taking_part", f"{agency} 未参加", f"{agency} does not take part")
    return found


def acted(session: Session, matter: T, step: str, data: Mapping[str, Any], *, by: Principal, now: datetime) -> T:
    """Take a step of the procedure that only this code can take, with what it says in the journal."""
    return perform(session, matter, step, {"step": step, "manifest": None, **data}, by=by, now=now)


def mine(session: Session, model: type[T], matter_id: UUID, step: str, *, by: Principal) -> tuple[T, Member]:
    """Return a matter and the part of the agency that acts. Raises NotVisible, NotYourStep or StepRefused."""
    matter = visible(session, model, matter_id, by=by)
    require_actor(session, matter, step, by=by)
    found = member(session, matter, by.agency)
    if found is None:
        words = Text("贵机关不在参加单位之列", "Your agency was not asked to take part")
        raise StepRefused(words, subject=matter.ref)
    return matter, found


def join(session: Session, matter_id: UUID, body: Join, *, by: Principal, now: datetime) -> Operation:
    """Take part in an operation."""
    matter, part = mine(session, Operation, matter_id, "join", by=by)
    _refuse_answered(part)
    acted(session, matter, "join", {"member": {"agency": by.agency, "contact": body.contact}}, by=by, now=now)
    answer(session, part, state="joined", contact=body.contact, answered_at=now)
    return matter


def decline(session: Session, model: type[T], matter_id: UUID, body: Decline, *, by: Principal, now: datetime) -> T:
    """Take no part: objects, tasks and findings are closed to the agency, the matter itself can still be read."""
    matter, part = mine(session, model, matter_id, "decline", by=by)
    _refuse_answered(part)
    acted(session, matter, "decline", {"member": {"agency": by.agency, "reason": body.reason}}, by=by, now=now)
    answer(session, part, state="declined", reason=body.reason, answered_at=now)
    dismiss(session, matter, relation=part.relation, agency=by.agency, now_as="observer")
    return matter


def invite(session: Session, matter_id: UUID, body: Invite, *, by: Principal, now: datetime) -> Operation:
    """Invite a further agency to an operation, or once more one that declined."""
    matter = visible(session, Operation, matter_id, by=by)
    require_actor(session, matter, "invite", by=by)
    room = room_of(session)
    known = room.catalogue.agencies.get(body.agency)
    rules = room.catalogue.procedure_version(matter.procedure_id, matter.procedure_version).parties
    if known is None or known.kind not in rules[body.relation].kinds:
        raise wrong("agency", "unknown_agency", f"{body.agency} 不能参加", f"{body.agency} cannot take part")
    part = member(session, matter, body.agency)
    if part is not None and part.state != "declined":
        raise wrong("agency", "invited_already", "该机关已在参加单位之列", "It was invited already")
    admit(session, matter, {body.relation: [body.agency], "observer": parties.superiors(room, [body.agency])})
    takes_part = matter.takes_part | {body.relation: sorted({*matter.takes_part.get(body.relation, ()), body.agency})}
    said = {"member": {"agency": body.agency, "relation": body.relation}, "takes_part": takes_part}
    acted(session, matter, "invite", said, by=by, now=now)
    if part is not None:
        answer(session, part, state="invited", relation=body.relation, reason="", answered_at=None)
    else:
        row = Member(subject_id=matter.id, agency=body.agency, relation=body.relation, state="invited")
        write(session, Member, [row.model_dump()])
    return matter


def answer(session: Session, part: Member, **values: Any) -> None:
    """Write what an agency's part has become."""
    table = table_of(Member)
    its = (table.c.subject_id == part.subject_id) & (table.c.agency == part.agency)
    session.execute(update(table).where(its).values(**values))
    put(part, values)


def _refuse_answered(part: Member) -> None:
    if part.state != "invited":
        words = Text("贵机关已答复", "Your agency has answered already")
        raise StepRefused(words, state=part.state, answered_at=part.answered_at)
