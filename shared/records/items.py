"""Items of evidence: the rows, what an uploader says of one, and the reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, Session, SQLModel, col, select

from shared.errors import NotVisible, NotYourStep, Text
from shared.identity import Principal
from shared.records.db import Row, relations_of
from shared.rules.requirements import Held

T = TypeVar("T", bound=Row)
KEEPERS = frozenset({"case_officer", "clue_officer", "evidence_keeper", "liaison"})
INSIDERS = frozenset({"owner", "supervisor", "system"})


class Item(SQLModel, table=True):
    """One piece of evidence of a subject. `document` is the requirement's document id it answers, if any."""

    __tablename__ = "items"
    __table_args__ = (Index("ix_items_last_verified", "last_verified_at"),)

    id: UUID = Field(primary_key=True)
    subject: str = Field(index=True)
    document: str
    name: str
    media_type: str
    sha256: str = Field(index=True)
    size: int = Field(sa_type=BigInteger)
    details: str = "{}"
    state: str = "held"
    """held, frozen (its bytes changed) or withdrawn."""
    added_at: datetime
    added_by: str
    adopted_from: str = ""
    shared_at: datetime | None = None
    """When it was handed over: from then on the other parties see it."""
    kind: str = ""
    """Id of the kind of evidence (书证, 物证 …)."""
    retention: str = ""
    """Id of the class that says why and how long it is kept."""
    last_verified_at: datetime | None = None
    """When this room last found the stored bytes to have their hash; None: not yet."""


@dataclass(frozen=True, slots=True)
class Description:
    """What an uploader says of an item: the document it is, a name, a media type, details, and the kind it is."""

    document: str
    name: str
    media_type: str
    details: Mapping[str, Any]
    kind: str = ""
    """Id of the kind of evidence; empty: the one the document is by itself."""


def items(session: Session, subject: Row) -> list[Item]:
    """Return every item of a subject, withdrawn ones too, oldest first."""
    return list(session.exec(select(Item).where(Item.subject == subject.ref).order_by(col(Item.id))))


def items_for(session: Session, subject: Row, *, by: Principal) -> list[Item]:
    """Return the items a principal may see: the owner's side all of them, other parties what was handed over."""
    found = items(session, subject)
    if relations_of(session, subject.kind, subject.id, by) & (INSIDERS | subject.kept_by):
        return found
    return [one for one in found if one.shared_at is not None]


def item(session: Session, subject: Row, item_id: UUID, *, by: Principal) -> Item:
    """Return one item of a subject that the principal may see. Raises NotVisible."""
    found = session.get(Item, item_id, populate_existing=True)
    if found is None or found.id not in {one.id for one in items_for(session, subject, by=by)}:
        raise NotVisible(Text("该事项下没有这份证据", "The subject has no such item of evidence"))
    return found


def keepable(session: Session, subject: T, *, by: Principal) -> T:
    """Return a subject whose evidence the principal may add to or withdraw. Raises NotYourStep.

    Evidence is kept by the owner's officers, by those who answer a task, and by a room that acts for them.
    """
    relations = relations_of(session, subject.kind, subject.id, by)
    if "system" in relations or (relations & subject.kept_by and by.roles & KEEPERS):
        return subject
    raise NotYourStep(Text("证据由经办单位的办案人员或证据保管员管理", "Evidence is kept by the owner's officers"))


def held(session: Session, subject: Row) -> tuple[Held, ...]:
    """Return what a subject holds, in the form the law's requirements ask about."""
    return tuple(
        Held(found.document, str(found.id), json.loads(found.details))
        for found in items(session, subject)
        if found.state == "held"
    )


def twins(found: Item, others: Sequence[Item]) -> tuple[UUID, ...]:
    """Return the other items, not withdrawn, that hold the very same bytes."""
    return tuple(
        one.id for one in others if one.sha256 == found.sha256 and one.id != found.id and one.state != "withdrawn"
    )
