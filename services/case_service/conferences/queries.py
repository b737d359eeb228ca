"""Reads of conferences: who stands where, what a reader may open, whether there is a quorum."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col, select

from services.case_service.conferences.models import (
    ActionItem,
    Attendance,
    Conference,
    Invitation,
    Minutes,
    MinutesSignature,
    Opinion,
)
from shared.errors import BodyInvalid, NotVisible, Text
from shared.identity import Principal
from shared.records import evidence
from shared.records.db import put, relations_of, table_of, visible
from shared.records.manifests import Manifest
from shared.records.room import Room, room_of

R = TypeVar("R", bound=SQLModel)
INSIDERS = frozenset({"owner", "supervisor", "system"})
TAKING_PART = ("invited", "accepted")
AFTER_MEETING = ("resolved", "closed")
PROOF = "action_proof"
"""The document that proves an action item done."""


def conference(session: Session, conference_id: UUID, *, seen_by: Principal, is_alone: bool = False) -> Conference:
    """Return a conference; with `is_alone` nobody else moves it meanwhile. Raises NotVisible for the uninvited."""
    return visible(session, Conference, conference_id, by=seen_by, is_alone=is_alone)


def heard(session: Session, conference_id: UUID, *, seen_by: Principal) -> Conference:
    """Return a conference to those who may read what was said at it: not to one that declined or stands aside."""
    found = conference(session, conference_id, seen_by=seen_by)
    if relations_of(session, found.kind, found.id, seen_by) & (INSIDERS | {"partner"}):
        return found
    raise NotVisible(Text("贵机关不参加该会商，不能查看会商内容", "Your agency takes no part in this conference"))


def materials_open(session: Session, found: Conference, *, by: Principal, now: datetime) -> bool:
    """Whether a reader may open the materials: the convener always, the invited until the access ends."""
    relations = relations_of(session, found.kind, found.id, by)
    if relations & INSIDERS:
        return True
    return "partner" in relations and now < found.access_until and found.state != "cancelled"


def items_for(session: Session, found: Conference, *, by: Principal, now: datetime) -> list[evidence.Item]:
    """Return the items a reader may open: the materials while they are open, proofs of one's own tasks."""
    frozen = {one["item"] for one in evidence.frozen(session, found, found.manifest)}
    is_open = materials_open(session, found, by=by, now=now)
    if relations_of(session, found.kind, found.id, by) & INSIDERS:
        return evidence.items(session, found)
    mine = f"{by.agency}/"
    return [
        one
        for one in evidence.items(session, found)
        if (is_open if str(one.id) in frozen else one.added_by.startswith(mine))
    ]


def item(session: Session, found: Conference, item_id: UUID, *, by: Principal, now: datetime) -> evidence.Item:
    """Return an item a reader may open. Raises NotVisible, which says that the access has ended where it has."""
    known = next((one for one in items_for(session, found, by=by, now=now) if one.id == item_id), None)
    if known is not None:
        return known
    if not materials_open(session, found, by=by, now=now):
        words = Text("会商材料的查阅权限已终止", "The access to the materials has ended")
        raise NotVisible(words, access_until=found.access_until.isoformat())
    raise NotVisible(Text("该会商没有这份材料", "The conference has no such item"))


def manifest_of(session: Session, found: Conference) -> dict[str, Any]:
    """Return the frozen list of materials; empty where there are none."""
    known = session.get(Manifest, (found.ref, found.manifest)) if found.manifest else None
    listed: dict[str, Any] = json.loads(known.body) if known is not None else {"subject": found.ref, "items": []}
    return listed


def rows(session: Session, model: type[R], found: Conference) -> list[R]:
    """Return the rows of one kind that belong to a conference, oldest first."""
    table = table_of(model)
    statement = select(model).where(table.c.conference_id == found.id).order_by(table.c.id)
    return list(session.exec(statement.execution_options(populate_existing=True)))


def change(session: Session, row: R, **values: Any) -> R:
    """Change columns of a row."""
    table = table_of(type(row))
    session.execute(update(table).where(table.c.id == row.id).values(**values))  # type: ignore[attr-defined]  # all have one
    put(row, values)
    return row


