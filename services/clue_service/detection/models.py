"""What detection remembers of each outlet, and the bodies of a run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, model_validator
from pydantic import Field as Said
from sqlalchemy import JSON, ColumnElement, Table, case
from sqlmodel import Field, SQLModel

from shared.records.views import Body, Instant, Words


class DetectionRun(SQLModel, table=True):
    """How far the rules have looked at an outlet: `changes` counts what came, `seen` how much of it was judged."""

    __tablename__ = "detection_runs"

    outlet_id: str = Field(primary_key=True)
    changes: int
    seen: int
    changed_from: datetime | None
    """The earliest hour that changed since the last run."""
    ran_at: datetime | None
    due_at: datetime | None = Field(default=None, index=True)
    """When it is judged at the latest; null where nothing waits."""
    looked_to: datetime | None = None
    """The latest hour that was there when it was judged."""
    levels: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What it showed lately, by which the next hours are measured (rounds.Levels)."""

    @staticmethod
    def fresh(
        outlet: str, *, changed_from: datetime | None = None, due_at: datetime | None = None, changes: int = 1
    ) -> dict[str, Any]:
        """The row of an outlet that was never judged."""
        never: dict[str, Any] = {"seen": 0, "ran_at": None, "looked_to": None, "levels": {}}
        return {"outlet_id": outlet, "changes": changes, "changed_from": changed_from, "due_at": due_at, **never}

    @staticmethod
    def changed(table: Table, fresh: Mapping[str, ColumnElement[Any]]) -> Mapping[str, Any]:
        """What a further change sets on the row that is there."""
        return {
            "changes": table.c.changes + 1,
            **{name: _earlier(table.c[name], fresh[name]) for name in ("changed_from", "due_at")},
        }


def _earlier(known: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((known.is_(None), new), (new < known, new), else_=known)


OF_TABLES = "tables:"
"""How the place of a bureau's imported tables begins among the outlets that are to be judged."""


def place_of_tables(agency: str) -> str:
    """Return the place of a bureau's imported tables."""
    return OF_TABLES + agency


def agency_of(place: str) -> str | None:
    """Return whose tables a place names; None for an outlet's."""
    return place.removeprefix(OF_TABLES) if place.startswith(OF_TABLES) else None


class Detect(Body):
    """Run the rules: over these outlets (all of yours when none is named), for episodes that touch these times."""

    outlets: Annotated[list[Words], Said(min_length=1, max_length=1000)] | None = None
    from_at: Instant | None = Said(default=None, alias="from")
    to_at: Instant | None = Said(default=None, alias="to")
    rules: Annotated[list[Annotated[str, Said(pattern=r"^R\d{2}$")]], Said(min_length=1, max_length=50)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Detect":
        if self.from_at and self.to_at and self.from_at >= self.to_at:
            raise ValueError("from 应早于 to / from must lie before to")
        return self


class DetectionView(BaseModel):
    """What a run found: hits, the clues they became or joined, and what could not be judged for want of what.

    `merged` counts hits that joined a clue which was there; `known` those whose clue was already taken up, declined
    or closed; `shadow` those of rules that are still on trial and make no clue; `suppressed` those that are held back
    because a look-alike was found unfounded.
    """

    outlets: int
    hits: int
    clues: list[str]
    created: int
    merged: int
    known: int
    shadow: int
    suppressed: int
    not_evaluable: dict[str, dict[str, int]]
