"""What is shown of evidence: an item with its kind, what it states, how long it is kept; its custody; an exhibit."""

import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from shared.identity import Principal
from shared.records import evidence
from shared.records.db import Row
from shared.records.exhibits import position
from shared.records.room import room_of
from shared.records.views import Body, JsonObject, LongWords, PastInstant, Words
from shared.rules.catalogue import Catalogue


class Rested(BaseModel):
    """A name in both languages, with where it is written; an agreement of the agency is not law and says so."""

    id: str
    name_zh: str
    name_en: str
    basis: str
    cite_zh: str = ""
    cite_en: str = ""


class Position(BaseModel):
    """Where a thing is: how much of it, where it is kept, under which seal, who has it."""

    quantity: float
    unit: str
    features: str
    storage_place: str
    seal_number: str
    sealed_by: str
    state: str
    holder: str


class ItemView(BaseModel):
    """One item of evidence; `details` states what its kind must state (拍摄人, 拍摄时间 …).

    `same_as` are the other items of the subject with the very same bytes. `last_verified_at` is when the stored bytes
    were last found to have their hash.
    """

    id: UUID
    subject: str
    document: str
    name: str
    media_type: str
    sha256: str
    size: int
    details: dict[str, Any]
    state: str
    added_at: AwareDatetime
    added_by: str
    kind: Rested | None
    retention: Rested | None
    last_verified_at: AwareDatetime | None
    same_as: list[UUID]
    exhibit: Position | None


class CustodyView(BaseModel):
    """One act upon an item, and what was stated of it."""

    model_config = ConfigDict(from_attributes=True)

    act: str
    at: AwareDatetime
    agency: str
    actor: str
    note: str
    stated: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, evidence.Custody):
            return value.model_dump() | {"stated": json.loads(value.stated)}
        return value


class Withdraw(Body):
    """Why the item no longer counts, or counts again."""

    reason: LongWords


class TakeExhibit(Body):
    """Take a physical exhibit: what it is, how much, where it is kept; a seal it came under; photographs of it."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]
    quantity: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
    unit: Words
    features: LongWords
    storage_place: Words
    taken_by: Annotated[list[Words], Field(min_length=1, max_length=20)]
    taken_at: PastInstant
    taken_place: Words
    seal_number: Words | None = None
    sealed_by: Annotated[list[Words], Field(default_factory=list, max_length=20)]
    photos: Annotated[list[UUID], Field(default_factory=list, max_length=50)]

    @model_validator(mode="after")
    def _sealed_by_somebody(self) -> "TakeExhibit":
        if (self.seal_number is None) != (not self.sealed_by):
            raise ValueError("封条编号与加封人须一并载明 / a seal has a number and somebody who put it")
        return self


class Act(Body):
    """An act upon an exhibit (sealed, unsealed, moved, handed_over, returned, destroyed), with what it must state."""

    act: Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
    stated: Annotated[JsonObject, Field(default_factory=dict)]
    note: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = ""


def shown(session: Session, subject: Row, wanted: Sequence[evidence.Item], *, by: Principal) -> list[ItemView]:
    """Return items as they are shown to a principal."""
    seen = evidence.items_for(session, subject, by=by)
    things = evidence.exhibits_of(session, subject)
    law = room_of(session).catalogue
    return [
        ItemView(
            **one.model_dump(exclude={"details", "kind", "retention"}),
            details=json.loads(one.details),
            kind=_kind(law, one.kind),
            retention=_retention(law, one.retention),
            same_as=list(evidence.twins(one, seen)),
            exhibit=Position(**position(things[one.id])) if one.id in things else None,
        )
        for one in wanted
    ]


def _kind(law: Catalogue, name: str) -> Rested | None:
    found = law.evidence_kinds.get(name)
    if found is None:
        return None
    names = {"id": found.id, "name_zh": found.name_zh, "name_en": found.name_en}
    return Rested(**names, basis="law", cite_zh=found.cite.zh, cite_en=found.cite.en)


def _retention(law: Catalogue, name: str) -> Rested | None:
    found = law.retention.get(name)
    if found is None:
        return None
    names = {"id": found.id, "name_zh": found.name_zh, "name_en": found.name_en, "basis": found.basis}
    cite = found.cite
    return Rested(**names, cite_zh=cite.zh if cite else "", cite_en=cite.en if cite else "")