def invitation(session: Session, found: Conference, agency: str) -> Invitation:
    """Return an agency's invitation. Raises BodyInvalid when it was not invited."""
    known = next((one for one in rows(session, Invitation, found) if one.agency == agency), None)
    if known is None:
        words = Text(f"{agency} 未受邀参加该会商", f"{agency} was not invited to this conference")
        raise BodyInvalid(words, errors=[{"field": "agency", "code": "not_invited", "message": words}])
    return known


def active(session: Session, found: Conference) -> list[str]:
    """Return the agencies that take part: the convener, then those that were invited and did not stand aside."""
    invited = [one.agency for one in rows(session, Invitation, found) if one.state in TAKING_PART]
    return [found.owner, *invited]


def opinions(session: Session, found: Conference) -> list[Opinion]:
    """Return every version of every opinion, oldest first."""
    return rows(session, Opinion, found)


def current_opinions(session: Session, found: Conference) -> list[Opinion]:
    """Return the newest opinion of each agency: those that take part first, then those that stood aside since."""
    newest = {one.agency: one for one in opinions(session, found)}
    taking_part = active(session, found)
    return [newest[one] for one in (*taking_part, *sorted(set(newest) - set(taking_part))) if one in newest]


def minutes(session: Session, found: Conference, number: int) -> Minutes:
    """Return a version of the minutes. Raises NotVisible."""
    statement = select(Minutes).where(Minutes.conference_id == found.id, Minutes.number == number)
    known = session.exec(statement).first()
    if known is None:
        raise NotVisible(Text(f"该会商没有第 {number} 版纪要", f"There is no version {number} of the minutes"))
    return known


def signatures(session: Session, found: Conference, number: int) -> list[MinutesSignature]:
    """Return what agencies said of a version of the minutes, oldest first."""
    statement = select(MinutesSignature).where(
        MinutesSignature.conference_id == found.id, MinutesSignature.number == number
    )
    return list(session.exec(statement.order_by(col(MinutesSignature.id))))


def action(session: Session, found: Conference, number: int) -> ActionItem:
    """Return an action item. Raises NotVisible."""
    known = next((one for one in rows(session, ActionItem, found) if one.number == number), None)
    if known is None:
        raise NotVisible(Text(f"该会商没有第 {number} 项任务", f"There is no action item {number}"))
    return known


@dataclass(frozen=True, slots=True)
class QuorumView:
    """Whether enough agencies take part, which do, and which required ones are missing."""

    holds: bool
    wanted: int
    present: list[str]
    missing: list[str]
    recused: list[str]


def quorum(session: Session, found: Conference) -> QuorumView:
    """Return whether the rule stated at convening is met: whoever stands aside or has left does not count."""
    there = {one.agency for one in rows(session, Attendance, found) if _is_there(found, one)}
    if found.quorum.get("written_counts"):
        there |= {one.agency for one in opinions(session, found)}
    invitations = rows(session, Invitation, found)
    present = [agency for agency in active(session, found) if agency in there]
    required = [one for one in invitations if one.is_required and one.state != "delegated"]
    missing = [one.agency for one in required if one.agency not in present and one.state != "recused"]
    recused = [one.agency for one in invitations if one.state == "recused"]
    wanted = int(found.quorum.get("agencies", 1))
    return QuorumView(len(present) >= wanted and not missing, wanted, present, missing, recused)


def _is_there(found: Conference, one: Attendance) -> bool:
    """Whether a person is at the meeting, or was when it resolved: leaving afterwards changes nothing."""
    if one.arrived_at is None or one.recused:
        return False
    return one.left_at is None or found.state in AFTER_MEETING


def name_of(room: Room, agency: str) -> str:
    """Return an agency's name in Chinese, else its id."""
    known = room.catalogue.agencies.get(agency)
    return known.name_zh if known else agency


def known_agency(session: Session, agency: str, field: str) -> None:
    """Refuse an agency that the directory does not know. Raises BodyInvalid."""
    if agency not in room_of(session).catalogue.agencies:
        words = Text(f"名录中没有机关 {agency}", f"The directory has no {agency}")
        raise BodyInvalid(words, errors=[{"field": field, "code": "unknown_agency", "message": words}])


Said = Mapping[str, Any]
